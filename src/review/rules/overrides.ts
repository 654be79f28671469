/**
 * What a switch of the administrator may decide. In: functions that test it behind a question on isolation. Out: ways on which it ends
 * the function well, before checks that have nothing to do with it.
 */
import type { Expression, Program } from '../../code/types';
import { calleeOf, namesIn, print, withoutCasts } from '../../code/walk';
import { OVERRIDE_SKIPS } from '../catalog-isolation';
import { reach, reachBehind } from './reach';
import { bareCondition, errnoOf } from './scan';
import type { PathRule, RuleHit } from './types';

export const OVERRIDE =
  /^(?:allow|enable|permit|accept)_(?:unsafe|insecure|unisolated)|^(?:unsafe|insecure)_|_(?:unsafe|insecure)$/;

const HARMLESS = /^(?:dev_\w+|pr_\w+|WARN\w*|printk\w*|trace_\w+|add_taint|\w*unlock\w*|up_(?:read|write)|up)$/;

const overrideIn = (expression: Expression): string | undefined =>
  [...namesIn(expression)].find((name) => OVERRIDE.test(name));

const isZero = (value: Expression | null): boolean => {
  const inner = value === null ? null : withoutCasts(value);
  return inner?.kind === 'number' && inner.value === 0;
};

/** Is a result still the 0 it was declared with when a node is come to? */
function stillZero(program: Program, name: string, at: number): boolean {
  const declared = program.nodes.some(
    (node) => node.kind === 'declare' && node.variable.name === name && isZero(node.init),
  );
  return (
    declared &&
    !program.nodes.some(
      (node, index) =>
        node.kind === 'do' &&
        node.expression.kind === 'assign' &&
        print(node.expression.target) === name &&
        reachBehind(program, index).has(at),
    )
  );
}

/** Does the way from a node end with 0, after no more than a word to the log and what leaving needs? */
function endsWell(program: Program, start: number): boolean {
  let at = start;
  for (let steps = 0; steps < 12; steps++) {
    const node = program.nodes[at];
    if (node?.kind === 'return') {
      const value = node.value === null ? null : withoutCasts(node.value);
      return isZero(value) || (value?.kind === 'name' && stillZero(program, value.name, start));
    }
    if (node?.kind !== 'do') return false;
    const inner = node.expression;
    const zeroes = inner.kind === 'assign' && isZero(inner.value);
    if (!node.implicit && !zeroes && !(inner.kind === 'call' && HARMLESS.test(calleeOf(inner) ?? ''))) return false;
    at = node.next;
  }
  return false;
}

/** Where the override ends the function well: the node that says so, and the switch. */
function overridden(program: Program, index: number): string | null {
  const node = program.nodes[index];
  if (node?.kind === 'return' && node.value !== null) {
    const value = withoutCasts(node.value);
    const name = value.kind === 'conditional' ? overrideIn(value.condition) : undefined;
    if (value.kind !== 'conditional' || name === undefined) return null;
    return isZero(value.then) || isZero(value.otherwise) ? name : null;
  }
  if (node?.kind !== 'branch' || node.loop) return null;
  const condition = bareCondition(node.condition);
  const turned = condition.kind === 'unary' && condition.operator === '!';
  const inner = turned ? bareCondition(condition.operand) : condition;
  if (inner.kind !== 'name' || !OVERRIDE.test(inner.name)) return null;
  return endsWell(program, turned ? node.otherwise : node.then) ? inner.name : null;
}

/** The refusals among some nodes that the switch has no say in. */
function refusals(program: Program, nodes: ReadonlySet<number>): number[] {
  return [...nodes].filter((at) => {
    const node = program.nodes[at];
    const fails =
      (node?.kind === 'return' && errnoOf(node.value) !== null) ||
      (node?.kind === 'do' && node.expression.kind === 'assign' && errnoOf(node.expression.value) !== null);
    if (!fails) return false;
    return program.nodes.some(
      (one, index) =>
        nodes.has(index) &&
        one.kind === 'branch' &&
        (one.then === at || one.otherwise === at || straightTo(program, one.then, at)) &&
        overrideIn(one.condition) === undefined,
    );
  });
}

/** Does the side of a branch come to a node with nothing but statements between? */
function straightTo(program: Program, from: number, to: number): boolean {
  for (let at = from, steps = 0; steps < 6; steps++) {
    if (at === to) return true;
    const node = program.nodes[at];
    if (node?.kind !== 'do' && node?.kind !== 'declare') return false;
    at = node.next;
  }
  return false;
}

/** With the switch set a group that is not isolated leaves by success, and one that is goes through more checks. */
export const overrideEndsRule: PathRule = (program) => {
  if (program.returns === 'bool') return [];
  for (const [index, node] of program.nodes.entries()) {
    const name = overridden(program, index);
    if (name === null) continue;
    const taken = reach(program, [index]);
    // The question the switch belongs to: the nearest branch of which one side alone leads here.
    for (let at = index - 1; at >= 0; at--) {
      const asked = program.nodes[at];
      if (asked?.kind !== 'branch' || asked.loop || overrideIn(asked.condition) !== undefined) continue;
      const [yes, no] = [reach(program, [asked.then]), reach(program, [asked.otherwise])];
      if (yes.has(index) === no.has(index)) continue;
      const rest = new Set([...(yes.has(index) ? no : yes)].filter((one) => !taken.has(one)));
      const others = refusals(program, rest);
      const first = program.nodes[others[0] ?? -1];
      if (first === undefined) break;
      const hit: RuleHit = {
        rule: OVERRIDE_SKIPS,
        at: node.at,
        message: `with ${name} set ${program.name}() ends here with success, and leaves out the checks behind (${others.length} refusals)`,
        why: [
          {
            text: 'the switch accepts interrupts that are not isolated; it does not accept whatever the other checks refuse',
            reference: 'vfio_iommu_type1 allow_unsafe_interrupts, Documentation/driver-api/vfio.rst',
          },
        ],
        related: [
          { at: asked.at, message: 'the question the switch belongs to' },
          { at: first.at, message: 'refused only on the other way' },
        ],
      };
      return [hit];
    }
  }
  return [];
};
