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
  /** What the unit keeps for it: address of the SMMUv3's context descriptor or of the MSI page table, number of the SMMUv2's bank; else 0. */
  readonly context: number;
  /** In order of IOVA, disjoint. */
  mappings: readonly Mapping[];
  /** Requester ids of the devices attached. */
  attached: readonly number[];
}

/** An interrupt translation table of one DeviceID. */
export interface ItsDevice {
  readonly table: number;
  readonly bytes: number;
  /** EventIDs in use. */
  readonly events: readonly number[];
}

export interface PlatformState {
  readonly machine: Machine;
  readonly tables: TableMemory;
  nextDomain: number;
  readonly domains: Map<number, Domain>;
  /** Vectors by requester id. */
  readonly vectors: Map<number, readonly HardwareVector[]>;
  /** ITS devices by DeviceID. */
  readonly itsDevices: Map<number, ItsDevice>;
  /** VT-d: context table by bus. */
  readonly contextTables: Map<number, number>;
  /** AMD-Vi: interrupt table by device id. */
  readonly interruptTables: Map<number, number>;
  /** Posted-interrupt descriptors by virtual CPU, and the host's vector behind each posted one (by `vectorKey`). */
  readonly descriptors: Map<number, number>;
  readonly posted: Map<number, HardwareVector>;
  /** MSI banks that are a domain's own (0: the host's). */
  readonly bankOwners: Map<number, number>;
  /** IMSIC guest files (by their place in each hart) with the domain and its MSI page table. */
  readonly guestFiles: Map<number, { readonly domain: number; readonly table: number }>;
}

/** Books of a machine nobody has used yet. */
export function createPlatformState(machine: Machine, tables: TableMemory): PlatformState {
  return {
    machine,
    tables,
    nextDomain: 1,
    domains: new Map(),
    vectors: new Map(),
    itsDevices: new Map(),
    contextTables: new Map(),
    interruptTables: new Map(),
    descriptors: new Map(),
    posted: new Map(),
    bankOwners: new Map(),
    guestFiles: new Map(),
  };
}

export function everyVector(state: PlatformState): HardwareVector[] {
  return [...state.vectors.values()].flat();
}

/** One number for a device's vector. */
export function vectorKey(vector: HardwareVector): number {
  return vector.requesterId * 0x1_0000 + vector.index;
}

/** The domain a device is attached to. */
export function domainOfDevice(state: PlatformState, requesterId: number): Domain | null {
  for (const domain of state.domains.values()) if (domain.attached.includes(requesterId)) return domain;
  return null;
}

/** An independent copy, or copied books over the machine given. Lists in the books are replaced, never changed, so that copies may share them. */
export function clonePlatformState(state: PlatformState, machine = cloneMachine(state.machine)): PlatformState {
  return {
    machine,
    tables: cloneTableMemory(state.tables),
    nextDomain: state.nextDomain,
    domains: new Map([...state.domains].map(([id, domain]) => [id, { ...domain }])),
    vectors: new Map(state.vectors),
    itsDevices: new Map(state.itsDevices),
    contextTables: new Map(state.contextTables),
    interruptTables: new Map(state.interruptTables),
    descriptors: new Map(state.descriptors),
    posted: new Map(state.posted),
    bankOwners: new Map(state.bankOwners),
    guestFiles: new Map(state.guestFiles),
  };
}
