/**
 * From a recorded step on /dev/iommu to the call it stands for, and that call made on a host. In: a step's words. Out: what came back; or why
 * there is nothing in the model to call.
 */
import { numberOf, spelled } from '../../machine/replay/verdict';
import { requesterName } from '../../scenario/state';
import type { FileArgument, FileCall, Ioctl } from '../host';
import type { PlatformFacts } from './facts';
import { SECOND_DEVICE, USER_DEVICE, wordOf } from './facts';
import type { IommufdStep } from './iommufd';
import type { Subject } from './subject';
import { USER } from './subject';

export type Done =
  | {
      readonly result: string | null;
      readonly arrived: boolean;
      readonly dmaOk: boolean;
      readonly out: Readonly<Record<string, number>>;
    }
  | { readonly leftOut: string };

const PAGE = 0x1000;
const IOMMUFD = 8;
const SECOND_IOMMUFD = 9;
const CLOSED = 9999;
const OTHER = 3;
const UNKNOWN_ID = 9999;
const FIXED = 7;
const KEPT = { iova: 0x10_0000, length: 4 * PAGE };
const WANTED = { start: 0x4000_0000, last: 0x400f_ffff };

/** An address of the user where nothing is mapped, and one where its pages are. */
const NOWHERE = 0x1000;
const USER_PAGES = 0x7f00_6000_0000;
const NO_DISABLE = 'the record enables again what no step of it disabled';
const NO_COPY = 'the record copied into this space without a step of its own';

/** What a user keeps between calls: ids by the names that the record gives them. */
export class Session {
  private readonly ids = new Map<string, number>();
  private lastMapped = { space: 'A', iova: 0, length: 0 };
  /** The space that the device is attached to, as the record names it. */
  private attached = '';
  /** Devices that are attached: an unnamed one is the one that is. */
  private readonly attachedDevices = new Set<number>();
  private readonly open = new Set<string>();
  private iommufdClosed = false;
  private attachedLast = 'A';

  constructor(
    private readonly subject: Subject,
    private readonly platform: PlatformFacts,
  ) {}

  /** The device's message as programmed and enabled now. */
  message(): { readonly address: number; readonly data: number } | null {
    return this.subject.host.programmed.find((one) => one.requesterId === USER_DEVICE && one.enabled) ?? null;
  }

  private get window(): number {
    return this.platform.architecture === 'arm64' ? 0x800_0000 : 0xfee0_0000;
  }

  private ioctl(
    device: boolean,
    command: string,
    type: string,
    fields: Ioctl['fields'],
    requesterId = USER_DEVICE,
  ): string {
    return this.subject.run('attach', { requesterId, ioctl: { device, command, type: `struct ${type}`, fields } });
  }

  private file(call: FileCall): string {
    return this.subject.run('attach', { file: call });
  }

  private openFile(what: 'group' | 'device' | 'iommufd', file: string): string {
    const result = this.file({ call: 'open', file, what });
    if (result === '0') this.open.add(file);
    return result;
  }

  private close(file: string): void {
    this.file({ call: 'close', file });
    this.open.delete(file);
    if (file === 'device') this.attachedDevices.delete(USER_DEVICE);
  }

  private answer(field: string): number {
    return this.subject.host.observed.answer(USER, field) ?? 0;
  }

  private id(name: string): number {
    return this.ids.get(name) ?? UNKNOWN_ID;
  }

  private bind(fields: Ioctl['fields'], requesterId = USER_DEVICE): string {
    const all = { argsz: 16, iommufd: IOMMUFD, ...fields };
    const result = this.ioctl(true, 'VFIO_DEVICE_BIND_IOMMUFD', 'vfio_device_bind_iommufd', all, requesterId);
    if (result === '0' && requesterId === USER_DEVICE) this.ids.set('device', this.answer('out_devid'));
    return result;
  }

  /** Through a second open of the device's file. */
  private bindSecondFile(iommufd: number): string {
    if (!this.open.has('second file')) this.openFile('device', 'second file');
    return this.file({
      call: 'ioctl',
      file: 'second file',
      command: 'VFIO_DEVICE_BIND_IOMMUFD',
      argument: { type: 'struct vfio_device_bind_iommufd', fields: { argsz: 16, iommufd } },
    });
  }

  private detach(requesterId: number): string {
    const command = 'VFIO_DEVICE_DETACH_IOMMUFD_PT';
    const result = this.ioctl(true, command, 'vfio_device_detach_iommufd_pt', { argsz: 8 }, requesterId);
    if (result === '0') this.attachedDevices.delete(requesterId);
    return result;
  }

  private allocate(name: string, flags = 0): string {
    const result = this.ioctl(false, 'IOMMU_IOAS_ALLOC', 'iommu_ioas_alloc', { size: 12, flags });
    if (result === '0') this.ids.set(name, this.answer('out_ioas_id'));
    return result;
  }

