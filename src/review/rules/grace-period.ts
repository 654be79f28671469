import type { ProgramNode } from '../../code/types';
import { withoutCasts } from '../../code/walk';
import type { Place } from '../../place';
import { NO_GRACE_PERIOD } from '../catalog-context';
import { doings, named, written } from './calls';
import { explore } from './explore';
import { pathOf } from './held-locks';
import type { PathRule, RuleHit } from './types';

const TAKES_OUT = /^(?:list_del_rcu|hlist_del_rcu|hlist_del_init_rcu|hash_del_rcu|list_replace_rcu|rb_erase_rcu)$/;
const WAITS = /synchronize_|rcu_barrier|call_s?rcu|cond_synchronize/;
const FREES = /^(?:kfree|kvfree|kmem_cache_free|kfree_sensitive|vfree)$/;

interface Taken {
  readonly object: string;
  readonly by: string;
  readonly at: Place;
}

function takenOut(node: ProgramNode): Taken[] {
  return doings(node).flatMap((doing) => {
    const arg = doing.call.args[0];
    if (!doing.direct || !TAKES_OUT.test(doing.name) || arg === undefined) return [];
    const bare = withoutCasts(arg);
    const inner = bare.kind === 'unary' && bare.operator === '&' ? withoutCasts(bare.operand) : bare;
    return inner.kind === 'field' && inner.base.kind === 'name'
      ? [{ object: inner.base.name, by: doing.name, at: doing.call.at }]
      : [];
  });
}

/** What readers under RCU may still hold is freed at once: taken out of an RCU list, and freed on the same way without a grace period. */
export const gracePeriodRule: PathRule = (program) => {
  if (!program.nodes.some((node) => takenOut(node).length > 0)) return [];
  const hits: RuleHit[] = [];
  const seen = new Set<number>();
  const complete = explore<readonly Taken[]>(program, {
    initial: [],
    key: (out) => out.map((one) => `${one.object}${one.at.line}`).join(),
    unseen: () => [],
    step(state, node) {
      let out = state;
      const writes = written(node);
      if (writes.length > 0) out = out.filter((one) => !writes.includes(one.object));
      for (const doing of doings(node)) {
        if (WAITS.test(doing.name)) out = [];
        if (!doing.direct || !FREES.test(doing.name)) continue;
        const text = pathOf(named(doing.call.args.at(doing.name === 'kmem_cache_free' ? 1 : 0)));
        const one = out.find((each) => each.object === text);
        if (one === undefined || seen.has(doing.call.at.line)) continue;
        seen.add(doing.call.at.line);
        hits.push({
          rule: NO_GRACE_PERIOD,
          at: doing.call.at,
          message: `${one.object} is freed here, and nobody waited for the readers that ${one.by}() leaves behind`,
          key: `${one.object}|${one.by}`,
          why: [
            {
              text: 'a reader that found it before may still use it until a grace period is over',
              reference: 'Documentation/RCU/listRCU.rst',
            },
          ],
          related: [{ at: one.at, message: 'taken out of the list here' }],
        });
      }
      return [...out, ...takenOut(node)];
    },
  });
  return complete ? hits : [];
};
