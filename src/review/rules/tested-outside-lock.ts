import type { Expression } from '../../code/types';
import { print, visit, withoutCasts } from '../../code/walk';
import type { Place } from '../../place';
import { TESTED_OUTSIDE } from '../catalog-context';
import { doings, written } from './calls';
import { explore } from './explore';
import { type Held, heldAfter, pathOf } from './held-locks';
import { lockCalls } from './locking';
import type { PathRule, RuleHit } from './types';

interface Test {
  readonly path: string;
  readonly at: Place;
  /** The locks held at the test, each with the place it was taken at, and still not given back. */
  readonly under: readonly string[];
}

interface State {
  readonly held: readonly Held[];
  readonly tests: readonly Test[];
}

const placeKey = (one: Held): string => `${one.path}@${one.at.line}`;

/** The fields of named objects that a condition tests by itself: `!x->f`, `x->f == y`, and those joined by `&&` and `||`. */
function testedFields(condition: Expression): string[] {
  const inner = withoutCasts(condition);
  if (inner.kind === 'unary' && inner.operator === '!') return testedFields(inner.operand);
  if (inner.kind === 'binary' && /^(?:&&|\|\|)$/.test(inner.operator))
    return [...testedFields(inner.left), ...testedFields(inner.right)];
  if (inner.kind === 'binary' && /^[=!]=$/.test(inner.operator))
    return [...testedFields(inner.left), ...testedFields(inner.right)];
  if (inner.kind === 'field' && inner.base.kind === 'name') return [pathOf(print(inner))];
  return [];
}

function reads(expression: Expression, path: string): boolean {
  let found = false;
  visit(expression, (inner) => {
    if (inner.kind === 'field' && pathOf(print(inner)) === path) found = true;
  });
  return found;
}

/**
 * A field is tested, and on the way that the test opens it is set under a lock of the same object that was not held at the test, and
 * that nothing tests it under again: another thread may have come in between.
 */
export const testedOutsideRule: PathRule = (program, { programs }) => {
  if (!program.nodes.some((node) => lockCalls(node).some((call) => call.takes))) return [];
  const made = new Set<string>();
  for (const node of program.nodes)
    for (const { into, name } of doings(node))
      if (into?.kind === 'name' && /alloc|create|new|zalloc/.test(name)) made.add(into.name);
  const hits: RuleHit[] = [];
  const seen = new Set<string>();
  const complete = explore<State>(program, {
    initial: { held: [], tests: [] },
    key: ({ held, tests }) =>
      `${held.map(placeKey).join()}|${tests.map((one) => `${one.path}${one.at.line}${one.under.join()}`).join()}`,
    unseen: () => ({ held: [], tests: [] }),
    step(state, node, decision) {
      let { tests } = state;
      const { held } = state;
      if (node.kind === 'do' && node.expression.kind === 'assign' && node.expression.operator === '=') {
        const target = withoutCasts(node.expression.target);
        if (target.kind === 'field' && target.base.kind === 'name' && !made.has(target.base.name)) {
          const path = pathOf(print(target));
          const root = target.base.name;
          const test = tests.find((one) => one.path === path);
          const lock = held.find(
            (one) => one.path.startsWith(`${root}.`) && /^(?:mutex|spinlock|rwsem|rwlock)$/.test(one.resource),
          );
          if (test !== undefined && lock !== undefined && !held.some((one) => test.under.includes(placeKey(one))))
            report(test, lock, path, node.at);
        }
      }
      const writes = written(node).map(pathOf);
      if (writes.length > 0)
        tests = tests.filter((one) => !writes.some((place) => one.path === place || one.path.startsWith(`${place}.`)));
      const now = heldAfter(held, node, decision, programs);
      if (node.kind === 'branch' && !node.loop && lockCalls(node).length === 0) {
        const under = held.map(placeKey);
        for (const path of testedFields(node.condition))
          tests = [...tests.filter((one) => one.path !== path), { path, at: node.at, under }];
        // Any other look at it under the lock is a second test.
        tests = tests.filter((one) => one.at === node.at || !reads(node.condition, one.path));
      }
      return { held: now, tests };
    },
  });
  return complete ? hits : [];

  function report(test: Test, lock: Held, path: string, at: Place): void {
    if (seen.has(`${path}|${at.line}`)) return;
    seen.add(`${path}|${at.line}`);
    hits.push({
      rule: TESTED_OUTSIDE,
      at,
      message: `${path} is set here under ${lock.shown}, and was tested without it: another thread may have changed it in between`,
      key: path,
      why: [
        {
          text: 'the lock was not held, or was given back, between the test and what follows from it',
          reference: null,
        },
      ],
      related: [
        { at: test.at, message: 'tested here' },
        { at: lock.at, message: `${lock.shown} is taken here` },
      ],
    });
  }
};
