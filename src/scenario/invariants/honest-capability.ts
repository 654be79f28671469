import { causes, mappedBy, programmedBy } from '../causes';
import type { Violation } from '../types';
import type { Invariant, RunView, StepRecord } from '../view';
import { agentOf, deviceName, domainOf, hex, interruptName, lastStep, ownerOf } from '../view';

const WHY: Violation['why'] = [
  {
    text: 'The capability says that a device can raise no interrupt but its own: vfio lets a guest have the device because of it.',
    reference: 'IOMMU_CAP_INTR_REMAP in include/linux/iommu.h; vfio_iommu_type1_attach_group()',
  },
  {
    text: 'On this machine nothing between device and CPU looks at who wrote the message, so the claim is not true.',
    reference: 'Arm Server Base System Architecture, GICv2m (one frame, no DeviceID); VT-d specification ch. 5',
  },
];

function shown(view: RunView, step: StepRecord): Violation[] {
  if (step.requesterId === null || step.emitted === null || step.outcome?.kind !== 'interrupt') return [];
  const owner = ownerOf(view, step.before.vectors, step.outcome.interrupt);
  const emitter = agentOf(view, step.requesterId);
  if (owner === null || owner === emitter) return [];
  const domain = domainOf(step.before, step.requesterId);
  const page = step.emitted.address - (step.emitted.address % view.granule);
  const own = step.before.programmed.find((one) => one.requesterId === step.requesterId);
  return [
    {
      invariant: 'I4',
      message: `interrupt isolation is claimed, yet ${deviceName(view, step.requesterId)} of ${emitter} raises ${interruptName(step.outcome.interrupt)} of ${owner}`,
      event: step.lastEvent,
      causes: causes(
        view.claim.event,
        domain === null ? null : mappedBy(view.events, domain.id, page),
        own === undefined ? null : programmedBy(view.events, own.requesterId, own.index),
      ),
      why: [
        ...WHY,
        {
          text: `Shown: a write of ${hex(step.emitted.data)} to ${hex(step.emitted.address)} by ${emitter} becomes an interrupt of ${owner}.`,
          reference: null,
        },
      ],
    },
  ];
}

/**
 * I4: what is claimed (IOMMU_CAP_INTR_REMAP, MSI_REMAP, isolated MSI) is true of the machine. With an attack in the run the attack is
 * shown; without one the claim is still held against what the hardware does, at the end of the run.
 */
export const honestCapability: Invariant = (view) => {
  const step = lastStep(view);
  if (step === null || view.claim.value !== true || view.isolatesMsi) return [];
  const attack = step.run === 'done' ? shown(view, step) : [];
  if (attack.length > 0 || !view.finished) return attack;
  // The run has shown the attack already: that says more than the bare claim.
  if (view.steps.some((one) => one.run === 'done' && shown(view, one).length > 0)) return [];
  return [
    {
      invariant: 'I4',
      message: `interrupt isolation is claimed on ${view.machine.id}, where no hardware keeps the interrupts of two devices apart`,
      event: view.claim.event ?? step.lastEvent,
      causes: causes(view.claim.event),
      why: WHY,
    },
  ];
};
