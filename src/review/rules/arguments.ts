import type { Expression, Program } from '../../code/types';
import { calleeOf, print, printShort, withoutCasts } from '../../code/walk';
import type { Place } from '../../place';
import { PREPARED_COUNT, SWAPPED_ARGUMENTS, UNIT_MIX } from '../catalog-arith';
import { isConstantName, localHit, scan } from './scan';
import type { PathRule, RuleHit } from './types';

function wordOf(expression: Expression): string {
  const inner = withoutCasts(expression);
  if (inner.kind === 'name') return inner.name;
  return inner.kind === 'field' ? inner.field : '';
}

/** What an argument is named when it is what the parameter wants. */
const PARAMETERS: Readonly<Record<string, readonly (RegExp | null)[]>> = {
  iommu_map: [null, /iova/, /phys|paddr|pfn/, /size|len/, /prot/],
  iommu_map_atomic: [null, /iova/, /phys|paddr|pfn/, /size|len/, /prot/],
  iommu_unmap: [null, /iova/, /size|len/],
  iommu_unmap_fast: [null, /iova/, /size|len/],
};

/** Two arguments of one call stand in each other's place. */
export const swappedArgumentsRule: PathRule = (program, { programs }) => {
  const hits: RuleHit[] = [];
  for (const { expression, at } of scan(program)) {
    if (expression.kind !== 'call') continue;
    const callee = expression.target.kind === 'name' ? expression.target.name : '';
    const args = expression.args.map(withoutCasts);
    const say = (message: string, reason: string) => hits.push(localHit(SWAPPED_ARGUMENTS, at, message, reason));
    if (callee === 'memset' && args[2]?.kind === 'number' && args[2].value === 0)
      say(`${printShort(expression)} sets no bytes: value and size are exchanged`, 'the third argument is the size');
    if (/^GENMASK(?:_ULL)?$/.test(callee) && args[0]?.kind === 'number' && args[1]?.kind === 'number') {
      if (args[0].value < args[1].value)
        say(`${printShort(expression)} is empty: the higher bit comes first`, 'GENMASK(high, low)');
    }
    if (/^FIELD_(?:PREP|GET)$/.test(callee) && args[0] !== undefined && args[1] !== undefined) {
      const maskLike = (e: Expression) => isConstantName(e) && /MASK|_M$/.test(wordOf(e));
      if (!isConstantName(args[0]) && args[0].kind === 'name' && maskLike(args[1]))
        say(`${printShort(expression)}: the mask comes first`, 'the mask must be a constant and is the first argument');
    }
    if (/^k[vm]*[za]*lloc$/.test(callee) && /^GFP_/.test(wordOf(args[0] ?? expression)))
      say(`${printShort(expression)}: the size comes first`, 'the allocation flags are the last argument');
    const wanted = PARAMETERS[callee];
    if (wanted !== undefined)
      for (let i = 0; i < wanted.length; i++)
        for (let k = i + 1; k < wanted.length; k++) {
          const [one, two] = [wanted[i], wanted[k]];
          const [a, b] = [wordOf(args[i] ?? expression), wordOf(args[k] ?? expression)];
          if (one && two && one.test(b) && two.test(a) && !one.test(a) && !two.test(b))
            say(
              `${callee}() is given ${b} where ${a} is wanted, and the other way round`,
              'both are numbers: no compiler notices',
            );
        }
    const parameters = programs.get(callee)?.parameters ?? [];
    for (const [i, one] of parameters.entries())
      for (const [k, two] of parameters.entries()) {
        const [a, b] = [args[i], args[k]];
        if (i >= k || one.name === '' || two.name === '' || one.type !== two.type) continue;
        if (a?.kind === 'name' && b?.kind === 'name' && a.name === two.name && b.name === one.name)
          say(
            `${callee}() takes ${one.name} before ${two.name}, and is given ${two.name} first`,
            `both are ${one.type}: no compiler notices`,
          );
      }
  }
  return hits;
};

