/**
 * The stages on /dev/iommu and on device files: which calls a user makes there, and with what. In: a stage's input. Out: calls of the two
 * files' entry functions. An agent has one /dev/iommu; its spaces of IOVA are numbered from 0 and made when they are first named.
 */
import { ask } from './ask';
import { containerPrograms } from './designs/tables';
import { globalNamed } from './globals';
import type { Ioctl, StageInput } from './host';
import { fieldsOf } from './layout';
import { USER_BASE } from './primitives/iommu';
import type { StageCall } from './stages';
import type { StructValue, Value } from './values';
import { isStruct, newStruct } from './values';
import type { DeviceRecord, World } from './world';

/** The number of an agent's /dev/iommu among its files, and of one that it opened besides. */
export const IOMMUFD_FILE = 8;
export const SECOND_IOMMUFD_FILE = 9;

const MAP_FIXED = 1;
const MAP_WRITEABLE = 2;
const MAP_READABLE = 4;

interface Files {
  context: StructValue | null;
  /** Ids of spaces of IOVA by their number. */
  readonly spaces: Map<number, number>;
  /** The space that the agent's devices are in, and its maps go to. */
  current: number;
  readonly devices: Map<number, StructValue>;
  /** What the last call of each command left in the user's memory. */
  answer: StructValue | null;
  second: StructValue | null;
  /** Closed by the user, and kept by devices that are still bound to them. */
  readonly kept: StructValue[];
}

const files = new WeakMap<World, Map<string, Files>>();

function filesOf(world: World, agent: string): Files {
  let of = files.get(world);
  if (!of) {
    of = new Map();
    files.set(world, of);
  }
  let found = of.get(agent);
  if (!found) {
    found = { context: null, spaces: new Map(), current: 0, devices: new Map(), answer: null, second: null, kept: [] };
    of.set(agent, found);
  }
  return found;
}

/** Does a design's user go through /dev/iommu? Those that know it do, unless a run asks for the container of old or the machine has one of its own. */
export function usesIommufd(world: World): boolean {
  if (containerPrograms(world.platform.spec).ops !== 'vfio_iommu_driver_ops_type1') return false;
  return world.options.interface !== 'type1' && world.set.programs.has('iommufd_fops_ioctl');
}

/** The agent's open /dev/iommu; opened when it is first asked for. */
export function contextOf(world: World, agent: string): Value {
  const of = filesOf(world, agent);
  if (of.context === null || of.context.freed !== null) {
    const made = ask(world, 'iommufd_fops_open', []);
    of.context = made !== null && isStruct(made) ? made : null;
    of.spaces.clear();
  }
  return of.context ?? 0;
}

function deviceFile(world: World, device: DeviceRecord): StructValue {
  const of = filesOf(world, device.agent);
  let file = of.devices.get(device.requesterId);
  if (!file) {
    file = newStruct('struct vfio_device_file', 'zero');
    file.fields.set('device', device.vdev);
    of.devices.set(device.requesterId, file);
  }
  return file;
}

/** A structure in the user's memory: fields that are not named are 0, not unknown. */
export function argument(world: World, type: string, fields: Readonly<Record<string, number>>): StructValue {
  const made = newStruct(type, 'zero');
  for (const [name] of fieldsOf(world.set, type) ?? []) made.fields.set(name, 0);
  for (const [name, value] of Object.entries(fields)) made.fields.set(name, value);
  return made;
}

const command = (world: World, name: string): Value => globalNamed(world, name);

/** The id of an agent's space by number; the space is made without a trace when there is none yet. */
export function spaceOf(world: World, agent: string, number: number): number {
  const of = filesOf(world, agent);
  const known = of.spaces.get(number);
  if (known !== undefined) return known;
  const made = argument(world, 'struct iommu_ioas_alloc', { size: 12 });
  ask(world, 'iommufd_fops_ioctl', [
    contextOf(world, agent),
    command(world, 'IOMMU_IOAS_ALLOC'),
    { kind: 'user', target: made, offset: 0 },
  ]);
  const id = made.fields.get('out_ioas_id');
  if (typeof id !== 'number') return 0;
  of.spaces.set(number, id);
  return id;
}

/** A field of what the agent's last call left in its memory; null when there is none. */
export function answerOf(world: World, agent: string, field: string): number | null {
  const value = filesOf(world, agent).answer?.fields.get(field);
  return typeof value === 'number' ? value : null;
}

function call(
  world: World,
  agent: string,
  device: DeviceRecord | null,
  ioctl: Omit<Ioctl, 'device'>,
  stop = false,
): StageCall {
  const target = argument(world, ioctl.type, ioctl.fields);
  filesOf(world, agent).answer = target;
  const user: Value = { kind: 'user', target, offset: 0 };
  const name = command(world, ioctl.command);
  return device === null
    ? { program: 'iommufd_fops_ioctl', args: [contextOf(world, agent), name, user], holds: [], stop }
    : { program: 'vfio_device_fops_unl_ioctl', args: [deviceFile(world, device), name, user], holds: [], stop };
}

