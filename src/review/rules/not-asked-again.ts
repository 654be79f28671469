/**
 * A lock that a patch gives back for an allocation and takes again. In: one function after the patch, and before it. What was found out
 * under the lock is old news by then: somebody else may have put in meanwhile what is put in now.
 */
import type { Expression, Program, ProgramNode } from '../../code/types';
import { print, withoutCasts } from '../../code/walk';
import type { Place } from '../../place';
import { NOT_ASKED_AGAIN } from '../catalog-handovers';
import { doings, named } from './calls';
import { type LockCall, lockCalls } from './locking';
import { isAdded, reach, reachBehind } from './reach';
import type { PathRule, RuleHit } from './types';

const ALLOCATES = /(?:^|_)(?:k?v?[mzc]alloc\w*|alloc\w*|create|kmemdup|prepare|reserve)(?:_|$)/;
/** Asks for what is there now. */
const ASKS =
  /(?:^|_)(?:find|lookup|get|load|read|search|first|next|empty|is|has|exists|valid|check|test|retry|revalidate|dereference\w*|cmpxchg|insert_unique)(?:_|$)/;
const PUTS_IN =
  /^(?:h?list_add\w*|xa_store|radix_tree_insert|rb_insert_color|rb_link_node|rcu_assign_pointer|hash_add\w*|idr_replace)$|(?:^|_)(?:set|install|assign|attach|link|publish|enable)(?:_|$)/;
const RESOURCES = /^(?:spinlock|mutex|rwsem|rwlock)$/;

interface Step {
  readonly index: number;
  readonly lock: LockCall;
}

const rootOf = (expression: Expression): string => /^\w+/.exec(named(expression))?.[0] ?? '';

/** Where a node behind the lock puts something in, before anything was asked; `stop` where it asks or leaves. */
function putsIn(
  node: ProgramNode,
  own: ReadonlySet<string>,
): { readonly at: Place; readonly what: string } | 'stop' | null {
  if (node.kind !== 'do' && node.kind !== 'declare') return 'stop';
  const calls = doings(node);
  if (calls.some((doing) => ASKS.test(doing.name)) || lockCalls(node).length > 0) return 'stop';
  const put = calls.find((doing) => doing.direct && PUTS_IN.test(doing.name));
  if (put !== undefined)
    return put.call.args.some((arg) => own.has(rootOf(arg))) ? { at: put.call.at, what: `${put.name}()` } : 'stop';
  if (calls.length > 0) return 'stop';
  if (node.kind === 'declare' || node.expression.kind !== 'assign') return null;
  const target = withoutCasts(node.expression.target);
  const value = withoutCasts(node.expression.value);
  // What it reads of the shared object it reads anew.
  if (value.kind === 'field' && !own.has(rootOf(value))) return 'stop';
  if (target.kind === 'name' || own.has(rootOf(target)) || !own.has(rootOf(value))) return null;
  return { at: node.at, what: print(target) };
}

/** Names that hold what was allocated between, and those they are handed on to behind the lock. */
function ownNames(program: Program, between: ReadonlySet<number>): Set<string> {
  const own = new Set<string>();
  for (const index of between) {
    const node = program.nodes[index];
    for (const doing of node === undefined ? [] : doings(node))
      if (doing.direct && ALLOCATES.test(doing.name) && doing.into?.kind === 'name') own.add(doing.into.name);
  }
  return own;
}

/** A patch drops a lock for an allocation, takes it again, and puts the new thing in without asking what stands there now. */
export const notAskedAgainRule: PathRule = (program, { before }) => {
  const steps: Step[] = program.nodes.flatMap((node, index) =>
    isAdded(node) ? lockCalls(node).flatMap((lock) => (RESOURCES.test(lock.resource) ? [{ index, lock }] : [])) : [],
  );
  const drops = steps.filter(({ lock }) => !lock.takes);
  const takes = steps.filter(({ lock }) => lock.takes);
  if (drops.length === 0 || takes.length === 0 || (before?.() ?? null) === null) return [];
  const hits: RuleHit[] = [];
  for (const drop of drops) {
    const behind = reachBehind(program, drop.index, (node) =>
      lockCalls(node).some((one) => one.takes && one.id === drop.lock.id),
    );
    const take = takes.find((one) => one.lock.id === drop.lock.id && behind.has(one.index));
    if (take === undefined || reachBehind(program, take.index).has(drop.index)) continue;
    // Something decided under the lock that the function comes here.
    const decided = program.nodes.some(
      (node, index) => node.kind === 'branch' && reach(program, [index]).has(drop.index),
    );
    const own = ownNames(program, behind);
    if (!decided || own.size === 0) continue;
    let at = 'next' in (program.nodes[take.index] ?? {}) ? (program.nodes[take.index] as { next: number }).next : -1;
    for (let hops = 0; hops < 12; hops++) {
      const node = program.nodes[at];
      if (node === undefined) break;
      if (node.kind === 'do' && node.expression.kind === 'assign') {
        const target = withoutCasts(node.expression.target);
        const value = withoutCasts(node.expression.value);
        if (target.kind === 'name' && value.kind === 'name' && own.has(value.name)) own.add(target.name);
      }
      const found = putsIn(node, own);
      if (found === 'stop') break;
      if (found !== null) {
        hits.push({
          rule: NOT_ASKED_AGAIN,
          at: take.lock.doing.call.at,
          message: `${take.lock.shown} was given back for an allocation; ${found.what} puts its result in without asking whether another did meanwhile`,
          key: `${take.lock.id}|${found.what}`,
          why: [
            {
              text: 'what was found out before the lock was given back may hold no longer; it has to be asked again once the lock is taken',
              reference: null,
            },
          ],
          related: [
            { at: drop.lock.doing.call.at, message: 'given back here' },
            { at: found.at, message: 'put in here' },
          ],
        });
        break;
      }
      if (!('next' in node)) break;
      at = node.next;
    }
  }
  return hits;
};
