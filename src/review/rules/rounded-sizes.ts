/** Sizes of what is mapped. In: one function. Out: a size rounded up by itself where the address is cut down by as much as it lies within its page. */
import type { Expression, Program } from '../../code/types';
import { calleeOf, namesIn, print, printShort, visit, withoutCasts } from '../../code/walk';
import { SIZE_WITHOUT_OFFSET } from '../catalog-arith';
import { localHit, scan } from './scan';
import type { PathRule, RuleHit } from './types';
import { assignment } from './window-search';

const ROUNDS_UP = /^(?:ALIGN|round_up|roundup|PAGE_ALIGN|iova_align|iommu_align)$/;

interface Cut {
  /** What is cut down, and by which granule. */
  readonly address: string;
  readonly granule: string;
  readonly at: RuleHit['at'];
}

/** `x & ~(granule - 1)`, `x &= ~(granule - 1)`, `ALIGN_DOWN(x, granule)`. */
function cuts(program: Program): Cut[] {
  return scan(program).flatMap(({ expression, at }): Cut[] => {
    const masked =
      expression.kind === 'binary' && expression.operator === '&'
        ? { address: expression.left, mask: expression.right }
        : expression.kind === 'assign' && expression.operator === '&='
          ? { address: expression.target, mask: expression.value }
          : null;
    if (masked !== null) {
      const mask = withoutCasts(masked.mask);
      const inner = mask.kind === 'unary' && mask.operator === '~' ? withoutCasts(mask.operand) : null;
      return inner?.kind === 'binary' && inner.operator === '-' && print(inner.right) === '1'
        ? [{ address: print(withoutCasts(masked.address)), granule: print(withoutCasts(inner.left)), at }]
        : [];
    }
    if (expression.kind !== 'call' || !/^(?:ALIGN_DOWN|round_down|rounddown)$/.test(calleeOf(expression) ?? ''))
      return [];
    const [address, granule] = expression.args;
    return address === undefined || granule === undefined
      ? []
      : [{ address: print(withoutCasts(address)), granule: print(withoutCasts(granule)), at }];
  });
}

const ADDRESS = /addr|phys|paddr|iova|doorbell|base|start|vaddr|gpa|hpa/;

/** `size = ALIGN(len, g)` beside `addr &= ~(g - 1)`: the end of the range lies behind what is mapped. */
export const sizeWithoutOffsetRule: PathRule = (program) => {
  const all = cuts(program).filter((cut) => ADDRESS.test(cut.address));
  if (all.length === 0) return [];
  return scan(program).flatMap(({ expression, at }): RuleHit[] => {
    if (expression.kind !== 'call' || !ROUNDS_UP.test(calleeOf(expression) ?? '')) return [];
    const length = expression.args[0] === undefined ? null : withoutCasts(expression.args[0]);
    const granule = expression.args[1] === undefined ? null : print(withoutCasts(expression.args[1]));
    if (length?.kind !== 'name' || !/len|size|bytes/.test(length.name) || granule === null) return [];
    const cut = all.find((one) => one.granule === granule);
    if (cut === undefined || knowsOffset(program, length.name, cut)) return [];
    return [
      {
        ...localHit(
          SIZE_WITHOUT_OFFSET,
          at,
          `${printShort(expression)} leaves out where ${cut.address} lies in its page, which is cut off it here`,
          'a range that begins behind the start of its page ends behind what this size covers: its last bytes are not mapped',
          'iommu_dma_map_phys() in drivers/iommu/dma-iommu.c: the offset is added before the size is rounded',
        ),
        related: [{ at: cut.at, message: 'cut down to the start of its page here' }],
      },
    ];
  });
};

/** Is the length made of the offset somewhere, is the offset asked for, or the address held against the granule? */
function knowsOffset(program: Program, length: string, { address, granule, at }: Cut): boolean {
  const sums = program.nodes.some((node) => {
    const one = assignment(node);
    const adds = (value: Expression): boolean => {
      let found = false;
      visit(value, (inner) => {
        if (inner.kind === 'binary' && /^[+-]$/.test(inner.operator) && !isGranule(inner, granule)) found = true;
      });
      return found;
    };
    if (node.kind === 'do' && node.expression.kind === 'assign' && node.expression.operator === '+=')
      return print(node.expression.target) === length;
    return one?.target === length && adds(one.value);
  });
  if (sums) return true;
  return scan(program).some(({ expression, at: where }) => {
    if (where === at) return false;
    const offset =
      expression.kind === 'binary' && expression.operator === '&' && namesIn(expression).has(address)
        ? withoutCasts(expression.right)
        : null;
    if (offset !== null && offset.kind !== 'unary') return true;
    return (
      expression.kind === 'call' &&
      /^(?:IS_ALIGNED|offset_in_page|iova_offset|WARN_ON)$/.test(calleeOf(expression) ?? '') &&
      expression.args.some((arg) => namesIn(arg).has(/^\w+/.exec(address)?.[0] ?? address))
    );
  });
}

const isGranule = (inner: Extract<Expression, { kind: 'binary' }>, granule: string): boolean =>
  print(withoutCasts(inner.left)) === granule && print(inner.right) === '1';
