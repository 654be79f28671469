import type { Expression, Program } from '../../code/types';
import { printShort, withoutCasts } from '../../code/walk';
import { MASK_SLIP, NOT_BEFORE_MASK, TRUTH_AS_VALUE } from '../catalog-arith';
import { isConstantName, localHit, operandsOf, type Seen, scan } from './scan';
import type { PathRule, RuleHit } from './types';

const PRECEDENCE = 'C11 6.5.3.3, 6.5.10: ! binds closer than &';

/** Gives 0 or 1: a comparison, a negation, `&&`, `||`. */
function isTruth(expression: Expression): boolean {
  const inner = withoutCasts(expression);
  if (inner.kind === 'unary') return inner.operator === '!';
  return inner.kind === 'binary' && /^(?:==|!=|<|>|<=|>=|&&|\|\|)$/.test(inner.operator);
}

/** A constant made to be tested by `&`: a name in capitals, `BIT(n)`, `1 << n`, a number other than 0 and 1. */
function isMask(expression: Expression): boolean {
  const inner = withoutCasts(expression);
  if (isConstantName(inner)) return true;
  if (inner.kind === 'number') return inner.value > 1;
  if (inner.kind === 'call')
    return inner.target.kind === 'name' && /^(?:BIT|BIT_ULL|GENMASK\w*)$/.test(inner.target.name);
  return inner.kind === 'binary' && (inner.operator === '<<' || inner.operator === '|') && isMask(inner.right);
}

const negation = (expression: Expression): Expression | null => {
  const inner = withoutCasts(expression);
  return inner.kind === 'unary' && inner.operator === '!' ? withoutCasts(inner.operand) : null;
};

/** `!x & FLAG`: the negation is done first, and what is masked is 0 or 1. */
export const notBeforeMaskRule: PathRule = (program) =>
  scan(program).flatMap(({ expression, at }): RuleHit[] => {
    if (expression.kind !== 'binary' || expression.operator !== '&') return [];
    for (const [one, other] of [
      [expression.left, expression.right],
      [expression.right, expression.left],
    ] as const) {
      const negated = negation(one);
      if (negated === null || isTruth(other)) continue;
      // `x & FLAG & !y`: the bit is masked with 0 or 1.
      if (operandsOf(other, '&').some(isMask) || isMask(other) || isConstantName(negated))
        return [
          localHit(
            NOT_BEFORE_MASK,
            at,
            `${printShort(expression)} masks 0 or 1: ! is applied before &`,
            isConstantName(negated)
              ? 'a constant that is not zero negated by ! is 0; ~ was meant'
              : 'the test comes out the same whatever the bit is, unless the mask is bit 0',
            PRECEDENCE,
          ),
        ];
    }
    // `x & A == B` compares first.
    const compared = withoutCasts(expression.right);
    if (
      compared.kind === 'binary' &&
      /^[!=]=$/.test(compared.operator) &&
      isConstantName(withoutCasts(compared.left)) &&
      !isTruth(expression.left)
    )
      return [
        localHit(
          NOT_BEFORE_MASK,
          at,
          `${printShort(expression)} compares before it masks`,
          'the comparison of two constants is the mask then',
          'C11 6.5.9, 6.5.10: == binds closer than &',
        ),
      ];
    return [];
  });

/** Stands where only truth counts: a condition, an operand of `&&`, `||` or `!`. */
function conditions(program: Program): { readonly expression: Expression; readonly at: Seen['at'] }[] {
  const found: { expression: Expression; at: Seen['at'] }[] = [];
  const add = (expression: Expression, at: Seen['at']): void => {
    const inner = withoutCasts(expression);
    if (inner.kind === 'binary' && (inner.operator === '&&' || inner.operator === '||')) {
      add(inner.left, at);
      add(inner.right, at);
    } else if (inner.kind === 'unary' && inner.operator === '!') add(inner.operand, at);
    else if (inner.kind === 'call' && inner.target.kind === 'name' && /^(?:un)?likely$/.test(inner.target.name)) {
      if (inner.args[0] !== undefined) add(inner.args[0], at);
    } else found.push({ expression: inner, at });
  };
  for (const node of program.nodes) if (node.kind === 'branch') add(node.condition, node.at);
  return found;
}

