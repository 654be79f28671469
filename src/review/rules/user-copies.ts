/**
 * What a function takes from userspace: each fetch with where it comes from and where it goes. In: a program. Out: fetches and the
 * names that hold what userspace said. Knows no rule.
 */
import type { Expression, Program } from '../../code/types';
import { calleeOf, partsOf, print, withoutCasts } from '../../code/walk';
import type { Place } from '../../place';
import { scan } from './scan';

export interface Fetch {
  /** Index of the node. */
  readonly node: number;
  readonly at: Place;
  /** The user pointer, as printed without casts. */
  readonly source: string;
  readonly sourceExpression: Expression;
  /** The variable or object filled: `map`, `info`; null where it is none with a name. */
  readonly target: string | null;
  /** How much; null where the target's type says it. */
  readonly size: Expression | null;
  /** It fills what userspace does not give: a structure of any version. */
  readonly versioned: boolean;
}

/** `&map` gives `map`, `buf` gives `buf`, `&p->hdr` gives `p`. */
function rootOf(expression: Expression | undefined): string | null {
  if (expression === undefined) return null;
  let inner = withoutCasts(expression);
  if (inner.kind === 'unary' && (inner.operator === '&' || inner.operator === '*')) inner = withoutCasts(inner.operand);
  while (inner.kind === 'field' || inner.kind === 'index') inner = withoutCasts(inner.base);
  return inner.kind === 'name' ? inner.name : null;
}

/** Every fetch from userspace, in the order of the text. */
export function fetchesOf(program: Program): readonly Fetch[] {
  const found: Fetch[] = [];
  for (const { expression, at, index, node } of scan(program)) {
    if (expression.kind !== 'call') continue;
    const callee = calleeOf(expression) ?? '';
    const { args } = expression;
    const [first, second, third, fourth] = args;
    const add = (target: string | null, source: Expression | undefined, size: Expression | undefined): void => {
      if (source === undefined) return;
      const sourceExpression = bareSource(source);
      found.push({
        node: index,
        at,
        source: print(sourceExpression),
        sourceExpression,
        target,
        size: size ?? null,
        versioned: callee === 'copy_struct_from_user',
      });
    };
    if (/^_?_?copy_from_user$/.test(callee)) add(rootOf(first), second, third);
    else if (/^_?_?get_user$/.test(callee)) add(rootOf(first), second, undefined);
    else if (callee === 'copy_struct_from_user') add(rootOf(first), third, fourth);
    else if (/^v?memdup_user(?:_nul)?$/.test(callee)) {
      const holder =
        node.kind === 'declare'
          ? node.variable.name
          : node.kind === 'do' && node.expression.kind === 'assign'
            ? rootOf(node.expression.target)
            : null;
      add(holder, first, second);
    }
  }
  return found;
}

/** The pointer without casts, also those inside: `(void __user *)(arg + minsz)` and `(void __user *)arg + minsz` are one. */
function bareSource(expression: Expression): Expression {
  const inner = withoutCasts(expression);
  if (inner.kind === 'call' && calleeOf(inner) === 'u64_to_user_ptr' && inner.args[0] !== undefined)
    return bareSource(inner.args[0]);
  if (inner.kind === 'binary') return { ...inner, left: bareSource(inner.left), right: bareSource(inner.right) };
  return inner;
}

/** The names that hold what userspace said: objects filled by a fetch. */
export function userNames(program: Program): ReadonlySet<string> {
  return new Set(fetchesOf(program).flatMap((fetch) => (fetch.target === null ? [] : [fetch.target])));
}

/** The values of userspace in an expression: the fields of objects fetched, and fetched numbers themselves; as printed. */
export function userValues(expression: Expression, names: ReadonlySet<string>): readonly string[] {
  const found: string[] = [];
  const look = (inner: Expression): void => {
    if (inner.kind === 'sizeof') return;
    if (inner.kind === 'field') {
      let base: Expression = withoutCasts(inner.base);
      while (base.kind === 'field') base = withoutCasts(base.base);
      if (base.kind === 'name' && names.has(base.name)) {
        found.push(print(inner));
        return;
      }
    }
    if (inner.kind === 'name' && names.has(inner.name)) found.push(inner.name);
    for (const part of partsOf(inner)) look(part);
  };
  look(expression);
  return found;
}
