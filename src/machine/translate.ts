/**
 * The way of a DMA access through the machine's IOMMU, whichever it is.
 * In: the id the IOMMU sees, an address. Out: a physical address, or what stopped the access. Faults are recorded as the unit records them.
 */
import { amdEventText, logAmdEvent, translateAmd } from './amdvi-dma';
import type { Machine } from './machine';
import { pamuText, translatePamu } from './pamu';
import { liodnOf } from './pcie';
import type { Phb } from './phb';
import { PHB_STOP, phbText, translatePhb } from './phb';
import type { RiscvOutcome, RiscvUnit } from './riscv-iommu';
import { recordRiscvFault, riscvFaultText, translateRiscvUnit } from './riscv-iommu';
import { GLOBAL, smmuv2FaultText, translateSmmuv2 } from './smmuv2';
import type { Smmuv3 } from './smmuv3';
import { eventText, recordEvent, smmuResult, translateStream } from './smmuv3';
import type { Outcome } from './types';
import type { Vtd } from './vtd';
import { faultText, recordFault, translateDma, UNRECORDED } from './vtd';

/** A write that the IOMMU itself takes into a memory-resident interrupt file instead of passing it on. */
export type Resident = Extract<RiscvOutcome, { kind: 'mrif' }>;

/** Is there an IOMMU at all? */
export function hasIommu(machine: Machine): boolean {
  return machine.spec.iommu.kind !== 'none';
}

/** Through the IOMMU: a physical address, what stopped the access, or a memory-resident interrupt file. */
export function translate(
  machine: Machine,
  streamId: number,
  address: number,
  write: boolean,
): number | Outcome | Resident {
  const { memory } = machine;
  if (machine.smmu !== null) {
    const result = translateStream(machine.smmu, memory, streamId, address, write);
    return result >= 0 ? result : smmuStop(machine, machine.smmu, result, streamId, address, write);
  }
  if (machine.vtd !== null) {
    const result = translateDma(machine.vtd, memory, streamId, address, write);
    return result >= 0 ? result : vtdFault(machine.vtd, -result, streamId, address, address - (address % 4096), write);
  }
  if (machine.smmuv2 !== null) {
    const { name } = machine.smmuv2;
    const result = translateSmmuv2(machine.smmuv2, memory, streamId, address, write);
    return result >= 0 ? result : faultOf(name, -result & ~GLOBAL, smmuv2FaultText(-result), address);
  }
  if (machine.amd !== null) {
    const { name } = machine.amd;
    const result = translateAmd(machine.amd, memory, streamId, address, write);
    if (result >= 0) return result;
    logAmdEvent(machine.amd, { code: -result, requesterId: streamId, address });
    return faultOf(name, -result, amdEventText(-result), address);
  }
  if (machine.pamu !== null) {
    const { name } = machine.pamu;
    const result = translatePamu(machine.pamu, memory, liodnOf(machine.spec.devices, streamId), address, write);
    return result >= 0 ? result : faultOf(name, -result, pamuText(-result), address);
  }
  if (machine.phb !== null) {
    const result = translatePhb(machine.phb, memory, streamId, address, write);
    return result >= 0 ? result : phbStop(machine.phb, -result, address);
  }
  if (machine.riscv !== null) {
    const result = translateRiscvUnit(machine.riscv, memory, streamId, address, write);
    if (result.kind === 'pass') return result.physical;
    return result.kind === 'mrif' ? result : riscvFault(machine.riscv, result.cause, streamId, address);
  }
  return address;
}

function faultOf(unit: string, code: number, why: string, address: number): Outcome {
  return { kind: 'fault', unit, code, why, address, recorded: true };
}

function smmuStop(
  machine: Machine,
  smmu: Smmuv3,
  code: number,
  streamId: number,
  address: number,
  write: boolean,
): number | Outcome {
  const result = smmuResult(code);
  if (result.kind === 'pass') return result.physical;
  if (result.kind === 'abort')
    return {
      kind: 'dropped',
      unit: smmu.name,
      why: smmu.enabled ? 'the stream table entry aborts the stream' : 'the SMMU is off and aborts all',
    };
  if (result.recorded) recordEvent(smmu, machine.memory, result.type, streamId, address, write);
  return {
    kind: 'fault',
    unit: smmu.name,
    code: result.type,
    why: eventText(result.type),
    address,
    recorded: result.recorded,
  };
}

/** A fault of VT-d by its reason (with `UNRECORDED`). `information`: page address of a DMA fault, index of an interrupt fault. */
export function vtdFault(
  vtd: Vtd,
  code: number,
  requesterId: number,
  address: number,
  information: number,
  write: boolean,
): Outcome {
  const reason = code & 0xff;
  const recorded = (code & UNRECORDED) === 0;
  if (recorded) recordFault(vtd, { reason, requesterId, information, write });
  return { kind: 'fault', unit: vtd.name, code: reason, why: faultText(reason), address, recorded };
}

/** What a POWER bridge stopped: faults freeze the PE; what comes from a frozen one is dropped. */
export function phbStop(phb: Phb, stop: number, address: number): Outcome {
  const why = phbText(stop);
  if (stop === PHB_STOP.frozen) return { kind: 'dropped', unit: phb.name, why };
  if (stop === PHB_STOP.masked) return { kind: 'ignored', physical: address, why };
  return faultOf(phb.name, stop, why, address);
}

export function riscvFault(unit: RiscvUnit, cause: number, deviceId: number, address: number): Outcome {
  recordRiscvFault(unit, { cause, deviceId, address });
  return faultOf(unit.name, cause, riscvFaultText(cause), address);
}
