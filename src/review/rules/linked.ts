import { print, withoutCasts } from '../../code/walk';
import { primitive } from '../../kernel/primitives';
import type { Place } from '../../place';
import { FREED_LINKED } from '../catalog-lifetime';
import { type Doing, doings, named, readsPlace, UNDOES, written } from './calls';
import { says } from './conditions';
import { explore, lastTurn } from './explore';
import type { PathRule, RuleHit } from './types';

interface Linked {
  /** The pointer whose object is linked. */
  readonly text: string;
  readonly by: string;
  /** The result that tells whether it is; null when it is for sure. */
  readonly result: string | null;
  readonly at: Place;
}

const LISTS =
  /^(?:list_add|list_add_tail|list_add_rcu|list_add_tail_rcu|hlist_add_head|hlist_add_head_rcu|hash_add|hash_add_rcu|rb_link_node|rb_insert_color)$/;
/** Position of the pointer that is stored. */
const STORES: Readonly<Record<string, number>> = {
  xa_store: 2,
  xa_insert: 2,
  xa_alloc: 2,
  idr_alloc: 1,
  idr_alloc_cyclic: 1,
  radix_tree_insert: 2,
};
const FREES = /^(?:kfree|kvfree|kfree_sensitive|kmem_cache_free|vfree)$/;

/** The pointer of `&p->node`, `&p->a.node`. */
function ownerOf(doing: Doing): string | null {
  for (const arg of [doing.call.args[0], doing.call.args[1]]) {
    const bare = arg === undefined ? null : withoutCasts(arg);
    if (bare?.kind !== 'unary' || bare.operator !== '&') continue;
    let inner = withoutCasts(bare.operand);
    while (inner.kind === 'field' && !inner.arrow) inner = withoutCasts(inner.base);
    if (inner.kind === 'field' && inner.base.kind === 'name') return inner.base.name;
    return null;
  }
  return null;
}

function linkedBy(doing: Doing): Linked | null {
  if (!doing.direct) return null;
  const at = doing.call.at;
  if (LISTS.test(doing.name)) {
    const text = ownerOf(doing);
    return text === null ? null : { text, by: doing.name, result: null, at };
  }
  const place = STORES[doing.name];
  const arg = place === undefined ? undefined : doing.call.args[place];
  const bare = arg === undefined ? null : withoutCasts(arg);
  if (bare?.kind !== 'name' || doing.into === null || bare.name === 'NULL') return null;
  return { text: bare.name, by: doing.name, result: print(doing.into), at };
}

/** May a call take the object out: by its own name, or as a step that undoes something and is not a lock's? */
function mayUnlink(doing: Doing, one: Linked): boolean {
  if (FREES.test(doing.name) || linkedBy(doing) !== null) return false;
  if (/^(?:xa|idr|radix|rb|list|hlist|hash|ida)_/.test(doing.name)) return true;
  if (!doing.direct) return doing.call.args.some((arg) => readsPlace(named(arg), one.text));
  return UNDOES.test(doing.name) && primitive(doing.name)?.kind !== 'unlock';
}

/** An object is freed while a list, a tree or an array still leads to it. */
export const freedLinkedRule: PathRule = (program) => {
  if (!program.nodes.some((node) => doings(node).some((doing) => linkedBy(doing) !== null))) return [];
  const hits: RuleHit[] = [];
  const seen = new Set<string>();
  const complete = explore<readonly Linked[]>(program, {
    initial: [],
    key: (state) => state.map((one) => `${one.text}${one.result ?? ''}`).join(),
    unseen: () => [],
    step(state, node, decision, _index, trail) {
      let linked = state;
      if (node.kind === 'branch' && decision?.kind === 'branch')
        linked = linked.flatMap((one): Linked[] => {
          if (one.result === null) return [one];
          const said = says(node.condition, decision.taken, one.result);
          if (said === null) return [one];
          return said.sure && (said.said === 'zero' || said.said === 'nonnegative') ? [{ ...one, result: null }] : [];
        });
      for (const doing of doings(node)) {
        const gone = linked.filter((one) => mayUnlink(doing, one));
        linked = linked.filter((one) => !gone.includes(one));
        if (FREES.test(doing.name) && doing.direct) {
          const text = named(doing.call.args.at(-1));
          const one = linked.find((other) => other.text === text && other.result === null);
          const key = `${text}|${doing.call.at.line}`;
          if (one !== undefined && !seen.has(key)) {
            seen.add(key);
            const turn = lastTurn(program, trail);
            hits.push({
              rule: FREED_LINKED,
              at: doing.call.at,
              message: `${doing.name}() frees ${text} here, and what ${one.by}() put it into still leads to it`,
              key: `${text}|${one.by}`,
              why: [{ text: 'nothing takes it out on this way', reference: null }],
              related: [
                { at: one.at, message: `${text} is put in here` },
                ...(turn === null ? [] : [{ at: turn.at, message: 'the path turns here' }]),
              ],
            });
          }
          linked = linked.filter((other) => other.text !== text);
        }
        const now = linkedBy(doing);
        if (now !== null) linked = [...linked.filter((one) => one.text !== now.text), now];
      }
      const writes = written(node);
      return linked.filter((one) => !writes.includes(one.text));
    },
  });
  return complete ? hits : [];
};
