import type { Incident } from '../../host/host';
import { causes } from '../causes';
import type { Invariant } from '../view';
import { lastStep } from '../view';

type Kind = Exclude<Incident['kind'], 'sleep-in-atomic'>;

const REASON: Readonly<Record<Kind, { readonly text: string; readonly reference: string | null }>> = {
  'double-free': {
    text: 'What was given back once is not owned any more; giving it back again hands it to two owners.',
    reference: 'Documentation/core-api/memory-allocation.rst',
  },
  'use-after-free': {
    text: 'After it is freed it may be somebody else’s.',
    reference: 'Documentation/dev-tools/kasan.rst',
  },
  'unlock-not-held': {
    text: 'A lock is released only by who holds it.',
    reference: 'Documentation/locking/mutex-design.rst',
  },
  'lock-held-at-exit': {
    text: 'The next caller will wait for this lock for ever.',
    reference: 'Documentation/locking/lockdep-design.rst',
  },
  'null-dereference': { text: 'A call that may give NULL was used without a test.', reference: null },
  'unmap-nothing': {
    text: 'Nothing is mapped there: the mapping and the unmapping do not speak of the same address, or it was taken away before.',
    reference: 'iommu_unmap() in include/linux/iommu.h',
  },
  'leak-at-exit': {
    text: 'Nobody can reach it after this return, so nobody will give it back.',
    reference: 'Documentation/dev-tools/kmemleak.rst',
  },
};

/** I11: what a path acquires it releases or hands over, on every exit; nothing is released twice. */
export const balance: Invariant = (view) => {
  const step = lastStep(view);
  if (step === null) return [];
  return view.incidents.flatMap((incident) => {
    if (incident.kind === 'sleep-in-atomic' || incident.event < step.firstEvent || incident.event > step.lastEvent)
      return [];
    return [
      {
        invariant: 'I11' as const,
        message: incident.message,
        event: incident.event,
        causes: causes(incident.event, step.firstEvent),
        why: [REASON[incident.kind]],
      },
    ];
  });
};
