import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Trace } from '../../../src/scenario/types';
import { type Cast, castOf } from '../../../src/topology/cast';
import {
  type Box,
  curve,
  type Layout,
  layoutOf,
  MOST,
  fit as shorten,
  stack,
  startToShow,
} from '../../../src/topology/layout';
import { crowd, runOf } from './traces';

const room = (width: number, height: number, unfolded = false) => ({ width, height, unfolded });

/** Pairs of boxes that share a pixel. */
function overlaps(layout: Layout): string[] {
  const boxes = [...layout.boxes.values()].sort((a, b) => a.x - b.x || a.y - b.y);
  const found: string[] = [];
  boxes.forEach((box, i) => {
    const next = boxes[i + 1];
    if (next !== undefined && next.x === box.x && next.y < box.y + box.height) found.push(`${box.id} ${next.id}`);
    if (next !== undefined && next.x > box.x && next.x < box.x + box.width) found.push(`${box.id} beside ${next.id}`);
  });
  return found;
}

function outside(layout: Layout): string[] {
  return [...layout.boxes.values()]
    .filter(({ x, y, width, height }) => x < 0 || y < 30 || x + width > layout.width || y + height > layout.height)
    .map(({ id }) => id);
}

describe('stack', () => {
  const items = fc.array(
    fc.record({
      id: fc.constant('x'),
      height: fc.integer({ min: 10, max: 90 }),
      wish: fc.integer({ min: -200, max: 900 }),
      gap: fc.integer({ min: 0, max: 40 }),
    }),
    { maxLength: 40 },
  );
  it('never lets items overlap, keeps their order, and stays below the top', () => {
    fc.assert(
      fc.property(items, (list) => {
        const tops = stack(list, 40, 600);
        expect(tops).toHaveLength(list.length);
        tops.forEach((top, i) => {
          expect(top).toBeGreaterThanOrEqual(40);
          const before = list[i - 1];
          if (before !== undefined)
            expect(top).toBeGreaterThanOrEqual((tops[i - 1] ?? 0) + before.height + (list[i]?.gap ?? 0));
        });
      }),
    );
  });
  it('ends within the bottom whenever the items fit', () => {
    fc.assert(
      fc.property(items, (list) => {
        const used = list.reduce((sum, { height, gap }, i) => sum + height + (i > 0 ? gap : 0), 0);
        fc.pre(list.length > 0 && used <= 560);
        const last = list[list.length - 1]!;
        expect(stack(list, 40, 600)[list.length - 1]! + last.height).toBeLessThanOrEqual(600);
      }),
    );
  });
  it('gives each item its wish when nothing is in the way', () => {
    const at = (wish: number) => ({ id: `${wish}`, height: 20, wish, gap: 5 });
    expect(stack([at(100), at(200), at(400)], 40, 600)).toEqual([90, 190, 390]);
  });
  it('shares what two items cannot both have', () => {
    const at = (id: string) => ({ id, height: 20, wish: 100, gap: 10 });
    expect(stack([at('a'), at('b')], 40, 600)).toEqual([75, 105]);
  });
});