/** A local array of which the function fills more elements than it then says there are. */
export const preparedCountRule: PathRule = (program) => {
  if (program.evidence === 'fragment') return [];
  const hits: RuleHit[] = [];
  const arrays = new Set(
    program.nodes.flatMap((node) =>
      node.kind === 'declare' && node.variable.array !== null ? [node.variable.name] : [],
    ),
  );
  for (const name of arrays) {
    for (const { expression, at, index } of scan(program)) {
      if (expression.kind !== 'call' || calleeOf(expression) === 'memset') continue;
      const place = expression.args.findIndex((arg) => {
        const inner = withoutCasts(arg);
        return inner.kind === 'name' && inner.name === name;
      });
      const count = place < 0 ? undefined : expression.args[place + 1];
      if (count?.kind !== 'number' || !/^\d+$/.test(count.text) || count.value < 1) continue;
      const filled = filledElements(program, name, index);
      if (filled > count.value) hits.push(short(name, filled, count.value, calleeOf(expression) ?? 'it', at));
    }
  }
  return hits;
};

function short(name: string, filled: number, told: number, callee: string, at: Place): RuleHit {
  return localHit(
    PREPARED_COUNT,
    at,
    `${filled} elements of ${name} are filled, and ${callee}() is told of ${told}`,
    'the rest is never looked at',
  );
}
/** How many elements, from 0 on, are given values by constant index before a node. */
function filledElements(program: Program, name: string, before: number): number {
  const indexes = new Set<number>();
  for (const { expression, index } of scan(program)) {
    if (expression.kind !== 'assign' || index >= before) continue;
    let target = withoutCasts(expression.target);
    while (target.kind === 'field') target = withoutCasts(target.base);
    if (target.kind === 'index' && print(target.base) === name && target.index.kind === 'number')
      indexes.add(target.index.value);
  }
  let count = 0;
  while (indexes.has(count)) count++;
  return count;
}

type Unit = 'address' | 'page number';

/** Which arguments are page numbers or addresses. */
const UNITS: Readonly<Record<string, readonly (Unit | null)[]>> = {
  alloc_iova: [null, null, 'page number'],
  alloc_iova_fast: [null, null, 'page number'],
  free_iova: [null, 'page number'],
  free_iova_fast: [null, 'page number'],
  find_iova: [null, 'page number'],
  reserve_iova: [null, 'page number', 'page number'],
  pfn_to_page: ['page number'],
  pfn_valid: ['page number'],
  iommu_map: [null, 'address', 'address'],
  iommu_unmap: [null, 'address'],
  iommu_iova_to_phys: [null, 'address'],
  phys_to_page: ['address'],
};

const ADDRESS = /(?:^|_)(?:addr|address|iova|paddr|phys|dma_addr|dma_limit|dma_mask|aperture_end)$/;
const PAGE_NUMBER = /(?:^|_)(?:pfn|[dg]fn|pfn_[lh][oi]|start_pfn|limit_pfn)$/;

/** An address is given where a page number is wanted, or the other way round. */
export const unitMixRule: PathRule = (program) =>
  scan(program).flatMap(({ expression, at }): RuleHit[] => {
    if (expression.kind !== 'call' || expression.target.kind !== 'name') return [];
    const callee = expression.target.name;
    const hits: RuleHit[] = [];
    for (const [index, unit] of (UNITS[callee] ?? []).entries()) {
      const arg = expression.args[index];
      if (unit === null || arg === undefined) continue;
      const word = wordOf(arg);
      const mask = withoutCasts(arg);
      const wrong =
        unit === 'address'
          ? PAGE_NUMBER.test(word)
          : ADDRESS.test(word) || (mask.kind === 'call' && calleeOf(mask) === 'DMA_BIT_MASK');
      if (wrong)
        hits.push(
          localHit(
            UNIT_MIX,
            at,
            `argument ${index + 1} of ${callee}() is ${unit === 'address' ? 'an address' : 'a page number'}, and ${printShort(arg)} is not`,
            unit === 'address'
              ? 'a page number has to be shifted to be an address'
              : 'an address has to be shifted by the domain’s page shift to be a page number',
            'include/linux/iova.h, include/linux/iommu.h',
          ),
        );
    }
    return hits;
  });
