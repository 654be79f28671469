/**
 * User memory that a helper fetches to look at it, and that is fetched again behind the call: what was looked at need not be what is used. In: one function and
 * the helpers of its file in sight. Out: hits of class uapi.
 */
import type { Expression, Program } from '../../code/types';
import { calleeOf, print, withoutCasts } from '../../code/walk';
import type { Place } from '../../place';
import { DOUBLE_FETCH } from '../catalog-uapi';
import { doings } from './calls';
import { mentions } from './mentions';
import { isAdded, reachBehind } from './reach';
import { errnoOf, scan } from './scan';
import type { PathRule, RuleHit } from './types';
import { fetchesOf } from './user-copies';

/** The name an address is reckoned from: `&ranges[i]`, `ranges + i` and `ranges` give `ranges`; null where it is none. */
function originOf(expression: Expression): string | null {
  const inner = withoutCasts(expression);
  switch (inner.kind) {
    case 'name':
      return inner.name;
    case 'unary':
      return inner.operator === '&' ? originOf(inner.operand) : null;
    case 'index':
      return originOf(inner.base);
    case 'field':
      return inner.arrow ? null : originOf(inner.base);
    case 'binary':
      return inner.operator === '+' ? originOf(inner.left) : null;
    default:
      return null;
  }
}

interface Looks {
  /** Position of the parameter through which user memory is fetched. */
  readonly parameter: number;
  readonly at: Place;
}

/**
 * Does a function fetch user memory through a parameter into a variable of its own, refuse what it does not like, and give nothing of it away? Then all it does with
 * it is look.
 */
function looksAtUser(program: Program): Looks | null {
  if (program.evidence === 'fragment') return null;
  for (const fetch of fetchesOf(program)) {
    const { target } = fetch;
    const origin = originOf(fetch.sourceExpression);
    const parameter = program.parameters.findIndex((one) => one.name === origin);
    if (target === null || parameter < 0) continue;
    const own = program.nodes.find((node) => node.kind === 'declare' && node.variable.name === target);
    if (own?.kind !== 'declare' || own.variable.type.endsWith('*')) continue;
    const refuses = program.nodes.some((node) => {
      if (node.kind !== 'branch' || !mentions(node.condition, target) || fetchesIn(node.condition)) return false;
      const then = program.nodes[node.then];
      const value =
        then?.kind === 'return'
          ? then.value
          : then?.kind === 'do' && then.expression.kind === 'assign'
            ? then.expression.value
            : null;
      return errnoOf(value) !== null;
    });
    if (!refuses || given(program, target)) continue;
    return { parameter, at: fetch.at };
  }
  return null;
}

const fetchesIn = (condition: Expression): boolean => /copy_from_user|get_user/.test(print(condition));

/** Does a value of the variable leave the function: into a place that is not its own, or to a function that may keep it? */
function given(program: Program, name: string): boolean {
  const own = new Set(program.nodes.flatMap((node) => (node.kind === 'declare' ? [node.variable.name] : [])));
  return scan(program).some(({ expression }) => {
    if (expression.kind === 'assign') {
      const target = withoutCasts(expression.target);
      const local = target.kind === 'name' && own.has(target.name);
      return !local && originOf(target) !== name && mentions(expression.value, name);
    }
    if (expression.kind !== 'call') return false;
    const callee = calleeOf(expression) ?? '';
    if (
      /^(?:_?_?copy_from_user|_?_?get_user|check_\w+_overflow|IS_ALIGNED|likely|unlikely|min|max|min_t|max_t|PAGE_ALIGN\w*|overflows_type)$/.test(
        callee,
      ) ||
      /valid|check|verify|aligned/i.test(callee)
    )
      return false;
    return expression.args.some((arg) => mentions(arg, name));
  });
}

/** Is what a fetch brought looked at behind it, in a test that leaves with an error? */
function lookedAtAgain(program: Program, from: number, target: string): boolean {
  const behind = reachBehind(program, from);
  return program.nodes.some((node, index) => {
    if (!behind.has(index) || node.kind !== 'branch' || node.loop) return false;
    if (!mentions(node.condition, target)) return false;
    const then = program.nodes[node.then];
    const value =
      then?.kind === 'return'
        ? then.value
        : then?.kind === 'do' && then.expression.kind === 'assign'
          ? then.expression.value
          : null;
    return errnoOf(value) !== null && !fetchesIn(node.condition);
  });
}

export const fetchedByHelperRule: PathRule = (program, { programs }) => {
  const hits: RuleHit[] = [];
  const fetches = fetchesOf(program);
  if (fetches.length === 0) return [];
  for (const [index, node] of program.nodes.entries())
    for (const { call, name, direct } of doings(node)) {
      const helper = direct && name !== program.name ? programs.get(name) : undefined;
      const looks = helper === undefined || helper.file !== program.file ? null : looksAtUser(helper);
      const pointer = looks === null ? undefined : call.args[looks.parameter];
      const origin = pointer === undefined ? null : originOf(pointer);
      if (looks === null || origin === null) continue;
      const behind = reachBehind(program, index);
      const again = fetches.find(
        (fetch) =>
          behind.has(fetch.node) &&
          fetch.node !== index &&
          fetch.target !== null &&
          originOf(fetch.sourceExpression) === origin &&
          !lookedAtAgain(program, fetch.node, fetch.target),
      );
      if (again === undefined || ![node, program.nodes[again.node]].some(isAdded)) continue;
      hits.push({
        rule: DOUBLE_FETCH,
        at: again.at,
        message: `${name}() has fetched what ${origin} points to and looked at it; userspace can change it until it is fetched again here, unchecked`,
        key: `${name}|${origin}`,
        why: [
          {
            text: 'what the helper refused can be there on the second fetch; check the copy that is used',
            reference: 'Documentation/process/botching-up-ioctls.rst; copy once, or compare what was fetched twice',
          },
        ],
        related: [
          { at: call.at, message: 'checked by this call' },
          { at: looks.at, message: 'fetched here first' },
        ],
      });
    }
  return hits;
};
