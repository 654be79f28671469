import { describe, expect, it } from 'vitest';
import { runIn } from '../../../src/scenario/explore';
import { builtInScenarios } from '../../../src/scenario/library';
import { stateAfter } from '../../../src/scenario/state';
import type { InvariantId, Scenario, ScenarioResult, StepSpec } from '../../../src/scenario/types';
import type { Defect } from './fake-host';
import { fakeSet, fakeWorld } from './fake-host';

const built = (id: string): Scenario => builtInScenarios().find((one) => one.id === id)!;

function run(scenario: Scenario, machine: string, ...defects: Defect[]): ScenarioResult {
  const results = runIn(fakeWorld(...defects), { ...scenario, machines: [machine] }, fakeSet, {});
  expect(results).toHaveLength(1);
  return results[0]!;
}

const broken = (result: ScenarioResult): InvariantId[] =>
  [...new Set(result.traces.flatMap((trace) => trace.violations.map((one) => one.invariant)))].sort();

/** The place of the first cause that has one: the line a reviewer is pointed at. */
function blamed(result: ScenarioResult): number | null {
  const trace = result.traces[0]!;
  for (const cause of trace.violations[0]!.causes) {
    const at = trace.events[cause]!.at;
    if (at?.kind === 'design') return at.line;
  }
  return null;
}

const GIC = 'arm64-smmuv3-gicv2m';
const ITS = 'arm64-smmuv3-its';

describe('each invariant is broken by its defect and by a good host it is not', () => {
  const cases: readonly [InvariantId, string, string, Defect, number | null][] = [
    ['I1', 'two-guests-gicv2m', GIC, 'false-claim', 21],
    ['I2', 'teardown-door', GIC, 'keeps-map', 21],
    ['I2', 'teardown-door', ITS, 'keeps-map', 21],
    ['I3', 'own-interrupt', GIC, 'no-map', 12],
    ['I3', 'own-interrupt', ITS, 'no-map', 12],
    ['I4', 'capability-audit', GIC, 'false-claim', 99],
    ['I4', 'capability-audit', 'x86-vtd-noremap', 'false-claim', 99],
    ['I5', 'capability-audit', GIC, 'no-guard', 1],
    ['I6', 'window-over-ram', GIC, 'no-overlap-check', 2],
    ['I6', 'own-interrupt', GIC, 'door-twice', 21],
    ['I6', 'own-interrupt', ITS, 'one-page-late', 2],
    ['I7', 'teardown-door', ITS, 'keeps-page', 20],
    ['I7', 'window-one-page-short', 'arm64-smmuv3-gicv2m-2frames', 'ignores-full', 12],
    ['I7', 'window-one-page-short', 'arm64-smmuv3-gicv2m-2frames', 'page-not-taken', 21],
    ['I7', 'enable-fails-midway', GIC, 'fails-dirty', 20],
    ['I8', 'map-over-window', GIC, 'maps-over', 3],
    ['I8', 'map-over-window', ITS, 'unmaps-door', 4],
    ['I9', 'affinity-change', GIC, 'sleeps', 50],
    ['I10', 'programmed-before-mapped', GIC, 'gap', 12],
    ['I10', 'programmed-before-mapped', GIC, 'unmaps-first', 40],
    ['I10', 'programmed-before-mapped', ITS, 'frees-under-handler', 42],
    ['I11', 'release-without-disable', ITS, 'leaks', 60],
  ];
  for (const [invariant, id, machine, defect, line] of cases)
    it(`${invariant}: ${defect} in ${id} on ${machine}`, () => {
      const bad = run(built(id), machine, defect);
      expect(bad.verdict, bad.reason ?? '').toBe('violated');
      expect(broken(bad)).toContain(invariant);
      if (line !== null)
        expect(
          blamed({
            ...bad,
            traces: bad.traces
              .map((trace) => ({ ...trace, violations: trace.violations.filter((one) => one.invariant === invariant) }))
              .filter((trace) => trace.violations.length > 0),
          }),
        ).toBe(line);
    });

  it('a good host breaks nothing in any scenario that is no demonstration', () => {
    // The small host knows the container alone, in which nothing is replaced, and no other calls.
    const played = builtInScenarios().filter(
      (one) =>
        one.demonstration !== true && !one.steps.some((step) => step.stage === 'replace' || step.stage === 'ioctl'),
    );
    for (const scenario of played)
      for (const result of runIn(fakeWorld(), scenario, fakeSet, {})) {
        // A machine without source checks is claimed to isolate by nobody here.
        expect(broken(result), `${scenario.id} on ${result.machine}`).toEqual([]);
        expect(result.verdict, `${scenario.id} on ${result.machine}: ${result.reason}`).toBe('holds');
      }
  });
});

