/**
 * Replay of a user's reads, writes and mappings of its device: the table of MSI-X, the capabilities of MSI, the command register. The record
 * describes each case in words; a case is found by the words that name its act, and played on one machine of each kind it was seen on.
 */

import { fieldsOf, namesOf, spelled } from '../../machine/replay/verdict';
import { requesterName } from '../../scenario/state';
import type { PciFunction } from '../host';
import { MSI_CAP, MSIX_CAP } from '../primitives/pci';
import type { ProgramSet } from '../types';
import { ContainerUser, oneOfEachKind } from './call-order';
import type { PlatformFacts } from './facts';
import { machineOf, USER_DEVICE } from './facts';
import { subjectOf, USER } from './subject';
import type { EraRow, EraVerdict } from './verdict';
import { AGREES } from './verdict';

export interface AccessRow extends EraRow {
  readonly table: 'table-access';
  readonly part: 'table' | 'config' | 'command';
  readonly name: string;
  /** What the record says came of it: results and values, by the name the record gives them. */
  readonly told: Readonly<Record<string, string>>;
  readonly platforms: readonly PlatformFacts[];
}

const MSI_INDEX = 1;
const MSIX_INDEX = 2;
const MSI_CONTROL = MSI_CAP + 2;
const MSIX_CONTROL = MSIX_CAP + 2;
const COMMAND = 4;
const MEMORY_AND_MASTER = 6;
const ENTRIES = 5;

export function readAccessRows(file: unknown, platforms: ReadonlyMap<string, PlatformFacts>): AccessRow[] {
  const access = fieldsOf(file);
  const seen = namesOf(access?.observedIn);
  const all = oneOfEachKind([...platforms.values()].filter(({ id }) => seen.includes(id)));
  const rows = (part: AccessRow['part'], list: unknown): AccessRow[] =>
    (Array.isArray(list) ? list.map(fieldsOf) : []).flatMap((fields) => {
      if (fields === null) return [];
      const told: Record<string, string> = {};
      for (const [name, value] of Object.entries(fields))
        told[name] = Array.isArray(value) ? value.map(spelled).join() : spelled(value);
      const arch = told.arch === undefined ? null : told.arch.startsWith('arm') ? 'arm64' : 'x86';
      const on = arch === null ? all : all.filter((platform) => platform.architecture === arch);
      return [{ table: 'table-access' as const, part, name: told.case ?? told.when ?? '', told, platforms: on }];
    });
  return [
    ...rows('table', access?.table),
    ...rows('config', access?.config),
    ...rows('command', fieldsOf(access?.command)?.rows),
  ];
}

const hex = (value: number): string => `0x${value.toString(16)}`;
const word = (value: number): string => `0x${value.toString(16).padStart(4, '0')}`;

/** A user with its device open. */
class DeviceUser {
  readonly files: ContainerUser;

  constructor(set: ProgramSet, platform: PlatformFacts, device: PciFunction) {
    const machine = machineOf(platform, ENTRIES);
    this.files = new ContainerUser(subjectOf(set, machine, true, new Map([[USER_DEVICE, device]]), 'type1'));
    this.files.prepare('driver');
    this.files.ioctl('group', 'GROUP_GET_DEVICE_FD', requesterName(USER_DEVICE));
  }

  private get observed() {
    return this.files.subject.host.observed;
  }

  enable(index: number): string {
    return this.files.subject.run('enable', {
      irqSet: { argsz: 24, flags: 36, index, start: 0, count: 1, data: { kind: 'fds', values: [10] } },
    });
  }

  /** A read (no value) or a write; what the call gave, and for a read what was read. */
  access(
    call: 'config' | 'region',
    at: number,
    count: number,
    value?: number,
  ): { result: string; value: number | null } {
    const file = 'device';
    const result = this.files.subject.run('attach', {
      file: value === undefined ? { call, file, at, count } : { call, file, at, count, value },
    });
    return { result, value: this.observed.readValue(USER) };
  }

