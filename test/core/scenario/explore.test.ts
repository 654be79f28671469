import { describe, expect, it } from 'vitest';
import type { Host } from '../../../src/host/host';
import { runIn } from '../../../src/scenario/explore';
import { builtInScenarios } from '../../../src/scenario/library';
import type { Scenario } from '../../../src/scenario/types';
import type { World } from '../../../src/scenario/world';
import { fakeSet, fakeWorld } from './fake-host';

const built = (id: string): Scenario => builtInScenarios().find((one) => one.id === id)!;
const GIC = 'arm64-smmuv3-gicv2m';
const own = { ...built('own-interrupt'), machines: [GIC] };

describe('what rests on the unknown', () => {
  it('a violation that one outcome of an unknown test prevents is undecided', () => {
    const [result] = runIn(
      fakeWorld('no-map', 'unknown-guard'),
      { ...own, steps: own.steps.map(({ expect: _, ...step }) => step) },
      fakeSet,
      {},
    );
    expect(result!.verdict).toBe('undecided');
    expect(result!.reason).toContain('may_enable() != 0');
  });

  it('a violation that holds for both outcomes of an unknown test is a violation', () => {
    const [result] = runIn(fakeWorld('no-map', 'unknown-log'), own, fakeSet, {});
    expect(result!.verdict).toBe('violated');
    expect(result!.traces[0]!.violations[0]!.invariant).toBe('I3');
  });

  it('one outcome leads to a call that was not understood and may have done what is missing: undecided', () => {
    const [result] = runIn(fakeWorld('no-map', 'unknown-mapper'), own, fakeSet, {});
    expect(result!.verdict).toBe('undecided');
    expect(result!.reason).toContain('has_mapper()');
  });

  it('only both halves of `ops && ops->map` lead to such a call: undecided', () => {
    const [result] = runIn(fakeWorld('no-map', 'unknown-table'), own, fakeSet, {});
    expect(result!.verdict).toBe('undecided');
    expect(result!.reason).toContain('ops');
  });

  it('without a violation both outcomes hold', () => {
    const [result] = runIn(fakeWorld('unknown-log'), own, fakeSet, {});
    expect(result).toMatchObject({ verdict: 'holds', reason: null });
    expect(result!.traces).toHaveLength(1);
  });

  it('what is missing may have been done by a call that was not understood; what is done was done', () => {
    const teardown = { ...built('teardown-door'), machines: [GIC] };
    const [missing] = runIn(fakeWorld('keeps-map', 'unknown-void'), teardown, fakeSet, {});
    expect(missing).toMatchObject({ verdict: 'undecided' });
    expect(missing!.reason).toContain('mystery() is not known');
    const [done] = runIn(
      fakeWorld('sleeps', 'unknown-void'),
      { ...built('affinity-change'), machines: [GIC], watch: ['I9'] },
      fakeSet,
      {},
    );
    expect(done!.verdict).toBe('violated');
  });

  it('too few runs for all outcomes: undecided, and it says how many there were', () => {
    const [result] = runIn(fakeWorld('unknown-log'), own, fakeSet, { runs: 1 });
    expect(result).toMatchObject({ verdict: 'undecided' });
    expect(result!.reason).toContain('1 run');
  });
});

describe('what cannot be played', () => {
  it('an unknown machine, a device the machine does not have', () => {
    expect(runIn(fakeWorld(), { ...own, machines: ['vax'] }, fakeSet, {})[0]).toMatchObject({
      machine: 'vax',
      verdict: 'n/a',
      reason: 'there is no machine “vax”',
    });
    const missing = { ...own, agents: [{ name: 'Guest A', kind: 'guest' as const, devices: ['tape'] }] };
    expect(runIn(fakeWorld(), missing, fakeSet, {})[0]).toMatchObject({
      verdict: 'n/a',
      reason: `${GIC} has no device named tape`,
    });
  });

  it('a refused attach answers the questions about isolation and no others', () => {
    const guarded = { ...own, unsafeInterrupts: false };
    expect(runIn(fakeWorld(), guarded, fakeSet, {})[0]).toMatchObject({
      verdict: 'n/a',
      reason: 'attach of Guest A gives -EPERM, so nothing could be tried',
    });
    const [audit] = runIn(fakeWorld(), { ...built('capability-audit'), machines: [GIC] }, fakeSet, {});
    expect(audit!.verdict).toBe('holds');
    expect(audit!.traces[0]!.events.map((event) => event.text)).toContain('left out: Guest B has no device');
  });

  it('a result the scenario needs and does not get', () => {
    const [result] = runIn(
      fakeWorld('unmaps-door', 'no-overlap-check'),
      { ...built('window-over-ram'), machines: [GIC], watch: ['I9'] },
      fakeSet,
      {},
    );
    expect(result).toMatchObject({
      verdict: 'n/a',
      reason: 'step 3 (register-window) gives 0, the scenario needs error',
    });
  });

  it('machines can be chosen, and a run can be stopped', () => {
    expect(
      runIn(fakeWorld(), built('own-interrupt'), fakeSet, { machines: ['x86-vtd'] }).map((one) => one.machine),
    ).toEqual(['x86-vtd']);
    expect(runIn(fakeWorld(), own, fakeSet, { signal: { aborted: true } })[0]).toMatchObject({
      verdict: 'undecided',
      reason: 'stopped before the first run',
      traces: [],
    });
  });
});

describe('runs', () => {
  it('are the same each time', () => {
    const once = runIn(fakeWorld('keeps-map'), built('teardown-door'), fakeSet, { prefix: 3 });
    const again = runIn(fakeWorld('keeps-map'), built('teardown-door'), fakeSet, { prefix: 3 });
    expect(JSON.stringify(again)).toBe(JSON.stringify(once));
    expect(once[0]!.traces[0]!.id).toBe(`teardown-door/${GIC}/fake+3`);
  });

  it('with an injected failure are each told apart by the call that fails', () => {
    const good = fakeWorld();
    const failed: string[] = [];
    const spying: World = {
      ...good,
      host: (set, platform, options): Host =>
        good.host(set, platform, {
          ...options,
          chooser: {
            ...options.chooser,
            fail: (primitive, at) => {
              const errno = options.chooser.fail(primitive, at);
              if (errno !== null) failed.push(primitive);
              return errno;
            },
          },
        }),
    };
    const [result] = runIn(spying, { ...built('enable-fails-midway'), machines: [GIC] }, fakeSet, {});
    expect(result!.verdict).toBe('holds');
    // One page for both vectors: one taking, one mapping.
    expect(failed).toEqual(['alloc_iova', 'iommu_map']);
  });
});
