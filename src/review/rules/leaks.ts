import { enumeratePaths, type Path } from '../../code/paths';
import type { Expression, Program, ProgramNode } from '../../code/types';
import {
  type CallExpression,
  calleeOf,
  callsOf,
  expressionsOf,
  namesIn,
  print,
  visit,
  withoutCasts,
} from '../../code/walk';
import { argumentIndex, primitive } from '../../kernel/primitives';
import type { Place } from '../../place';
import { LEAK_ON_EXIT } from '../catalog';
import { failsAt } from './exits';
import type { PathRule, RuleHit } from './types';

interface Held {
  readonly variable: string;
  readonly call: string;
  readonly resource: string;
  readonly release: string;
  readonly at: Place;
}

/** `x = kzalloc(…)` and `T *x = kzalloc(…)`: what the node acquires into a local variable. */
function acquires(node: ProgramNode, locals: ReadonlySet<string>): Held | null {
  let target: string | null = null;
  let value: Expression | null = null;
  if (node.kind === 'declare') {
    target = node.variable.name;
    value = node.init;
  } else if (
    node.kind === 'do' &&
    node.expression.kind === 'assign' &&
    node.expression.operator === '=' &&
    node.expression.target.kind === 'name'
  ) {
    target = node.expression.target.name;
    value = node.expression.value;
  }
  const call = value === null ? null : withoutCasts(value);
  if (target === null || call?.kind !== 'call' || !locals.has(target)) return null;
  const name = calleeOf(call);
  const known = name === null ? null : primitive(name);
  if (name === null || /^devm_/.test(name) || known?.acquires?.by !== 'result' || known.pairsWith.length === 0)
    return null;
  return {
    variable: target,
    call: name,
    resource: known.acquires.resource,
    release: known.pairsWith[0] ?? '',
    at: call.at,
  };
}

/** Asking about a pointer or reading through it keeps it ours. */
const HARMLESS =
  /^(?:IS_ERR\w*|PTR_ERR\w*|(?:un)?likely|WARN_ON\w*|BUG_ON|(?:pr|dev)_\w+|printk|memset|memcpy|mutex_init|spin_lock_init|INIT_LIST_HEAD|kref_init|sizeof)$/;

/** Does the call take the object over, as far as anybody can tell? Unknown callees may: then they do. */
function takesOver(call: CallExpression, variable: string, programs: ReadonlyMap<string, Program>, depth = 0): boolean {
  const name = calleeOf(call);
  return call.args.some((arg, index) => {
    if (!namesIn(arg).has(variable)) return false;
    if (name !== null && HARMLESS.test(name)) return false;
    const bare = withoutCasts(arg);
    // `x->field` hands over what the field holds, not x.
    if (bare.kind === 'field') return false;
    const known = name === null ? null : primitive(name);
    const helper = name === null || call.target.kind !== 'name' ? undefined : programs.get(name);
    if (known === null && helper !== undefined && bare.kind === 'name' && depth < 2)
      return keeps(helper, index, programs, depth + 1);
    if (known === null || call.target.kind !== 'name') return true;
    if (argumentIndex(known.releases?.by ?? null) === index) return true;
    if (known.transfers !== null) return argumentIndex(known.transfers) === index;
    return !(
      known.kind === 'lock' ||
      known.kind === 'unlock' ||
      known.kind === 'query' ||
      known.kind === 'check' ||
      known.kind === 'map' ||
      known.kind === 'unmap'
    );
  });
}

/** Does a helper of known body store, free or pass on what it gets as this argument? */
function keeps(helper: Program, index: number, programs: ReadonlyMap<string, Program>, depth: number): boolean {
  const parameter = helper.parameters[index];
  if (parameter === undefined || helper.evidence === 'fragment' || helper.nodes.some((node) => node.kind === 'unknown'))
    return true;
  return helper.nodes.some((node) => letsGo(node, parameter.name, programs, depth));
}

/** Does the node let the object out of this path's hands: freed, stored, returned, passed on? */
function letsGo(node: ProgramNode, variable: string, programs: ReadonlyMap<string, Program>, depth = 0): boolean {
  if (callsOf(node).some((call) => takesOver(call, variable, programs, depth))) return true;
  if (node.kind === 'return') return node.value !== null && namesIn(node.value).has(variable);
  if (node.kind === 'declare')
    return (
      node.init !== null &&
      node.init.kind !== 'call' &&
      namesIn(node.init).has(variable) &&
      !/^[\w ]*$/.test(node.variable.type)
    );
  let gone = false;
  for (const expression of expressionsOf(node))
    visit(expression, (inner) => {
      if (inner.kind !== 'assign') return;
      const value = withoutCasts(inner.value);
      const stored =
        value.kind === 'name'
          ? value.name === variable
          : value.kind === 'unary' && value.operator === '&' && namesIn(value).has(variable);
      if (stored || (inner.target.kind === 'name' && inner.target.name === variable)) gone = true;
    });
  return gone;
}

