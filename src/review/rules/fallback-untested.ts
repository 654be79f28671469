/**
 * A second place where the first is taken. In: one function. Out: an address for a window that is chosen because another one collides, and
 * that nobody holds against what the first collided with.
 */
import type { Expression, Program } from '../../code/types';
import { expressionsOf, namesIn, print, printShort, visit, withoutCasts } from '../../code/walk';
import type { Place } from '../../place';
import { FALLBACK_UNTESTED } from '../catalog-window';
import { doings, TELLS } from './calls';
import { reach, reachBehind } from './reach';
import { bareCondition, isConstantName } from './scan';
import type { PathRule, RuleHit } from './types';

const ADDRESS = /(?:^|_)(?:BASE|ADDR|ADDRESS|IOVA|START|WINDOW|APERTURE|GPA|IPA|DOORBELL)\d*(?:_|$)/;
const isAddress = (expression: Expression): boolean =>
  isConstantName(expression) && ADDRESS.test(expression.kind === 'name' ? expression.name : '');

interface Choice {
  /** What is written: a place by its text, or null for a return. */
  readonly into: string | null;
  readonly value: Expression;
  readonly index: number;
  readonly at: Place;
}

/** What a node chooses. */
function choiceOf(program: Program, index: number): Choice | null {
  const node = program.nodes[index];
  if (node?.kind === 'return' && node.value !== null)
    return { into: null, value: withoutCasts(node.value), index, at: node.at };
  if (node?.kind === 'declare' && node.init !== null)
    return { into: node.variable.name, value: withoutCasts(node.init), index, at: node.at };
  if (node?.kind !== 'do' || node.expression.kind !== 'assign' || node.expression.operator !== '=') return null;
  const { target, value } = node.expression;
  return { into: print(withoutCasts(target)), value: withoutCasts(value), index, at: node.at };
}

/** The choice a side of a branch comes to at once; what it prints before does not matter. */
function chosenOn(program: Program, start: number): Choice | null {
  let at = start;
  for (let steps = 0; steps < 3; steps++) {
    const choice = choiceOf(program, at);
    if (choice !== null) return choice;
    const node = program.nodes[at];
    if (node?.kind !== 'do' || !doings(node).every((doing) => TELLS.test(doing.name))) return null;
    at = node.next;
  }
  return null;
}

/** The texts of what a condition holds against something: arguments of a call, sides of a comparison by size. */
function heldAgainst(condition: Expression): readonly string[] {
  const found: string[] = [];
  visit(bareCondition(condition), (inner) => {
    if (inner.kind === 'call') found.push(...inner.args.map((arg) => print(withoutCasts(arg))));
    if (inner.kind === 'binary' && /^[<>]=?$/.test(inner.operator))
      for (const side of [inner.left, inner.right]) {
        const bare = withoutCasts(side);
        found.push(print(bare));
        if (bare.kind === 'binary' && /^[+-]$/.test(bare.operator)) found.push(print(withoutCasts(bare.left)));
      }
  });
  return found;
}

function hitFor(program: Program, first: string, second: Expression, at: Place, asked: Place): RuleHit {
  return {
    rule: FALLBACK_UNTESTED,
    at,
    message: `${program.name}() takes ${printShort(second)} because ${first} collides, and does not hold ${printShort(second)} against the same`,
    why: [
      {
        text: 'what stands in the way of one fixed base may stand at the other, or at both: the window then overlaps memory or a reserved region of a device',
        reference:
          'vfio_iommu_resv_conflict() in drivers/vfio/vfio_iommu_type1.c; IOMMU_RESV_DIRECT in include/linux/iommu.h',
      },
    ],
    related: [{ at: asked, message: `only ${first} is asked about` }],
  };
}

