import type { Expression, Program } from '../../code/types';
import { calleeOf, print, printShort, withoutCasts } from '../../code/walk';
import { ARGSZ_UNCHECKED, ERROR_LOST, FLAGS_UNCHECKED } from '../catalog-uapi';
import { bareCondition, errnoOf, localHit, operandsOf } from './scan';
import type { PathRule, RuleHit } from './types';

/** Does a side of the branch fail at once? */
function fails(program: Program, from: number): boolean {
  const node = program.nodes[from];
  if (node?.kind === 'return') return errnoOf(node.value) !== null;
  return node?.kind === 'do' && node.expression.kind === 'assign' && errnoOf(node.expression.value) !== null;
}

const isField = (expression: Expression, name: string): boolean =>
  expression.kind === 'field' && expression.field === name;

/** `minsz`, `sizeof(…)`, `offsetofend(…)`: the least that is read. */
const isLeast = (expression: Expression): boolean =>
  expression.kind === 'sizeof' ||
  (expression.kind === 'name' && /minsz$|min_size$/.test(expression.name)) ||
  (expression.kind === 'call' && calleeOf(expression) === 'offsetofend');

/** A condition that refuses a caller who passes more than the least, and lets the one pass who passes less. */
function refusesMore(condition: Expression): boolean {
  if (condition.kind !== 'binary') return false;
  const [left, right] = [withoutCasts(condition.left), withoutCasts(condition.right)];
  if (/^>=?$/.test(condition.operator)) return isField(left, 'argsz') && isLeast(right);
  return /^<=?$/.test(condition.operator) && isLeast(left) && isField(right, 'argsz');
}

/** `!(x.flags & ~KNOWN)`: refuses what is known. */
function refusesKnown(condition: Expression): boolean {
  if (condition.kind !== 'unary' || condition.operator !== '!') return false;
  const inner = withoutCasts(condition.operand);
  if (inner.kind !== 'binary' || inner.operator !== '&') return false;
  const mask = withoutCasts(inner.right);
  return isField(withoutCasts(inner.left), 'flags') && mask.kind === 'unary' && mask.operator === '~';
}

/** Checks of `argsz` and `flags` that stand the wrong way round. */
export const invertedUserCheckRule: PathRule = (program) =>
  program.nodes.flatMap((node): RuleHit[] => {
    if (node.kind !== 'branch' || node.loop || !fails(program, node.then)) return [];
    const parts = operandsOf(bareCondition(node.condition), '||');
    const more = parts.find(refusesMore);
    if (more !== undefined)
      return [
        localHit(
          ARGSZ_UNCHECKED,
          node.at,
          `${printShort(more)} refuses callers that pass more, and lets those pass that pass less`,
          'less than what is read must be refused; more is what later versions pass',
          'include/uapi/linux/vfio.h: argsz and flags of every structure',
        ),
      ];
    const known = parts.find(refusesKnown);
    return known === undefined
      ? []
      : [
          localHit(
            FLAGS_UNCHECKED,
            node.at,
            `${printShort(known)} refuses callers without unknown flags, and lets unknown ones pass`,
            'the test is the wrong way round',
            'Documentation/process/botching-up-ioctls.rst, Basics',
          ),
        ];
  });

/** `copy_to_user()` as a statement of its own: a fault goes unnoticed. */
export const ignoredFaultRule: PathRule = (program) =>
  program.nodes.flatMap((node): RuleHit[] => {
    if (node.kind !== 'do') return [];
    const call = node.expression;
    const callee = call.kind === 'call' ? (calleeOf(call) ?? '') : '';
    if (call.kind !== 'call' || !/^(?:copy_(?:to|from)_user|put_user|get_user|clear_user)$/.test(callee)) return [];
    return [
      localHit(
        ERROR_LOST,
        node.at,
        `${callee}(${call.args.map(print).join(', ').slice(0, 40)}…) can fault, and nothing looks at its result`,
        callee === 'copy_from_user' || callee === 'get_user'
          ? 'the function goes on with what was in the buffer before'
          : 'userspace takes an answer that was never written for success',
        'Documentation/kernel-hacking/hacking.rst, copy_to_user()',
      ),
    ];
  });

/** Functions whose error no caller may drop: what they did not do is relied on. */
const MUST_HEED =
  /^(?:iommu_map(?:_atomic)?|iommu_attach_(?:device|group|device_pasid)|dma_set_mask(?:_and_coherent)?|request_irq|request_threaded_irq|irq_domain_alloc_irqs\w*|pci_enable_(?:msi|msix)\w*|vfio_\w*_init|iommufd_\w+_attach|iommu_group_add_device)$/;

/** `ret = iommu_map(…); … return 0;`: the error is kept in a variable that nothing reads. */
export const droppedErrorRule: PathRule = (program) => {
  if (program.evidence === 'fragment') return [];
  return program.nodes.flatMap((node): RuleHit[] => {
    const value =
      node.kind === 'do' && node.expression.kind === 'assign' && node.expression.operator === '='
        ? withoutCasts(node.expression.value)
        : null;
    if (value?.kind !== 'call' || node.kind !== 'do' || node.expression.kind !== 'assign') return [];
    const callee = calleeOf(value) ?? '';
    const { target } = node.expression;
    if (target.kind !== 'name' || !MUST_HEED.test(callee)) return [];
    const pattern = new RegExp(`\\b${target.name}\\b`);
    const read = program.nodes.some((other) => {
      if (other.kind === 'branch') return pattern.test(print(other.condition));
      if (other.kind === 'switch') return pattern.test(print(other.subject));
      if (other.kind === 'return') return other.value !== null && pattern.test(print(other.value));
      if (other.kind === 'unknown') return true;
      if (other.kind === 'each') return other.args.some((arg) => pattern.test(print(arg)));
      if (other.kind === 'declare') return other.init !== null && pattern.test(print(other.init));
      return other.expression.kind === 'assign' && other.expression.operator === '='
        ? pattern.test(print(other.expression.value)) ||
            (print(other.expression.target) !== target.name && pattern.test(print(other.expression.target)))
        : pattern.test(print(other.expression));
    });
    return read
      ? []
      : [
          localHit(
            ERROR_LOST,
            node.at,
            `what ${callee}() returns is kept in ${target.name}, and nothing ever reads it`,
            'its failure goes unnoticed, and the function goes on as if it had succeeded',
          ),
        ];
  });
};
