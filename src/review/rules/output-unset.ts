/**
 * A function that fills what a parameter leads to, but not on every way its caller takes for a success. In: functions of a patch, whole, and their callers
 * in sight. Out: hits of class described where the caller goes on to read a variable that holds nothing.
 */
import type { Touched } from '../../code/bodies';
import type { Expression, Program, ProgramNode } from '../../code/types';
import { expressionsOf, partsOf, print, withoutCasts } from '../../code/walk';
import { OUTPUT_UNSET } from '../catalog-contracts';
import { type Doing, doings, written } from './calls';
import { says } from './conditions';
import { isFailure, verdictAt } from './exits';
import { explore } from './explore';
import { integerType } from './integer-types';
import { reachBehind } from './reach';
import type { PatchHit, PatchRule } from './types';

interface Unset {
  readonly at: ProgramNode;
  /** What is returned there. */
  readonly gives: 'NULL' | 'success';
}

/** Does the node read the parameter in any way but through `*p`: hand it on, keep it? Then it may be filled there. */
function handsOn(node: ProgramNode, parameter: string): boolean {
  const look = (expression: Expression): boolean => {
    if (expression.kind === 'unary' && expression.operator === '*' && print(expression.operand) === parameter)
      return false;
    if (expression.kind === 'name') return expression.name === parameter;
    return partsOf(expression).some(look);
  };
  if (node.kind === 'branch') return false;
  return expressionsOf(node).some(look);
}

/** Returns with success on a way that never filled the parameter; empty when none, or when no way fills it. */
function unsetExits(program: Program, parameter: string): Unset[] {
  const unset = new Map<number, Unset>();
  let fills = false;
  const done = explore<boolean>(program, {
    initial: false,
    key: String,
    unseen: () => true,
    step: (state, node) => state || written(node).includes(`*${parameter}`) || handsOn(node, parameter),
    exit(state, node, index, trail) {
      const value = node.value === null ? null : withoutCasts(node.value);
      if (state) fills = true;
      if (state || value === null || isFailure(value)) return;
      const pointer = program.returns.endsWith('*');
      if (pointer && value.kind === 'number' && value.value === 0) unset.set(index, { at: node, gives: 'NULL' });
      if (!pointer && !/^(?:bool|_Bool)$/.test(program.returns) && verdictAt(program, node, trail) === 'succeeds')
        unset.set(index, { at: node, gives: 'success' });
    },
  });
  return done && fills ? [...unset.values()] : [];
}

const readsValue = (expression: Expression, name: string): boolean => {
  if (expression.kind === 'unary' && expression.operator === '&') return false;
  if (expression.kind === 'assign' && expression.operator === '=' && print(withoutCasts(expression.target)) === name)
    return readsValue(expression.value, name);
  if (expression.kind === 'name') return expression.name === name;
  return expression.kind !== 'sizeof' && partsOf(expression).some((part) => readsValue(part, name));
};

const givesAway = (node: ProgramNode, name: string): boolean =>
  doings(node).some((one) => one.call.args.some((arg) => print(withoutCasts(arg)) === `&${name}`));

/** Where the variable is read behind the call on ways that take the result for good. */
function readBehind(
  caller: Program,
  from: number,
  doing: Doing,
  name: string,
  gives: Unset['gives'],
): ProgramNode | null {
  const result = doing.into === null ? null : print(doing.into);
  const start = caller.nodes[from];
  const seen = new Set<number>();
  const work = start !== undefined && 'next' in start ? [start.next] : [];
  for (let at = work.shift(); at !== undefined; at = work.shift()) {
    const node = caller.nodes[at];
    if (node === undefined || seen.has(at)) continue;
    seen.add(at);
    if (node.kind === 'unknown') continue;
    if (expressionsOf(node).some((one) => readsValue(one, name))) return node;
    if (written(node).includes(name) || givesAway(node, name) || node.kind === 'return') continue;
    if (node.kind === 'branch') {
      for (const taken of [true, false]) {
        const said = result === null ? null : says(node.condition, taken, result);
        const wrong = gives === 'NULL' ? /^(?:error|nonzero)$/ : /^(?:error|nonzero|negative|positive)$/;
        if (said === null || !said.sure || !wrong.test(said.said)) work.push(taken ? node.then : node.otherwise);
      }
    } else if (node.kind === 'each') work.push(node.body, node.next);
    else if (node.kind === 'switch') work.push(node.otherwise, ...node.cases.map((one) => one.next));
    else work.push(node.next);
  }
  return null;
}

