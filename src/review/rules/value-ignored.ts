/**
 * A setter that no longer asks for the value it is given. In: one function before and after a patch. Out: stores of what a parameter held or led to that
 * now store one and the same thing, whatever the caller gave.
 */
import type { Expression, Program, ProgramNode } from '../../code/types';
import { expressionsOf, namesIn, print, printShort, visit, withoutCasts } from '../../code/walk';
import type { Place } from '../../place';
import { VALUE_IGNORED } from '../catalog-contracts';
import { isAdded, reach } from './reach';
import type { PathRule, RuleHit } from './types';

/** Lines between a store that is gone and the one in its place. */
const APART = 3;

type Store = Extract<Expression, { kind: 'assign' }>;

const storeOf = (node: ProgramNode): Store | null =>
  node.kind === 'do' && node.expression.kind === 'assign' ? node.expression : null;

/** `P`, `!P`, `!!P`, `*(int *)P`: a parameter's value, or what one without a type leads to. */
function valueGiven(value: Expression, program: Program): string | null {
  let inner = withoutCasts(value);
  while (inner.kind === 'unary' && inner.operator === '!') inner = withoutCasts(inner.operand);
  if (inner.kind === 'unary' && inner.operator === '*' && inner.operand.kind === 'cast') {
    const pointer = withoutCasts(inner.operand);
    return pointer.kind === 'name' ? pointer.name : null;
  }
  return inner.kind === 'name' && program.parameters.some((one) => one.name === (inner as { name: string }).name)
    ? inner.name
    : null;
}

/** A number, `true`, a constant or flags joined: nothing a caller decides. */
function fixed(value: Expression): boolean {
  const inner = withoutCasts(value);
  if (inner.kind === 'number') return true;
  if (inner.kind === 'name') return /^(?:true|[A-Z][A-Z0-9_]*)$/.test(inner.name);
  return inner.kind === 'binary' && inner.operator === '|' && fixed(inner.left) && fixed(inner.right);
}

const reads = (node: ProgramNode, name: string): boolean =>
  expressionsOf(node).some((one) => namesIn(one).has(name)) ||
  (node.kind === 'unknown' && !node.gap && new RegExp(`\\b${name}\\b`).test(node.text));

const isGap = (node: ProgramNode): boolean => node.kind === 'unknown' && node.gap === true;

/** Does any way in sight through the node ask for the name, before it or behind it? */
function askedOnWay(program: Program, at: number, name: string): boolean {
  const behind = reach(program, [at], isGap);
  return program.nodes.some(
    (node, index) => index !== at && reads(node, name) && (behind.has(index) || reach(program, [index], isGap).has(at)),
  );
}

const assigns = (program: Program, name: string): boolean =>
  program.nodes.some((node) => {
    let found = node.kind === 'declare' && node.variable.name === name;
    for (const one of expressionsOf(node))
      visit(one, (inner) => {
        found ||= inner.kind === 'assign' && print(withoutCasts(inner.target)) === name;
      });
    return found;
  });

/** A line that stays is no line that went. */
const stays = (program: Program, at: Extract<Place, { kind: 'message' }>): boolean =>
  program.nodes.some(
    (node) => node.at.kind === 'message' && node.at.message === at.message && node.at.line === at.line,
  );

/** `quirks |= STRICT;` where `strict = *(int *)data;` stood. */
export const valueIgnoredRule: PathRule = (program, { before }) => {
  const candidates = program.nodes.flatMap((node, at) => {
    const store = isAdded(node) ? storeOf(node) : null;
    return store !== null && /^\|?=$/.test(store.operator) && fixed(store.value) ? [{ node, at, store }] : [];
  });
  if (candidates.length === 0) return [];
  const earlier = before?.() ?? null;
  if (earlier === null || program.parameters.length > 0 !== earlier.parameters.length > 0) return [];
  return candidates.flatMap(({ node, at, store }): RuleHit[] => {
    for (const old of earlier.nodes) {
      const gone = storeOf(old);
      if (gone?.operator !== '=' || old.at.kind !== 'message' || node.at.kind !== 'message') continue;
      const distance = node.at.line - old.at.endLine;
      if (old.at.message !== node.at.message || distance < 1 || distance > APART) continue;
      const name = valueGiven(gone.value, earlier);
      if (name === null || assigns(earlier, name) || askedOnWay(program, at, name)) continue;
      // A parameter that is gone decides nothing by design.
      if (program.parameters.length > 0 && !program.parameters.some((one) => one.name === name)) continue;
      if (stays(program, old.at)) continue;
      return [
        {
          rule: VALUE_IGNORED,
          at: node.at,
          message: `${printShort(store)} is done whatever ${name} says: before, ${printShort(gone)} took the value from the caller`,
          key: `${name}|${print(withoutCasts(store.target))}`,
          why: [
            { text: `no way through this line asks for ${name}`, reference: null },
            { text: 'a caller that gives 0 to switch it off gets what it wanted to be without', reference: null },
          ],
          related: [],
        },
      ];
    }
    return [];
  });
};
