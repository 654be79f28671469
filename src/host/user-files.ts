/**
 * The files a user opens by itself: containers, groups, devices, /dev/iommu. In: one call on one of them, as userspace makes it. Out: the entry
 * functions it comes to, and what they gave. Which call is allowed when is the programs' business.
 */
import { globalNamed } from './globals';
import type { FileArgument, FileCall } from './host';
import {
  argument,
  closeContext,
  contextOf,
  deviceFileOf,
  forgottenContexts,
  noteAnswer,
  setDeviceFile,
  setSecondContext,
} from './iommufd-stages';
import { initialise, insertBefore } from './links';
import { tableAddress } from './primitives/pci';
import type { StageCall } from './stages';
import type { StructValue, Value } from './values';
import { cellAt, embedded, isStruct, newStruct } from './values';
import type { DeviceRecord, GroupRecord, World } from './world';

interface UserFiles {
  readonly byName: Map<string, StructValue>;
  read: ReadonlyMap<string | number, Value> | null;
}

const files = new WeakMap<World, Map<string, UserFiles>>();

function filesOf(world: World, agent: string): UserFiles {
  let of = files.get(world);
  if (!of) {
    of = new Map();
    files.set(world, of);
  }
  let found = of.get(agent);
  if (!found) {
    found = { byName: new Map(), read: null };
    of.set(agent, found);
  }
  return found;
}

const groups = new WeakMap<GroupRecord, StructValue>();

/** VFIO's side of a group, with the devices in it that a user may open. */
export function groupFileOf(group: GroupRecord): StructValue {
  const known = groups.get(group);
  if (known) return known;
  const made = newStruct('struct vfio_group', 'zero');
  groups.set(group, made);
  made.fields.set('iommu_group', group.object);
  const head = embedded(made, 'device_list', 'struct list_head');
  initialise(head);
  for (const device of group.devices) {
    if (device.host) continue;
    const entry = newStruct('struct vfio_group_device', 'zero');
    entry.fields.set('device', device.vdev);
    insertBefore(head, embedded(entry, 'group_next', 'struct list_head'));
    device.vdev.fields.set('group', made);
  }
  return made;
}

/** What the last read gave an agent; null when it has read nothing. */
export function readValueOf(world: World, agent: string): number | null {
  const value = filesOf(world, agent).read?.get('value');
  return typeof value === 'number' ? value : null;
}

function fileNamed(world: World, agent: string, device: DeviceRecord | undefined, name: string): Value | null {
  const opened = filesOf(world, agent).byName.get(name);
  if (opened !== undefined) return opened;
  if (name === 'iommufd') return contextOf(world, agent);
  return name === 'device' && device !== undefined ? deviceFileOf(world, device) : null;
}

const ENTRIES: readonly (readonly [string, string])[] = [
  ['struct vfio_container', 'vfio_fops_unl_ioctl'],
  ['struct vfio_group', 'vfio_group_fops_unl_ioctl'],
  ['struct vfio_device_file', 'vfio_device_fops_unl_ioctl'],
  ['struct iommufd_ctx', 'iommufd_fops_ioctl'],
];

const RELEASES: readonly (readonly [string, string])[] = [
  ['struct vfio_group', 'vfio_group_fops_release'],
  ['struct vfio_device_file', 'vfio_device_fops_release'],
];

function entryOf(table: typeof ENTRIES, file: Value): string | null {
  return isStruct(file) ? (table.find(([type]) => file.type === type)?.[1] ?? null) : null;
}

function argumentOf(
  world: World,
  agent: string,
  device: DeviceRecord | undefined,
  given: FileArgument,
): Value | string[] {
  if (typeof given === 'number' || typeof given === 'string') return given;
  if ('file' in given) return fileNamed(world, agent, device, given.file) ?? [`no file ${given.file} was opened`];
  const target = argument(world, given.type, given.fields);
  noteAnswer(world, agent, target);
  return { kind: 'user', target, offset: 0 };
}

function open(
  world: World,
  agent: string,
  device: DeviceRecord | undefined,
  call: FileCall & { call: 'open' },
): StageCall[] | string {
  const { byName } = filesOf(world, agent);
  const keep = (made: StructValue, type: string): void => {
    made.type ||= type;
    world.live.delete(made);
    byName.set(call.file, made);
  };
  switch (call.what) {
    case 'container':
      return [
        { program: 'vfio_fops_open', args: [], holds: [], opened: (made) => keep(made, 'struct vfio_container') },
      ];
    case 'iommufd':
      return [
        {
          program: 'iommufd_fops_open',
          args: [],
          holds: [],
          opened: (made) => {
            keep(made, 'struct iommufd_ctx');
            setSecondContext(world, agent, made);
          },
        },
      ];
    case 'group': {
      if (device === undefined) return 'the step names no device';
      const group = groupFileOf(device.group);
      byName.set(call.file, group);
      return [{ program: 'vfio_group_fops_open', args: [group], holds: [] }];
    }
    case 'device':
      if (device === undefined) return 'the step names no device';
      groupFileOf(device.group);
      return [
        {
          program: 'vfio_device_fops_cdev_open',
          args: [device.vdev],
          holds: [],
          opened: (made) => {
            keep(made, 'struct vfio_device_file');
            if (call.file === 'device') setDeviceFile(world, device, made);
          },
        },
      ];
  }
}

