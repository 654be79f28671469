/**
 * Driver of RISC-V's IMSIC: identities of interrupt files. A device of a domain with a guest file of its own gets identities of that file,
 * every other device identities of the host's. The message's address is the host file's page either way: the IOMMU redirects it.
 */
import { enableIdentity, FILE_NUMBERS, filePage } from '../../machine/imsic';
import type { MachineSpec } from '../../machine/types';
import type { HardwareVector } from '../platform';
import type { IrqchipDriver } from './irqchip';
import type { PlatformState } from './state';
import { domainOfDevice, everyVector } from './state';

export const imsicDriver: IrqchipDriver = {
  enable: () => true,
  allocate(state, spec, device, first, count) {
    const { imsic } = state.machine;
    const file = fileFor(state, spec, device.requesterId);
    if (imsic === null || file === null) return null;
    const fresh: HardwareVector[] = [];
    for (let hart = 0; hart < imsic.harts && fresh.length < count; hart++) {
      for (const number of freeIdentities(state, hart, file)) {
        if (fresh.length === count) break;
        fresh.push({
          requesterId: device.requesterId,
          index: first + fresh.length,
          interrupt: { kind: 'imsic', number, target: hart },
          controller: imsic.name,
          address: filePage(imsic, hart * imsic.filesPerHart),
          data: number % FILE_NUMBERS,
          translated: false,
        });
      }
    }
    if (fresh.length < count) return null;
    for (const { interrupt } of fresh) enableIdentity(imsic, interrupt.number, true);
    return fresh;
  },
  free(state, _spec, _requesterId, vectors) {
    const { imsic } = state.machine;
    if (imsic !== null) for (const { interrupt } of vectors) enableIdentity(imsic, interrupt.number, false);
  },
  /** To another hart's file of the same owner: address and data change. */
  move(state, _spec, vector, cpu) {
    const { imsic } = state.machine;
    if (imsic === null) return null;
    const file = Math.floor(vector.interrupt.number / FILE_NUMBERS) % imsic.filesPerHart;
    const [number] = freeIdentities(state, cpu, file);
    if (number === undefined) return null;
    enableIdentity(imsic, vector.interrupt.number, false);
    enableIdentity(imsic, number, true);
    return {
      ...vector,
      interrupt: { kind: 'imsic', number, target: cpu },
      address: filePage(imsic, cpu * imsic.filesPerHart),
      data: number % FILE_NUMBERS,
    };
  },
};

/** File (within a hart) whose identities a device may get; null when its domain found no guest file left. */
function fileFor(state: PlatformState, spec: MachineSpec, requesterId: number): number | null {
  const domain = domainOfDevice(state, requesterId);
  if (domain === null || spec.iommu.kind !== 'riscv' || !spec.iommu.filePerDomain) return 0;
  for (const [file, owner] of state.guestFiles) if (owner.domain === domain.id) return file;
  return null;
}

/** Numbers of the free identities of a hart's file, ascending. */
function freeIdentities(state: PlatformState, hart: number, file: number): number[] {
  const { imsic } = state.machine;
  if (imsic === null) return [];
  const base = (hart * imsic.filesPerHart + file) * FILE_NUMBERS;
  const used = new Set(everyVector(state).map((vector) => vector.interrupt.number));
  return Array.from({ length: imsic.identities }, (_, i) => base + i + 1).filter((number) => !used.has(number));
}
