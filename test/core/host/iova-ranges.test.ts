import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createIovaRanges, giveBack, rangeAt, takeFree, takeHighest } from '../../../src/host/iova-ranges';

/** The same by a list of ranges that is looked through from end to end. */
function plain(start: number) {
  const ranges: { low: number; high: number }[] = [];
  const insert = (low: number, high: number) => {
    ranges.push({ low, high });
    ranges.sort((a, b) => a.low - b.low);
  };
  const at = (page: number) => ranges.find((one) => page >= one.low && page <= one.high);
  return {
    at: (page: number) => at(page)?.low ?? -1,
    takeHighest(size: number, limit: number, aligned: boolean) {
      for (let low = limit - size + 1; low >= start; low--)
        if ((!aligned || low % size === 0) && !ranges.some((one) => low <= one.high && one.low < low + size)) {
          insert(low, low + size - 1);
          return low;
        }
      return -1;
    },
    takeFree(low: number, high: number) {
      let from = -1;
      for (let page = Math.max(low, start); page <= high + 1; page++) {
        const free = page <= high && at(page) === undefined;
        if (free && from < 0) from = page;
        if (!free && from >= 0) {
          insert(from, page - 1);
          from = -1;
        }
      }
    },
    giveBack(page: number) {
      const index = ranges.findIndex((one) => one.low === page);
      if (index >= 0) ranges.splice(index, 1);
      return index >= 0;
    },
  };
}

describe('ranges of the IOVA allocator', () => {
  it('hands out from the top, aligned blocks at their multiples, and says when nothing fits', () => {
    const ranges = createIovaRanges(0x10);
    expect(takeHighest(ranges, 1, 0x1f, false)).toBe(0x1f);
    expect(takeHighest(ranges, 4, 0x1f, true)).toBe(0x18);
    expect(takeHighest(ranges, 3, 0x1f, false)).toBe(0x1c);
    expect(takeHighest(ranges, 16, 0x1f, true)).toBe(-1);
    expect(takeHighest(ranges, 8, 0x1f, true)).toBe(0x10);
    expect(takeHighest(ranges, 1, 0x1f, false)).toBe(-1);
    expect(giveBack(ranges, 0x1d)).toBe(false);
    expect(giveBack(ranges, 0x1c)).toBe(true);
    expect(takeHighest(ranges, 2, 0x1f, true)).toBe(0x1c);
    expect(rangeAt(ranges, 0x1d)).toBe(0x1c);
    expect(rangeAt(ranges, 0x1e)).toBe(-1);
  });

  it('has room up to the last page it can name', () => {
    const ranges = createIovaRanges(0);
    expect(takeHighest(ranges, 1, Number.MAX_SAFE_INTEGER, false)).toBe(2 ** 52 - 1);
    expect(takeHighest(ranges, 2 ** 40, 2 ** 51 - 1, true)).toBe(2 ** 51 - 2 ** 40);
  });

  it('answers as a list while hundreds of ranges come and go', () => {
    const end = 1500;
    const property = fc.property(fc.infiniteStream(fc.nat(0xffff)), (stream) => {
      const next = () => stream.next().value as number;
      const ranges = createIovaRanges(3);
      const list = plain(3);
      const taken: number[] = [];
      // Filled, thinned out, filled again, emptied: nodes split, empty and are used again.
      for (const [turns, giving] of [
        [600, 1],
        [500, 6],
        [300, 2],
        [700, 7],
      ] as const)
        for (let turn = 0; turn < turns; turn++) {
          if (next() % 8 < giving && taken.length > 0) {
            const low = taken.splice(next() % taken.length, 1)[0]!;
            expect(giveBack(ranges, low)).toBe(true);
            expect(giveBack(ranges, low)).toBe(false);
            list.giveBack(low);
          } else {
            const aligned = next() % 3 === 0;
            const size = aligned ? 2 ** (next() % 4) : 1 + (next() % 5);
            const limit = next() % 4 === 0 ? next() % end : end;
            const low = takeHighest(ranges, size, limit, aligned);
            expect(low).toBe(list.takeHighest(size, limit, aligned));
            if (low >= 0) taken.push(low);
          }
          const page = next() % end;
          expect(rangeAt(ranges, page)).toBe(list.at(page));
        }
      for (const low of taken) giveBack(ranges, low);
      expect(takeHighest(ranges, end - 2, end, false)).toBe(3);
    });
    fc.assert(property, { numRuns: 4 });
    // A full leaf whose last range goes, with the leaf after it in the place right behind.
    fc.assert(property, { seed: -1785520389, numRuns: 3 });
  });

  it('answers as a list that is looked through', () => {
    const page = fc.integer({ min: 0, max: 140 });
    const call = fc.oneof(
      fc.record({ kind: fc.constant('take' as const), size: fc.integer({ min: 1, max: 9 }), limit: page }),
      fc.record({ kind: fc.constant('aligned' as const), order: fc.integer({ min: 0, max: 4 }), limit: page }),
      fc.record({ kind: fc.constant('free' as const), nth: fc.nat() }),
      fc.record({ kind: fc.constant('reserve' as const), low: page, length: fc.integer({ min: 1, max: 12 }) }),
      fc.record({ kind: fc.constant('at' as const), page }),
    );
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 20 }), fc.array(call, { maxLength: 120 }), (start, calls) => {
        const ranges = createIovaRanges(start);
        const list = plain(start);
        const taken: number[] = [];
        for (const one of calls) {
          if (one.kind === 'take' || one.kind === 'aligned') {
            const size = one.kind === 'take' ? one.size : 2 ** one.order;
            const low = takeHighest(ranges, size, one.limit, one.kind === 'aligned');
            expect(low).toBe(list.takeHighest(size, one.limit, one.kind === 'aligned'));
            if (low >= 0) taken.push(low);
          } else if (one.kind === 'free') {
            const low = taken.length === 0 ? 1000 : taken.splice(one.nth % taken.length, 1)[0]!;
            expect(giveBack(ranges, low)).toBe(list.giveBack(low));
          } else if (one.kind === 'reserve') {
            takeFree(ranges, one.low, one.low + one.length - 1);
            list.takeFree(one.low, one.low + one.length - 1);
          } else expect(rangeAt(ranges, one.page)).toBe(list.at(one.page));
        }
      }),
      { numRuns: 400 },
    );
  });
});
