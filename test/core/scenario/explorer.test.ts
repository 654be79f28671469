import { describe, expect, it } from 'vitest';
import { machinePreset } from '../../../src/machine/presets';
import { problemOf } from '../../../src/scenario/explorer/problem';
import type { SearchOptions } from '../../../src/scenario/explorer/search';
import { search } from '../../../src/scenario/explorer/search';
import { builtInScenarios } from '../../../src/scenario/library';
import type { Scenario } from '../../../src/scenario/types';

const built = (id: string): Scenario => builtInScenarios().find((one) => one.id === id)!;

function explored(scenario: Scenario, machine: string, options: SearchOptions = {}) {
  const problem = problemOf(scenario, machinePreset(machine)!);
  if (typeof problem === 'string') throw new Error(problem);
  const one = search(problem, options);
  while (one.advance(1000));
  return { coverage: one.coverage(), example: one.counterexample() };
}

describe('explorer', () => {
  it('finds the shortest attack of two guests on a GICv2m frame', () => {
    const { coverage, example } = explored(built('two-guests-gicv2m'), 'arm64-smmuv3-gicv2m');
    expect(coverage.extent).toBe('violated');
    expect(example).toMatchObject({ invariant: 'I1', message: expect.stringContaining('raises SPI 80 of Guest') });
    // Both attach, both enable, and one message is sent and arrives: nothing shorter does it.
    expect(example!.moves.map((one) => one.kind).sort()).toEqual(['arrive', 'send', 'step', 'step', 'step', 'step']);
    expect(example!.moves.at(-1)!.kind).toBe('arrive');
  });

  it('covers two guests on an ITS completely and finds nothing', () => {
    const { coverage, example } = explored(built('two-guests-its'), 'arm64-smmuv3-its');
    expect(example).toBeNull();
    expect(coverage).toMatchObject({ extent: 'complete', bound: null });
    expect(coverage.states).toBeGreaterThan(50);
  });

  it('takes no attack where the host refuses the device', () => {
    const { coverage, example } = explored(
      { ...built('two-guests-gicv2m'), unsafeInterrupts: false },
      'arm64-smmuv3-gicv2m',
    );
    expect(example).toBeNull();
    expect(coverage.extent).toBe('complete');
  });

  it.each([
    ['x86-vtd', 'complete'],
    ['x86-vtd-noremap', 'violated'],
    ['x86-vtd-nosid', 'violated'],
    ['x86-amdvi', 'complete'],
    ['x86-amdvi-noremap', 'violated'],
    ['arm64-smmuv2-gicv2m', 'violated'],
    ['arm64-smmuv3-mbi', 'violated'],
    ['powerpc-pamu', 'violated'],
    ['powerpc-pamu-bank-per-domain', 'complete'],
    ['powerpc-phb', 'complete'],
    ['riscv-imsic', 'complete'],
    ['riscv-imsic-shared', 'violated'],
  ])('two guests on %s: %s', (machine, extent) => {
    const { coverage, example } = explored(built('two-guests-x86'), machine);
    expect(coverage.extent, JSON.stringify(example)).toBe(extent);
  });

  it('a message under way when its vector is disabled reaches nobody on an ITS, and another guest without remapping', () => {
    const scenario = built('stale-door-after-disable');
    expect(explored(scenario, 'arm64-smmuv3-its').coverage.extent).toBe('complete');
    expect(explored(scenario, 'x86-vtd').coverage.extent).toBe('complete');
    expect(explored(scenario, 'x86-vtd-noremap').example?.invariant).toBe('I1');
  });

  it('says which bound it met, and can be stopped and gone on with', () => {
    const scenario = built('two-guests-its');
    const whole = explored(scenario, 'arm64-smmuv3-its').coverage;
    expect(explored(scenario, 'arm64-smmuv3-its', { depth: 3 }).coverage).toMatchObject({
      extent: 'bounded',
      bound: 'depth',
      depth: 3,
    });
    expect(explored(scenario, 'arm64-smmuv3-its', { states: 20 }).coverage).toMatchObject({
      extent: 'bounded',
      bound: 'states',
      states: 20,
    });
    const problem = problemOf(scenario, machinePreset('arm64-smmuv3-its')!);
    if (typeof problem === 'string') throw new Error(problem);
    const slow = search(problem);
    expect(slow.advance(5)).toBe(true);
    expect(slow.coverage().extent).toBe('stopped');
    while (slow.advance(1));
    expect(slow.coverage()).toEqual(whole);
  });

  it('leaves out the orders that differ in the names of twins alone', () => {
    const three = built('many-guests-its').variants![1]!;
    const machine = {
      ...machinePreset('arm64-smmuv3-its')!,
      devices: Array.from({ length: 5 }, (_, i) => ({ name: `nic-vf${i}`, requesterId: 0x180 + i, vectors: 16 })),
    };
    const one = search(
      problemOf({ ...three, agents: three.agents.slice(0, 3) }, machine) as Exclude<
        ReturnType<typeof problemOf>,
        string
      >,
    );
    while (one.advance(1000));
    const other = search(
      problemOf(
        { ...three, agents: three.agents.slice(0, 3) },
        { ...machine, devices: machine.devices.map((device, i) => ({ ...device, vectors: 16 + i })) },
      ) as Exclude<ReturnType<typeof problemOf>, string>,
    );
    while (other.advance(1000));
    expect(one.coverage().extent).toBe('complete');
    expect(other.coverage().extent).toBe('complete');
    expect(one.coverage().states).toBeLessThan(other.coverage().states);
  });

  it('names the device that a machine lacks', () => {
    expect(problemOf(built('alias-behind-a-bridge'), machinePreset('x86-vtd')!)).toBe(
      'x86-vtd has no device named pci-nic',
    );
  });
});
