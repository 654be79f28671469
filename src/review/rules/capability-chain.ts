import { enumeratePaths } from '../../code/paths';
import type { Expression } from '../../code/types';
import { calleeOf, callsOf, expressionsOf, print, visit, withoutCasts } from '../../code/walk';
import type { Place } from '../../place';
import { CAPABILITY_CHAIN } from '../catalog-uapi';
import type { PathRule, RuleHit } from './types';

const HEADER = 'include/uapi/linux/vfio.h: struct vfio_info_cap_header; drivers/vfio: vfio_info_cap_shift()';

/** The buffer of capabilities an argument names: `&caps`, `caps`. */
function chainOf(expression: Expression | undefined): string {
  const inner = expression === undefined ? null : withoutCasts(expression);
  if (inner === null) return '';
  return print(inner.kind === 'unary' && inner.operator === '&' ? inner.operand : inner);
}

/**
 * A chain of info capabilities: its offsets are shifted once, by the structure in front of it, before it is copied; and it is
 * only copied, and its offset only told, where the caller's buffer has room for it.
 */
export const capabilityChainRule: PathRule = (program) => {
  if (program.evidence === 'fragment') return [];
  const touches = program.nodes.some((node) =>
    callsOf(node).some((call) => /^vfio_info_cap_shift$/.test(calleeOf(call) ?? '')),
  );
  const copies = program.nodes.some((node) => callsOf(node).some((call) => copiedChain(call) !== null));
  if (!touches && !copies) return [];
  const outcome = enumeratePaths(program);
  if (outcome.incomplete !== null) return [];
  const hits = new Map<string, RuleHit>();
  const say = (at: Place, message: string, text: string): void => {
    const key = `${message}|${at.kind}|${at.line}`;
    if (!hits.has(key))
      hits.set(key, { rule: CAPABILITY_CHAIN, at, message, why: [{ text, reference: HEADER }], related: [] });
  };
  for (const path of outcome.paths) {
    const shifted = new Map<string, Place>();
    let roomTested = false;
    for (const step of path.steps) {
      const node = program.nodes[step.node];
      if (node === undefined) continue;
      if (
        node.kind === 'branch' &&
        /\bargsz\b/.test(print(node.condition)) &&
        /\.size\b|->size\b|\bsize\b/.test(print(node.condition))
      )
        roomTested = true;
      for (const expression of expressionsOf(node))
        visit(expression, (inner) => {
          if (inner.kind !== 'call') return;
          if (calleeOf(inner) === 'vfio_info_cap_shift') {
            const chain = chainOf(inner.args[0]);
            if (shifted.has(chain))
              say(
                inner.at,
                `the offsets of ${chain} are shifted a second time`,
                'userspace follows them beyond the chain',
              );
            shifted.set(chain, inner.at);
            if (!roomTested)
              say(
                inner.at,
                `${chain} is made ready for copying without a look at whether argsz has room for it`,
                'a caller that passes the old size is written beyond its buffer',
              );
          }
          const copied = copiedChain(inner);
          if (copied !== null && !shifted.has(copied))
            say(
              inner.at,
              `${copied} is copied to userspace with offsets that count from its own start`,
              'next must be an offset from the start of the structure: vfio_info_cap_shift() first',
            );
        });
    }
  }
  return [...hits.values()];
};

/** The chain whose buffer a call copies to userspace: `copy_to_user(…, caps.buf, caps.size)`; null for other calls. */
function copiedChain(call: Expression): string | null {
  if (call.kind !== 'call' || calleeOf(call) !== 'copy_to_user') return null;
  const buffer = call.args[1] === undefined ? null : withoutCasts(call.args[1]);
  if (buffer?.kind !== 'field' || buffer.field !== 'buf' || !/cap/.test(print(buffer.base))) return null;
  return print(buffer.base);
}