  read(at: number): number {
    return this.access('config', at, 2).value ?? -1;
  }

  physical(at: number): number {
    return this.observed.config(USER_DEVICE, at);
  }

  entry(): string {
    const { address, data } = this.observed.tableEntry(USER_DEVICE, 0);
    return `${hex(address)}/${hex(data)}`;
  }

  map(): string {
    return this.files.subject.run('attach', { file: { call: 'mmap', file: 'device', region: 0 } });
  }

  store(at: number, value: number): void {
    this.files.subject.run('attach', { file: { call: 'store', at, value } });
  }
}

/** What was seen against what was to be seen, in the same words. */
type Seen = readonly (readonly [expected: string, got: string])[];

type Play = (user: (device?: Partial<PciFunction>) => DeviceUser, row: AccessRow) => Seen;

/** How a control word is told: `enable 1`, `messages 1`. */
function control(value: number, told: string): string {
  return [`enable ${value & 1}`, ...(told.includes('messages') ? [`messages ${1 << ((value >> 4) & 7)}`] : [])].join(
    ', ',
  );
}

const enabled = (user: DeviceUser, index: number): DeviceUser => {
  user.enable(index);
  return user;
};

/** A write of MSI's control word while a vector is bound, as both sides show it. */
const writesControl =
  (value: number): Play =>
  (make, { told }) => {
    const user = enabled(make({ msi: 1 }), MSI_INDEX);
    user.access('config', MSI_CONTROL, 2, value);
    return [
      [told.vfio ?? '', control(user.read(MSI_CONTROL), told.vfio ?? '')],
      [told.phys ?? '', control(user.physical(MSI_CONTROL), told.phys ?? '')],
    ];
  };

/** A write of the control word of MSI-X that must change nothing. */
const leavesMsix =
  (change: number): Play =>
  (make) => {
    const user = enabled(make(), MSIX_INDEX);
    const before = [user.read(MSIX_CONTROL), user.physical(MSIX_CONTROL)].map(word).join();
    user.access('config', MSIX_CONTROL, 2, user.read(MSIX_CONTROL) ^ change);
    return [[before, [user.read(MSIX_CONTROL), user.physical(MSIX_CONTROL)].map(word).join()]];
  };

