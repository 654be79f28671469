import { answeredAt, causes } from '../causes';
import type { Invariant } from '../view';
import { deviceName, lastStep } from '../view';

/**
 * I5: without isolated MSI a guest's attach is refused (-EPERM) unless the administrator allowed unsafe interrupts. An attach let
 * through by a false claim is I4's; here the claim is not made, or not asked for.
 */
export const guardedDoor: Invariant = (view) => {
  const step = lastStep(view);
  if (step === null || step.spec.stage !== 'attach' || step.run !== 'done' || step.agent.kind !== 'guest') return [];
  if (
    step.value === null ||
    step.value < 0 ||
    view.isolatesMsi ||
    view.scenario.unsafeInterrupts ||
    view.claim.value !== false
  )
    return [];
  const device = step.requesterId === null ? step.agent.name : deviceName(view, step.requesterId);
  return [
    {
      invariant: 'I5',
      message: `${device} is attached for ${step.agent.name} though nothing isolates its interrupts and unsafe interrupts were not allowed`,
      event: step.lastEvent,
      causes: causes(answeredAt(view.events, step.firstEvent, step.lastEvent), step.firstEvent),
      why: [
        {
          text: 'The host itself says that messages are not isolated on this machine.',
          reference: 'IOMMU_CAP_INTR_REMAP in include/linux/iommu.h',
        },
        {
          text: 'Attach has to give -EPERM then, unless allow_unsafe_interrupts is set.',
          reference: 'vfio_iommu_type1: module parameter allow_unsafe_interrupts',
        },
      ],
    },
  ];
};