/** The scenario with its window where a PAMU has a subwindow. */
function placed(scenario: Scenario, machine: string): Scenario {
  if (!machine.startsWith('powerpc-pamu')) return scenario;
  const steps = scenario.steps.map((step) =>
    step.stage === 'register-window' ? { ...step, iova: 0x10000000, pages: 1 } : step,
  );
  return { ...scenario, steps };
}

describe('each invariant on the other platforms: broken by its defect, and not by a good host', () => {
  const TRANSLATED = ['arm64-smmuv2-gicv2m', 'arm64-smmuv3-mbi', 'powerpc-pamu', 'powerpc-pamu-bank-per-domain'];
  const SHARED = ['arm64-smmuv2-gicv2m', 'arm64-smmuv3-mbi', 'x86-amdvi-noremap', 'powerpc-pamu', 'riscv-imsic-shared'];
  const APART = ['x86-amdvi', 'powerpc-pamu-bank-per-domain', 'powerpc-phb', 'riscv-imsic'];
  const PAGED = TRANSLATED.filter((machine) => !machine.startsWith('powerpc-pamu'));
  const SHARED_ELSEWHERE = ['arm64-smmuv3-gicv2m', 'arm64-smmuv3-gicv2m-2frames', 'x86-vtd-noremap', 'x86-vtd-nosid'];
  const APART_ELSEWHERE = ['arm64-smmuv3-its', 'arm64-smmuv3-its-64k', 'x86-vtd', 'x86-vtd-posting'];
  /** Where a table of the controller decides, not only the mapping of its door. */
  const BY_ENTRY = [...APART, ...APART_ELSEWHERE];
  const ALL = [...SHARED, ...APART, ...SHARED_ELSEWHERE, ...APART_ELSEWHERE];
  const cases: readonly [InvariantId, string, Defect, readonly string[]][] = [
    ['I2', 'teardown-door', 'keeps-map', TRANSLATED],
    ['I2', 'stale-door-after-disable', 'keeps-entry', BY_ENTRY],
    ['I3', 'own-interrupt', 'no-map', TRANSLATED],
    // An MSI bank does not look at the low bits of the data.
    ['I3', 'own-interrupt', 'wrong-data', ALL.filter((machine) => !machine.startsWith('powerpc-pamu'))],
    ['I4', 'capability-audit', 'false-claim', [...SHARED, ...SHARED_ELSEWHERE]],
    ['I5', 'capability-audit', 'no-guard', [...SHARED, ...SHARED_ELSEWHERE]],
    ['I6', 'own-interrupt', 'door-twice', PAGED],
    ['I6', 'window-over-ram', 'no-overlap-check', PAGED],
    ['I6', 'own-interrupt', 'one-page-late', [...PAGED, 'arm64-smmuv3-its-64k', 'arm64-smmuv3-two-its']],
    ['I7', 'teardown-door', 'keeps-page', TRANSLATED],
    ['I7', 'enable-fails-midway', 'fails-dirty', PAGED],
    ['I7', 'teardown-door', 'keeps-page', ['arm64-smmuv3-its-64k', 'arm64-smmuv3-two-its']],
    ['I8', 'map-over-window', 'maps-over', PAGED],
    ['I8', 'map-over-window', 'unmaps-door', [...PAGED, 'arm64-smmuv3-its-64k', 'arm64-smmuv3-two-its']],
    ['I9', 'affinity-change', 'sleeps', ALL],
    ['I10', 'programmed-before-mapped', 'unmaps-first', TRANSLATED],
    ['I10', 'programmed-before-mapped', 'frees-under-handler', ALL],
    ['I11', 'release-without-disable', 'leaks', ALL],
  ];
  for (const [invariant, id, defect, machines] of cases)
    it.each(machines)(`${invariant}: ${defect} in ${id} on %s`, (machine) => {
      const scenario = { ...placed(built(id), machine), watch: [invariant] };
      const bad = run(scenario, machine, defect);
      expect(bad.verdict, bad.reason ?? '').toBe('violated');
      expect(broken(bad)).toEqual([invariant]);
      const good = run(scenario, machine);
      expect(good.verdict, good.reason ?? '').toBe('holds');
    });

  it.each([...SHARED, ...SHARED_ELSEWHERE])('I1: two guests reach each other on %s', (machine) => {
    const result = run({ ...placed(built('two-guests-on-other-platforms'), machine), unsafeInterrupts: true }, machine);
    expect(result.verdict, result.reason ?? '').toBe('violated');
    expect(broken(result)).toEqual(['I1']);
  });

  it.each([...APART, ...APART_ELSEWHERE])('I1: two guests are kept apart on %s', (machine) => {
    const result = run(placed(built('two-guests-on-other-platforms'), machine), machine);
    expect(result.verdict, result.reason ?? '').toBe('holds');
  });

  it.each([
    ['I6', 'no-overlap-check'],
    ['I8', 'maps-over'],
  ] as const)('%s: %s where windows fill subwindows', (invariant, defect) => {
    for (const machine of ['powerpc-pamu', 'powerpc-pamu-bank-per-domain']) {
      const scenario: Scenario = { ...built('window-on-pamu'), watch: [invariant] };
      expect(broken(run(scenario, machine, defect))).toEqual([invariant]);
      expect(run(scenario, machine).verdict).toBe('holds');
    }
  });
});

