import { describe, expect, it } from 'vitest';
import { stateAfter } from '../../../src/scenario/state';
import {
  interruptKeyOf,
  interruptLabel,
  mappingOf,
  pathLabel,
  sizeLabel,
  valueLabel,
} from '../../../src/topology/names';
import { leakedPages, windowMaps } from '../../../src/topology/pages';
import { changedRows, unchangedRows } from '../../../src/topology/rows';
import { speaker } from '../../../src/topology/say';
import {
  clampEvent,
  hardwareEventOf,
  nextBroken,
  shownEvents,
  stepFrom,
  violationsAt,
} from '../../../src/topology/steps';
import { WORDS } from '../../../src/topology/words';
import { change, traceOf } from './traces';

const line = { kind: 'message', message: 3, line: 12, column: 0, endLine: 12, endColumn: 4, added: true } as const;
const message = 'page left mapped';

describe('the events that are shown', () => {
  const trace = traceOf(
    {},
    [
      { text: 'begin', kind: 'stage' },
      { text: 'quiet()', kind: 'call' },
      { text: 'changes()', kind: 'call', changes: [change('a/b', null, 1)] },
      { text: 'of_the_patch()', kind: 'call', at: line },
      { text: '01:10.0 writes 0x1 to 0x2 → nothing at 0x2: no', kind: 'hardware' },
      { text: `I2: ${message}`, kind: 'violation' },
      { text: 'quiet_too()', kind: 'call' },
    ],
    { violations: [{ invariant: 'I2', message, event: 4, causes: [], why: [] }] },
  );
  it('leave out calls that changed nothing, except on a line of the patch', () => {
    expect(shownEvents(trace, false, 0)).toEqual([0, 2, 3, 4, 5]);
    expect(shownEvents(trace, true, 0)).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });
  it('always hold the current one', () => {
    expect(shownEvents(trace, false, 6)).toEqual([0, 2, 3, 4, 5, 6]);
  });
  it('are walked one by one, and end at both ends', () => {
    const shown = shownEvents(trace, false, 0);
    expect([stepFrom(shown, 0, 1), stepFrom(shown, 2, -1), stepFrom(shown, 5, 1), stepFrom(shown, 0, -1)]).toEqual([
      2, 0, 5, 0,
    ]);
  });
  it('break an invariant where it broke and where that is told', () => {
    expect([3, 4, 5].map((index) => violationsAt(trace, index).length)).toEqual([0, 1, 1]);
    expect([nextBroken(trace, 0), nextBroken(trace, 4)]).toEqual([4, 4]);
    expect(hardwareEventOf(trace, 5)?.index).toBe(4);
    expect(hardwareEventOf(trace, 0)).toBeNull();
  });
  it('take an index from outside as the nearest one inside', () => {
    expect([-3, 2, 99, Number.NaN].map((index) => clampEvent(trace, index))).toEqual([0, 2, 6, 0]);
  });
});

describe('the window as pages', () => {
  const window = {
    'devices/01:10.0/agent': 'Guest A',
    'windows/Guest A/base': 0x8000000,
    'windows/Guest A/size': 0x4000,
    'windows/Guest A/granule': 0x1000,
  };
  const page = 'windows/Guest A/pages/0x8001000';
  const vector = 'devices/01:10.0/vectors/0/address';
  const take = { text: 'take', changes: [change(page, null, 'v2m0')] };
  const point = { text: 'point', changes: [change(vector, null, 0x8001040)] };
  const leave = { text: 'leave', changes: [change(vector, 0x8001040, null)] };
  const giveBack = { text: 'give back', changes: [change(page, 'v2m0', null)] };
  const leaks = (events: Parameters<typeof traceOf>[1]) => leakedPages(traceOf(window, events)).map(({ size }) => size);

  it('names the doorbell of each page in use', () => {
    const trace = traceOf(window, [take]);
    expect(windowMaps(stateAfter(trace.initial, trace.events, 1), new Set(['Guest A/0x8001000']))).toEqual([
      {
        agent: 'Guest A',
        base: 0x8000000,
        size: 0x4000,
        granule: 0x1000,
        pages: 4,
        used: [{ iova: 0x8001000, index: 1, doorbell: 'v2m0', leaked: true }],
      },
    ]);
  });
  it('calls a page not given back once its last vector has left and it stays', () => {
    expect(
      leaks([
        { ...take, step: 0 },
        { ...point, step: 0 },
        { ...leave, step: 1 },
        { text: 'later', step: 2 },
      ]),
    ).toEqual([0, 0, 1, 1]);
  });
  it('does not, while a step still has time to give it back', () => {
    expect(
      leaks([
        { ...take, step: 0 },
        { ...point, step: 0 },
        { ...leave, step: 1 },
        { ...giveBack, step: 1 },
      ]),
    ).toEqual([0, 0, 0, 0]);
  });
  it('does not, when the page serves a vector again or is in use at the end', () => {
    expect(leaks([take, point, leave, point].map((event, step) => ({ ...event, step: Math.floor(step / 2) })))).toEqual(
      [0, 0, 0, 0],
    );
  });
});