function attach(world: World, agent: string, device: DeviceRecord, space: number): StageCall[] {
  const calls: StageCall[] = [];
  contextOf(world, agent);
  if (deviceFile(world, device).fields.get('access_granted') !== 1)
    calls.push(
      call(
        world,
        agent,
        device,
        {
          command: 'VFIO_DEVICE_BIND_IOMMUFD',
          type: 'struct vfio_device_bind_iommufd',
          fields: { argsz: 16, iommufd: IOMMUFD_FILE },
        },
        true,
      ),
    );
  filesOf(world, agent).current = space;
  calls.push(
    call(world, agent, device, {
      command: 'VFIO_DEVICE_ATTACH_IOMMUFD_PT',
      type: 'struct vfio_device_attach_iommufd_pt',
      fields: { argsz: 12, pt_id: spaceOf(world, agent, space) },
    }),
  );
  return calls;
}

/** The calls of a stage; undefined for stages that are the same with any container; a string says why it cannot be entered. */
export function iommufdCalls(
  world: World,
  input: StageInput,
  device: DeviceRecord | undefined,
): readonly StageCall[] | string | undefined {
  const { agent } = input;
  const of = filesOf(world, agent);
  if (input.ioctl !== undefined) return [call(world, agent, input.ioctl.device ? (device ?? null) : null, input.ioctl)];
  switch (input.stage) {
    case 'attach':
      return device ? attach(world, agent, device, of.current) : 'the step names no device';
    case 'replace':
      return device ? attach(world, agent, device, of.current + 1) : 'the step names no device';
    case 'detach':
      return device
        ? [
            call(world, agent, device, {
              command: 'VFIO_DEVICE_DETACH_IOMMUFD_PT',
              type: 'struct vfio_device_detach_iommufd_pt',
              fields: { argsz: 8 },
            }),
          ]
        : 'the step names no device';
    case 'map':
      return [
        call(world, agent, null, {
          command: 'IOMMU_IOAS_MAP',
          type: 'struct iommu_ioas_map',
          fields: {
            size: 40,
            flags: input.flags ?? MAP_FIXED | MAP_WRITEABLE | MAP_READABLE,
            ioas_id: spaceOf(world, agent, of.current),
            user_va: USER_BASE + input.physical + (input.misaligned ?? 0),
            length: input.size,
            iova: input.iova,
          },
        }),
      ];
    case 'unmap':
      return [
        call(world, agent, null, {
          command: 'IOMMU_IOAS_UNMAP',
          type: 'struct iommu_ioas_unmap',
          fields: { size: 24, ioas_id: spaceOf(world, agent, of.current), iova: input.iova, length: input.size },
        }),
      ];
    case 'release': {
      const devices = [...world.devices.values()].filter((one) => one.agent === agent && !one.host);
      for (const one of devices) one.vdev.fields.set('refcnt', 1);
      const calls: StageCall[] = devices.map((one) => ({
        program: 'vfio_device_fops_release',
        args: [deviceFile(world, one)],
        holds: [],
      }));
      calls.push({ program: 'iommufd_fops_release', args: [contextOf(world, agent)], holds: [] });
      return calls;
    }
    default:
      return undefined;
  }
}

/** The file behind a number of the running agent's: its /dev/iommu, or an errno. */
export function contextFromFile(world: World, number: number): Value {
  if (number === IOMMUFD_FILE) return contextOf(world, world.agent);
  const { second } = filesOf(world, world.agent);
  if (number === SECOND_IOMMUFD_FILE && second !== null) return second;
  return number >= 4096 ? -9 : -77;
}

/** The structure that the last call of an agent takes, so that what comes back in it can be read. */
export function noteAnswer(world: World, agent: string, target: StructValue): void {
  filesOf(world, agent).answer = target;
}

/** A second /dev/iommu of an agent. */
export function setSecondContext(world: World, agent: string, context: StructValue): void {
  filesOf(world, agent).second = context;
}

/** Closes an agent's /dev/iommu: what is to be released, or null while a bound device holds the file (iommufd_ctx_get()). */
export function closeContext(world: World, agent: string): StructValue | null {
  const of = filesOf(world, agent);
  const { context } = of;
  if (context === null) return null;
  of.context = null;
  of.spaces.clear();
  if (!holds(world, agent, context)) return context;
  of.kept.push(context);
  return null;
}

/** Files of /dev/iommu that the user closed before, and that no device holds any more. */
export function forgottenContexts(world: World, agent: string, closing: StructValue): readonly StructValue[] {
  const { kept } = filesOf(world, agent);
  return kept.splice(0).filter((context) => {
    if (!holds(world, agent, context, closing)) return true;
    kept.push(context);
    return false;
  });
}

function holds(world: World, agent: string, context: StructValue, besides: StructValue | null = null): boolean {
  return [...filesOf(world, agent).devices.values()].some(
    (file) => file !== besides && file.fields.get('iommufd') === context && file.fields.get('access_granted') === 1,
  );
}

/** Puts a file of a device in the place of the one the stages use. */
export function setDeviceFile(world: World, device: DeviceRecord, file: StructValue): void {
  filesOf(world, device.agent).devices.set(device.requesterId, file);
}

/** The file of a device, for calls that are the same with any container. */
export function deviceFileOf(world: World, device: DeviceRecord): StructValue {
  return deviceFile(world, device);
}