/** Is the variable surely unset at the call: declared in sight with no value, and given none before? */
function unsetAt(caller: Program, before: Program | null, from: number, name: string): boolean {
  const declared = caller.nodes.findIndex((node) => node.kind === 'declare' && node.variable.name === name);
  const node = caller.nodes[declared];
  if (node?.kind !== 'declare' || node.init !== null || node.variable.array !== null) return false;
  for (const [index, one] of caller.nodes.entries()) {
    if (index === declared || index === from || !reachBehind(caller, index).has(from)) continue;
    if (written(one).includes(name) || givesAway(one, name)) return false;
    // Lines nobody has seen may set it, unless the patch took away a line that did.
    if (one.kind === 'unknown' && !(sets(before, name) && !sets(caller, name))) return false;
  }
  return true;
}

const sets = (program: Program | null, name: string): boolean =>
  program?.nodes.some((node) => node.kind === 'do' && written(node).includes(name)) ?? false;

function hitsOf(
  touched: Touched,
  callers: readonly { readonly program: Program; readonly before: Program | null }[],
): PatchHit[] {
  const { program } = touched;
  if (program === null || program.evidence === 'fragment' || program.nodes.some((one) => one.kind === 'unknown'))
    return [];
  return program.parameters.flatMap((parameter, position): PatchHit[] => {
    if (!parameter.type.endsWith(' *') || integerType(parameter.type.slice(0, -2)) === null) return [];
    if (/\bconst\b|__user|__iomem/.test(parameter.type)) return [];
    for (const exit of unsetExits(program, parameter.name))
      for (const { program: caller, before } of callers) {
        if (caller.name === program.name || (program.static && caller.file !== program.file)) continue;
        for (const [index, node] of caller.nodes.entries())
          for (const doing of doings(node)) {
            const given = doing.direct && doing.name === program.name ? doing.call.args[position] : undefined;
            const name =
              given?.kind === 'unary' && given.operator === '&' && given.operand.kind === 'name'
                ? given.operand.name
                : null;
            if (name === null || !unsetAt(caller, before, index, name)) continue;
            const result = doing.into === null ? null : print(doing.into);
            // A caller that asks for NULL tells it apart.
            if (
              exit.gives === 'NULL' &&
              (result === null ||
                caller.nodes.some(
                  (one) =>
                    one.kind === 'branch' &&
                    [true, false].some((taken) =>
                      /^(?:zero|absent)$/.test(says(one.condition, taken, result)?.said ?? ''),
                    ),
                ))
            )
              continue;
            const read = readBehind(caller, index, doing, name, exit.gives);
            if (read === null) continue;
            return [
              {
                rule: OUTPUT_UNSET,
                at: exit.at.at,
                message: `${program.name}() returns ${exit.gives} here without setting *${parameter.name}, and ${caller.name}() goes on to read ${name}, which holds nothing`,
                key: `${parameter.name}|${caller.name}`,
                why: [
                  {
                    text: `${caller.name}() declares ${name} with no value, and other ways of ${program.name}() set it`,
                    reference: null,
                  },
                ],
                related: [
                  { at: doing.call.at, message: `called here with &${name}` },
                  { at: read.at, message: `${name} is read here` },
                ],
                file: touched.file,
                function: touched.name,
              },
            ];
          }
      }
    return [];
  });
}

/** `if (!ops->info) return NULL;` in front of what sets `*length`, and a caller that only asks `IS_ERR()`. */
export const outputUnsetRule: PatchRule = ({ after }) => {
  const callers = after.touched.flatMap((one) =>
    one.program === null ? [] : [{ program: one.program, before: one.before() }],
  );
  return after.touched.flatMap((touched) => hitsOf(touched, callers));
};