describe('the layout of a run', () => {
  let trace: Trace;
  let cast: Cast;
  beforeAll(async () => {
    trace = await runOf('two-guests-gicv2m', 'fixup', 'arm64-smmuv3-gicv2m');
    cast = castOf(trace);
  });

  it.each([
    [940, 560],
    [630, 420],
    [1600, 900],
    [480, 300],
  ])('has no overlap and nothing outside in %i by %i', (width, height) => {
    const layout = layoutOf(cast, room(width, height));
    expect(overlaps(layout)).toEqual([]);
    expect(outside(layout)).toEqual([]);
    expect(layout.width).toBeGreaterThanOrEqual(width);
  });
  it('puts every node in its column, in the order of the write', () => {
    const { boxes, columns } = layoutOf(cast, room(940, 560));
    const kinds = ['agent', 'device', 'domain', 'controller', 'interrupt'];
    for (const { id, x } of boxes.values()) {
      const kind = id.split('/')[0]!.replace('memory', 'controller');
      expect(x, id).toBe(columns[kinds.indexOf(kind)]!.x);
    }
    expect(boxes.has('device/01:10.0') && boxes.has('controller/v2m0')).toBe(true);
  });
  it('draws closer together where the room is narrow, so that the text need not shrink much', () => {
    const gaps = (width: number) => {
      const { columns } = layoutOf(cast, room(width, 400));
      return columns.slice(1).map(({ x }, i) => x - columns[i]!.x - columns[i]!.width);
    };
    expect(Math.max(...gaps(520))).toBeLessThanOrEqual(19);
    expect(Math.min(...gaps(1200))).toBeGreaterThan(80);
  });
  it('does not depend on the event: the same cast gives the same places', () => {
    expect([...layoutOf(castOf(trace), room(940, 560)).boxes]).toEqual([...layoutOf(cast, room(940, 560)).boxes]);
  });
});

describe('many devices', () => {
  it('draws 200 busy devices without overlap', () => {
    const layout = layoutOf(castOf(crowd(200, true)), room(940, 560, true));
    expect([...layout.boxes.keys()].filter((id) => id.startsWith('device/'))).toHaveLength(200);
    expect([...layout.boxes.keys()].filter((id) => id.startsWith('interrupt/'))).toHaveLength(200);
    expect(overlaps(layout)).toEqual([]);
    expect(outside(layout)).toEqual([]);
  });
  it('counts idle devices instead of drawing each, until it is asked to', () => {
    const cast = castOf(crowd(200, false));
    const folded = layoutOf(cast, room(940, 560));
    expect([...folded.boxes.keys()].filter((id) => id.startsWith('device/'))).toHaveLength(MOST.idleDevices);
    expect(folded.folded.map(({ agent, count }) => [agent, count])).toEqual([['host', 200 - MOST.idleDevices]]);
    expect(layoutOf(cast, room(940, 560, true)).folded).toEqual([]);
  });
  it('draws the first interrupts and counts the rest', () => {
    const layout = layoutOf(castOf(crowd(60, true)), room(940, 560));
    expect([...layout.boxes.keys()].filter((id) => id.startsWith('interrupt/'))).toHaveLength(MOST.interrupts);
    expect(layout.folded.find(({ agent }) => agent === null)?.count).toBe(60 - MOST.interrupts);
  });
  it('lays out a machine without anything', () => {
    const layout = layoutOf(castOf(crowd(0, false)), room(300, 200));
    expect([...layout.boxes.keys()]).toEqual(['controller/v2m0']);
    expect(outside(layout)).toEqual([]);
  });
});

describe('links and texts', () => {
  const box = (x: number, y: number): Box => ({ id: 'b', x, y, width: 100, height: 40 });
  it('are straight between boxes at one height, and curved otherwise', () => {
    expect(curve(box(0, 0), box(200, 0))).toBe('M100 20H200');
    expect(curve(box(0, 0), box(200, 80))).toBe('M100 20C150 20 150 100 200 100');
    expect(curve(box(0, 0), box(200, 80), 10)).toBe('M100 10C150 10 150 100 200 100');
  });
  it('stay in sight: a view moves only when it must, and then has them in its middle', () => {
    const view = { from: 100, to: 300 };
    expect(startToShow({ from: 120, to: 180 }, view)).toBe(100);
    expect(startToShow({ from: 600, to: 640 }, view)).toBe(520);
    expect(startToShow({ from: 0, to: 40 }, view)).toBe(0);
    expect(startToShow({ from: 500, to: 900 }, view)).toBe(500);
  });
  it('fit their box, shortened with an ellipsis', () => {
    expect(shorten('0x8000000', 100, 10)).toBe('0x8000000');
    expect(shorten('0x80000000000', 100, 10)).toBe('0x8000000…');
    expect(shorten('abc', 0, 10)).toBe('…');
  });
});
