/** The end of a device's interrupts. In: one function. Out: the mapping of its doorbell given back in front of the step that turns its vectors off. */
import type { Program } from '../../code/types';
import { calleeOf, callsOf } from '../../code/walk';
import { DOOR_BEFORE_VECTORS } from '../catalog-lifetime';
import { isAdded, reachBehind } from './reach';
import type { PathRule, RuleHit } from './types';

/** Gives back what lets messages through: the IOVA, the mapping or the binding of a doorbell. */
const GIVES_DOOR =
  /(?:doorbell|msi_(?:page|iova|window|cookie|map(?:ping)?)|reserved_iova)\w*_(?:put|unmap|free|release|unbind|unregister|drop|remove|destroy)$|^(?:iommu_|vfio_|kvm_)?(?:put|unmap|free|release|unbind|unregister|drop)_\w*(?:doorbell|msi_(?:page|iova|window|cookie|map)|reserved_iova)\w*$/;
/** Turns the vectors off: behind it the device sends nothing. */
const TURNS_OFF =
  /^(?:pci_disable_msix?|pci_free_irq_vectors|free_irq|devm_free_irq|pci_free_irq|msi_domain_free_irqs\w*|platform_device_msi_free_irqs\w*|platform_msi_domain_free_irqs|vfio_msi_set_block|vfio_pci_set_irqs_ioctl)$/;

/** A vector that is still on writes to an address that leads nowhere, or to what got the IOVA next. */
export const doorBeforeVectorsRule: PathRule = (program: Program) => {
  const hits: RuleHit[] = [];
  for (const [index, node] of program.nodes.entries()) {
    const gives = callsOf(node).find((call) => GIVES_DOOR.test(calleeOf(call) ?? ''));
    if (gives === undefined) continue;
    const behind = [...reachBehind(program, index)].filter((at) => at !== index).sort((a, b) => a - b);
    const off = behind.flatMap((at) =>
      callsOf(program.nodes[at] ?? node).filter((call) => turnsOff(calleeOf(call) ?? '')),
    )[0];
    if (off === undefined || !(isAdded(node) || off.at.kind === 'message')) continue;
    // In a loop it may be the next vector's; and what was turned off before needs no second time.
    const before = program.nodes.some(
      (one, at) =>
        at !== index &&
        callsOf(one).some((call) => turnsOff(calleeOf(call) ?? '')) &&
        reachBehind(program, at).has(index),
    );
    if (before) continue;
    hits.push({
      rule: DOOR_BEFORE_VECTORS,
      at: gives.at,
      message: `${calleeOf(gives)}() gives the doorbell back, and the vectors are on until ${calleeOf(off)}()`,
      why: [
        {
          text: 'an interrupt that the device raises in between faults, or reaches what the IOVA was given to next',
          reference: 'invariants I2 and I7; the reverse of the order in which they were set up',
        },
      ],
      related: [{ at: off.at, message: 'turned off here' }],
    });
  }
  return hits;
};

const turnsOff = (name: string): boolean => TURNS_OFF.test(name);
