import type { Expression, Program } from '../../code/types';
import { calleeOf, callsOf, print, printShort, visit, withoutCasts } from '../../code/walk';
import { GRANULE_MIX, ROUNDED_DOWN, UNMAP_PROGRESS } from '../catalog-arith';
import { mentions } from './mentions';
import { localHit, scan } from './scan';
import type { PathRule, RuleHit } from './types';

const UNMAPS = /^(?:iommu_unmap|iommu_unmap_fast|__iommu_unmap|unmap_pages)$/;

/** A loop that goes on by what was unmapped, and never looks whether that is nothing. */
export const unmapProgressRule: PathRule = (program) => {
  const hits: RuleHit[] = [];
  for (const node of program.nodes) {
    const value =
      node.kind === 'declare'
        ? node.init
        : node.kind === 'do' && node.expression.kind === 'assign'
          ? node.expression.value
          : null;
    const inner = value === null ? null : withoutCasts(value);
    if (inner?.kind !== 'call' || !UNMAPS.test(calleeOf(inner) ?? '')) continue;
    const target =
      node.kind === 'declare'
        ? node.variable.name
        : node.kind === 'do' && node.expression.kind === 'assign'
          ? print(node.expression.target)
          : '';
    let advances = false;
    let tested = false;
    for (const other of program.nodes) {
      if (other.kind === 'do' && other.expression.kind === 'assign' && /^[+-]=$/.test(other.expression.operator)) {
        if (print(withoutCasts(other.expression.value)) === target) advances = true;
      }
      if (other.kind === 'branch' && mentions(other.condition, target)) tested = true;
      for (const call of callsOf(other))
        if (
          /^(?:WARN_ON|WARN_ON_ONCE|BUG_ON|WARN)$/.test(calleeOf(call) ?? '') &&
          call.args.some((arg) => mentions(arg, target))
        )
          tested = true;
    }
    const inLoop = inner.args.some((arg) => arg.kind === 'name' && advanced(program, arg.name, target));
    if (advances && inLoop && !tested)
      hits.push(
        localHit(
          UNMAP_PROGRESS,
          node.at,
          `the loop goes on by ${target}, and nothing tests whether ${calleeOf(inner)}() unmapped anything`,
          'it returns 0 when nothing is mapped there, and the loop never ends',
          'drivers/iommu/iommu.c: iommu_unmap() returns the size unmapped',
        ),
      );
  }
  return hits;
};

function advanced(program: Program, name: string, by: string): boolean {
  return program.nodes.some(
    (node) =>
      node.kind === 'do' &&
      node.expression.kind === 'assign' &&
      /^[+-]=$/.test(node.expression.operator) &&
      print(node.expression.target) === name &&
      print(withoutCasts(node.expression.value)) === by,
  );
}

const PAGES = /^(?:n|nr|num)_?pages$|^npages$|^page_count$|^pages$|_(?:n|nr|num)_?pages$/;

function isPageShift(expression: Expression): boolean {
  return expression.kind === 'name' && /^(?:PAGE_SHIFT|HV_HYP_PAGE_SHIFT|PAGE_SIZE)$/.test(expression.name);
}

