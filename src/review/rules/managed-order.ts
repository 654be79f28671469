/**
 * Managed resources go backwards. In: functions that give a device an interrupt and an action. Out: actions registered behind a managed
 * interrupt that free what the interrupt needs: they run while it is still requested.
 */
import type { Program } from '../../code/types';
import { print, withoutCasts } from '../../code/walk';
import { MANAGED_ORDER } from '../catalog-handovers';
import { doings, named } from './calls';
import { reachBehind } from './reach';
import type { PathRule, RuleHit } from './types';

const REQUESTS = /^devm_request_(?:threaded_irq|any_context_irq|irq|percpu_irq)$|^devm_pci_request_irq$/;
const ACTIONS = /^devm_add_action(?:_or_reset)?$/;
/** Takes interrupts out of the system: nothing may be requested on them any more. */
const FREES_VECTORS =
  /^(?:pci_free_irq_vectors|pci_disable_msix?|platform_device_msi_free_irqs_all|platform_msi_domain_free_irqs|msi_domain_free_irqs\w*|msi_free_msi_descs\w*|irq_dispose_mapping|irq_free_descs?|irq_domain_remove|irq_domain_free_irqs\w*)$/;
const FREES_DATA = /^(?:kfree|kvfree|vfree|destroy_workqueue|kmem_cache_free)$/;

/** The call by which an action frees vectors, or the very data of the handler. */
function freesOf(action: Program | undefined, name: string, same: boolean): string | null {
  if (FREES_VECTORS.test(name)) return name;
  if (action === undefined || action.evidence === 'fragment') return null;
  for (const node of action.nodes)
    for (const doing of doings(node)) {
      if (!doing.direct) continue;
      if (FREES_VECTORS.test(doing.name)) return doing.name;
      if (same && FREES_DATA.test(doing.name) && named(doing.call.args[0]) === action.parameters[0]?.name)
        return doing.name;
    }
  return null;
}

/** An action registered behind a managed interrupt frees the vectors or the data of its handler. */
export const managedOrderRule: PathRule = (program, { programs }) => {
  const hits: RuleHit[] = [];
  const requests = program.nodes.flatMap((node, index) =>
    doings(node).flatMap((doing) => (doing.direct && REQUESTS.test(doing.name) ? [{ doing, index }] : [])),
  );
  if (requests.length === 0) return hits;
  for (const [index, node] of program.nodes.entries())
    for (const doing of doings(node)) {
      const [device, action, data] = doing.call.args;
      if (!doing.direct || !ACTIONS.test(doing.name) || device === undefined || action === undefined) continue;
      const request = requests.find(
        (one) => named(one.doing.call.args[0]) === named(device) && reachBehind(program, one.index).has(index),
      );
      if (request === undefined) continue;
      const fn = print(withoutCasts(action));
      const same = data !== undefined && named(request.doing.call.args.at(-1)) === named(data);
      const frees = freesOf(programs.get(fn), fn, same);
      if (frees === null) continue;
      hits.push({
        rule: MANAGED_ORDER,
        at: doing.call.at,
        message: `${fn}() calls ${frees}() before the interrupt of ${request.doing.name}() is freed: it is registered behind it`,
        key: `${fn}|${request.doing.name}`,
        why: [
          {
            text: 'managed resources are given back in the reverse order: the action runs first, with the handler still requested',
            reference: 'Documentation/driver-api/driver-model/devres.rst',
          },
        ],
        related: [{ at: request.doing.call.at, message: 'requested here' }],
      });
    }
  return hits;
};
