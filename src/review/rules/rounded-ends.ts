/**
 * Ends after they were rounded: rounding up to a granule gives the first address behind a range, never its last. And units of rounding and stepping. In: one
 * function. Out: hits of class arith.
 */
import type { Expression, Program } from '../../code/types';
import { calleeOf, print, printShort, withoutCasts } from '../../code/walk';
import type { Place } from '../../place';
import { GRANULE_MIX, INCLUSIVE_END } from '../catalog-arith';
import { localHit, scan } from './scan';
import type { PathRule, RuleHit } from './types';

interface Assigned {
  readonly target: Expression;
  readonly value: Expression;
  readonly at: Place;
}

/** All that is assigned, the innermost value of `a = b = value` to each of them; declarations too. */
function assignedIn(program: Program): Assigned[] {
  const found: Assigned[] = [];
  for (const node of program.nodes)
    if (node.kind === 'declare' && node.init !== null)
      found.push({ target: { kind: 'name', name: node.variable.name }, value: withoutCasts(node.init), at: node.at });
  for (const { expression, at } of scan(program)) {
    if (expression.kind !== 'assign' || expression.operator !== '=') continue;
    let value = withoutCasts(expression.value);
    while (value.kind === 'assign') value = withoutCasts(value.value);
    found.push({ target: withoutCasts(expression.target), value, at });
  }
  return found;
}

const ROUNDS_UP = /^(?:ALIGN|_?_?ALIGN_KERNEL|round_?up|PAGE_ALIGN|iova_align)$/;

const roundsUp = (value: Expression): boolean => {
  const inner = withoutCasts(value);
  return inner.kind === 'call' && ROUNDS_UP.test(calleeOf(inner) ?? '');
};

/** `a - b + 1`: the length from an end that is taken for the last byte; gives the end. */
function endOfInclusiveLength(value: Expression): Expression | null {
  const inner = withoutCasts(value);
  if (inner.kind !== 'binary' || inner.operator !== '+') return null;
  const [difference, one] = [withoutCasts(inner.left), withoutCasts(inner.right)];
  if (one.kind !== 'number' || one.value !== 1 || difference.kind !== 'binary' || difference.operator !== '-')
    return null;
  const end = withoutCasts(difference.left);
  return end.kind === 'name' || end.kind === 'field' || roundsUp(end) ? end : null;
}

const LAST = /^(?:last|(?:\w+_)?last(?:_(?:iova|addr|byte))?|aperture_end|end_inclusive)$/;
const POSITION = /^(?:end|last|limit|top)|_(?:end|last|limit|top)\d*$/;

const wordOf = (expression: Expression): string =>
  expression.kind === 'name' ? expression.name : expression.kind === 'field' ? expression.field : '';

/** `end = ALIGN(end, granule); size = end - start + 1;`, `last = round_up(last, granule);`. */
export const roundedEndRule: PathRule = (program) => {
  const hits: RuleHit[] = [];
  const all = assignedIn(program);
  const hit = (at: Place, message: string, used: Assigned | null): void => {
    hits.push({
      ...localHit(
        INCLUSIVE_END,
        at,
        message,
        'rounding up gives the first address behind the last granule; a last byte is rounded as round_up(last + 1, granule) - 1, or last | (granule - 1)',
      ),
      related: used === null ? [] : [{ at: used.at, message: 'taken for the last byte here' }],
      local: false,
    });
  };
  for (const { target, value, at } of all)
    if (roundsUp(value) && LAST.test(wordOf(target)))
      hit(at, `${printShort(target)} names the last byte, and ${printShort(value)} is the first one behind it`, null);
  for (const { expression, at } of scan(program)) {
    const end = endOfInclusiveLength(expression);
    if (end === null) continue;
    const says = `${printShort(end)} was rounded up and lies behind the range, and ${printShort(expression)} adds one as if it were the last byte`;
    if (roundsUp(end)) {
      hit(at, says, null);
      continue;
    }
    const given = all.filter((other) => print(other.target) === print(end));
    const [rounded] = given;
    // Given in more than one way: which of them reaches here is not decided by the text.
    if (rounded === undefined || !POSITION.test(wordOf(end)) || given.some((other) => !roundsUp(other.value))) continue;
    hit(rounded.at, says, { at, target: expression, value: expression });
  }
  return hits;
};

type Unit = 'page' | 'granule';

/** What `PAGE_SIZE`, `iovad->granule`, `PAGE_MASK` … are pages of. */
function unitOf(expression: Expression | undefined): Unit | null {
  if (expression === undefined) return null;
  const text = print(withoutCasts(expression));
  if (/^~?\(?PAGE_(?:SIZE|MASK)(?: - 1\))?$/.test(text)) return 'page';
  return /(?:^|->|\.|_)granule(?:_size)?(?:\(\w+\))?$/.test(text) || /^~\(\w[\w>.-]*granule - 1\)$/.test(text)
    ? 'granule'
    : null;
}

/** The unit an address is rounded to; null for a value that is not rounded. */
function roundedTo(value: Expression): Unit | null {
  const inner = withoutCasts(value);
  if (inner.kind === 'binary' && inner.operator === '&') return unitOf(inner.right);
  if (inner.kind !== 'call') return null;
  const callee = calleeOf(inner) ?? '';
  if (/^PAGE_ALIGN(?:_DOWN)?$/.test(callee)) return 'page';
  return /^(?:ALIGN(?:_DOWN)?|round_?(?:up|down))$/.test(callee) ? unitOf(inner.args[1]) : null;
}

const NAMES: Readonly<Record<Unit, string>> = { page: 'the page of the CPU', granule: 'the granule of the IOMMU' };

/** An address that is rounded to one page size and then stepped by another. */
export const roundedAndSteppedRule: PathRule = (program) => {
  const hits: RuleHit[] = [];
  const steps = new Map<string, { readonly unit: Unit; readonly at: Place; readonly text: string }>();
  for (const { expression, at } of scan(program)) {
    if (expression.kind !== 'assign' || expression.operator !== '+=') continue;
    const unit = unitOf(expression.value);
    if (unit !== null) steps.set(print(expression.target), { unit, at, text: printShort(expression) });
  }
  if (steps.size === 0) return [];
  for (const { target, value, at } of assignedIn(program)) {
    const step = steps.get(print(target));
    const unit = roundedTo(value);
    if (step === undefined || unit === null || unit === step.unit) continue;
    hits.push({
      ...localHit(
        GRANULE_MIX,
        at,
        `${printShort(value)} rounds to ${NAMES[unit]}, and ${step.text} steps by ${NAMES[step.unit]}`,
        'where the two differ, the steps begin outside of the range, or none of them meets the pages that are looked up later',
      ),
      related: [{ at: step.at, message: 'stepped here' }],
      local: false,
    });
  }
  return hits;
};
