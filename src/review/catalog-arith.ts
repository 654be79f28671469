import type { Rule } from './rule';

/** The rules of class arith: numbers, bits, bounds and operators. */
const rule = (id: string, title: string, severity: Rule['severity'] = 'warning'): Rule => ({
  id,
  title,
  class: 'arith',
  severity,
});

export const NOT_BEFORE_MASK = rule('not-before-mask', 'Negated before it is masked');
export const TRUTH_AS_VALUE = rule('truth-as-value', 'Truth where a value is meant');
export const MASK_SLIP = rule('mask-slip', 'Flag set or cleared the wrong way');
export const SAME_OPERANDS = rule('same-operands', 'The same twice');
export const SHIFT_WIDTH = rule('shift-width', 'Shifted in 32 bits');
export const NARROW_MASK = rule('narrow-mask', 'Mask narrower than the address');
export const SIZE_WITHOUT_OFFSET = rule('size-without-offset', 'Size rounded without the offset');
export const SIGN_LOST = rule('sign-lost', 'Sign lost in a comparison');
export const ERROR_AS_BOOL = rule('error-as-bool', 'Error returned as truth');
export const OFF_BY_ONE = rule('off-by-one', 'One too many');
export const INCLUSIVE_END = rule('inclusive-end', 'Inclusive end taken for a length');
export const ROLLBACK_INDEX = rule('rollback-index', 'Rollback leaves the first out');
export const NARROW_POINTER = rule('narrow-pointer', 'Written through a wider pointer');
export const PREPARED_COUNT = rule('prepared-count', 'Fewer handed over than prepared');
export const POINTER_SIZE = rule('pointer-size', 'Size of the pointer');
export const SWAPPED_ARGUMENTS = rule('swapped-arguments', 'Arguments exchanged');
export const UNMAP_PROGRESS = rule('unmap-progress', 'No progress when nothing is unmapped');
export const ROUNDED_DOWN = rule('rounded-down', 'Pages rounded down');
export const GRANULE_MIX = rule('granule-mix', 'CPU page and IOMMU granule mixed');
export const UNIT_MIX = rule('unit-mix', 'Page number and address mixed');
export const SUM_WRAPS = rule('sum-wraps', 'Test that cannot see the wrap');
export const ADDRESS_NARROWED = rule('address-narrowed', 'Address kept in 32 bits');
export const COUNT_AS_END = rule('count-as-end', 'Count taken for an end');
export const ROLLBACK_START = rule('rollback-start', 'Rollback passes its start');
export const UNEVEN_STEP = rule('uneven-step', 'One of two stays');
export const MIN_FOR_MAX = rule('min-for-max', 'min() and max() exchanged');
export const MASK_SHIFT = rule('mask-shift', 'Shift does not fit the mask');
export const ALIGN_MASK = rule('align-mask', 'Mask of no power of two');
export const SAME_SLOT = rule('same-slot', 'Each round writes the same place');
export const HALF_UNSHIFTED = rule('half-unshifted', 'Upper half on the lower one');

export const ARITH_RULES: readonly Rule[] = [
  NOT_BEFORE_MASK,
  HALF_UNSHIFTED,
  TRUTH_AS_VALUE,
  MASK_SLIP,
  SAME_OPERANDS,
  SHIFT_WIDTH,
  NARROW_MASK,
  SIZE_WITHOUT_OFFSET,
  SIGN_LOST,
  ERROR_AS_BOOL,
  OFF_BY_ONE,
  INCLUSIVE_END,
  ROLLBACK_INDEX,
  NARROW_POINTER,
  PREPARED_COUNT,
  POINTER_SIZE,
  SWAPPED_ARGUMENTS,
  UNMAP_PROGRESS,
  ROUNDED_DOWN,
  GRANULE_MIX,
  UNIT_MIX,
  SUM_WRAPS,
  ADDRESS_NARROWED,
  COUNT_AS_END,
  ROLLBACK_START,
  UNEVEN_STEP,
  MIN_FOR_MAX,
  MASK_SHIFT,
  ALIGN_MASK,
  SAME_SLOT,
];
