/**
 * Placement (S13): which addresses no memory, no register and no reserved range of a machine takes. In: presets. Out: free ranges, on each
 * and on all. What a preset has is what a guest sees whose memory mirrors the machine's.
 */
import { createPlatform } from '../../host/platforms/index';
import type { MachineSpec } from '../../machine/types';

/** Bytes; `end` is the first address beyond. */
export interface FreeRange {
  readonly start: number;
  readonly end: number;
}

/** A window smaller than this is not worth a word: the one Linux took is as large. */
const SMALLEST = 0x10_0000;

const known = new Map<string, readonly FreeRange[]>();

/** Free ranges of 1 MiB and more below the aperture of one machine, ascending. */
export function freeRanges(spec: MachineSpec): readonly FreeRange[] {
  const before = known.get(spec.id);
  if (before !== undefined) return before;
  const platform = createPlatform(spec);
  const taken = [
    ...spec.memory.map((range) => ({ start: range.base, end: range.base + range.size })),
    ...platform.hardwareRegions.map((region) => ({ start: region.start, end: region.start + region.length })),
  ].sort((a, b) => a.start - b.start);
  const free: FreeRange[] = [];
  let from = 0;
  for (const range of [...taken, { start: platform.aperture, end: platform.aperture }]) {
    const start = Math.ceil(from / SMALLEST) * SMALLEST;
    const end = Math.min(range.start, platform.aperture);
    if (end - start >= SMALLEST) free.push({ start, end });
    from = Math.max(from, range.end);
  }
  known.set(spec.id, free);
  return free;
}

/** Ranges that are free in both lists. */
function common(a: readonly FreeRange[], b: readonly FreeRange[]): FreeRange[] {
  return a
    .flatMap((one) =>
      b.map((other) => ({ start: Math.max(one.start, other.start), end: Math.min(one.end, other.end) })),
    )
    .filter((range) => range.end - range.start >= SMALLEST)
    .sort((one, other) => one.start - other.start);
}

/** Ranges free on every machine of the list. */
export function freeOnAll(presets: readonly MachineSpec[]): readonly FreeRange[] {
  return presets.map(freeRanges).reduce((all, one) => common(all, one), [{ start: 0, end: Number.MAX_SAFE_INTEGER }]);
}