describe('what is no violation', () => {
  it('an SPI that nobody holds may be raised', () => {
    const scenario: Scenario = {
      ...built('two-guests-gicv2m'),
      steps: [
        ...built('two-guests-gicv2m').steps.slice(0, 6),
        { stage: 'forge', agent: 'Guest B', address: 'own-door', data: 140 },
      ],
    };
    const result = run(scenario, GIC);
    expect(result.traces[0]!.events.some((event) => event.text.includes('→ SPI 140'))).toBe(true);
    expect(result.verdict).toBe('holds');
  });

  it('a page that another vector of the domain needs stays mapped by right', () => {
    const steps: StepSpec[] = [
      { stage: 'attach', agent: 'Guest A', device: 'nic-vf0' },
      { stage: 'attach', agent: 'Guest A', device: 'nic-vf1' },
      { stage: 'register-window', agent: 'Guest A', pages: 2 },
      { stage: 'enable', agent: 'Guest A', device: 'nic-vf0' },
      { stage: 'enable', agent: 'Guest A', device: 'nic-vf1' },
      { stage: 'disable', agent: 'Guest A', device: 'nic-vf0' },
      { stage: 'forge', agent: 'Guest A', device: 'nic-vf0', address: 'own-door' },
    ];
    const scenario: Scenario = {
      ...built('teardown-door'),
      agents: [{ name: 'Guest A', kind: 'guest', devices: ['nic-vf0', 'nic-vf1'] }],
      steps,
    };
    expect(run(scenario, GIC).verdict).toBe('holds');
  });

  it('a false claim is told even when the attack cannot be shown', () => {
    const scenario: Scenario = { ...built('capability-audit'), steps: built('capability-audit').steps.slice(0, 1) };
    const result = run(scenario, GIC, 'false-claim');
    expect(broken(result)).toEqual(['I4']);
    expect(result.traces[0]!.violations[0]!.message).toContain('no hardware keeps');
  });

  it('with the attack in the run the claim is told once, and with the attack', () => {
    const result = run(built('capability-audit'), GIC, 'false-claim');
    const messages = result.traces.flatMap((trace) => trace.violations.map((one) => one.message));
    expect(messages).toHaveLength(1);
    expect(messages[0]).toContain('raises SPI 80 of Guest A');
  });
});

describe('traces', () => {
  it('lead from the first state to the last, event by event', () => {
    const result = run(built('own-interrupt'), ITS);
    const trace = result.traces[0]!;
    const end = stateAfter(trace.initial, trace.events, trace.events.length);
    expect(end['devices/01:10.0/vectors/1/address']).toBe('0x8000040');
    expect(end['windows/Guest A/pages/0x8000000']).toBe('allocated');
    expect(trace.events.map((event) => event.index)).toEqual(trace.events.map((_, i) => i));
    expect(trace.id).toBe('own-interrupt/arm64-smmuv3-its/fake+0');
    expect([...result.executed]).toContain('fake_enable');
  });

  it('account for the window at its fullest', () => {
    const [usage] = run(built('window-one-page-short'), 'arm64-smmuv3-gicv2m-2frames').traces[0]!.windows;
    expect(usage).toMatchObject({
      agent: 'Guest A',
      base: 0x8000000,
      size: 4096,
      granule: 4096,
      pagesUsed: 1,
      pagesNeeded: 2,
      doorbells: ['v2m0'],
    });
  });

  it('name the call that was made to fail', () => {
    const result = run(built('enable-fails-midway'), GIC, 'fails-dirty');
    expect(result.traces.map((trace) => trace.injected)).toEqual(['iommu_map']);
    expect(result.traces[0]!.id).toMatch(/^enable-fails-midway\/arm64-smmuv3-gicv2m\/fake\+0\/run-\d+$/);
  });
});
