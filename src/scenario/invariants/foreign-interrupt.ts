import { answeredAt, causes, mappedBy, programmedBy } from '../causes';
import type { Invariant, RunView } from '../view';
import { agentOf, deviceName, domainOf, hex, interruptName, lastStep, ownerOf, translateIn } from '../view';

/** Where the attach that gave the agent this device was answered. */
function attachedBy(view: RunView, requesterId: number): number | null {
  const attach = view.steps.find((step) => step.spec.stage === 'attach' && step.requesterId === requesterId);
  return attach === undefined ? null : answeredAt(view.events, attach.firstEvent, attach.lastEvent);
}

/**
 * I1: no write a device can emit raises an interrupt owned by another agent. Judged on what the device of this step wrote and where it
 * ended; who owns the interrupt is who held it before the write. An SPI or LPI that nobody holds is nobody's loss.
 */
export const foreignInterrupt: Invariant = (view) => {
  const step = lastStep(view);
  if (step === null || step.outcome?.kind !== 'interrupt' || step.requesterId === null || step.emitted === null)
    return [];
  const { interrupt, via } = step.outcome;
  const owner = ownerOf(view, step.before.vectors, interrupt);
  const emitter = agentOf(view, step.requesterId);
  if (owner === null || owner === emitter) return [];
  const { address, data } = step.emitted;
  const domain = domainOf(step.before, step.requesterId);
  const page = address - (address % view.granule);
  const physical = domain === null ? null : translateIn(domain, address);
  const own = step.before.programmed.find((one) => one.requesterId === step.requesterId && one.address === address);
  const translated = domain !== null && physical !== null;
  return [
    {
      invariant: 'I1',
      message: `${deviceName(view, step.requesterId)} of ${emitter} raises ${interruptName(interrupt)} of ${owner} by writing ${hex(data)} to ${hex(address)}`,
      event: step.lastEvent,
      causes: causes(
        domain === null ? null : mappedBy(view.events, domain.id, page, step.firstEvent),
        own === undefined ? null : programmedBy(view.events, own.requesterId, own.index, step.firstEvent),
        view.claim.value === true && !view.isolatesMsi ? view.claim.event : null,
        attachedBy(view, step.requesterId),
      ),
      why: [
        {
          text: `A device writes whatever address and data its agent programs: ${emitter} chose ${hex(data)} at ${hex(address)}.`,
          reference: null,
        },
        translated
          ? {
              text: `The page ${hex(page)} is mapped in the domain of ${emitter} and leads to ${hex(physical)}, a doorbell of ${via}: by its address alone the write is an interrupt.`,
              reference:
                'Arm GIC architecture specification, GICv2m and ITS doorbell registers; domain of the writer in Documentation/driver-api/vfio.rst',
            }
          : {
              text: `The address is one that ${via} takes for an interrupt without a translation of DMA.`,
              reference: 'Intel SDM vol. 3 ch. 11, message address register; VT-d specification ch. 5',
            },
        view.isolatesMsi
          ? {
              text: `The controller tells devices apart, but its entry for ${hex(data)} lets this requester through.`,
              reference: 'VT-d specification ch. 5 (source validation); GIC architecture specification, ITS',
            }
          : {
              text: `${via} takes no account of the requester id: every writer of the page reaches every interrupt behind it.`,
              reference: 'Arm Server Base System Architecture, GICv2m; VT-d specification ch. 5',
            },
      ],
    },
  ];
};
