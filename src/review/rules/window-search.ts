/**
 * How a window is searched and counted. In: one function, and what stands beside it. Out: entries that are never found again, a last page
 * that is never handed out, ranges whose overlap is not seen, counts that one side keeps by a condition and the other does not.
 */
import type { Expression, Program } from '../../code/types';
import { calleeOf, print, printShort, visit, withoutCasts } from '../../code/walk';
import { COUNT_UNEVEN } from '../catalog-isolation';
import { CONTAINED_FOR_OVERLAP, KEY_UNALIGNED, LAST_PAGE_LOST, OVERLAP_ENCLOSING } from '../catalog-window';
import { UNDOES } from './calls';
import { reach } from './reach';
import { bareCondition, localHit, operandsOf, scan } from './scan';
import type { PathRule, RuleHit } from './types';

/** The value that is cut down to the start of its page; null for anything else. */
export function cutDown(value: Expression): string | null {
  const inner = withoutCasts(value);
  if (inner.kind === 'binary' && inner.operator === '&') {
    const mask = withoutCasts(inner.right);
    if ((mask.kind === 'unary' && mask.operator === '~') || /_MASK$/.test(print(mask)))
      return print(withoutCasts(inner.left));
  }
  if (
    inner.kind === 'call' &&
    /^(?:ALIGN_DOWN|round_down|rounddown|PAGE_ALIGN_DOWN)$/.test(calleeOf(inner) ?? '') &&
    inner.args[0] !== undefined
  )
    return print(withoutCasts(inner.args[0]));
  return null;
}

export const assignment = (node: Program['nodes'][number]) =>
  node.kind === 'declare' && node.init !== null
    ? { target: node.variable.name, field: null, value: node.init, at: node.at }
    : node.kind === 'do' && node.expression.kind === 'assign' && node.expression.operator === '='
      ? {
          target: print(node.expression.target),
          field: node.expression.target.kind === 'field' ? node.expression.target.field : null,
          value: node.expression.value,
          at: node.at,
        }
      : null;

/** Kept by the start of its page, and looked for by the address as it came. */
export const keyUnalignedRule: PathRule = (program) => {
  const aligned = new Map<string, string>();
  for (const node of program.nodes) {
    const one = assignment(node);
    const raw = one === null ? null : cutDown(one.value);
    if (one !== null && raw !== null && one.target !== raw) aligned.set(one.target, raw);
  }
  const hits: RuleHit[] = [];
  const raws = new Set(aligned.values());
  for (const { expression, at } of scan(program)) {
    const phys =
      expression.kind === 'call' && /^iommu_map(?:_atomic)?$/.test(calleeOf(expression) ?? '')
        ? expression.args[2]
        : undefined;
    const text = phys === undefined ? '' : print(withoutCasts(phys));
    if (!raws.has(text) || [...aligned.entries()].some(([cut, raw]) => cut === raw && raw === text)) continue;
    hits.push(
      localHit(
        KEY_UNALIGNED,
        at,
        `${printShort(expression)} maps ${text} as it came, and the start of its page is ${[...aligned].find(([, raw]) => raw === text)?.[0] ?? ''}`,
        'a doorbell register stands at an offset in its page: iommu_map() refuses what is not aligned to the granule',
        'iommu_map() in drivers/iommu/iommu.c',
      ),
    );
  }
  for (const node of program.nodes) {
    const kept = assignment(node);
    if (kept?.field === null || kept === null) continue;
    const value = print(withoutCasts(kept.value));
    const raw = aligned.get(value) ?? cutDown(kept.value);
    if (raw === null || raw === undefined) continue;
    for (const { expression, at } of scan(program)) {
      if (expression.kind !== 'binary' || expression.operator !== '==') continue;
      const [left, right] = [withoutCasts(expression.left), withoutCasts(expression.right)];
      const [field, key] = left.kind === 'field' ? [left, right] : [right, left];
      if (field.kind !== 'field' || field.field !== kept.field || print(key) !== raw) continue;
      // The entry looked at is another than the one being made.
      if (print(field) === kept.target && !/^\w+->/.test(kept.target)) continue;
      hits.push({
        rule: KEY_UNALIGNED,
        at,
        message: `${printShort(expression)} looks for ${raw} as it came, and entries are kept by the start of its page`,
        why: [
          {
            text: 'an entry is not found again: each doorbell register of one page takes an IOVA of its own, and the window runs out',
            reference: 'iommu_dma_get_msi_page() in drivers/iommu/dma-iommu.c; invariant I6: one IOVA a page',
          },
        ],
        related: [{ at: kept.at, message: 'kept so' }],
      });
    }
  }
  return hits;
};

