import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Trace } from '../../../src/scenario/types';
import { align, eventAt, nextDifference, rowOf, shownRows, tellsApart } from '../../../src/topology/alignment';
import { change, runOf, traceOf } from './traces';

const open = { calls: false, current: 0, opened: new Set<number>() };

describe('events of two traces', () => {
  const left = traceOf({}, [
    { text: 'enable vectors', kind: 'stage' },
    { text: 'map IOVA 0x8000000 → v2m0, 1 page', changes: [change('domains/1/maps/0x8000000', null, 'v2m0')] },
    { text: 'write MSI message 0x50' },
    { text: 'disable vectors', kind: 'stage' },
  ]);
  const right = traceOf({}, [
    { text: 'enable vectors', kind: 'stage' },
    { text: 'take a page of the window' },
    { text: 'map IOVA 0x9000000 → v2m0, 1 page', changes: [change('domains/1/maps/0x9000000', null, 'v2m0')] },
    { text: 'write MSI message 0x50' },
    { text: 'disable vectors', kind: 'stage' },
  ]);
  const rows = align(left, right);

  it('are the same where only values differ, and one is told as changed, one as added', () => {
    expect(rows).toEqual([
      { left: 0, right: 0, kind: 'same' },
      { left: null, right: 1, kind: 'right' },
      { left: 1, right: 2, kind: 'changed' },
      { left: 2, right: 3, kind: 'same' },
      { left: 3, right: 4, kind: 'same' },
    ]);
  });
  it('stand still on the side that has no event of a row', () => {
    expect([eventAt(rows, 1, 'left'), eventAt(rows, 1, 'right')]).toEqual([0, 1]);
    expect(eventAt([{ left: null, right: 0, kind: 'right' }], 0, 'left')).toBe(-1);
    expect([rowOf(rows, 'right', 3), rowOf(rows, 'left', 1)]).toEqual([3, 2]);
  });
  it('lead from difference to difference, a run of them being one, and round', () => {
    expect(nextDifference(left, right, rows, 0)).toBe(1);
    expect(nextDifference(left, right, rows, 2)).toBe(1);
    expect(nextDifference(left, left, align(left, left), 0)).toBeNull();
  });
  it('are told apart by an invariant that only one side breaks', () => {
    const broken = {
      ...left,
      violations: [{ invariant: 'I2', message: 'left mapped', event: 2, causes: [], why: [] }],
    };
    const both = align(left, broken as Trace);
    expect(both.map((row) => tellsApart(left, broken as Trace, row))).toEqual([false, false, true, false]);
    expect(nextDifference(left, broken as Trace, both, 0)).toBe(2);
  });
});

describe('the list of both', () => {
  const events = ['a', 'b', 'c', 'd', 'e', 'f'].map((text) => ({ text }));
  const left = traceOf({}, [{ text: 'begin', kind: 'stage' }, ...events]);
  const right = traceOf({}, [
    { text: 'begin', kind: 'stage' },
    ...events.slice(0, 3),
    { text: 'x' },
    ...events.slice(3),
  ]);
  const rows = align(left, right);
  it('folds what is alike, but for stages and the current row', () => {
    expect(shownRows(left, right, rows, open)).toEqual([
      { kind: 'row', row: 0 },
      { kind: 'fold', first: 1, count: 3 },
      { kind: 'row', row: 4 },
      { kind: 'fold', first: 5, count: 3 },
    ]);
    expect(shownRows(left, right, rows, { ...open, current: 2 })).toEqual([
      { kind: 'row', row: 0 },
      { kind: 'row', row: 1 },
      { kind: 'row', row: 2 },
      { kind: 'row', row: 3 },
      { kind: 'row', row: 4 },
      { kind: 'fold', first: 5, count: 3 },
    ]);
  });
  it('opens a fold that was opened', () => {
    const shown = shownRows(left, right, rows, { ...open, opened: new Set([1]) });
    expect(shown.filter(({ kind }) => kind === 'row')).toHaveLength(5);
  });
});

describe('any two traces', () => {
  const trace = fc.array(fc.constantFrom('a 1', 'a 2', 'b', 'c', 'd'), { maxLength: 30 }).map((texts) =>
    traceOf(
      {},
      texts.map((text) => ({ text })),
    ),
  );
  it('keep every event of both, once and in order; against itself nothing differs', () => {
    fc.assert(
      fc.property(trace, trace, (left, right) => {
        const rows = align(left, right);
        const of = (side: 'left' | 'right') => rows.flatMap((row) => row[side] ?? []);
        expect(of('left')).toEqual(left.events.map(({ index }) => index));
        expect(of('right')).toEqual(right.events.map(({ index }) => index));
        expect(align(left, left).every(({ kind }) => kind === 'same')).toBe(true);
      }),
    );
  });
});

describe('two designs', () => {
  let fixup: Trace;
  let transparent: Trace;
  beforeAll(async () => {
    fixup = await runOf('own-interrupt', 'fixup', 'arm64-smmuv3-gicv2m');
    transparent = await runOf('own-interrupt', 'transparent', 'arm64-smmuv3-gicv2m');
  });
  it('share the stages of a scenario and differ between them', () => {
    const rows = align(fixup, transparent);
    const stages = rows.filter(
      ({ left, right }) => left !== null && right !== null && fixup.events[left]?.kind === 'stage',
    );
    expect(stages.length).toBe(fixup.events.filter(({ kind }) => kind === 'stage').length);
    expect(rows.some((row) => tellsApart(fixup, transparent, row))).toBe(true);
  });
});