describe('rows of the state', () => {
  it('are marked added, modified and deleted; a write of the same value is none', () => {
    const rows = changedRows([
      change('devices/01:10.0/vectors/0/address', 0, 0x8001040),
      change('domains/1/maps/0x8001000', null, '0x8020000+0x1000 v2m0'),
      change('interrupts/spi:80/owner', 'Guest A', null),
      change('devices/01:10.0/vectors/0/data', 80, 80),
    ]);
    expect(rows.map(({ mark, label, before, after }) => [mark, label, before, after])).toEqual([
      ['M', '01:10.0 vector 0 address', '0x0', '0x8001040'],
      ['A', 'domain 1 0x8001000', null, 'v2m0 0x8020000'],
      ['D', 'SPI 80 owner', 'Guest A', null],
    ]);
  });
  it('leave the rest to be counted', () => {
    const rest = unchangedRows({ 'agents/host/kind': 'host', 'domains/1/iommu': 'smmu0' }, [
      change('domains/1/iommu', null, 'smmu0'),
    ]);
    expect(rest).toEqual([{ path: 'agents/host/kind', label: 'host kind', value: 'host' }]);
  });
});

describe('names', () => {
  it('of interrupts go both ways', () => {
    expect(['spi:84', 'lpi:8192', 'cpu1:0x23'].map(interruptLabel)).toEqual(['SPI 84', 'LPI 8192', 'CPU 1 · 0x23']);
    expect(
      ['SPI 84', 'vector 0x23 of CPU 1', 'MSI bank interrupt 3', 'IMSIC identity 5 of hart 0', 'no such'].map(
        interruptKeyOf,
      ),
    ).toEqual(['spi:84', 'cpu1:0x23', 'bank:3', 'imsic:5', null]);
  });
  it('of sizes are binary, and hex when they are no whole KiB', () => {
    expect([4096, 1 << 20, 5 * 4096, 8 * 2 ** 30, 100, 0].map(sizeLabel)).toEqual([
      '4 KiB',
      '1 MiB',
      '20 KiB',
      '8 GiB',
      '0x64',
      '0x0',
    ]);
  });
  it('of mappings are read as the state writes them', () => {
    expect(mappingOf('0x8000000', '0x8020000+0x1000 v2m0')).toEqual({
      iova: 0x8000000,
      physical: 0x8020000,
      size: 0x1000,
      target: 'v2m0',
    });
    expect(mappingOf('0x8000000', 'nonsense')).toBeNull();
  });
  it('of paths and values speak as the field does', () => {
    expect(pathLabel('windows/Guest A/pages/0x8000000')).toBe('window Guest A 0x8000000');
    expect(valueLabel('windows/Guest A/size', 0x4000)).toBe('16 KiB');
    expect(valueLabel('devices/01:10.0/vectors/0/enabled', 1)).toBe('1');
  });
});

describe('words', () => {
  it('are said in the given language, and in English without it', () => {
    expect(speaker({})('Event {0} of {1}', 5, 9)).toBe('Event 5 of 9');
    expect(speaker({ 'Event {0} of {1}': '{1} Ereignisse, Nr. {0}' })('Event {0} of {1}', 5, 9)).toBe(
      '9 Ereignisse, Nr. 5',
    );
  });
  it('are listed once each', () => {
    expect(new Set(WORDS).size).toBe(WORDS.length);
  });
});
