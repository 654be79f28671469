import type { Expression, Program } from '../../code/types';
import { calleeOf, expressionsOf, print, printShort, visit, withoutCasts } from '../../code/walk';
import { UNBOUNDED_ALLOCATION, USER_RANGE, WARN_FROM_USER } from '../catalog-uapi';
import { integerType, writtenType } from './integer-types';
import { mentions } from './mentions';
import { localHit, scan } from './scan';
import type { PathRule, RuleHit } from './types';
import { userNames, userValues } from './user-copies';

const LESS = /^(?:<|>|<=|>=)$/;

/** A variable that is stepped: a loop up to the value bounds the counter, not the value. */
function isCounter(program: Program, side: Expression): boolean {
  return (
    side.kind === 'name' &&
    scan(program).some(
      ({ expression }) =>
        expression.kind === 'update' && expression.target.kind === 'name' && expression.target.name === side.name,
    )
  );
}

/** Is the value held against a bound anywhere: compared with more than itself, cut by min(), checked for wrap, or given to a helper? */
export function bounded(program: Program, value: string, sum: string | null): boolean {
  for (const { expression } of scan(program)) {
    if (expression.kind === 'binary' && LESS.test(expression.operator)) {
      const [left, right] = [withoutCasts(expression.left), withoutCasts(expression.right)];
      for (const [one, other] of [
        [left, right],
        [right, left],
      ] as const)
        if (print(one) === value && print(other) !== '0' && !isCounter(program, other)) return true;
      if (
        sum !== null &&
        [left, right].some((side) => print(side) === sum) &&
        [left, right].some((side) => print(side) === value)
      )
        return true;
    }
    if (
      expression.kind === 'call' &&
      /^(?:min|min_t|clamp|clamp_t|check_(?:add|mul|sub)_overflow|array_index_nospec|array_size|struct_size|size_(?:add|mul))$/.test(
        calleeOf(expression) ?? '',
      ) &&
      expression.args.some((arg) => mentions(arg, value))
    )
      return true;
  }
  // Decided on in some other way, by a switch or by a range.
  return program.nodes.some((node) => node.kind === 'switch' && mentions(node.subject, value));
}

/** Does a helper of which no body is known look at the value first? */
function handedToCheck(program: Program, name: string): boolean {
  return scan(program).some(
    ({ expression }) =>
      expression.kind === 'call' &&
      /valid|check|verify|validate|sanit/.test(calleeOf(expression) ?? '') &&
      expression.args.some((arg) => {
        const inner = withoutCasts(arg);
        return print(inner) === name || print(inner) === `&${name}`;
      }),
  );
}

const baseName = (value: string): string => value.split(/->|\./)[0] ?? value;

/** `hdr.start + hdr.count > max` in the width of the fields: the sum can wrap and pass. */
export const userRangeRule: PathRule = (program, around) => {
  if (program.evidence === 'fragment') return [];
  const names = userNames(program);
  if (names.size === 0) return [];
  const hits: RuleHit[] = [];
  for (const node of program.nodes) {
    if (node.kind !== 'branch') continue;
    visit(node.condition, (inner) => {
      if (inner.kind !== 'binary' || !LESS.test(inner.operator)) return;
      const upward = inner.operator.startsWith('>') ? inner.left : inner.right;
      const sum = upward.kind === 'cast' ? null : upward;
      if (sum?.kind !== 'binary' || sum.operator !== '+') return;
      const [a, b] = [sum.left, sum.right];
      if (a.kind !== 'field' || b.kind !== 'field') return;
      const values = [print(a), print(b)] as const;
      if (!userValues(a, names).includes(values[0]) || !userValues(b, names).includes(values[1])) return;
      // Both bounded before they are added: then the sum stays small.
      const text = print(sum);
      if (values.every((value) => bounded(program, value, text)) || wrapChecked(program, text, values)) return;
      if (values.some((value) => handedToCheck(program, baseName(value)))) return;
      const types = [a, b].map((side) => {
        const written = writtenType(side, program, around);
        return written === null ? null : integerType(written);
      });
      if (types.some((type) => type !== null && type.bits < 32)) return;
      hits.push(
        localHit(
          USER_RANGE,
          node.at,
          `${printShort(sum)} comes from userspace and can wrap: a small sum passes the test`,
          `${values[0]} near the top of its type and a ${values[1]} that carries it over are let through`,
          'Documentation/process/deprecated.rst: open-coded arithmetic; use check_add_overflow() or compare with the difference',
        ),
      );
    });
  }
  return hits;
};