/** Fields that name a last byte: somewhere they are given `… - 1`. */
function isLastByte(field: string, programs: Iterable<Program>): Program['at'] | null {
  for (const program of programs)
    for (const node of program.nodes) {
      const one = assignment(node);
      if (one?.field !== field) continue;
      const value = withoutCasts(one.value);
      if (value.kind === 'binary' && value.operator === '-' && print(value.right) === '1') return node.at;
    }
  return null;
}

/** `next + size > last`: a range that ends with the last byte is refused. */
export const lastPageLostRule: PathRule = (program, { programs }) =>
  program.nodes.flatMap((node): RuleHit[] => {
    if (node.kind !== 'branch' || node.loop) return [];
    const hits: RuleHit[] = [];
    visit(node.condition, (inner) => {
      if (inner.kind !== 'binary' || !/^(?:>|>=)$/.test(inner.operator)) return;
      const [sum, last] = [withoutCasts(inner.left), withoutCasts(inner.right)];
      if (sum.kind !== 'binary' || sum.operator !== '+' || last.kind !== 'field' || print(sum.right) === '1') return;
      if (!/size|len|granule|SIZE|bytes/.test(print(sum.right))) return;
      const given = isLastByte(last.field, programs.values());
      if (given === null) return;
      hits.push({
        ...localHit(
          LAST_PAGE_LOST,
          node.at,
          `${printShort(inner)} refuses the range that ends with ${print(last)}, which is the last byte of it`,
          'one page less can be used than there is: one doorbell more than that and enabling fails',
          'invariant I7',
        ),
        related: [{ at: given, message: 'the last byte, not the one behind' }],
      });
    });
    return hits;
  });

/** `x >= start && x <= end`: the value and what it lies between. */
function between(part: Expression): { readonly value: string; readonly low: string; readonly high: string } | null {
  const sides = operandsOf(bareCondition(part), '&&').map((one) => withoutCasts(one));
  if (sides.length !== 2) return null;
  let value: string | null = null;
  let low: string | null = null;
  let high: string | null = null;
  const both = sides.map((one) => {
    if (one.kind !== 'binary' || !/^[<>]=?$/.test(one.operator)) return null;
    const [a, b] = [print(withoutCasts(one.left)), print(withoutCasts(one.right))];
    return one.operator.startsWith('>') ? { large: a, small: b } : { large: b, small: a };
  });
  const [one, two] = both;
  if (one === null || two === null || one === undefined || two === undefined) return null;
  if (one.large === two.small) [value, low, high] = [one.large, one.small, two.large];
  else if (one.small === two.large) [value, low, high] = [one.small, two.small, one.large];
  return value === null || low === null || high === null ? null : { value, low, high };
}

/** Two ranges overlap also where one lies around the other. */
export const overlapEnclosingRule: PathRule = (program) =>
  scan(program).flatMap(({ expression, at }): RuleHit[] => {
    if (expression.kind !== 'binary' || expression.operator !== '||') return [];
    const parts = operandsOf(expression, '||').map(between);
    const [one, two] = parts;
    if (parts.length !== 2 || one === null || two === null || one === undefined || two === undefined) return [];
    if (one.low !== two.low || one.high !== two.high || one.value === two.value) return [];
    if (
      !/start|iova|base|addr|first|begin/.test(`${one.value}${two.value}`) ||
      !/end|last|size|len/.test(`${one.value}${two.value}`)
    )
      return [];
    return [
      localHit(
        OVERLAP_ENCLOSING,
        at,
        `neither ${one.value} nor ${two.value} lies between ${one.low} and ${one.high} where the range encloses them: that overlap is not seen`,
        'a mapping around the window of doorbells or a reserved region passes',
        'two ranges overlap when each begins before the other ends',
      ),
    ];
  });

const START = /(?:^|_)(?:start|iova|base|addr|first|begin)$/;
const END = /(?:^|_)(?:end|last)$/;

const wordOf = (text: string): string => /(\w+)$/.exec(text)?.[1] ?? '';

