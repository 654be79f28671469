/**
 * Which program each stage enters, with which arguments, in which context. Names as in Linux 4.5. In: a stage's input. Out:
 * the calls to make; null when the design has no program for it.
 */
import { containerOf } from './boot';
import { containerPrograms } from './designs/tables';
import { globalNamed } from './globals';
import type { IrqSet, StageInput } from './host';
import { deviceFileOf, iommufdCalls, usesIommufd } from './iommufd-stages';
import { sizeOf } from './layout';
import { USER_BASE } from './primitives/iommu';
import type { ProgramSet } from './types';
import { fileCalls } from './user-files';
import type { StructValue, UserValue, Value } from './values';
import { isStruct, newArray, newStruct, structOf } from './values';
import { unwatched } from './watched';
import type { DeviceRecord, HeldLock, IrqRecord, World } from './world';

/** One call a stage makes, and what its caller in the kernel holds. */
export interface StageCall {
  readonly program: string;
  readonly args: readonly Value[];
  readonly holds: readonly Omit<HeldLock, 'at'>[];
  /** The stage ends here when this call fails. */
  readonly stop?: boolean;
  /** Takes the structure that a call which opens a file gave. */
  readonly opened?: (made: StructValue) => void;
}

const DATA_NONE = 1;
const DATA_EVENTFD = 4;
const ACTION_TRIGGER = 32;
const MSI_INDEX = 1;
const MSIX_INDEX = 2;

const READ = 1;
const WRITE = 2;

/** The first eventfd of the model's user. */
const FIRST_FD = 10;

function constant(world: World, name: string, otherwise: number): number {
  const value = globalNamed(world, name);
  return typeof value === 'number' ? value : otherwise;
}

const flagNames = new WeakMap<ProgramSet['constants'], readonly string[]>();

/** Constants that may be the flag by which a user registers a window, in the set's order. */
export function windowFlagNames(set: ProgramSet): readonly string[] {
  const { constants } = unwatched(set);
  let names = flagNames.get(constants);
  if (names === undefined) {
    names = [...constants.keys()].filter(
      (name) => name.startsWith('VFIO_DMA_MAP_FLAG_') && !/_(READ|WRITE|VADDR)$/.test(name),
    );
    flagNames.set(constants, names);
  }
  return names;
}

/** The map flag by which a design's user registers a window; null when it knows none. */
export function windowFlag(world: World): number | null {
  for (const name of windowFlagNames(world.set)) {
    const value = globalNamed(world, name);
    if (typeof value === 'number') return value;
  }
  return null;
}

function user(target: StructValue): UserValue {
  return { kind: 'user', target, offset: 0 };
}

function mapArgument(world: World, input: StageInput, flags: number): UserValue {
  const type = 'struct vfio_iommu_type1_dma_map';
  const map = newStruct(type, 'zero');
  map.fields.set('argsz', sizeOf(world.set, type));
  map.fields.set('flags', flags);
  map.fields.set(
    'vaddr',
    input.flags === undefined && (flags & (READ | WRITE)) === 0
      ? 0
      : USER_BASE + input.physical + (input.misaligned ?? 0),
  );
  map.fields.set('iova', input.iova);
  map.fields.set('size', input.size);
  return user(map);
}

function unmapArgument(world: World, input: StageInput): UserValue {
  const type = 'struct vfio_iommu_type1_dma_unmap';
  const unmap = newStruct(type, 'zero');
  unmap.fields.set('argsz', sizeOf(world.set, type));
  unmap.fields.set('flags', 0);
  unmap.fields.set('iova', input.iova);
  unmap.fields.set('size', input.size);
  return user(unmap);
}

function igate(device: DeviceRecord): Omit<HeldLock, 'at'> {
  return { lock: device.vdev, name: 'vdev->igate', spinning: false, irqsOff: false };
}

function descLock(record: IrqRecord): Omit<HeldLock, 'at'> {
  return { lock: record.desc, name: 'desc->lock', spinning: true, irqsOff: true };
}

/** The callback of an interrupt's outermost chip, or the generic function when the chip has none. */
function chipCallback(record: IrqRecord, field: string, otherwise: string): string {
  const chip = structOf(record.data.fields.get('chip'));
  const callback = chip?.fields.get(field);
  return typeof callback === 'object' && callback.kind === 'function' ? callback.name : otherwise;
}

