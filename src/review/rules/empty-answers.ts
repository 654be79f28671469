/**
 * Answers that hold before anything was asked. In: predicates on isolation that fold over the parts of a device or of the platform.
 * Out: folds that begin with yes and may meet no part at all.
 */
import type { Expression, Program, ProgramNode } from '../../code/types';
import { calleeOf, callsOf, print, withoutCasts } from '../../code/walk';
import type { Place } from '../../place';
import { TRUE_ON_EMPTY } from '../catalog-isolation';
import { nodesInLoops } from './flow';
import { bareCondition, operandsOf } from './scan';
import type { PathRule } from './types';

const PREDICATE = /isolat|remap|(?:^|_)(?:safe|secure|trusted|protected)(?:_|$)/;

/** Words of a function that counts what it met, or asks whether there is anything. */
const COUNTS = /list_empty|xa_empty|first_entry|found|count|(?:^|_)(?:nr|num|any|seen|empty)(?:_|$)/;

const isWord = (value: Expression | null, yes: boolean): boolean => {
  const inner = value === null ? null : withoutCasts(value);
  if (inner?.kind === 'name') return inner.name === (yes ? 'true' : 'false');
  return inner?.kind === 'number' && inner.value === (yes ? 1 : 0);
};

/** `x`, `a->x`, `f(x)` without a comparison: is there one at all? Gives what is asked for, null for other tests. */
function presence(operand: Expression): string | null {
  const inner = bareCondition(operand);
  if (inner.kind === 'unary' && inner.operator === '!') return presence(inner.operand);
  if (inner.kind === 'name' || inner.kind === 'field' || inner.kind === 'index') return print(inner);
  return null;
}

interface Fold {
  readonly name: string;
  readonly begins: Place;
}

/** Variables that begin with yes, are returned, and are otherwise only written in loops, and only towards no. */
function foldsOf(program: Program, inLoop: ReadonlySet<number>): Fold[] {
  const returned = new Set(
    program.nodes.flatMap((node) =>
      node.kind === 'return' && node.value !== null ? [print(withoutCasts(node.value))] : [],
    ),
  );
  return [...returned].flatMap((name): Fold[] => {
    let begins: Place | null = null;
    let narrowed = false;
    for (const [index, node] of program.nodes.entries()) {
      if (node.kind === 'declare' && node.variable.name === name && node.init !== null) {
        if (!isWord(node.init, true)) return [];
        begins = node.at;
      }
      if (node.kind !== 'do' || node.expression.kind !== 'assign' || print(node.expression.target) !== name) continue;
      const { operator, value } = node.expression;
      if (inLoop.has(index)) {
        if (operator === '=' && isWord(value, true)) return [];
        narrowed = true;
      } else if (operator === '=' && isWord(value, true)) begins = node.at;
      else return [];
    }
    return begins !== null && narrowed ? [{ name, begins }] : [];
  });
}

/** A walk that may meet nothing: over a list that is no group, or over places of which each may be free. */
function mayMeetNothing(program: Program, inLoop: ReadonlySet<number>): ProgramNode | undefined {
  const walk = program.nodes.find((node, index) => node.kind === 'each' && inLoop.has(index));
  if (walk?.kind === 'each') {
    const text = [walk.macro, ...walk.args.map(print)].join(' ');
    // A group has a member, a range that begins with its own head has one too.
    return /group|_bit\b|dma_alias|pci_dev/.test(text) ? undefined : walk;
  }
  const loop = program.nodes.find((node) => node.kind === 'branch' && node.loop);
  const asksForOne = program.nodes.some(
    (node, index) =>
      inLoop.has(index) &&
      node.kind === 'branch' &&
      !node.loop &&
      operandsOf(node.condition, '&&').some((one) => presence(one) !== null),
  );
  return asksForOne ? loop : undefined;
}

/** The answer is yes when the walk met nothing, and nothing else was asked. */
export const foldOverNothingRule: PathRule = (program) => {
  if (program.returns !== 'bool' || !PREDICATE.test(program.name)) return [];
  if (program.nodes.some((node) => node.kind === 'unknown')) return [];
  const text = [
    ...program.nodes.flatMap((node) =>
      node.kind === 'branch' ? [print(node.condition)] : node.kind === 'declare' ? [node.variable.name] : [],
    ),
    ...program.nodes.flatMap(callsOf).map((call) => calleeOf(call) ?? ''),
  ];
  if (text.some((one) => COUNTS.test(one))) return [];
  const inLoop = nodesInLoops(program);
  const walk = mayMeetNothing(program, inLoop);
  if (walk === undefined) return [];
  return foldsOf(program, inLoop)
    .slice(0, 1)
    .map(({ name, begins }) => ({
      rule: TRUE_ON_EMPTY,
      at: begins,
      message: `${name} begins as true, and ${program.name}() answers with it when its walk meets nothing to ask`,
      why: [
        {
          text: 'where nothing is registered or made yet, nobody has said who checks the sender of a message: that must not count as isolated',
          reference: 'include/linux/msi.h, msi_device_has_isolated_msi()',
        },
      ],
      related: [{ at: walk.at, message: 'the walk that may meet nothing' }],
    }));
};