  private attach(name: string, requesterId = USER_DEVICE): string {
    if (!this.ids.has('A') && name === 'A') this.allocate('A');
    const fields = { argsz: 12, pt_id: this.id(name) };
    const command = 'VFIO_DEVICE_ATTACH_IOMMUFD_PT';
    const result = this.ioctl(true, command, 'vfio_device_attach_iommufd_pt', fields, requesterId);
    if (result !== '0') return result;
    this.attachedDevices.add(requesterId);
    if (requesterId !== USER_DEVICE) return result;
    this.ids.set('automatic hwpt', this.answer('pt_id'));
    this.attached = name;
    if (name !== 'automatic hwpt') this.attachedLast = name;
    return result;
  }

  private destroy(name: string): string {
    return this.ioctl(false, 'IOMMU_DESTROY', 'iommu_destroy', { size: 8, id: this.id(name) });
  }

  private map(space: string, iova: number, length: number, flags: number, userAddress = USER_PAGES): string {
    return this.ioctl(false, 'IOMMU_IOAS_MAP', 'iommu_ioas_map', {
      size: 40,
      flags,
      ioas_id: this.id(space),
      user_va: userAddress,
      length,
      iova,
    });
  }

  private unmap(space: string, iova: number, length: number): string {
    return this.ioctl(false, 'IOMMU_IOAS_UNMAP', 'iommu_ioas_unmap', {
      size: 24,
      ioas_id: this.id(space),
      iova,
      length,
    });
  }

  private setIrqs(enable: boolean): string {
    return this.subject.run('enable', {
      irqSet: enable
        ? { argsz: 24, flags: 36, index: 1, start: 0, count: 1, data: { kind: 'fds', values: [10] } }
        : { argsz: 20, flags: 33, index: 1, start: 0, count: 0, data: null },
    });
  }

  /** Plays a step. */
  play(step: IommufdStep): Done {
    const { call } = step;
    this.enter(step);
    const files = this.onFiles(step);
    if (files !== null) return files;
    if (call.startsWith('device ') || call.startsWith('(read')) return this.hardware(call);
    // Enabling what is enabled leaves the message as it is. Where its address is translated, another address tells that it was disabled before.
    const again = this.platform.architecture === 'arm64' && /^SET_IRQS .*enable/.test(call) && this.message() !== null;
    // Played with the disabling that must have been, so that the steps behind it start from where they started.
    if (again) this.setIrqs(false);
    const out: Record<string, number> = {};
    const result = this.make(step, out);
    if (again) return { leftOut: NO_DISABLE };
    return result === null
      ? { leftOut: `no call of the model for “${call}”` }
      : { result, arrived: false, dmaOk: false, out: result === '0' || result === 'EMSGSIZE' ? out : {} };
  }

  /** Files that a step finds open or closed, where no step of the record opened or closed them. */
  private enter({ call, state, phase }: IommufdStep): void {
    if (phase !== 'compat' && this.open.has('group') && !/group file open/.test(state)) this.close('group');
    if (/(^|earlier )device fd closed/.test(state) && this.open.has('device')) this.close('device');
    if ((state.startsWith('iommufd closed') || call.includes('new iommufd')) && !this.iommufdClosed) {
      this.close('iommufd');
      this.iommufdClosed = true;
    }
  }

  private container(command: string, argument: FileArgument): string {
    return this.file({ call: 'ioctl', file: 'iommufd', command: `VFIO_${command}`, argument });
  }

