/**
 * Replay of the order of calls on a container and on the file of a group: a state that the record describes in words, one call, its result. Played on
 * one machine of each kind it was seen on; all must give what the record says.
 */
import { fieldsOf, namesOf, numberOf, spelled } from '../../machine/replay/verdict';
import type { MachineSpec } from '../../machine/types';
import { requesterName } from '../../scenario/state';
import type { FileArgument } from '../host';
import type { ProgramSet } from '../types';
import type { PlatformFacts } from './facts';
import { machineOf, USER_DEVICE } from './facts';
import type { Subject } from './subject';
import { subjectOf } from './subject';
import type { EraRow, EraVerdict } from './verdict';
import { AGREES } from './verdict';

export interface OrderRow extends EraRow {
  readonly table: 'order';
  readonly name: string;
  readonly call: string;
  /** The state before, in words. */
  readonly prior: string;
  readonly expected: string;
  /** VFIO_GROUP_GET_STATUS after the call; null where it was not asked. */
  readonly status: number | null;
  readonly platforms: readonly PlatformFacts[];
}

/** VFIO_TYPE1_IOMMU and VFIO_TYPE1v2_IOMMU. */
const TYPE1 = 1;
const TYPE1V2 = 3;

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** Machines that differ in nothing a container sees are one. */
export function oneOfEachKind(platforms: Iterable<PlatformFacts>): PlatformFacts[] {
  const kinds = new Map<string, PlatformFacts>();
  for (const platform of platforms) {
    const key = [platform.architecture, platform.iommu, platform.controller, platform.remapping].join();
    if (!kinds.has(key)) kinds.set(key, platform);
  }
  return [...kinds.values()];
}

export function readOrderRows(file: unknown, platforms: ReadonlyMap<string, PlatformFacts>): OrderRow[] {
  const managed = [...platforms.values()].filter((platform) => platform.iommu !== 'none');
  return listOf(fieldsOf(file)?.order).flatMap((value) => {
    const fields = fieldsOf(value);
    if (fields === null || fields.expect === undefined) return [];
    const seen = namesOf(fields.observedIn);
    return [
      {
        table: 'order' as const,
        name: spelled(fields.case ?? ''),
        call: spelled(fields.call ?? ''),
        prior: spelled(fields.prior ?? ''),
        expected: spelled(fields.expect).replace(/^OK$/, '0'),
        status: numberOf(fields.groupStatusFlags),
        platforms: oneOfEachKind(seen.length === 0 ? managed : managed.filter(({ id }) => seen.includes(id))),
      },
    ];
  });
}

/** A user's container and group, and the calls on them. */
export class ContainerUser {
  constructor(readonly subject: Subject) {}

  open(what: 'container' | 'group' | 'device' | 'iommufd', file: string = what): string {
    return this.subject.run('attach', { file: { call: 'open', file, what } });
  }

  ioctl(file: string, command: string, argument: FileArgument): string {
    return this.subject.run('attach', { file: { call: 'ioctl', file, command: `VFIO_${command}`, argument } });
  }

  /** Opens both, puts one into the other and chooses the driver: as far as it is asked to. */
  prepare(steps: 'open' | 'in container' | 'driver'): void {
    this.open('container');
    this.open('group');
    if (steps === 'open') return;
    this.ioctl('group', 'GROUP_SET_CONTAINER', { file: 'container' });
    if (steps === 'driver') this.ioctl('container', 'SET_IOMMU', TYPE1);
  }

  status(): number | null {
    const result = this.ioctl('group', 'GROUP_GET_STATUS', {
      type: 'struct vfio_group_status',
      fields: { argsz: 8 },
    });
    return result === '0' ? this.subject.host.observed.answer('user', 'flags') : null;
  }
}

/** The machine with a device of the host in the group of the user's. */
function shared(machine: MachineSpec): MachineSpec {
  return { ...machine, devices: machine.devices.map((device) => ({ ...device, group: 1 })) };
}

function enter(user: ContainerUser, prior: string): boolean {
  if (/^container empty/.test(prior)) user.open('container');
  else if (/IOMMU (is )?(already )?set/.test(prior) && !/no IOMMU set/.test(prior)) user.prepare('driver');
  else if (/^group (is )?in container/.test(prior)) user.prepare('in container');
  else if (/^group (is )?(already )?open|^another device/.test(prior)) user.prepare('open');
  else return false;
  return true;
}

/** The call of a row; null for words that name none. */
function make(user: ContainerUser, row: OrderRow): string | null {
  const number = /(?:type|NOIOMMU|extension) (\d+)/i.exec(row.name)?.[1];
  switch (row.call) {
    case 'open':
      return user.open('group', 'second');
    case 'SET_IOMMU':
      return user.ioctl('container', 'SET_IOMMU', number === undefined ? TYPE1V2 : Number(number));
    case 'CHECK_EXTENSION':
      return user.ioctl('container', 'CHECK_EXTENSION', number === undefined ? TYPE1V2 : Number(number));
    case 'GET_API_VERSION':
      return user.ioctl('container', 'GET_API_VERSION', 0);
    case 'IOMMU_GET_INFO':
      return user.ioctl('container', 'IOMMU_GET_INFO', {
        type: 'struct vfio_iommu_type1_info',
        fields: { argsz: 16 },
      });
    case 'SET_CONTAINER':
      return user.ioctl('group', 'GROUP_SET_CONTAINER', { file: 'container' });
    case 'UNSET_CONTAINER':
      return user.ioctl('group', 'GROUP_UNSET_CONTAINER', 0);
    case 'GET_DEVICE_FD': {
      const name = /wrong name/.test(row.name) ? 'of no device' : requesterName(USER_DEVICE);
      return user.ioctl('group', 'GROUP_GET_DEVICE_FD', name);
    }
    default:
      return null;
  }
}

export function replayOrder(set: ProgramSet, row: OrderRow): EraVerdict {
  for (const platform of row.platforms) {
    const machine = machineOf(platform, 1);
    const user = new ContainerUser(
      subjectOf(set, /^another device/.test(row.prior) ? shared(machine) : machine, true, new Map(), 'type1'),
    );
    if (!enter(user, row.prior)) return { kind: 'left-out', why: `no state of the model for “${row.prior}”` };
    const result = make(user, row);
    if (result === null) return { kind: 'left-out', why: `no call of the model for “${row.call}”` };
    const status = row.status === null ? null : user.status();
    if (result !== row.expected || status !== row.status) {
      const told = (one: string, flags: number | null): string => (flags === null ? one : `${one}, status ${flags}`);
      return {
        kind: 'disagrees',
        expected: `${platform.id} ${row.name}: ${told(row.expected, row.status)}`,
        got: told(result, status),
      };
    }
  }
  return row.platforms.length === 0 ? { kind: 'unreadable', why: `${row.name}: no platform` } : AGREES;
}
