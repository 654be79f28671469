import { print, withoutCasts } from '../../code/walk';
import type { Place } from '../../place';
import { MANAGED_FREED } from '../catalog-lifetime';
import { doings, named } from './calls';
import type { PathRule, RuleHit } from './types';

/** What the device manages, and what must then not give it back: by which argument it is named. */
const MANAGED: readonly { readonly takes: RegExp; readonly frees: RegExp; readonly instead: string }[] = [
  {
    takes:
      /^devm_(?:k[mzc]alloc(?:_array)?|kmalloc_array|kasprintf|kvasprintf|kstrdup(?:_const)?|kmemdup|bitmap_zalloc)$/,
    frees: /^(?:kfree(?:_sensitive)?|kvfree|kfree_const|vfree|bitmap_free)$/,
    instead: 'devm_kfree()',
  },
  {
    takes: /^(?:devm_(?:platform_)?ioremap\w*|devm_of_iomap|pcim_iomap)$/,
    frees: /^(?:iounmap|pci_iounmap)$/,
    instead: 'devm_iounmap()',
  },
  { takes: /^devm_clk_get\w*$/, frees: /^clk_put$/, instead: 'nothing' },
  { takes: /^dmam_alloc_\w+$/, frees: /^dma_free_\w+$/, instead: 'dmam_free_coherent()' },
];

/** Memory, a mapping or a clock of a device's managed resources is given back by hand. */
export const managedFreedRule: PathRule = (program) => {
  const taken = new Map<string, { readonly call: string; readonly at: Place; readonly kind: number }>();
  for (const node of program.nodes)
    for (const doing of doings(node)) {
      const kind = MANAGED.findIndex((one) => one.takes.test(doing.name));
      if (kind >= 0 && doing.into !== null && doing.direct)
        taken.set(print(doing.into), { call: doing.name, at: doing.call.at, kind });
    }
  if (taken.size === 0) return [];
  const hits: RuleHit[] = [];
  for (const node of program.nodes)
    for (const doing of doings(node)) {
      const arg = doing.call.args.map(withoutCasts).find((one) => taken.has(named(one)));
      const what = arg === undefined ? undefined : taken.get(named(arg));
      const managed = what === undefined ? undefined : MANAGED[what.kind];
      if (arg === undefined || what === undefined || !doing.direct || !managed?.frees.test(doing.name)) continue;
      // The same name may hold another value by then.
      const others = program.nodes.some((one) =>
        doings(one).some(
          (other) => other.into !== null && print(other.into) === named(arg) && other.name !== what.call,
        ),
      );
      if (others) continue;
      hits.push({
        rule: MANAGED_FREED,
        at: doing.call.at,
        message: `${doing.name}() gives back ${named(arg)}, which ${what.call}() gave into the device's care`,
        key: `${named(arg)}|${doing.name}`,
        why: [
          {
            text: `it is given back once more when the driver is unbound; ${managed.instead} is needed here`,
            reference: 'Documentation/driver-api/driver-model/devres.rst',
          },
        ],
        related: [{ at: what.at, message: `${named(arg)} comes from ${what.call}() here` }],
      });
    }
  return hits;
};