/** A fixed base gives way to another fixed base that nobody tests. */
export const fallbackUntestedRule: PathRule = (program) => {
  const hits: RuleHit[] = [];
  const choices = program.nodes.flatMap((_, index) => choiceOf(program, index) ?? []);
  for (const [index, node] of program.nodes.entries()) {
    if (node.kind !== 'branch' || node.loop) continue;
    const held = heldAgainst(node.condition);
    if (held.length === 0) continue;
    for (const [side, other] of [
      [node.then, node.otherwise],
      [node.otherwise, node.then],
    ] as const) {
      const second = chosenOn(program, side);
      if (second === null || !isAddress(second.value)) continue;
      const first = choices.find(
        (one) =>
          one.index !== second.index &&
          isAddress(one.value) &&
          print(one.value) !== print(second.value) &&
          one.into === second.into &&
          (held.includes(print(one.value)) || (one.into !== null && held.includes(one.into))) &&
          // Taken before and given up here, or kept on the other side.
          (reachBehind(program, one.index).has(index) || (onSide(other, one.index) && held.includes(print(one.value)))),
      );
      if (first === undefined || reachBehind(program, index).has(index) !== eachAround(index)) continue;
      const chosen = print(second.value);
      if (mentionedElsewhere(chosen, second) || askedLater(second, index)) continue;
      hits.push(hitFor(program, print(first.value), second.value, second.at, node.at));
    }
  }
  return [...hits, ...conditionals(program)];

  function onSide(start: number, index: number): boolean {
    return chosenOn(program, start)?.index === index;
  }

  /** Is the branch inside a walk over entries, each of which is looked at once? */
  function eachAround(index: number): boolean {
    return program.nodes.some(
      (node, head) =>
        node.kind === 'each' && reach(program, [node.body], (_, at) => at === head).has(index) && index !== head,
    );
  }

  /** Does another test or call name the second base: is it held against something there? */
  function mentionedElsewhere(text: string, second: Choice): boolean {
    return program.nodes.some((node, at) => {
      if (at === second.index) return false;
      if (node.kind === 'declare' && node.init?.kind === 'initializer') return namesIn(node.init).has(text);
      const asks = node.kind === 'branch' || node.kind === 'switch' || node.kind === 'return';
      return asks
        ? expressionsOf(node).some((expression) => namesIn(expression).has(text))
        : doings(node).some(
            (doing) => !TELLS.test(doing.name) && doing.call.args.some((arg) => namesIn(arg).has(text)),
          );
    });
  }

  /** Is what was chosen asked about behind the choice, or does the way lead out of sight? */
  function askedLater({ into, index }: Choice, test: number): boolean {
    if (into === null) return false;
    const root = /^\w+/.exec(into)?.[0] ?? into;
    return [...reachBehind(program, index)].some((at) => {
      const node = program.nodes[at];
      if (node === undefined || at === test) return false;
      if (node.kind === 'unknown') return true;
      if (node.kind === 'branch' || node.kind === 'switch')
        if (expressionsOf(node).some((expression) => namesIn(expression).has(root) && print(expression).includes(into)))
          return true;
      return doings(node).some(
        (doing) =>
          !TELLS.test(doing.name) &&
          doing.call.args.some((arg) => [into, root, `&${into}`].includes(print(withoutCasts(arg)))),
      );
    });
  }
};

/** `base = collides(A) ? B : A` */
function conditionals(program: Program): RuleHit[] {
  const hits: RuleHit[] = [];
  for (const node of program.nodes)
    for (const expression of expressionsOf(node))
      visit(expression, (inner) => {
        if (inner.kind !== 'conditional') return;
        const sides = [withoutCasts(inner.then), withoutCasts(inner.otherwise)];
        if (!sides.every(isAddress)) return;
        const held = heldAgainst(inner.condition);
        const [first, second] = held.includes(print(sides[0] as Expression)) ? sides : [sides[1], sides[0]];
        if (first === undefined || second === undefined) return;
        const [kept, taken] = [print(first), print(second)];
        if (kept === taken || !held.includes(kept) || held.includes(taken)) return;
        const again = program.nodes.some(
          (one) => one !== node && one.kind === 'branch' && namesIn(one.condition).has(taken),
        );
        if (!again) hits.push(hitFor(program, kept, second, node.at, node.at));
      });
  return hits;
}
