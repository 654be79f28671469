/**
 * Steps that a patch puts in another order than the hardware or the kernel asks for. In: one function after the patch and before it.
 * Out: steps that were in order and are not any more.
 */
import type { Program, ProgramNode } from '../../code/types';
import { type CallExpression, calleeOf, callsOf, print, withoutCasts } from '../../code/walk';
import type { Place } from '../../place';
import { FLUSH_TOO_EARLY, STEPS_SWAPPED } from '../catalog-isolation';
import { invalidates } from './flushes';
import { reachBehind } from './reach';
import type { PathRule, RuleHit } from './types';

const flush = (node: ProgramNode): CallExpression | undefined =>
  callsOf(node).find((call) => invalidates(calleeOf(call) ?? ''));

/** Takes an entry away or changes it: by a call, or by writing where a name says it is one. */
const CHANGES =
  /clear|unmap|write_(?:ste|cd|dte|irte|entry)|set_(?:ste|dte|irte|entry|pte)|WRITE_ONCE|set_64bit|memset|cmpxchg|modify|zap|_send_(?:discard|map|mov)/;
const ENTRY = /pte|ste\b|dte|irte|(?:^|[_>.])cd\b|entry|context|->(?:lo|hi|low|high)\b/;

function changed(node: ProgramNode): string | null {
  if (node.kind !== 'do') return null;
  const inner = node.expression;
  if (inner.kind === 'assign') {
    const target = withoutCasts(inner.target);
    if (target.kind === 'name') {
      const value = withoutCasts(inner.value);
      return value.kind === 'call' && CHANGES.test(calleeOf(value) ?? '') ? print(value) : null;
    }
    return ENTRY.test(print(target)) ? print(inner) : null;
  }
  return inner.kind === 'call' && CHANGES.test(calleeOf(inner) ?? '') && flush(node) === undefined
    ? print(inner)
    : null;
}

/** Hardware is told to forget an entry that is taken away only afterwards. */
export const flushTooEarlyRule: PathRule = (program, { before }) => {
  const flushes = program.nodes.flatMap((node, index) => (flush(node) === undefined ? [] : [index]));
  if (flushes.length === 0) return [];
  const was = before?.() ?? null;
  if (was === null) return [];
  for (const [index, node] of program.nodes.entries()) {
    const text = changed(node);
    if (text === null || flushes.some((at) => reachBehind(program, index).has(at))) continue;
    const early = flushes.find((at) => reachBehind(program, at).has(index));
    if (early === undefined) continue;
    const old = was.nodes.findIndex((one) => changed(one) === text);
    if (old < 0 || ![...reachBehind(was, old)].some((at) => flush(was.nodes[at] as ProgramNode) !== undefined))
      continue;
    const call = flush(program.nodes[early] as ProgramNode) as CallExpression;
    return [
      {
        rule: FLUSH_TOO_EARLY,
        at: call.at,
        message: `${calleeOf(call)}() comes before ${text.length > 60 ? `${text.slice(0, 59)}…` : text}, and nothing invalidates behind it`,
        why: [
          {
            text: 'between the two hardware may fetch the old entry again, and keeps it',
            reference: 'invariant I2; VT-d specification 6.5.3, IHI 0070 (SMMUv3) 3.21',
          },
        ],
        related: [{ at: node.at, message: 'changed only here' }],
      },
    ];
  }
  return [];
};

interface Order {
  readonly first: RegExp;
  readonly then: RegExp;
  readonly why: string;
}

const ORDERS: readonly Order[] = [
  {
    first: /prepare_msi$|map_doorbells?$|msi_map_doorbell|sw_msi_install$|(?:get|map)_msi_page$|setup_msi$/,
    then: /write_msi_msg$|enable_msix?(?:_range)?$|alloc_irq_vectors\w*$|domain_alloc_irqs\w*$|(?:^|_)attach(?:_\w+)?$|replace_(?:device|group|handle)\w*$/,
    why: 'the device may write to a doorbell that is not mapped yet: the interrupt is lost, or a fault',
  },
  {
    first: /(?:^|_)(?:mask|disable)_(?:irq|msi|msix|vector)s?\w*$|^disable_irq|^pci_msi_mask\w*$|^free_irq$/,
    then: /unmap_doorbell|(?:put|unmap|free|release)_msi_(?:page|iova|window|doorbell)\w*$/,
    why: 'the device still raises the interrupt while its doorbell goes away',
  },
  {
    first:
      /resv_conflict$|dma_valid$|aper_conflict$|enforce_dev_resv_regions$|has_isolated_msi$|check_msi_remap$|(?:^|_)is_reserved$|overlaps?$/,
    then: /^iommu_map$|iommu_map$|pin_map_dma$|insert_range$|claim_dma_owner$|(?:^|_)attach_(?:group|device)$/,
    why: 'what the check keeps out is reachable until it comes',
  },
  {
    first: /discard$|its_send_discard\w*$/,
    then: /lpi_free$|event_put$|free_event\w*$/,
    why: 'the event still raises an interrupt whose number is somebody else’s by then',
  },
];

const find = (program: Program, names: RegExp): { index: number; at: Place; name: string }[] =>
  program.nodes.flatMap((node, index) =>
    callsOf(node).flatMap((call) => {
      const name = calleeOf(call) ?? '';
      // Where a design's own lines stand between those of a patch says nothing of the order in the patch's tree.
      return call.at.kind === 'message' && names.test(name) && !/detach|unmap_(?!doorbell|msi)/.test(name)
        ? [{ index, at: call.at, name }]
        : [];
    }),
  );

/** Two steps that stood in the order they need, and stand the other way round now. */
export const stepsSwappedRule: PathRule = (program, { before }) => {
  const was = before?.() ?? null;
  if (was === null) return [];
  return ORDERS.flatMap(({ first, then, why }): RuleHit[] => {
    for (const later of find(program, first)) {
      for (const sooner of find(program, then)) {
        if (
          sooner.name === later.name ||
          !reachBehind(program, sooner.index).has(later.index) ||
          reachBehind(program, later.index).has(sooner.index)
        )
          continue;
        const [oldFirst, oldThen] = [
          find(was, first).filter((one) => one.name === later.name),
          find(was, then).filter((one) => one.name === sooner.name),
        ];
        const inOrder = oldFirst.some((one) =>
          oldThen.some(
            (other) => reachBehind(was, one.index).has(other.index) && !reachBehind(was, other.index).has(one.index),
          ),
        );
        const oneEach =
          find(program, first).filter((one) => one.name === later.name).length === 1 && oldFirst.length === 1;
        if (!inOrder || !oneEach) continue;
        return [
          {
            rule: STEPS_SWAPPED,
            at: later.at,
            message: `${later.name}() comes behind ${sooner.name}() here; it was the other way round`,
            why: [{ text: why, reference: 'invariant I10' }],
            related: [{ at: sooner.at, message: `${sooner.name}() comes first now` }],
          },
        ];
      }
    }
    return [];
  });
};