/** `a + b < a`, `b > max - a`: the wrap is looked for. */
function wrapChecked(program: Program, sum: string, values: readonly [string, string]): boolean {
  return scan(program).some(({ expression }) => {
    if (expression.kind === 'call' && /^check_add_overflow$/.test(calleeOf(expression) ?? ''))
      return expression.args.some((arg) => values.includes(print(withoutCasts(arg))));
    if (expression.kind !== 'binary' || !LESS.test(expression.operator)) return false;
    const sides = [print(expression.left), print(expression.right)];
    const withSum = sides.some((side) => side === sum || side === `${sum} - 1`);
    if (withSum && sides.some((side) => side === values[0] || side === values[1])) return true;
    return [expression.left, expression.right].some(
      (side) => side.kind === 'binary' && side.operator === '-' && values.includes(print(withoutCasts(side.right))),
    );
  });
}

const ALLOCATES =
  /^(?:k[vm]?[mzc]alloc(?:_array|_node)?|kvmalloc|kvzalloc|kvcalloc|kvmalloc_array|vmalloc|vzalloc|kmalloc_array|kcalloc|v?memdup_user|v?memdup_array_user)$/;

/** A size or a count from userspace goes into an allocation, and nothing holds it against a bound. */
export const unboundedAllocationRule: PathRule = (program) => {
  if (program.evidence === 'fragment') return [];
  const names = userNames(program);
  if (names.size === 0) return [];
  const hits: RuleHit[] = [];
  for (const { expression, at } of scan(program)) {
    if (expression.kind !== 'call' || !ALLOCATES.test(calleeOf(expression) ?? '')) continue;
    const callee = calleeOf(expression) ?? '';
    const sizes = /memdup/.test(callee)
      ? expression.args.slice(1)
      : /calloc|_array/.test(callee)
        ? expression.args.slice(0, 2)
        : expression.args.slice(0, 1);
    const value = sizes.flatMap((size) => userValues(size, names)).find((one) => /->|\./.test(one));
    if (value === undefined || bounded(program, value, null) || handedToCheck(program, baseName(value))) continue;
    hits.push(
      localHit(
        UNBOUNDED_ALLOCATION,
        at,
        `${callee}() is asked for as much as ${value} from userspace says, and nothing bounds it`,
        'one caller can take all memory, or raise the allocator’s own warning',
        'Documentation/core-api/memory-allocation.rst',
      ),
    );
  }
  return hits;
};

/** A warning or a BUG that what userspace passed decides. */
export const warnFromUserRule: PathRule = (program) => {
  const names = userNames(program);
  if (names.size === 0) return [];
  const hits: RuleHit[] = [];
  for (const node of program.nodes)
    for (const top of expressionsOf(node))
      visit(top, (inner) => {
        if (inner.kind !== 'call' || !/^(?:WARN|WARN_ON|WARN_ON_ONCE|WARN_ONCE|BUG_ON)$/.test(calleeOf(inner) ?? ''))
          return;
        const [condition] = inner.args;
        const value = condition === undefined ? undefined : direct(condition, names);
        if (value === undefined) return;
        hits.push(
          localHit(
            WARN_FROM_USER,
            inner.at,
            `${calleeOf(inner)}() fires on ${value}, which userspace chooses`,
            'with panic_on_warn, and always for BUG_ON, any caller can stop the machine',
            'Documentation/process/coding-style.rst, 22) Do not crash the kernel',
          ),
        );
      });
  return hits;
};

/** A field of userspace that the condition compares, not one that merely goes into a call. */
function direct(condition: Expression, names: ReadonlySet<string>): string | undefined {
  const inner = withoutCasts(condition);
  if (inner.kind === 'call') return undefined;
  if (inner.kind === 'binary') return direct(inner.left, names) ?? direct(inner.right, names);
  if (inner.kind === 'unary' && (inner.operator === '!' || inner.operator === '~')) return direct(inner.operand, names);
  return inner.kind === 'field' ? userValues(inner, names)[0] : undefined;
}
