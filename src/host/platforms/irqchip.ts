/**
 * What irqchip drivers do to the hardware, one driver a kind of controller.
 * In: a device and a count. Out: vectors with the message that reaches them; entries, commands and registers written.
 */
import type { DeviceSpec, MachineSpec } from '../../machine/types';
import type { HardwareVector } from '../platform';
import { apicDriver } from './irqchip-apic';
import { imsicDriver } from './irqchip-imsic';
import { itsDriver } from './irqchip-its';
import { bankDriver, bridgeDriver } from './irqchip-power';
import { spiDriver } from './irqchip-spi';
import type { PlatformState } from './state';

/** How one kind of controller is driven. */
export interface IrqchipDriver {
  /** False when there is no memory for its tables. */
  enable(state: PlatformState, spec: MachineSpec): boolean;
  /** `count` vectors, numbered from `first`, all or none; null when the controller has not that many. */
  allocate(
    state: PlatformState,
    spec: MachineSpec,
    device: DeviceSpec,
    first: number,
    count: number,
  ): HardwareVector[] | null;
  /** Entries cleared, events discarded, pending state gone. The vectors are no longer in the books. */
  free(state: PlatformState, spec: MachineSpec, requesterId: number, vectors: readonly HardwareVector[]): void;
  /** The vector as it is on another CPU; null when it cannot go there. */
  move(state: PlatformState, spec: MachineSpec, vector: HardwareVector, cpu: number): HardwareVector | null;
}

export type IrqchipKind = 'gicv2m' | 'its' | 'apic' | 'mbi' | 'fsl-msi' | 'phb-msi' | 'imsic' | 'none';

const ORDER = ['its', 'gicv2m', 'mbi', 'apic', 'fsl-msi', 'phb-msi', 'imsic'] as const;

/** Which irqchip serves PCI MSIs: an ITS when there is one. */
export function irqchipKindOf(spec: MachineSpec): IrqchipKind {
  return ORDER.find((kind) => spec.controllers.some((controller) => controller.kind === kind)) ?? 'none';
}

const DRIVERS: Readonly<Record<Exclude<IrqchipKind, 'none'>, IrqchipDriver>> = {
  its: itsDriver,
  gicv2m: spiDriver,
  mbi: spiDriver,
  apic: apicDriver,
  'fsl-msi': bankDriver,
  'phb-msi': bridgeDriver,
  imsic: imsicDriver,
};

function driverOf(spec: MachineSpec): IrqchipDriver | null {
  const kind = irqchipKindOf(spec);
  return kind === 'none' ? null : DRIVERS[kind];
}

/** Sets the controllers up. False when there is no memory for it. */
export function enableIrqchip(state: PlatformState, spec: MachineSpec): boolean {
  return driverOf(spec)?.enable(state, spec) ?? true;
}

/** `count` more vectors for a device, numbered after those it has; null when the controller has not that many. */
export function allocateVectors(
  state: PlatformState,
  spec: MachineSpec,
  device: DeviceSpec,
  count: number,
): readonly HardwareVector[] | null {
  const own = state.vectors.get(device.requesterId) ?? [];
  const fresh = driverOf(spec)?.allocate(state, spec, device, own.length, count) ?? null;
  if (fresh !== null) state.vectors.set(device.requesterId, [...own, ...fresh]);
  return fresh;
}

/** Gives all vectors of a device back. */
export function freeVectors(state: PlatformState, spec: MachineSpec, requesterId: number): void {
  const vectors = state.vectors.get(requesterId) ?? [];
  state.vectors.delete(requesterId);
  driverOf(spec)?.free(state, spec, requesterId, vectors);
}

/** Moves a vector to another CPU; null when there is no such vector, CPU, or room. */
export function setAffinity(
  state: PlatformState,
  spec: MachineSpec,
  requesterId: number,
  index: number,
  cpu: number,
): HardwareVector | null {
  const vectors = state.vectors.get(requesterId);
  const vector = vectors?.find((candidate) => candidate.index === index);
  if (vectors === undefined || vector === undefined || !Number.isInteger(cpu) || cpu < 0 || cpu >= spec.cpus)
    return null;
  if (vector.interrupt.target === cpu) return vector;
  const moved = driverOf(spec)?.move(state, spec, vector, cpu) ?? null;
  if (moved !== null) replaceVector(state, moved);
  return moved;
}

/** Puts a vector in the place of the one with its number. */
export function replaceVector(state: PlatformState, vector: HardwareVector): void {
  const vectors = state.vectors.get(vector.requesterId) ?? [];
  state.vectors.set(
    vector.requesterId,
    vectors.map((one) => (one.index === vector.index ? vector : one)),
  );
}
