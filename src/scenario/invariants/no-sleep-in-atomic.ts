import { causes } from '../causes';
import type { Invariant } from '../view';
import { lastStep } from '../view';

/** I9: a stage that runs in atomic context (affinity change, mask) reaches no call that may sleep. */
export const noSleepInAtomic: Invariant = (view) => {
  const step = lastStep(view);
  if (step === null) return [];
  return view.incidents
    .filter(
      (incident) =>
        incident.kind === 'sleep-in-atomic' && incident.event >= step.firstEvent && incident.event <= step.lastEvent,
    )
    .map((incident) => ({
      invariant: 'I9' as const,
      message: incident.message,
      event: incident.event,
      causes: causes(incident.event, step.firstEvent),
      why: [
        {
          text: `The stage ${step.spec.stage} reached this call while sleeping is not allowed.`,
          reference: 'Documentation/kernel-hacking/locking.rst; Documentation/core-api/irq/irq-domain.rst',
        },
        {
          text: 'A spinlock is held or interrupts are off there: a call that waits for memory or a mutex can stop the CPU for good.',
          reference: 'might_sleep() in include/linux/kernel.h',
        },
      ],
    }));
};
