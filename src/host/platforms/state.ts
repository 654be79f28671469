/**
 * What the drivers of one machine keep: the machine itself and their own books, as plain data that can be copied.
 */

import type { Machine } from '../../machine/machine';
import { cloneMachine } from '../../machine/machine';
import type { HardwareVector } from '../platform';
import type { TableMemory } from './table-memory';
import { cloneTableMemory } from './table-memory';

export interface Mapping {
  readonly iova: number;
  readonly physical: number;
  readonly size: number;
  readonly writable: boolean;
}

export interface Domain {
  readonly id: number;
  /** Physical address of the root table. */
  readonly root: number;
  /** Physical address of the SMMU's context descriptor; 0 elsewhere. */
  readonly context: number;
  /** In order of IOVA, disjoint. */
  mappings: Mapping[];
  /** Requester ids of the devices attached. */
  attached: number[];
}

/** An interrupt translation table of one DeviceID. */
export interface ItsDevice {
  readonly table: number;
  readonly bytes: number;
  /** EventIDs in use. */
  events: number[];
}

export interface PlatformState {
  readonly machine: Machine;
  readonly tables: TableMemory;
  nextDomain: number;
  readonly domains: Map<number, Domain>;
  /** Vectors by requester id. */
  readonly vectors: Map<number, HardwareVector[]>;
  /** ITS devices by DeviceID. */
  readonly itsDevices: Map<number, ItsDevice>;
  /** VT-d: context table by bus. */
  readonly contextTables: Map<number, number>;
}

export function clonePlatformState(state: PlatformState): PlatformState {
  return {
    machine: cloneMachine(state.machine),
    tables: cloneTableMemory(state.tables),
    nextDomain: state.nextDomain,
    domains: new Map(
      [...state.domains].map(([id, domain]) => [
        id,
        { ...domain, mappings: domain.mappings.slice(), attached: domain.attached.slice() },
      ]),
    ),
    vectors: new Map([...state.vectors].map(([id, list]) => [id, list.slice()])),
    itsDevices: new Map(
      [...state.itsDevices].map(([id, device]) => [id, { ...device, events: device.events.slice() }]),
    ),
    contextTables: new Map(state.contextTables),
  };
}
