/**
 * Which pending LPIs a redistributor signals: the enable bit of the configuration table, or what the redistributor holds of it.
 * In: redistributors and memory. Out: LPIs. Knows nothing of commands; `its-commands.ts` says when held configuration is given up.
 * Source: GIC architecture (IHI 0069) 5.1.1 (LPI configuration tables; a redistributor may hold configuration until it is told to give it up),
 * 5.3 (INV, INVALL). Whether it holds any is the implementation's choice: `Redistributors.heldConfiguration` absent means that it holds none.
 */
import type { Hash } from './hash';
import { addNumber } from './hash';
import type { Redistributors } from './its';
import { lpiEnabled, pendingLpis } from './its';
import type { Memory } from './memory';

/** Redistributor and LPI as one number, as `translateEvent` has them. */
const keyOf = (target: number, lpi: number): number => target * 0x100_0000 + lpi;

/** The enable bit of an LPI as a redistributor sees it now. */
export function lpiForwarded(redistributors: Redistributors, memory: Memory, target: number, lpi: number): boolean {
  return redistributors.heldConfiguration?.get(keyOf(target, lpi)) ?? lpiEnabled(redistributors, memory, lpi);
}

/** INV: one LPI. INVALL, without an LPI: all of a redistributor. */
export function giveUpConfiguration(redistributors: Redistributors, target: number, lpi?: number): void {
  const held = redistributors.heldConfiguration;
  if (held === undefined) return;
  for (const key of lpi === undefined ? [...held.keys()] : [keyOf(target, lpi)])
    if (Math.floor(key / 0x100_0000) === target) held.delete(key);
}

/** Pending LPIs that a redistributor signals to its CPU, ascending; none while it takes no LPIs. */
export function signalledLpis(redistributors: Redistributors, memory: Memory, target: number): number[] {
  if (redistributors.enabled[target] !== true) return [];
  return pendingLpis(redistributors, memory, target).filter((lpi) => lpiForwarded(redistributors, memory, target, lpi));
}

export function hashConfiguration(redistributors: Redistributors, hash: Hash): void {
  const held = redistributors.heldConfiguration;
  if (held === undefined) return;
  for (const key of [...held.keys()].sort((a, b) => a - b)) addNumber(hash, key * 2 + (held.get(key) === true ? 1 : 0));
}