/** `npages = size >> PAGE_SHIFT` in an allocator that never rounds the size up. */
export const roundedDownRule: PathRule = (program) => {
  if (program.evidence === 'fragment' || !/alloc/.test(program.name)) return [];
  const sizes = new Set(
    program.parameters.filter((one) => /^(?:size|len|length)$/.test(one.name)).map((one) => one.name),
  );
  if (sizes.size === 0) return [];
  const rounded = new Set<string>();
  for (const { expression } of scan(program)) {
    if (
      expression.kind === 'call' &&
      /ALIGN|round_up|roundup|DIV_ROUND_UP|iova_align|PFN_UP|offset_in_page/i.test(calleeOf(expression) ?? '')
    )
      for (const size of sizes) if (expression.args.some((arg) => mentions(arg, size))) rounded.add(size);
    if (expression.kind === 'binary' && /^[&+%]$/.test(expression.operator) && isPageMask(expression.right))
      for (const size of sizes) if (mentions(expression.left, size)) rounded.add(size);
  }
  const hits: RuleHit[] = [];
  const look = (target: string, value: Expression | null, at: RuleHit['at']): void => {
    const inner = value === null ? null : withoutCasts(value);
    if (inner?.kind !== 'binary' || !/^(?:>>|\/)$/.test(inner.operator) || !isPageShift(inner.right)) return;
    const size = withoutCasts(inner.left);
    if (size.kind !== 'name' || !sizes.has(size.name) || rounded.has(size.name) || !PAGES.test(target)) return;
    hits.push(
      localHit(
        ROUNDED_DOWN,
        at,
        `${target} is ${printShort(inner)}: a size that is no multiple of a page gets one page too few`,
        'the size is never rounded up before',
        'Documentation/core-api/dma-api.rst: any size may be asked for',
      ),
    );
  };
  for (const node of program.nodes) {
    if (node.kind === 'declare') look(node.variable.name, node.init, node.at);
    else if (node.kind === 'do' && node.expression.kind === 'assign') {
      const { target } = node.expression;
      look(target.kind === 'field' ? target.field : print(target), node.expression.value, node.at);
    }
  }
  return hits;
};

function isPageMask(expression: Expression): boolean {
  return /PAGE_(?:SIZE|MASK)/.test(print(expression));
}

/** `PAGE_MASK`, `~(PAGE_SIZE - 1)`. */
function isPageRounding(expression: Expression): boolean {
  const inner = withoutCasts(expression);
  if (inner.kind === 'name') return inner.name === 'PAGE_MASK';
  if (inner.kind !== 'unary' || inner.operator !== '~') return false;
  const turned = withoutCasts(inner.operand);
  // `(phys_addr_t)(PAGE_SIZE - 1)` reads like a call to a grammar that knows no types.
  const mask = turned.kind === 'call' && /_t$/.test(calleeOf(turned) ?? '') ? (turned.args[0] ?? turned) : turned;
  return print(withoutCasts(mask)) === 'PAGE_SIZE - 1';
}

/** Names that hold the page size of the IOMMU in this function: assigned from what says it. */
function granules(program: Program): ReadonlySet<string> {
  const names = new Set<string>();
  const note = (name: string, value: Expression | null): void => {
    if (value === null) return;
    const text = print(value);
    if (
      /(?:->|\.)granule$|cookie_msi_granule\(|msi_granule\(|__ffs\([^)]*pgsize_bitmap|iova_granule\(/.test(text) ||
      /^1U?L?L? << __ffs\(.*pgsize_bitmap/.test(text)
    )
      names.add(name);
  };
  for (const node of program.nodes) {
    if (node.kind === 'declare') note(node.variable.name, node.init);
    else if (node.kind === 'do' && node.expression.kind === 'assign' && node.expression.target.kind === 'name')
      note(node.expression.target.name, node.expression.value);
  }
  return names;
}

/** A function that knows the IOMMU's page size maps, unmaps or masks by the CPU's. */
export const granuleMixRule: PathRule = (program) => {
  const known = granules(program);
  const granule = [...known][0];
  if (granule === undefined) return [];
  return scan(program).flatMap(({ expression, at }): RuleHit[] => {
    let wrong: Expression | null = null;
    if (
      expression.kind === 'call' &&
      /^(?:iommu_map|iommu_map_atomic|iommu_unmap|iommu_dma_alloc_iova|iommu_dma_free_iova|alloc_iova|alloc_iova_fast)$/.test(
        calleeOf(expression) ?? '',
      )
    ) {
      for (const arg of expression.args)
        visit(arg, (inner) => {
          if (inner.kind === 'name' && /^PAGE_(?:SIZE|SHIFT|MASK)$/.test(inner.name)) wrong = inner;
        });
    } else if (expression.kind === 'assign' && expression.operator === '&=' && isPageRounding(expression.value))
      wrong = expression.value;
    if (wrong === null) return [];
    return [
      localHit(
        GRANULE_MIX,
        at,
        `${printShort(wrong)} is the CPU's page, and this function works with ${granule}, the IOMMU's`,
        'with 64 KiB CPU pages and 4 KiB IOMMU pages, or the reverse, one of the two does not cover the other',
      ),
    ];
  });
};
