/** Fields of registers: a mask, and the shift that belongs to it. */
import type { Expression } from '../../code/types';
import { calleeOf, print, printShort, visit, withoutCasts } from '../../code/walk';
import { MASK_SHIFT } from '../catalog-arith';
import { localHit, scan } from './scan';
import type { PathRule, RuleHit, Surroundings } from './types';

/** Fields of PCI capabilities that are not in the diff: value of the mask, as include/uapi/linux/pci_regs.h has it. */
const KNOWN: Readonly<Record<string, number>> = {
  PCI_MSI_FLAGS_QMASK: 0x0e,
  PCI_MSI_FLAGS_QSIZE: 0x70,
  PCI_MSIX_FLAGS_QSIZE: 0x7ff,
  PCI_MSIX_TABLE_BIR: 0x7,
};

/** The value of a mask below 2^53; null when it is not plain. */
function numberOf(expression: Expression, around: Surroundings, depth = 3): number | null {
  const inner = withoutCasts(expression);
  if (depth === 0) return null;
  if (inner.kind === 'number') return Number.isSafeInteger(inner.value) && inner.value >= 0 ? inner.value : null;
  if (inner.kind === 'name') {
    const known = KNOWN[inner.name];
    if (known !== undefined) return known;
    const constant = around.constants?.get(inner.name);
    return constant === undefined ? null : numberOf(constant, around, depth - 1);
  }
  if (inner.kind === 'call' && /^GENMASK(?:_ULL|_U32)?$/.test(calleeOf(inner) ?? '')) {
    const [high, low] = inner.args.map((arg) => numberOf(arg, around, depth - 1));
    if (high === null || low === null || high === undefined || low === undefined || high > 51 || low > high)
      return null;
    return 2 ** (high + 1) - 2 ** low;
  }
  if (inner.kind === 'binary') {
    const left = numberOf(inner.left, around, depth - 1);
    const right = numberOf(inner.right, around, depth - 1);
    if (left === null || right === null) return null;
    if (inner.operator === '<<' && right < 52) return left * 2 ** right;
    if (inner.operator === '-') return left - right >= 0 ? left - right : null;
  }
  return null;
}

/** Lowest bit and width of a mask without holes; null for others. */
function fieldOf(mask: number): { readonly low: number; readonly width: number } | null {
  if (mask <= 0) return null;
  let low = 0;
  let rest = mask;
  while (rest % 2 === 0) {
    rest /= 2;
    low += 1;
  }
  const width = Math.log2(rest + 1);
  return Number.isInteger(width) ? { low, width } : null;
}

/** `(x & MASK) >> n`, `FIELD_PREP(MASK, n)`. */
export const maskShiftRule: PathRule = (program, around) => {
  const hits: RuleHit[] = [];
  const packed = new Set<Expression>();
  for (const { expression } of scan(program))
    if (expression.kind === 'binary' && expression.operator === '|')
      for (const part of [expression.left, expression.right]) packed.add(withoutCasts(part));
  for (const { expression, at } of scan(program)) {
    if (expression.kind === 'binary' && expression.operator === '>>') {
      const masked = withoutCasts(expression.left);
      if (masked.kind !== 'binary' || masked.operator !== '&') continue;
      const mask = withoutCasts(masked.right);
      const amount = numberOf(expression.right, around);
      const value = mask.kind === 'name' || mask.kind === 'call' ? numberOf(mask, around) : null;
      const field = value === null ? null : fieldOf(value);
      if (field === null || amount === null || amount === field.low) continue;
      // Bits above the lowest are asked for on purpose when some of the field stays.
      if (amount > field.low && amount < field.low + field.width && /PAGE|ADDR|BASE|PFN/.test(print(mask))) continue;
      // What is put beside other bits is moved to its place there, not to bit 0.
      if (amount < field.low && packed.has(expression)) continue;
      if (amount < field.low && (amount === 0 || /ADDR|BASE|PFN|PAGE/.test(print(mask)))) continue;
      hits.push(
        localHit(
          MASK_SHIFT,
          at,
          `${printShort(mask)} begins at bit ${field.low}, and ${printShort(expression)} shifts by ${amount}`,
          amount > field.low
            ? `${amount - field.low} bits of the field are lost`
            : 'the value comes out too large by a power of two',
        ),
      );
    }
    if (expression.kind === 'call' && /^FIELD_PREP(?:_CONST)?$/.test(calleeOf(expression) ?? '')) {
      const [mask, given] = expression.args;
      const field = mask === undefined ? null : fieldOf(numberOf(mask, around) ?? 0);
      const value = given === undefined || isSizeOf(given) ? null : numberOf(given, around);
      if (mask === undefined || given === undefined || field === null || value === null || value < 2 ** field.width)
        continue;
      hits.push(
        localHit(
          MASK_SHIFT,
          at,
          `${printShort(given)} needs more than the ${field.width} bits of ${printShort(mask)}`,
          'what does not fit is cut off, or does not compile',
          'include/linux/bitfield.h',
        ),
      );
    }
  }
  return hits;
};

function isSizeOf(expression: Expression): boolean {
  let found = false;
  visit(expression, (inner) => {
    if (inner.kind === 'sizeof') found = true;
  });
  return found;
}