/** What a stage calls, in order. A string says why it cannot be entered at all. */
export function callsOf(world: World, input: StageInput): readonly StageCall[] | string {
  const device = input.requesterId === null ? undefined : world.devices.get(input.requesterId);
  const container = (): StructValue => containerOf(world, input.agent).object;
  const programs = containerPrograms(world.platform.spec);
  const ioctl = (command: string, argument: UserValue): StageCall[] => [
    { program: programs.ioctl, args: [container(), constant(world, command, 0), argument], holds: [] },
  ];
  if (input.file !== undefined) return fileCalls(world, input.agent, device, input.file);
  if (usesIommufd(world)) {
    const calls = iommufdCalls(world, input, device);
    if (calls !== undefined) return calls;
  }
  switch (input.stage) {
    case 'attach':
    case 'detach':
      if (!device) return 'the step names no device';
      return [{ program: programs[input.stage], args: [container(), device.group.object], holds: [] }];
    case 'map':
      return ioctl('VFIO_IOMMU_MAP_DMA', mapArgument(world, input, input.flags ?? READ | WRITE));
    case 'unmap':
      return ioctl('VFIO_IOMMU_UNMAP_DMA', unmapArgument(world, input));
    case 'register-window': {
      const flag = windowFlag(world);
      return flag === null ? [] : ioctl('VFIO_IOMMU_MAP_DMA', mapArgument(world, input, flag));
    }
    case 'unregister-window':
      return windowFlag(world) === null ? [] : ioctl('VFIO_IOMMU_UNMAP_DMA', unmapArgument(world, input));
    case 'enable': {
      if (!device) return 'the step names no device';
      if (device.host) return hostEnable(device, input);
      const calls = setIrqs(world, device, input, ACTION_TRIGGER | DATA_EVENTFD);
      if (calls !== null) return calls;
      const fds = newArray('int32_t', input.count, 'zero');
      for (let i = 0; i < input.count; i++) fds.items.set(i, FIRST_FD + input.vector + i);
      const args = [device.vdev, DATA_EVENTFD | ACTION_TRIGGER, indexOf(world, device), input.vector, input.count, fds];
      return [{ program: 'vfio_pci_set_irqs_ioctl', args, holds: [igate(device)] }];
    }
    case 'disable': {
      if (!device) return 'the step names no device';
      if (device.host) return [{ program: 'pci_disable_msix', args: [device.pdev], holds: [] }];
      const calls = setIrqs(world, device, input, ACTION_TRIGGER | DATA_NONE);
      if (calls !== null) return calls;
      const args = [device.vdev, DATA_NONE | ACTION_TRIGGER, indexOf(world, device), 0, 0, 0];
      return [{ program: 'vfio_pci_set_irqs_ioctl', args, holds: [igate(device)] }];
    }
    case 'affinity': {
      const record = device?.irqs.find((r) => r.index === input.vector);
      if (!record) return `vector ${input.vector} is not allocated`;
      const mask = newStruct('struct cpumask', 'zero');
      mask.fields.set('cpu', input.cpu);
      return [
        {
          program: chipCallback(record, 'irq_set_affinity', 'msi_domain_set_affinity'),
          args: [record.data, mask, 0],
          holds: [descLock(record)],
        },
      ];
    }
    case 'mask':
    case 'unmask': {
      const record = device?.irqs.find((r) => r.index === input.vector);
      if (!record) return `vector ${input.vector} is not allocated`;
      return [
        {
          program: chipCallback(record, `irq_${input.stage}`, `pci_msi_${input.stage}_irq`),
          args: [record.data],
          holds: [descLock(record)],
        },
      ];
    }
    case 'release': {
      const devices = [...world.devices.values()].filter((d) => d.agent === input.agent && !d.host);
      for (const one of devices) one.vdev.fields.set('refcnt', 1);
      return [
        ...devices.map((one) => ({ program: 'vfio_pci_release', args: [one.vdev], holds: [] })),
        { program: programs.release, args: [container()], holds: [] },
      ];
    }
    case 'replace':
    case 'ioctl':
    case 'fire':
    case 'forge':
      return [];
  }
}

const HEADER_BYTES = 20;

/** VFIO_DEVICE_SET_IRQS from the user's side; null where a design begins behind the checks of its arguments. */
function setIrqs(world: World, device: DeviceRecord, input: StageInput, flags: number): StageCall[] | null {
  const program = 'vfio_pci_ioctl_set_irqs';
  if (!world.set.programs.has(program)) return null;
  const fds = Array.from({ length: input.count }, (_, i) => FIRST_FD + input.vector + i);
  const enable = (flags & DATA_EVENTFD) !== 0;
  const set: IrqSet = input.irqSet ?? {
    argsz: HEADER_BYTES + (enable ? 4 * fds.length : 0),
    flags,
    index: indexOf(world, device),
    start: enable ? input.vector : 0,
    count: enable ? input.count : 0,
    data: enable ? { kind: 'fds', values: fds } : null,
  };
  const argument = newStruct('struct vfio_irq_set', 'zero');
  for (const field of ['argsz', 'flags', 'index', 'start', 'count'] as const) argument.fields.set(field, set[field]);
  const data = newArray(set.data?.kind === 'bools' ? 'uint8_t' : 'int32_t', set.data?.values.length ?? 0, 'zero');
  for (const [i, value] of (set.data?.values ?? []).entries()) data.items.set(i, value);
  argument.fields.set('data', data);
  if (!usesIommufd(world)) return [{ program, args: [device.vdev, user(argument)], holds: [] }];
  const command = constant(world, 'VFIO_DEVICE_SET_IRQS', 0);
  return [
    { program: 'vfio_device_fops_unl_ioctl', args: [deviceFileOf(world, device), command, user(argument)], holds: [] },
  ];
}

function indexOf(world: World, device: DeviceRecord): number {
  const spec = world.platform.spec.devices.find((d) => d.requesterId === device.requesterId);
  return spec && spec.vectors > 0 ? MSIX_INDEX : MSI_INDEX;
}

/** The host's own driver: MSI-X entries in order, all vectors or none. */
function hostEnable(device: DeviceRecord, input: StageInput): readonly StageCall[] {
  const entries = newArray('struct msix_entry', input.count, 'zero');
  for (let i = 0; i < input.count; i++) {
    const entry = newStruct('struct msix_entry', 'zero');
    entry.parent = entries;
    entry.member = i;
    entry.fields.set('entry', input.vector + i);
    entries.items.set(i, entry);
  }
  return [{ program: 'pci_enable_msix_range', args: [device.pdev, entries, input.count, input.count], holds: [] }];
}

/** A structure that nothing owns any more is not a device's any more either; used when a stage frees what it was given. */
export function isFreed(value: Value): boolean {
  return isStruct(value) && value.freed !== null;
}
