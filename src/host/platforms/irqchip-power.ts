/**
 * Drivers of PowerPC's MSIs: Freescale MSI banks, shared or one a domain, and the MSI entries of a POWER host bridge.
 */
import { BANK_INTERRUPTS, bankData, MSIIR } from '../../machine/fsl-msi';
import { read32, write64 } from '../../machine/memory';
import { streamIdOf } from '../../machine/pcie';
import { IVE_BYTES } from '../../machine/phb';
import type { MachineSpec } from '../../machine/types';
import { endpointOf } from './iommu-power';
import type { IrqchipDriver } from './irqchip';
import type { PlatformState } from './state';
import { domainOfDevice, everyVector } from './state';
import { allocateBlock } from './table-memory';

/** Does the driver give each domain a bank of its own? */
function bankPerDomain(spec: MachineSpec): boolean {
  return spec.controllers.some((controller) => controller.kind === 'fsl-msi' && controller.perDomain);
}

/** Interrupts of banks: one MSIR's 32 bits share a processor interrupt, so that a vector cannot be moved alone. */
export const bankDriver: IrqchipDriver = {
  enable: () => true,
  allocate(state, spec, device, first, count) {
    const owner = domainOfDevice(state, device.requesterId)?.id ?? 0;
    const used = new Set(everyVector(state).map((vector) => vector.interrupt.number));
    const fresh = [];
    const taken: number[] = [];
    for (const index of banksFor(state, spec, owner)) {
      const bank = state.machine.banks[index];
      if (bank === undefined || fresh.length === count) continue;
      taken.push(index);
      for (let bit = 0; bit < BANK_INTERRUPTS && fresh.length < count; bit++) {
        const number = index * BANK_INTERRUPTS + bit;
        if (used.has(number)) continue;
        fresh.push({
          requesterId: device.requesterId,
          index: first + fresh.length,
          interrupt: { kind: 'bank' as const, number, target: 0 },
          controller: bank.name,
          address: bank.base + MSIIR,
          data: bankData(bit),
          translated: true,
        });
      }
    }
    if (fresh.length < count) return null;
    if (bankPerDomain(spec)) for (const index of taken) state.bankOwners.set(index, owner);
    return fresh;
  },
  free(state) {
    for (const index of [...state.bankOwners.keys()])
      if (!everyVector(state).some((vector) => Math.floor(vector.interrupt.number / BANK_INTERRUPTS) === index))
        state.bankOwners.delete(index);
  },
  move: () => null,
};

/** Banks an owner (domain, 0 the host) may use, its own first. */
function banksFor(state: PlatformState, spec: MachineSpec, owner: number): number[] {
  const all = state.machine.banks.map((_, index) => index);
  if (!bankPerDomain(spec)) return all;
  return [
    ...all.filter((index) => state.bankOwners.get(index) === owner),
    ...all.filter((index) => !state.bankOwners.has(index)),
  ];
}

/** Usual priority of an MSI; ffh masks. */
const PRIORITY = 5;

/** MSI entries of the bridge: each carries the endpoint that may use it; the message's address is the entry. */
export const bridgeDriver: IrqchipDriver = {
  enable(state) {
    const { phb } = state.machine;
    const entries = phb === null ? null : allocateBlock(state.tables, Math.max(4096, phb.msiCount * IVE_BYTES));
    if (phb === null || entries === null) return false;
    phb.entries = entries;
    return true;
  },
  allocate(state, spec, device, first, count) {
    const { phb } = state.machine;
    const controller = spec.controllers.find((one) => one.kind === 'phb-msi');
    if (phb === null || controller === undefined) return null;
    const used = new Set(everyVector(state).map((vector) => vector.interrupt.number));
    const endpoint = endpointOf(spec.devices, streamIdOf(spec.devices, device.requesterId));
    const free: number[] = [];
    for (let entry = 0; entry < phb.msiCount && free.length < count; entry++) if (!used.has(entry)) free.push(entry);
    if (free.length < count) return null;
    return free.map((entry, i) => {
      writeEntry(state, entry, 0, endpoint);
      return {
        requesterId: device.requesterId,
        index: first + i,
        interrupt: { kind: 'bank', number: entry, target: 0 },
        controller: controller.name,
        address: phb.msiBase + entry * 16,
        data: 0,
        translated: false,
      };
    });
  },
  free(state, _spec, _requesterId, vectors) {
    const { phb, memory } = state.machine;
    if (phb === null) return;
    for (const vector of vectors) write64(memory, phb.entries + vector.interrupt.number * IVE_BYTES, 0, 0);
  },
  move(state, _spec, vector, cpu) {
    const { phb, memory } = state.machine;
    if (phb === null) return null;
    const endpoint = read32(memory, phb.entries + vector.interrupt.number * IVE_BYTES) & 0xffff;
    writeEntry(state, vector.interrupt.number, cpu, endpoint);
    return { ...vector, interrupt: { ...vector.interrupt, target: cpu } };
  },
};

function writeEntry(state: PlatformState, entry: number, server: number, endpoint: number): void {
  const { phb, memory } = state.machine;
  if (phb !== null) write64(memory, phb.entries + entry * IVE_BYTES, endpoint, ((server << 10) | PRIORITY) >>> 0);
}