const PLAYS: readonly (readonly [AccessRow['part'], RegExp, Play])[] = [
  [
    'table',
    /^pread of table entry/,
    (make, { told }) => {
      const { result, value } = enabled(make(), MSIX_INDEX).access('region', 0, 4);
      return [
        [told.result ?? '', result],
        [told.value ?? '', hex(value ?? 0)],
      ];
    },
  ],
  [
    'table',
    /^pwrite (0x[0-9a-f]+) to table entry/,
    (make, { name, told }) => {
      const user = enabled(make(), MSIX_INDEX);
      const before = user.entry();
      const { result } = user.access('region', 0, 4, Number(/0x[0-9a-f]+/.exec(name)?.[0]));
      return [
        [told.result ?? '', result],
        [before, user.entry()],
      ];
    },
  ],
  [
    'table',
    /^mmap of the BAR/,
    (make, { told }) => {
      const user = enabled(make(), MSIX_INDEX);
      const data = user.entry().split('/')[1];
      const result = user.map();
      const address = Number(/0x[0-9a-f]{8}/.exec(told.effect ?? '')?.[0]);
      user.store(0, address);
      user.store(4, 0);
      return [
        [(told.result ?? '').replace('OK', '0'), result],
        [`${hex(address)}/${data}`, user.entry()],
      ];
    },
  ],
  [
    'config',
    /^read the MSI address/,
    (make, { told }) => [[told.vfio ?? '', hex(enabled(make(), MSI_INDEX).read(MSI_CAP + 4))]],
  ],
  [
    'config',
    /^write (0x[0-9a-f]+) to the MSI address/,
    (make, { name, told }) => {
      const user = enabled(make(), MSI_INDEX);
      const before = user.physical(MSI_CAP + 4);
      user.access('config', MSI_CAP + 4, 4, Number(/0x[0-9a-f]+/.exec(name)?.[0]));
      return [
        [told.vfio ?? '', hex(user.access('config', MSI_CAP + 4, 4).value ?? 0)],
        [hex(before), hex(user.physical(MSI_CAP + 4))],
      ];
    },
  ],
  [
    'config',
    /^read MSI control right after/,
    (make, { told }) => {
      const words = [...(told.vfio ?? '').matchAll(/0x[0-9a-f]{4}/g)].map(([one]) => one);
      return [1, 16].map((msi, i) => [words[i] ?? '', word(enabled(make({ msi }), MSI_INDEX).read(MSI_CONTROL))]);
    },
  ],
  ['config', /^write MSI control with enable = 0 while/, writesControl(0x80)],
  ['config', /^write MSI control with enable = 1 while/, writesControl(0x81)],
  ['config', /^write MSI control with multiple-message-enable = 7/, writesControl(0xf1)],
  [
    'config',
    /^write 0x0001 to MSI control while no vector/,
    (make, { told }) => {
      const user = make({ msi: 1 });
      const before = user.physical(MSI_CONTROL);
      user.access('config', MSI_CONTROL, 2, 1);
      return [
        [told.vfio ?? '', word(user.read(MSI_CONTROL))],
        [word(before & ~1), word(user.physical(MSI_CONTROL))],
      ];
    },
  ],
  ['config', /^toggle the MSI-X function mask/, leavesMsix(0x4000)],
  ['config', /^clear MSI-X enable while/, leavesMsix(0x8000)],
];

/** The command register is one of the values that were seen, and the same in the device. */
const command: Play = (make, { name, told }) => {
  const user = make();
  if (/user write/.test(name)) user.access('config', COMMAND, 2, user.read(COMMAND) | MEMORY_AND_MASTER);
  const seen = word(user.read(COMMAND));
  const values = told.values ?? '';
  return [
    [values.split(',').includes(seen) ? seen : values, seen],
    [seen, word(user.physical(COMMAND))],
  ];
};

/** GET_REGION_INFO: the flags that stand in the words of the record, on a device with a table and on one without. */
const regionInfo: Play = (make, { told }) => {
  const flags = (device: Partial<PciFunction>): string => {
    const user = make(device);
    const fields = { argsz: 32, index: 0 };
    user.files.ioctl('device', 'DEVICE_GET_REGION_INFO', { type: 'struct vfio_region_info', fields });
    return hex(user.files.subject.host.observed.answer(USER, 'flags') ?? 0);
  };
  return [
    [/flags (0x[0-9a-f]+)/.exec(told.result ?? '')?.[1] ?? '', flags({})],
    [/flags (0x[0-9a-f]+)/.exec(told.effect ?? '')?.[1] ?? '', flags({ msix: 0, msi: 0 })],
  ];
};

export function replayAccess(set: ProgramSet, row: AccessRow): EraVerdict {
  const play =
    row.part === 'command'
      ? command
      : /^GET_REGION_INFO/.test(row.name)
        ? regionInfo
        : PLAYS.find(([part, words]) => part === row.part && words.test(row.name))?.[2];
  if (play === undefined) return { kind: 'left-out', why: `no act of the model for “${row.name}”` };
  for (const platform of row.platforms) {
    const device = { msi: 1, msix: ENTRIES, pin: true, express: false };
    const seen = play((more = {}) => new DeviceUser(set, platform, { ...device, ...more }), row);
    for (const [expected, got] of seen)
      if (expected !== got) return { kind: 'disagrees', expected: `${platform.id} ${row.name}: ${expected}`, got };
  }
  return row.platforms.length === 0 ? { kind: 'unreadable', why: `${row.name}: no platform` } : AGREES;
}