  /** Steps on the files themselves; null for the others. */
  private onFiles({ call, state }: IommufdStep): Done | null {
    const done = (result: string, out: Record<string, number> = {}): Done => ({
      result,
      arrived: false,
      dmaOk: false,
      out,
    });
    const group = (command: string, argument: FileArgument): Done =>
      done(this.file({ call: 'ioctl', file: 'group', command: `VFIO_${command}`, argument }));
    if (/^open (legacy )?group/.test(call)) return done(this.openFile('group', 'group'));
    if (call === 'open cdev') {
      const name = /already open|another fd/.test(state) ? 'second file' : 'device';
      return done(this.openFile('device', name));
    }
    if (call === 'DEVICE_GET_INFO') {
      const argument = { type: 'struct vfio_device_info', fields: { argsz: 16 } };
      const result = this.file({ call: 'ioctl', file: 'device', command: 'VFIO_DEVICE_GET_INFO', argument });
      return done(result, result === '0' ? { irqs: this.answer('num_irqs') } : {});
    }
    if (call === 'pread config') return done(this.file({ call: 'config', file: 'device', at: 0, count: 4 }));
    if (call.startsWith('mmap')) return done(this.file({ call: 'mmap', file: 'device', region: 0 }));
    if (/^BIND second cdev fd/.test(call)) {
      if (!call.includes('other')) return done(this.bindSecondFile(IOMMUFD));
      this.openFile('iommufd', 'second iommufd');
      return done(this.bindSecondFile(SECOND_IOMMUFD));
    }
    if (call === 'BIND second device') return done(this.bind({}, SECOND_DEVICE));
    if (/^ATTACH second device/.test(call)) {
      if (/first device attached to A/.test(state) && !this.attachedDevices.has(USER_DEVICE)) this.attach('A');
      const first = this.id('automatic hwpt');
      const result = this.attach('A', SECOND_DEVICE);
      return done(result, { sameHwptAsFirst: this.answer('pt_id') === first ? 1 : 0 });
    }
    if (call === 'BIND to a new iommufd') {
      this.openFile('device', 'device');
      return done(this.bind({}));
    }
    const type = /TYPE1(v2)?/.exec(call);
    const number = type?.[1] === undefined ? 1 : 3;
    if (call.startsWith('CHECK_EXTENSION')) return done(this.container('CHECK_EXTENSION', number));
    if (call.startsWith('SET_IOMMU')) return done(this.container('SET_IOMMU', number));
    if (call.startsWith('GROUP_SET_CONTAINER')) return group('GROUP_SET_CONTAINER', { file: 'iommufd' });
    if (call.startsWith('GROUP_GET_DEVICE_FD')) return group('GROUP_GET_DEVICE_FD', requesterName(USER_DEVICE));
    if (/^(MAP|UNMAP)_DMA/.test(call)) {
      const verb = call.split('_')[0] === 'MAP' ? 'map' : 'unmap';
      const iova = call.includes('window') ? this.window : (wordOf(/0x[0-9a-f]+/.exec(call)?.[0]) ?? KEPT.iova);
      const fields = { argsz: verb === 'map' ? 32 : 24, flags: verb === 'map' ? 3 : 0, iova, size: PAGE };
      return done(
        this.container(`IOMMU_${verb.toUpperCase()}_DMA`, {
          type: `struct vfio_iommu_type1_dma_${verb}`,
          fields: verb === 'map' ? { ...fields, vaddr: USER_PAGES } : fields,
        }),
      );
    }
    return null;
  }

  private hardware(call: string): Done {
    const { host } = this.subject;
    const none = { result: null, arrived: false, dmaOk: false, out: {} };
    if (call.startsWith('device copies')) {
      if (this.attached === 'B') return { leftOut: NO_COPY };
      const outcome = host.platform.emit(USER_DEVICE, KEPT.iova + PAGE, 0x5a, 4);
      return { ...none, dmaOk: outcome.kind === 'memory' };
    }
    const message = this.message();
    if (!call.startsWith('device raises') || message === null) return none;
    const outcome = host.platform.emit(USER_DEVICE, message.address, message.data, 4);
    const own = host.platform.vectors().find((vector) => vector.requesterId === USER_DEVICE);
    return {
      ...none,
      arrived: outcome.kind === 'interrupt' && own !== undefined && outcome.interrupt.number === own.interrupt.number,
    };
  }