function access(
  world: World,
  agent: string,
  device: DeviceRecord | undefined,
  call: FileCall & { call: 'config' | 'region' },
): StageCall[] | string {
  if (device === undefined) return 'the step names no device';
  const of = filesOf(world, agent);
  const cell = new Map<string | number, Value>([['value', call.value ?? 0]]);
  const pointer = cellAt(cell, 'value', 'u32', null);
  of.read = cell;
  const write = call.value === undefined ? 0 : 1;
  if (call.call === 'config' && write === 0 && world.set.programs.has('vfio_device_fops_read')) {
    const file = fileNamed(world, agent, device, call.file);
    if (file === null) return `no file ${call.file} was opened`;
    return [{ program: 'vfio_device_fops_read', args: [file, pointer, call.at, call.count], holds: [] }];
  }
  return call.call === 'config'
    ? [{ program: 'vfio_pci_config_rw', args: [device.vdev, pointer, call.at, call.count, write], holds: [] }]
    : [{ program: 'vfio_pci_bar_rw', args: [device.vdev, pointer, call.at, call.count, write], holds: [] }];
}

function close(
  world: World,
  agent: string,
  device: DeviceRecord | undefined,
  call: FileCall & { call: 'close' },
): StageCall[] | string {
  const { byName } = filesOf(world, agent);
  const release = (context: StructValue): StageCall => ({
    program: 'iommufd_fops_release',
    args: [context],
    holds: [],
  });
  if (call.file === 'iommufd' && !byName.has('iommufd')) {
    const last = closeContext(world, agent);
    return last === null ? [] : [release(last)];
  }
  const file = fileNamed(world, agent, device, call.file);
  byName.delete(call.file);
  const program = file === null ? null : entryOf(RELEASES, file);
  if (file === null || !isStruct(file)) return `no file ${call.file} was opened`;
  if (program === null) return [];
  if (device !== undefined && file.type === 'struct vfio_device_file') device.vdev.fields.set('refcnt', 1);
  return [{ program, args: [file], holds: [] }, ...forgottenContexts(world, agent, file).map(release)];
}

/** The calls that one call of a user comes to; a string says why there is none. */
export function fileCalls(
  world: World,
  agent: string,
  device: DeviceRecord | undefined,
  call: FileCall,
): readonly StageCall[] | string {
  switch (call.call) {
    case 'open':
      return open(world, agent, device, call);
    case 'close':
      return close(world, agent, device, call);
    case 'config':
    case 'region':
      return access(world, agent, device, call);
    case 'store':
      if (device === undefined) return 'the step names no device';
      world.call({ kind: 'function', name: 'writel' }, [call.value, tableAddress(device) + call.at], {
        kind: 'design',
        file: '',
        line: 0,
      });
      return [];
    case 'mmap': {
      if (device === undefined) return 'the step names no device';
      const file = fileNamed(world, agent, device, call.file);
      return file !== null && world.set.programs.has('vfio_device_fops_mmap')
        ? [{ program: 'vfio_device_fops_mmap', args: [file, call.region], holds: [] }]
        : [{ program: 'vfio_pci_core_mmap', args: [device.vdev, call.region], holds: [] }];
    }
    case 'ioctl': {
      const file = fileNamed(world, agent, device, call.file);
      const given = argumentOf(world, agent, device, call.argument);
      if (file === null) return `no file ${call.file} was opened`;
      if (Array.isArray(given)) return given.join();
      const program = entryOf(ENTRIES, file);
      if (program !== null && !world.set.programs.has(program) && device !== undefined && call.file === 'device')
        return [
          {
            program: 'vfio_pci_core_ioctl',
            args: [device.vdev, globalNamed(world, call.command), Array.isArray(given) ? 0 : given],
            holds: [],
          },
        ];
      const command = globalNamed(world, call.command);
      if (program === null || typeof command !== 'number') return `the design has no ${call.command}`;
      return [{ program, args: [file, command, given], holds: [] }];
    }
  }
}
