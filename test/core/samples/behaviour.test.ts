import { beforeAll, describe, expect, it } from 'vitest';
import type { ParsedUnit } from '../../../src/code/front-end';
import type { StageInput } from '../../../src/host/host';
import { mergeUnits } from '../../../src/host/programs';
import type { ProgramSet } from '../../../src/host/types';
import { type Bench, bench, frontEnd, setOf } from '../host/support';
import { applied, commitsOf, git, versions } from './series';

/** `sets.get(version)![k]`: the v4.5 design with the series' files as they stand after k patches. */
const sets = new Map<number, ProgramSet[]>();

beforeAll(async () => {
  const reader = await frontEnd();
  const base = await setOf('v4.5');
  /** By blob id: a series changes few files at a time. */
  const units = new Map<string, ParsedUnit>();
  for (const version of versions) {
    const directory = applied(version);
    const unitOf = (file: string, blob: string): ParsedUnit => {
      const known = units.get(blob);
      if (known !== undefined) return known;
      const lines = git(directory, ['cat-file', 'blob', blob])
        .split('\n')
        .map((text, i) => ({ text, at: { kind: 'blob' as const, file, line: i + 1 } }));
      const unit = reader.parse(file, lines, { evidence: 'full', source: 'blob' });
      expect(unit.clean, `${file} ${blob}`).toBe(true);
      units.set(blob, unit);
      return unit;
    };
    const setAt = (commit: string): ProgramSet => {
      const entries = git(directory, ['ls-tree', '-r', commit]).matchAll(/^\d+ blob ([0-9a-f]+)\t(\S+\.[ch])$/gm);
      return mergeUnits(
        base,
        [...entries].map(([, blob, file]) => unitOf(file!, blob!)),
        `sample v${version}`,
      );
    };
    sets.set(version, ['base', ...commitsOf(directory)].map(setAt));
  }
}, 60_000);

const WINDOW = { iova: 0x8000000, size: 0x10000 };
const END = WINDOW.iova + WINDOW.size;

interface Guest {
  readonly b: Bench;
  readonly run: (stage: StageInput['stage'], more?: Partial<StageInput>) => number | null;
}

/** A guest's device with a window, where the prefix knows windows. */
function guest(version: number, prefix: number, machine = 'arm64-smmuv3-gicv2m', window = WINDOW): Guest {
  const b = bench(sets.get(version)![prefix]!, machine, { unsafe: true });
  const run: Guest['run'] = (stage, more = {}) => b.run(stage, 'guest-a', 'nic-vf0', more).value;
  expect(run('attach')).toBe(0);
  if (prefix >= 5) expect(run('register-window', window)).toBe(0);
  return { b, run };
}

const doors = (b: Bench) => b.host.windows.flatMap((window) => window.allocated);
const lastEvent = (b: Bench) => b.events.at(-1)!.text;

describe('what is planted in version 1', () => {
  it('programs an IOVA between patches 7 and 8 that leads nowhere', () => {
    for (const [prefix, outcome] of [
      [7, /faults/],
      [8, /raises/],
    ] as const) {
      const { b, run } = guest(1, prefix);
      expect(run('enable')).toBe(0);
      run('fire');
      expect(lastEvent(b)).toMatch(outcome);
    }
  });

  it('loses the IOVA to an affinity change until patch 9, which sleeps there', () => {
    const before = guest(1, 8);
    before.run('enable');
    before.run('affinity', { cpu: 1 });
    before.run('fire');
    expect(lastEvent(before.b)).toMatch(/faults/);
    expect(before.b.host.incidents).toEqual([]);
    const after = guest(1, 9);
    after.run('enable');
    after.run('affinity', { cpu: 1 });
    expect(after.b.host.incidents.map((incident) => incident.kind)).toContain('sleep-in-atomic');
    after.run('fire');
    expect(lastEvent(after.b)).toMatch(/raises/);
  });

  it('keeps the page of a disabled device, and the claim of the SMMUv3', () => {
    const { b, run } = guest(1, 10);
    expect(run('enable', { count: 2 })).toBe(0);
    expect(run('disable')).toBe(0);
    expect(doors(b)).toHaveLength(1);
    expect(b.host.claimsIsolation()).toBe(true);
  });

  it('hands out a page beyond the window', () => {
    const { b, run } = guest(1, 10);
    expect(run('enable')).toBe(0);
    expect(doors(b)).toEqual([END]);
  });

  it('lets RAM and window overlap in either order', () => {
    const { run } = guest(1, 10);
    expect(run('map', { iova: WINDOW.iova, size: 0x1000 })).toBe(0);
    const other = bench(sets.get(1)![10]!, 'arm64-smmuv3-gicv2m', { unsafe: true });
    other.run('attach', 'guest-a', 'nic-vf0');
    other.run('map', 'guest-a', 'nic-vf0', { iova: WINDOW.iova, size: 0x1000 });
    expect(other.run('register-window', 'guest-a', 'nic-vf0', WINDOW).value).toBe(0);
  });
});

describe('what version 2 repairs and leaves', () => {
  it('gives the page back, stays in the window, keeps the IOVA, and claims nothing', () => {
    const { b, run } = guest(2, 10);
    expect(run('enable', { count: 2 })).toBe(0);
    expect(doors(b)).toEqual([END - 0x1000]);
    run('affinity', { cpu: 1 });
    run('fire');
    expect(lastEvent(b)).toMatch(/raises/);
    expect(run('disable')).toBe(0);
    expect(doors(b)).toEqual([]);
    expect(b.host.claimsIsolation()).toBe(false);
    expect(b.host.incidents).toEqual([]);
  });

  it('leaves the doorbell of the first vector when a later one finds no room', () => {
    const { b, run } = guest(2, 10, 'arm64-smmuv3-gicv2m-2frames', { iova: WINDOW.iova, size: 0x1000 });
    expect(run('enable', { count: 16 }), 'eight vectors in each frame').toBe(-28);
    expect(b.host.programmed.filter((v) => v.enabled)).toEqual([]);
    expect(doors(b)).toEqual([WINDOW.iova]);
  });

  it('refuses a window over RAM, and not RAM over a window', () => {
    const { run } = guest(2, 10);
    expect(run('map', { iova: WINDOW.iova, size: 0x1000 })).toBe(0);
    const other = bench(sets.get(2)![10]!, 'arm64-smmuv3-gicv2m', { unsafe: true });
    other.run('attach', 'guest-a', 'nic-vf0');
    other.run('map', 'guest-a', 'nic-vf0', { iova: WINDOW.iova, size: 0x1000 });
    expect(other.run('register-window', 'guest-a', 'nic-vf0', WINDOW).value).toBe(-17);
  });
});

describe.each(versions)('version %i', (version) => {
  it('applied to nothing is the base', () => {
    const { b, run } = guest(version, 0);
    expect(run('enable')).toBe(0);
    run('fire');
    expect(lastEvent(b)).toMatch(/faults/);
  });

  it('enables and disables after every patch without a broken rule of the kernel', () => {
    for (let prefix = 0; prefix <= 10; prefix++) {
      const { b, run } = guest(version, prefix);
      expect(run('enable', { count: 2 }), `after patch ${prefix}`).toBe(0);
      expect(run('disable'), `after patch ${prefix}`).toBe(0);
      expect(b.host.incidents, `after patch ${prefix}`).toEqual([]);
    }
  });
});