  /** Makes the call; null for words that name none. */
  private make(step: IommufdStep, out: Record<string, number>): string | null {
    const [verb] = step.call.split(' ');
    switch (verb) {
      case 'BIND_IOMMUFD':
      case 'BIND':
        return this.makeBind(step.call);
      case 'ATTACH':
        return this.attach(this.target(step));
      case 'DETACH': {
        const second = !this.attachedDevices.has(USER_DEVICE) && this.attachedDevices.has(SECOND_DEVICE);
        return this.detach(second && step.state.startsWith('attached') ? SECOND_DEVICE : USER_DEVICE);
      }
      case 'DESTROY':
        return this.destroy(this.target(step));
      case 'SET_IRQS':
        return this.setIrqs(!step.call.includes('disable'));
      case 'DEVICE_GET_IRQ_INFO': {
        const index = Number(step.call.split(' ')[1] ?? 0);
        const result = this.ioctl(true, 'VFIO_DEVICE_GET_IRQ_INFO', 'vfio_irq_info', { argsz: 16, index });
        out.flags = this.answer('flags');
        out.count = this.answer('count');
        return result;
      }
      case 'ioas':
      case 'IOAS_ALLOC': {
        const name = /IOAS_ALLOC ([BC])/.exec(step.call)?.[1] ?? 'A';
        const result = this.allocate(
          step.call.includes('flags=1') ? 'none' : name,
          step.call.includes('flags=1') ? 1 : 0,
        );
        return result;
      }
      case 'IOAS_MAP':
        return this.makeMap(step, out);
      case 'IOAS_UNMAP':
        return this.makeUnmap(step.call);
      case 'IOVA_RANGES': {
        const result = this.ioctl(false, 'IOMMU_IOAS_IOVA_RANGES', 'iommu_ioas_iova_ranges', {
          size: 32,
          ioas_id: this.id(this.target(step)),
          num_iovas: Number(/num=(\d+)/.exec(step.call)?.[1] ?? 32),
        });
        out.num = this.answer('num_iovas');
        out.align = this.answer('out_iova_alignment');
        return result;
      }
      case 'ALLOW_IOVAS': {
        const inside = step.call.includes('inside window');
        const none = step.call.includes('empty');
        return this.ioctl(false, 'IOMMU_IOAS_ALLOW_IOVAS', 'iommu_ioas_allow_iovas', {
          size: 32,
          ioas_id: this.id('A'),
          num_iovas: none ? 0 : 1,
          start: inside ? this.window : WANTED.start,
          last: inside ? this.window + PAGE - 1 : WANTED.last,
        });
      }
      case 'HWPT_ALLOC': {
        const name = /\((H\d)\)/.exec(step.call)?.[1];
        const flags = /flags=(0x\d+)/.exec(step.call)?.[1] ?? (/NEST|DIRTY/.test(step.call) ? 1 : 0);
        const result = this.ioctl(false, 'IOMMU_HWPT_ALLOC', 'iommu_hwpt_alloc', {
          size: 20,
          flags: Number(flags),
          dev_id: step.call.includes('dev id is an IOAS') ? this.id('A') : this.id('device'),
          pt_id: step.call.includes('unknown pt') ? UNKNOWN_ID : this.id('A'),
        });
        if (result === '0' && name !== undefined) this.ids.set(name, this.answer('out_hwpt_id'));
        return result;
      }
      default:
        return null;
    }
  }

  /** Which object a step speaks of. */
  private target(step: IommufdStep): string {
    const { call } = step;
    if (call.includes('unknown')) return 'unknown';
    if (call.includes('same id') || /^DESTROY IOAS$/.test(call)) return this.attachedLast;
    if (/device id/.test(call)) return 'device';
    if (call.includes('automatic')) return 'automatic hwpt';
    if (call.includes('new IOAS')) {
      this.allocate('new');
      return 'new';
    }
    return /\b(H1|H2|B|C)\b/.exec(call)?.[1] ?? 'A';
  }

  private makeBind(call: string): string {
    const fd = /iommufd=(\S+)/.exec(call)?.[1];
    if (fd !== undefined) return this.bind({ iommufd: fd === '-1' ? -1 : fd.startsWith('/') ? OTHER : CLOSED });
    if (call.includes('argsz=12')) return this.bind({ argsz: 12 });
    return this.bind(call.includes('flags=1') ? { flags: 1 } : {});
  }

  private iovaOf(step: IommufdStep): number {
    const told = step.out.iova;
    if (typeof told === 'object' && told !== null && 'msiWindow' in told) {
      const offset = spelled(told.msiWindow);
      const distance = wordOf(offset.replace(/^[+-]/, '')) ?? 0;
      return this.window + (offset.startsWith('-') ? -distance : distance);
    }
    const literal = wordOf(told);
    if (literal !== null) return literal;
    if (step.call.includes('0x100000')) return KEPT.iova;
    if (step.call.includes('before')) return this.window - PAGE;
    return step.call.includes('window') ? this.window : 0x40_0000;
  }

  private makeMap(step: IommufdStep, out: Record<string, number>): string {
    const space = /in C$/.test(step.call) ? 'C' : 'A';
    const loose = step.call.includes('not fixed');
    const flags = numberOf(step.out.flags) ?? (loose ? 6 : FIXED);
    const kept = /kept|in C$/.test(step.call);
    const length = numberOf(step.out.length) ?? (step.call.includes('4 pages') ? KEPT.length : PAGE);
    const wanted = loose ? 0 : this.iovaOf(step);
    const from = /not mapped$/.test(step.call) ? NOWHERE : USER_PAGES + (step.call.includes('misaligned') ? 8 : 0);
    const result = this.map(space, wanted, length, flags, from);
    if (result !== '0') return result;
    const iova = this.answer('iova');
    if (loose) out.iova = iova;
    if (kept) this.lastMapped = { space, iova, length };
    else this.unmap(space, iova, length);
    return result;
  }

  private makeUnmap(call: string): string {
    if (call.includes('part')) return this.unmap('A', KEPT.iova + PAGE, PAGE);
    if (call.includes('unmapped')) return this.unmap('A', 0x900_0000, PAGE);
    if (call.includes('window')) return this.unmap('A', this.window, PAGE);
    const { space, iova, length } = this.lastMapped;
    return this.unmap(space, iova, length);
  }
}