/** A function that is to find an overlap finds a range that lies within the other, or around it, alone. */
export const containedRule: PathRule = (program) => {
  if (!/overlap|conflict|intersect|is_reserved|collide/.test(program.name)) return [];
  return program.nodes.flatMap((node): RuleHit[] => {
    const asked = node.kind === 'branch' ? node.condition : node.kind === 'return' ? node.value : null;
    if (asked === null || (node.kind === 'branch' && node.loop)) return [];
    const parts = operandsOf(bareCondition(asked), '&&').map((one) => withoutCasts(one));
    const pairs = parts.flatMap((one) => {
      if (one.kind !== 'binary' || !/^[<>]=?$/.test(one.operator)) return [];
      const [a, b] = [print(withoutCasts(one.left)), print(withoutCasts(one.right))];
      return [one.operator.startsWith('>') ? { large: a, small: b } : { large: b, small: a }];
    });
    const [one, two] = pairs;
    if (parts.length !== 2 || one === undefined || two === undefined) return [];
    const starts = [one, two].find((pair) => START.test(wordOf(pair.large)) && START.test(wordOf(pair.small)));
    const ends = [one, two].find((pair) => END.test(wordOf(pair.large)) && END.test(wordOf(pair.small)));
    if (starts === undefined || ends === undefined) return [];
    // A range that does not fit into the other is refused: that asks for containment.
    const yes = node.kind === 'return' || refusesOrFinds(program, node.kind === 'branch' ? node.then : -1);
    if (!yes) return [];
    return [
      localHit(
        CONTAINED_FOR_OVERLAP,
        node.at,
        `${printShort(asked)} holds only where one range lies within the other: ranges that overlap in part are not seen`,
        'a mapping that reaches into the window of doorbells or a reserved region from outside passes',
        'two ranges overlap when each begins before the other ends',
      ),
    ];
  });
};

/** Does this side say that something was found: true, an entry, an error? */
function refusesOrFinds(program: Program, index: number): boolean {
  const node = program.nodes[index];
  if (node?.kind !== 'return' || node.value === null) return false;
  return !/^(?:0|false|NULL)$/.test(print(withoutCasts(node.value)));
}

interface Counted {
  readonly name: string;
  readonly step: '++' | '--';
  readonly at: RuleHit['at'];
  readonly index: number;
}

const counted = (program: Program): Counted[] =>
  program.nodes.flatMap((node, index): Counted[] => {
    if (node.kind !== 'do') return [];
    const inner = withoutCasts(node.expression);
    if (inner.kind === 'update') return [{ name: print(inner.target), step: inner.operator, at: node.at, index }];
    if (
      inner.kind === 'call' &&
      /^atomic(?:64)?_(?:inc|dec)$/.test(calleeOf(inner) ?? '') &&
      inner.args[0] !== undefined
    )
      return [
        {
          name: print(inner.args[0]).replace(/^&/, ''),
          step: calleeOf(inner)?.endsWith('inc') ? '++' : '--',
          at: node.at,
          index,
        },
      ];
    return [];
  });

/** What the branch right before a step asks, where one side of it comes to the step and the other does not; null when both do. */
function askedBefore(program: Program, index: number): string | null {
  for (const node of program.nodes) {
    if (node.kind !== 'branch' || node.loop) continue;
    const [then, otherwise] = [node.then === index, node.otherwise === index];
    if (then === otherwise) continue;
    if (!reach(program, [then ? node.otherwise : node.then], () => false).has(index)) return print(node.condition);
  }
  return null;
}

/** Counted up under a condition, and down without one. */
export const countUnevenRule: PathRule = (program, { programs }) => {
  if (program.evidence === 'fragment' || !UNDOES.test(program.name)) return [];
  return counted(program).flatMap((down): RuleHit[] => {
    if (down.step !== '--' || /->|\./.test(down.name)) return [];
    if (!/unsafe|untrusted|bypass|nr_|num_|count|users|refs/.test(down.name)) return [];
    const ups = [...programs.values()].flatMap((one) =>
      one.file === program.file && one.name !== program.name
        ? counted(one)
            .filter((up) => up.step === '++' && up.name === down.name)
            .map((up) => ({ one, up }))
        : [],
    );
    const up = ups[0];
    if (ups.length !== 1 || up === undefined || up.one.evidence === 'fragment') return [];
    const asked = askedBefore(up.one, up.up.index);
    if (asked === null || /alloc|^!?\w*ret|err|IS_ERR/.test(asked)) return [];
    // The entry's own property is asked somewhere before it is counted down.
    const property = asked.replace(/^!/, '').split(/->|\./).at(-1) ?? asked;
    const asksToo = program.nodes.some(
      (node) => node.kind === 'branch' && print(node.condition).includes(property.replace(/\W.*$/, '')),
    );
    if (asksToo || askedBefore(program, down.index)?.includes(down.name)) return [];
    // Asked of an argument that both take: the caller chooses.
    return [
      {
        rule: COUNT_UNEVEN,
        at: down.at,
        message: `${down.name} is counted down whatever it is, and ${up.one.name}() counts up only if ${asked}`,
        why: [
          {
            text: 'the count comes to 0 while entries it stands for are still there: what is asked of it is answered for fewer than there are',
            reference: 'invariant I11',
          },
        ],
        related: [{ at: up.up.at, message: 'counted up here' }],
      },
    ];
  });
};

export const WINDOW_SEARCH_RULES: readonly PathRule[] = [
  keyUnalignedRule,
  lastPageLostRule,
  overlapEnclosingRule,
  containedRule,
  countUnevenRule,
];
