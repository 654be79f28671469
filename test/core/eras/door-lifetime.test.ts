import { describe, expect, it } from 'vitest';
import { designs } from '../../../src/host/designs/index';
import { doorLifetime } from '../../../src/host/door-lifetime';
import { builtInScenarios } from '../../../src/scenario/library';
import { runScenario } from '../../../src/scenario/run';
import { setOf, withCode } from '../host/support';

const TYPE1 = 'drivers/vfio/vfio_iommu_type1.c';

/** One function of a design's file, its text changed. */
function functionOf(design: string, file: string, name: string, change: (text: string) => string): string {
  const text = designs.find((one) => one.name === design)?.files[file] ?? '';
  const at = text.search(new RegExp(`^[a-z][\\w *]*\\b${name}\\(`, 'm'));
  const end = text.indexOf('\n}\n', at);
  const body = text.slice(at, end + 3);
  const changed = change(body);
  if (at < 0 || changed === body) throw new Error(`nothing changed in ${name}()`);
  return changed;
}

const verdicts = (set: Awaited<ReturnType<typeof setOf>>, id: string) => {
  const scenario = builtInScenarios().find((one) => one.id === id);
  if (scenario === undefined) throw new Error(id);
  return runScenario(scenario, set).map((result) => ({
    machine: result.machine,
    verdict: result.verdict,
    broken: [...new Set(result.traces.flatMap((trace) => trace.violations.map((one) => one.invariant)))],
  }));
};

describe('how long a doorbell stays mapped', () => {
  it('is told by the interface', async () => {
    expect(doorLifetime(await setOf('v4.5'))).toBe('vectors');
    expect(doorLifetime(await setOf('transparent'))).toBe('vectors');
    expect(doorLifetime(await setOf('cookie'))).toBe('domain');
    expect(doorLifetime(await setOf('iommufd'))).toBe('domain');
  });
  it('lets a cookie keep it after a disable and after an enable that failed', async () => {
    const set = await setOf('cookie');
    for (const id of ['teardown-door', 'enable-fails-midway'])
      expect(new Set(verdicts(set, id).map((one) => one.verdict))).toEqual(new Set(['holds']));
  });
  it('ends with the domain: one that is kept with no device in it still has the door', async () => {
    const leak = functionOf('cookie', TYPE1, 'vfio_iommu_type1_detach_group', (text) =>
      text.replace(/^\s*iommu_domain_free\([^;]*\);\n/m, ''),
    );
    const found = verdicts(await withCode(await setOf('cookie'), leak, TYPE1), 'detach-while-enabled');
    expect(found.map((one) => one.verdict)).toEqual(['violated', 'violated']);
    expect(found.every((one) => one.broken.includes('I2'))).toBe(true);
  });
});