/** `switch (a && b)`, `x == A || B`, `if (x | FLAG)`: a truth value where one of many is meant, or a test that always holds. */
export const truthAsValueRule: PathRule = (program) => {
  const hits: RuleHit[] = [];
  for (const node of program.nodes) {
    if (node.kind !== 'switch' || !isTruth(node.subject)) continue;
    const beyond = node.cases.find(
      (one) => isConstantName(one.value) || (one.value.kind === 'number' && one.value.value > 1),
    );
    if (beyond !== undefined)
      hits.push(
        localHit(
          TRUTH_AS_VALUE,
          node.at,
          `the switch decides on ${printShort(node.subject)}, which is 0 or 1, among values such as ${printShort(beyond.value)}`,
          'cases other than 0 and 1 are never taken',
          'C11 6.5.13, 6.5.14: the result of && and || is 0 or 1',
        ),
      );
  }
  for (const { expression, at } of scan(program)) {
    if (expression.kind !== 'binary' || expression.operator !== '||') continue;
    const right = withoutCasts(expression.right);
    const before = operandsOf(expression.left, '||').at(-1);
    if (
      isConstantName(right) &&
      before?.kind === 'binary' &&
      before.operator === '==' &&
      isConstantName(withoutCasts(before.right)) &&
      !/^(?:CONFIG_|DEBUG|IS_)/.test(right.kind === 'name' ? right.name : '')
    )
      hits.push(
        localHit(
          TRUTH_AS_VALUE,
          at,
          `${printShort(expression)} holds whenever ${printShort(right)} is not zero`,
          'the second constant is compared with nothing',
          null,
        ),
      );
  }
  for (const { expression, at } of conditions(program)) {
    if (expression.kind !== 'binary' || expression.operator !== '|') continue;
    const parts = operandsOf(expression, '|');
    const isFlag = (part: Expression): boolean => isConstantName(part) || (part.kind === 'call' && isMask(part));
    const constant = parts.find(isFlag);
    if (constant !== undefined && !parts.every(isFlag))
      hits.push(
        localHit(
          TRUTH_AS_VALUE,
          at,
          `${printShort(expression)} holds whatever the other bits are`,
          `${printShort(constant)} is or-ed in, not tested; & was meant`,
          null,
        ),
      );
  }
  return hits;
};

const WORD_FOR_ONE_FLAG = /(?:^|_)(?:FLAG|QUIRK)(?:S?_|$)/;
const WORD_FOR_MANY = /MASK|ALL|VALID|KNOWN|SUPPORT|BITS|FLAGS$|FIELDS/;

/** Where an object of the function comes from zeroed memory: its name → the assignment. */
function zeroed(program: Program): ReadonlySet<string> {
  const names = new Set<string>();
  for (const { expression } of scan(program)) {
    if (expression.kind !== 'assign' || expression.operator !== '=') continue;
    const value = withoutCasts(expression.value);
    if (
      expression.target.kind === 'name' &&
      value.kind === 'call' &&
      value.target.kind === 'name' &&
      /^(?:devm_)?k[vz]*zalloc(?:_node)?$|^kmem_cache_zalloc$|^k[v]?calloc$/.test(value.target.name)
    )
      names.add(expression.target.name);
  }
  return names;
}

/** `flags &= FLAG` where it should be set, `flags |= ~FLAG` where it should be cleared. */
export const maskSlipRule: PathRule = (program) => {
  const hits: RuleHit[] = [];
  const fresh = zeroed(program);
  for (const { expression, at } of scan(program)) {
    if (expression.kind !== 'assign') continue;
    const value = withoutCasts(expression.value);
    const target = withoutCasts(expression.target);
    if (expression.operator === '|=' && value.kind === 'unary' && value.operator === '~') {
      const turned = withoutCasts(value.operand);
      if (isMask(turned) && turned.kind !== 'number')
        hits.push(
          localHit(
            MASK_SLIP,
            at,
            `${printShort(expression)} sets every bit but ${printShort(turned)}`,
            'to clear a flag, &= ~ is needed',
            null,
          ),
        );
    }
    if (expression.operator !== '&=' || !isConstantName(value) || value.kind !== 'name') continue;
    if (WORD_FOR_MANY.test(value.name)) continue;
    const base = target.kind === 'field' ? withoutCasts(target.base) : null;
    const ofFresh = base?.kind === 'name' && fresh.has(base.name);
    const flags = target.kind === 'field' ? target.field : target.kind === 'name' ? target.name : '';
    if (ofFresh || (WORD_FOR_ONE_FLAG.test(value.name) && /flags?$|quirks?$/.test(flags)))
      hits.push(
        localHit(
          MASK_SLIP,
          at,
          `${printShort(expression)} clears every bit but ${value.name} and sets none`,
          ofFresh
            ? 'the object was zeroed when it was allocated, so the result is 0; |= was meant'
            : 'to set a flag, |= is needed; to clear it, &= ~',
          null,
        ),
      );
  }
  return hits;
};