/** Was the acquisition itself found to have failed on this path? */
function failed(condition: Expression, taken: boolean, variable: string): boolean {
  const inner = withoutCasts(condition);
  if (inner.kind === 'unary' && inner.operator === '!') return failed(inner.operand, !taken, variable);
  if (inner.kind === 'call') {
    const name = calleeOf(inner) ?? '';
    if (name === 'dma_mapping_error')
      return taken && inner.args[1] !== undefined && print(withoutCasts(inner.args[1])) === variable;
    const arg = inner.args[0];
    if (arg === undefined) return false;
    if (/^(?:un)?likely$|^WARN_ON\w*$/.test(name)) return failed(arg, taken, variable);
    return taken && /^IS_ERR/.test(name) && print(withoutCasts(arg)) === variable;
  }
  if (inner.kind === 'binary' && (inner.operator === '||' || inner.operator === '&&')) {
    // On the failing side of `!a || !b` either may have failed: nobody can tell.
    return failed(inner.left, taken, variable) || failed(inner.right, taken, variable);
  }
  const text = print(inner);
  if (text === variable || text === `${variable} != NULL`) return !taken;
  if (text === `${variable} >= 0`) return !taken;
  return (
    taken &&
    (text === `${variable} == NULL` || text === `${variable} < 0` || text === `${variable} == DMA_MAPPING_ERROR`)
  );
}

function leaked(
  program: Program,
  path: Path,
  locals: ReadonlySet<string>,
  programs: ReadonlyMap<string, Program>,
): Held[] {
  const held = new Map<string, Held>();
  for (const step of path.steps) {
    const node = program.nodes[step.node];
    if (node === undefined) continue;
    for (const name of [...held.keys()]) if (letsGo(node, name, programs)) held.delete(name);
    if (node.kind === 'branch' && step.decision?.kind === 'branch')
      for (const name of [...held.keys()]) if (failed(node.condition, step.decision.taken, name)) held.delete(name);
    const gained = acquires(node, locals);
    if (gained !== null) held.set(gained.variable, gained);
  }
  return [...held.values()];
}

/** An exit that reports failure while a local variable still holds the only reference to what this function acquired. */
export const leakRule: PathRule = (program, { programs }) => {
  if (program.evidence === 'fragment' || program.nodes.some((node) => node.kind === 'unknown')) return [];
  const locals = new Set(program.nodes.flatMap((node) => (node.kind === 'declare' ? [node.variable.name] : [])));
  if (!program.nodes.some((node) => acquires(node, locals) !== null)) return [];
  const outcome = enumeratePaths(program);
  if (outcome.incomplete !== null) return [];
  const seen = new Set<string>();
  const hits: RuleHit[] = [];
  // Exits that some path leaves rightly: there the turn towards them is to blame, not the exit.
  const shared = new Set(
    outcome.paths.flatMap((path) =>
      path.exit === 'return' && leaked(program, path, locals, programs).length === 0 ? [path.steps.at(-1)?.node] : [],
    ),
  );
  for (const path of outcome.paths) {
    if (path.exit !== 'return' || failsAt(program, path) !== true) continue;
    const last = path.steps.at(-1)?.node;
    const decided = [...path.steps]
      .reverse()
      .map((step) => program.nodes[step.node])
      .find((node) => node?.kind === 'branch');
    const exit = shared.has(last) ? decided : program.nodes[last ?? -1];
    if (exit === undefined) continue;
    for (const one of leaked(program, path, locals, programs)) {
      const key = `${one.variable}|${program.nodes.indexOf(exit)}`;
      if (seen.has(key)) continue;
      seen.add(key);
      hits.push({
        rule: LEAK_ON_EXIT,
        at: exit.at,
        message: `${program.name}() fails here without ${one.release}(): ${one.variable} of ${one.call}() is lost`,
        why: [
          {
            text: `nothing else holds ${one.variable}: it was neither stored nor passed on before this exit`,
            reference: null,
          },
        ],
        related: [
          { at: one.at, message: `${one.variable} is acquired here` },
          ...(decided === undefined ? [] : [{ at: decided.at, message: 'the path turns here' }]),
        ],
      });
    }
  }
  return hits;
};
