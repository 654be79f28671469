/** Lengths of windows. In: one function. Out: a software window whose length counts pages of the CPU, and a search for what a range meets that looks at its first byte. */
import type { Expression, Program } from '../../code/types';
import { calleeOf, print, printShort, visit, withoutCasts } from '../../code/walk';
import { RANGE_HALF_CHECKED, WINDOW_LENGTH } from '../catalog-window';
import { localHit, scan } from './scan';
import type { PathRule, RuleHit } from './types';
import { assignment } from './window-search';

/** Sizes of a page of the CPU, or of the least page of any IOMMU. */
const CPU_PAGE = /^(?:SZ_4K|PAGE_SIZE|0x1000|4096|EFI_PAGE_SIZE)$/;

/** Where a value counts pages of the CPU: `n * SZ_4K`, `n << PAGE_SHIFT`, also behind a variable; null where it does not. */
function inCpuPages(value: Expression, program: Program, depth = 0): Expression | null {
  let found: Expression | null = null;
  visit(value, (inner) => {
    if (found !== null || inner.kind !== 'binary') return;
    const [left, right] = [print(withoutCasts(inner.left)), print(withoutCasts(inner.right))];
    const counts = (text: string): boolean => /[a-z]/.test(text.replace(/sizeof|0x[0-9a-f]+/gi, ''));
    if (inner.operator === '*' && ((CPU_PAGE.test(right) && counts(left)) || (CPU_PAGE.test(left) && counts(right))))
      found = inner;
    if (inner.operator === '<<' && /^(?:PAGE_SHIFT|12)$/.test(right) && counts(left)) found = inner;
  });
  if (found !== null || depth > 0) return found;
  const inner = withoutCasts(value);
  if (inner.kind !== 'name') return null;
  for (const node of program.nodes) {
    const one = assignment(node);
    const of = one?.target === inner.name ? inCpuPages(one.value, program, 1) : null;
    if (of !== null) return of;
  }
  return null;
}

/** `iommu_alloc_resv_region(base, frames * SZ_4K, prot, IOMMU_RESV_SW_MSI)`. */
export const windowLengthRule: PathRule = (program) =>
  scan(program).flatMap(({ expression, at }): RuleHit[] => {
    if (expression.kind !== 'call' || calleeOf(expression) !== 'iommu_alloc_resv_region') return [];
    if (print(expression.args[3] ?? expression) !== 'IOMMU_RESV_SW_MSI' || expression.args[1] === undefined) return [];
    const of = inCpuPages(expression.args[1], program);
    if (of === null) return [];
    const where = scan(program).find((one) => one.expression === of)?.at ?? at;
    return [
      {
        ...localHit(
          WINDOW_LENGTH,
          where,
          `${printShort(of)} counts the window in pages of the CPU or of 4 KiB, and each doorbell takes a page of the IOMMU`,
          'with a larger granule the window is too short: enabling interrupts fails once it is full',
          'invariant I7; cookie_msi_granule() in drivers/iommu/dma-iommu.c',
        ),
        related: [{ at, message: 'the window is made here' }],
      },
    ];
  });

const SEARCHES = /find|overlap|conflict|intersect|lookup|exists|is_(?:free|reserved|mapped)/;
const KEEPS = /link|insert|add|reserve|map|register/;

/** What is there is looked for at the first byte alone, in a function that goes on to put a range of some size there. */
export const firstByteRule: PathRule = (program) => {
  const seen = scan(program);
  const searches = seen.flatMap(({ expression, at, node }) => {
    if (expression.kind !== 'call' || !SEARCHES.test(calleeOf(expression) ?? '')) return [];
    const [last, start] = [expression.args.at(-1), expression.args.at(-2)];
    if (last?.kind !== 'number' || last.value !== 1 || start === undefined || expression.args.length < 2) return [];
    return [{ call: expression, name: calleeOf(expression) ?? '', start: print(withoutCasts(start)), at, node }];
  });
  const [one, ...others] = searches;
  // Asked at both ends, or for another reason than to find nothing.
  if (one === undefined || others.length > 0) return [];
  if (one.node.kind !== 'branch' || print(withoutCasts(one.node.condition)) !== print(one.call)) return [];
  if (!refuses(program, one.node.then) || !/iova|start|addr|base/.test(one.start)) return [];
  const kept = program.nodes.flatMap((node) => {
    const given = assignment(node);
    return given?.field == null ? [] : [given];
  });
  const start = kept.find((given) => print(withoutCasts(given.value)) === one.start);
  const holder = start?.target.replace(/(?:->|\.)\w+$/, '');
  const size = kept.find(
    (given) => given.target.replace(/(?:->|\.)\w+$/, '') === holder && /size|len|last|end/.test(given.field ?? ''),
  );
  if (start === undefined || size === undefined || withoutCasts(size.value).kind === 'number') return [];
  const put = seen.some(
    ({ expression }) =>
      expression.kind === 'call' &&
      KEEPS.test(calleeOf(expression) ?? '') &&
      expression.args.some((arg) => print(withoutCasts(arg)) === holder),
  );
  if (!put) return [];
  return [
    {
      ...localHit(
        RANGE_HALF_CHECKED,
        one.at,
        `${printShort(one.call)} looks at the first byte alone, and ${print(withoutCasts(size.value))} bytes are put there`,
        'a range that begins in front of something that is there and runs into it passes',
        'invariant I5',
      ),
      related: [{ at: size.at, message: 'its size' }],
    },
  ];
};

/** Does a side come to an error before anything is decided? */
function refuses(program: Program, from: number): boolean {
  let at = from;
  for (let steps = 0; steps < 5; steps++) {
    const node = program.nodes[at];
    if (node?.kind === 'return')
      return node.value !== null && /^-?\s*-E|^-E|EEXIST|EBUSY|EINVAL|ret|rc|err/.test(print(node.value));
    if (node?.kind !== 'do') return false;
    at = node.next;
  }
  return false;
}

export const WINDOW_LENGTH_RULES: readonly PathRule[] = [windowLengthRule, firstByteRule];
