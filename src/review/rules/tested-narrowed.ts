/** A test for values that do not fit, of a value that was cut to fit before. In: one function and its callers in sight. */
import type { Expression, Program } from '../../code/types';
import { print, printShort, withoutCasts } from '../../code/walk';
import { TESTED_NARROWED } from '../catalog-contracts';
import { doings } from './calls';
import { declaredTypes, integerType } from './integer-types';
import { isAdded } from './reach';
import { bareCondition, errnoOf, operandsOf } from './scan';
import { tidyExit } from './tidy-exits';
import type { PathRule, RuleHit, Surroundings } from './types';

/** The greatest value of each type that is narrower than 64 bits on some kernel. */
const GREATEST: ReadonlyMap<string, RegExp> = new Map([
  ['unsigned long', /^(?:ULONG_MAX|SIZE_MAX|UINTPTR_MAX)$/],
  ['size_t', /^(?:SIZE_MAX|ULONG_MAX)$/],
  ['u32', /^(?:U32_MAX|UINT_MAX)$/],
  ['__u32', /^(?:U32_MAX|UINT_MAX)$/],
  ['uint32_t', /^(?:U32_MAX|UINT_MAX|UINT32_MAX)$/],
  ['unsigned int', /^(?:U32_MAX|UINT_MAX)$/],
  ['int', /^(?:INT_MAX|S32_MAX)$/],
  ['u16', /^(?:U16_MAX|USHRT_MAX)$/],
  ['u8', /^U8_MAX$/],
]);

const TOO_BIG = /^(?:EOVERFLOW|ERANGE|E2BIG|EFBIG)$/;

interface Tested {
  readonly name: string;
  readonly type: string;
  readonly operator: '>' | '>=';
  readonly text: string;
}

/** `x > MAX`, `MAX < x`, `x >= MAX` for a variable whose type ends at MAX. */
function testedIn(condition: Expression, program: Program): Tested[] {
  return operandsOf(bareCondition(condition), '||').flatMap((part): Tested[] => {
    const one = withoutCasts(part);
    if (one.kind !== 'binary' || !/^[<>]=?$/.test(one.operator)) return [];
    const turned = one.operator.startsWith('<');
    const [value, limit] = turned ? [one.right, one.left] : [one.left, one.right];
    const bare = value.kind === 'name' ? value : null;
    if (bare === null) return [];
    const type =
      declaredTypes(program)
        .get(bare.name)
        ?.replace(/\bconst /, '') ?? '';
    if (!(GREATEST.get(type)?.test(print(withoutCasts(limit))) ?? false)) return [];
    return [{ name: bare.name, type, operator: one.operator.endsWith('=') ? '>=' : '>', text: printShort(one) }];
  });
}

/** Does a caller in sight give the parameter a member, or something that is 64 bits wide on every kernel? */
function widerGiven(program: Program, parameter: string, { programs }: Surroundings): RuleHit['related'] {
  const index = program.parameters.findIndex((one) => one.name === parameter);
  if (index < 0) return [];
  for (const caller of programs.values())
    for (const node of caller.nodes)
      for (const { call, name, direct } of doings(node)) {
        const arg = call.args[index];
        if (!direct || name !== program.name || arg === undefined) continue;
        const inner = withoutCasts(arg);
        const type = inner.kind === 'name' ? integerType(declaredTypes(caller).get(inner.name) ?? '') : null;
        if (inner.kind === 'field' || (type !== null && type.bits === 64 && type.always))
          return [{ at: call.at, message: `${caller.name}() gives ${printShort(inner)} here` }];
      }
  return [];
}

const grows = (program: Program, name: string): boolean =>
  program.nodes.some((node) => new RegExp(`\\b${name} \\+|\\+ ${name}\\b|\\b${name}\\+\\+`).test(textOf(node)));

function textOf(node: Program['nodes'][number]): string {
  if (node.kind === 'do') return print(node.expression);
  if (node.kind === 'return') return node.value === null ? '' : print(node.value);
  if (node.kind === 'declare') return node.init === null ? '' : print(node.init);
  return node.kind === 'branch' ? print(node.condition) : '';
}

export const testedNarrowedRule: PathRule = (program, around) => {
  const hits: RuleHit[] = [];
  for (const branch of program.nodes) {
    if (branch.kind !== 'branch' || branch.loop || !isAdded(branch)) continue;
    for (const tested of testedIn(branch.condition, program)) {
      const exit = tidyExit(program, branch.then);
      const end = exit === null ? undefined : program.nodes[exit.index];
      const errno = end?.kind === 'return' ? errnoOf(end.value) : null;
      if (errno === null) continue;
      const related = widerGiven(program, tested.name, around);
      // `x >= MAX` may leave room for one more.
      if (tested.operator === '>=' && (!TOO_BIG.test(errno) || related.length === 0 || grows(program, tested.name)))
        continue;
      hits.push({
        rule: TESTED_NARROWED,
        at: branch.at,
        message: `${tested.text} cannot see a value that does not fit: ${tested.name} is ${tested.type}, and what was too big lost its upper bits before`,
        key: `${tested.name}`,
        why: [
          {
            text: `no ${tested.type} is greater than its own greatest value; the test belongs in front of the conversion`,
            reference: 'C11 6.3.1.3: conversion to a narrower unsigned type drops the upper bits',
          },
        ],
        related,
      });
      break;
    }
  }
  return hits;
};
