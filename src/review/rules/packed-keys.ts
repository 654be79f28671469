/**
 * Two numbers packed into one, by which something is looked up: each must keep to its bits, or two pairs give one key. In: one function.
 * Out: hits of class isolation.
 */
import type { Expression, Program } from '../../code/types';
import { namesIn, print, withoutCasts } from '../../code/walk';
import { KEY_OVERLAPS } from '../catalog-isolation';
import { declaredTypes, integerType, typeOf } from './integer-types';
import { localHit, scan } from './scan';
import type { PathRule, RuleHit, Surroundings } from './types';

/** Names of what things are looked up by. */
const KEY = /(?:^|_)(?:key|cache_?key|hash|index|idx|cookie|tag|slot|lookup|token)(?:_|$)/;

/** How far the upper part is shifted: a number, or null for a name whose value is not known. */
function distance(expression: Expression, { constants }: Surroundings, depth = 3): number | null {
  const inner = withoutCasts(expression);
  if (inner.kind === 'number') return inner.value;
  const value = inner.kind === 'name' && depth > 0 ? constants?.get(inner.name) : undefined;
  return value === undefined ? null : distance(value, { constants } as Surroundings, depth - 1);
}

/** A name as it came to the function, never compared with anything in it, nor given another value. */
function untouched(program: Program, name: string): boolean {
  if (!program.parameters.some((one) => one.name === name)) return false;
  return program.nodes.every((node) => {
    if (node.kind === 'branch') return !namesIn(node.condition).has(name);
    if (node.kind === 'switch') return !namesIn(node.subject).has(name);
    if (node.kind === 'unknown') return false;
    return !(node.kind === 'do' && node.expression.kind === 'assign' && print(node.expression.target) === name);
  });
}

/** What an expression stands in: the name of what it is given to, or of the function that returns it. */
function givenTo(program: Program, index: number): string {
  const node = program.nodes[index];
  if (node?.kind === 'return') return program.name;
  if (node?.kind === 'declare') return node.variable.name;
  if (node?.kind === 'do' && node.expression.kind === 'assign') return print(node.expression.target);
  return '';
}

export const keyOverlapsRule: PathRule = (program, around) =>
  scan(program).flatMap(({ expression, at, index }): RuleHit[] => {
    if (expression.kind !== 'binary' || !/^[|+^]$/.test(expression.operator)) return [];
    const [high, low] = [withoutCasts(expression.left), expression.right];
    if (high.kind !== 'binary' || high.operator !== '<<' || low.kind !== 'name') return [];
    const upper = withoutCasts(high.left);
    if (upper.kind !== 'name' || !KEY.test(givenTo(program, index)) || !untouched(program, low.name)) return [];
    // A cast before the shift says how wide the whole is.
    const whole = typeOf(high.left, program, around);
    const type = integerType(declaredTypes(program).get(low.name) ?? '');
    if (whole === null || type === null || type.bits < 16 || type.signed) return [];
    const bits = distance(high.right, around);
    const limit = Math.max(whole.bits, 32);
    // Whatever the constant is, it is less than the width of what is shifted.
    if (bits === null ? type.bits < limit : bits >= type.bits) return [];
    return [
      localHit(
        KEY_OVERLAPS,
        at,
        `${low.name} has ${type.bits} bits and ${print(upper)} starts at bit ${bits ?? print(high.right)}: what ${low.name} has above that runs into ${print(upper)}`,
        'two pairs of numbers give one key; what comes from a device or a guest is not bounded, and finds the entry of another',
        null,
      ),
    ];
  });
