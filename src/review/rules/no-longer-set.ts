/**
 * What a function owes on every way that ends well, and sets on some only since a patch. In: one function before and after it. Out:
 * places that were set on all ways and are now left as they were on one: what a pointer parameter leads to, and parts of a variable
 * that nothing else fills.
 */
import type { Expression, Program, ProgramNode } from '../../code/types';
import { calleeOf, callsOf, print, visit, withoutCasts } from '../../code/walk';
import { NO_LONGER_SET } from '../catalog-lifetime';
import { isAdded, reach } from './reach';
import type { PathRule, RuleHit } from './types';

/** `*out`, `*(u32 *)out` → `*out`; `cmd.part` → itself; null for what else may be written. */
function placeOf(
  target: Expression,
): { readonly text: string; readonly root: string; readonly behind: boolean } | null {
  const inner = withoutCasts(target);
  if (inner.kind === 'unary' && inner.operator === '*') {
    const pointer = withoutCasts(inner.operand);
    return pointer.kind === 'name' ? { text: `*${pointer.name}`, root: pointer.name, behind: true } : null;
  }
  if (inner.kind !== 'field' || inner.arrow) return null;
  let base: Expression = inner;
  while (base.kind === 'field' && !base.arrow) base = withoutCasts(base.base);
  return base.kind === 'name' ? { text: print(inner), root: base.name, behind: false } : null;
}

function writesOf(node: ProgramNode): readonly string[] {
  if (node.kind !== 'do' && node.kind !== 'branch') return [];
  const out: string[] = [];
  visit(node.kind === 'do' ? node.expression : node.condition, (inner) => {
    if (inner.kind !== 'assign' || inner.operator !== '=') return;
    const place = placeOf(inner.target);
    if (place !== null) out.push(place.text);
  });
  return out;
}

/** Does a node fill the whole variable, or hand out a pointer to it to something that may? */
function fills(node: ProgramNode, root: string): boolean {
  return callsOf(node).some((call) => {
    const first = call.args[0] === undefined ? null : withoutCasts(call.args[0]);
    const name = calleeOf(call) ?? '';
    return /^(?:mem(?:set|cpy|move)|copy_from_user|bzero)/.test(name) && first !== null && print(first).includes(root);
  });
}

/** Where it is owed: a return of zero for what a parameter leads to, a call that is given the variable for its parts. */
function owedAt(node: ProgramNode, root: string, behind: boolean): boolean {
  if (behind) return node.kind === 'return' && node.value?.kind === 'number' && node.value.value === 0;
  return callsOf(node).some((call) =>
    call.args.some((arg) => {
      const inner = withoutCasts(arg);
      const operand = inner.kind === 'unary' && inner.operator === '&' ? withoutCasts(inner.operand) : inner;
      return operand.kind === 'name' && operand.name === root;
    }),
  );
}

interface Ends {
  readonly set: number;
  readonly bare: readonly ProgramNode[];
}

/** The places at which it is owed: how many come after it was set on all ways, and which do not. */
function endsOf(program: Program, text: string, root: string, behind: boolean): Ends {
  const met = reach(program, [0], (node) => writesOf(node).includes(text) || (!behind && owedAt(node, root, behind)));
  const bare: ProgramNode[] = [];
  let set = 0;
  for (const [at, node] of program.nodes.entries()) {
    if (!owedAt(node, root, behind)) continue;
    if (met.has(at)) bare.push(node);
    else set++;
  }
  return { set, bare };
}

export const noLongerSetRule: PathRule = (program, { before }) => {
  if (!program.nodes.some((node) => isAdded(node))) return [];
  const places = new Map<
    string,
    { readonly text: string; readonly root: string; readonly behind: boolean; readonly node: ProgramNode }
  >();
  for (const node of program.nodes) {
    if (node.kind !== 'do' || node.expression.kind !== 'assign' || node.expression.operator !== '=' || !isAdded(node))
      continue;
    const place = placeOf(node.expression.target);
    if (place !== null) places.set(place.text, { ...place, node });
  }
  if (places.size === 0) return [];
  const earlier = before?.() ?? null;
  if (earlier === null) return [];
  const hits: RuleHit[] = [];
  for (const { text, root, behind, node } of places.values()) {
    const declared = [program, earlier].map((one) =>
      one.nodes.find((each) => each.kind === 'declare' && each.variable.name === root),
    );
    // A part is left unset only where the variable was declared without a value; a parameter is declared nowhere here.
    if (
      behind
        ? declared.some((one) => one !== undefined)
        : declared.some((one) => one?.kind !== 'declare' || one.init !== null || /\bstatic\b/.test(one.variable.type))
    )
      continue;
    if ([program, earlier].some((one) => one.nodes.some((each) => fills(each, root)))) continue;
    const then = endsOf(earlier, text, root, behind);
    const now = endsOf(program, text, root, behind);
    // Ways that are new owe nothing that was owed before.
    if (then.set === 0 || then.set + then.bare.length !== now.set + now.bare.length) continue;
    const bare = now.bare.find((one) => !isAdded(one));
    if (now.bare.length <= then.bare.length) continue;
    if (bare === undefined) continue;
    hits.push({
      rule: NO_LONGER_SET,
      at: node.at,
      message: `${text} is set here on some ways only, and was set on all of them before`,
      key: text,
      why: [
        {
          text: behind
            ? 'on the others the caller gets success and what its variable held before'
            : 'on the others it holds what the stack held before',
          reference: null,
        },
      ],
      related: [{ at: bare.at, message: behind ? 'success, and nothing set' : 'used here all the same' }],
    });
  }
  return hits;
};
