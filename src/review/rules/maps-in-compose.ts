/**
 * A message composed with what is only made there. In: functions of the shape of `irq_compose_msi_msg`. The callback returns nothing, is
 * called again with every change of affinity, and runs under the raw lock of the interrupt's descriptor.
 */
import type { Program } from '../../code/types';
import type { Change } from '../../patch/types';
import { MAPS_IN_COMPOSE } from '../catalog-handovers';
import { typesOf } from './atomic-callers';
import { doings } from './calls';
import type { PatchHit, PatchRule } from './types';

const MAKES =
  /^(?:dma_map_\w+|dma_alloc_\w+|iommu_map(?:_\w+)?|k[mzc]alloc\w*|kv[mz]alloc|alloc_iova\w*|ida_alloc\w*|xa_alloc\w*)$|(?:^|_)(?:map|alloc|prepare|get)_(?:\w+_)?(?:doorbell|msi_page|reserved_iova)(?:_\w+)?$/;

function isCompose(program: Program, change: Change): boolean {
  const { types } = typesOf(program, change);
  // The second type may be cut off behind the head; the name says the rest.
  return (
    /\bstruct irq_data\b/.test(types[0] ?? '') &&
    (/\bstruct msi_msg\b/.test(types[1] ?? '') || types.length < 2) &&
    /compose/.test(program.name)
  );
}

/** A mapping or an allocation in a message's compose callback. */
export const mapsInComposeRule: PatchRule = ({ change, after }) => {
  const hits: PatchHit[] = [];
  for (const { name, file, program, removed } of after.touched) {
    if (removed || program === null || !isCompose(program, change)) continue;
    for (const node of program.nodes)
      for (const doing of doings(node)) {
        const { at } = doing.call;
        if (
          !doing.direct ||
          !MAKES.test(doing.name) ||
          at.kind !== 'message' ||
          at.message !== change.message ||
          !at.added
        )
          continue;
        hits.push({
          rule: MAPS_IN_COMPOSE,
          at,
          message: `${doing.name}() is called in ${name}(), which cannot fail and is called for every change of the message`,
          key: `${name}|${doing.name}`,
          why: [
            {
              text: 'composing may run with interrupts off and has no way to report a failure; it may only use what was prepared when the interrupt was allocated',
              reference: 'struct irq_chip in include/linux/irq.h',
            },
          ],
          related: [],
          file,
          function: name,
        });
      }
  }
  return hits;
};
