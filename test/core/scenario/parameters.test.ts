import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { machinePreset } from '../../../src/machine/presets';
import { deriveMachine } from '../../../src/scenario/derive';
import { evaluate } from '../../../src/scenario/parameters';
import { parseScenario } from '../../../src/scenario/parse';

const file = (parameters: string, rest = ''): string => `{
  "id": "many",
  "title": "{guests} guests",
  "shows": "Many.",
  "machines": [{ "preset": "arm64-smmuv3-its", "functions": "=guests", "granule": "=granule" }],
  ${parameters},
  "agents": [
    { "repeat": "=guests", "items": [{ "name": "Guest {i}", "kind": "guest", "devices": ["nic-vf{i}"] }] }
  ],
  "steps": [
    { "repeat": "=guests", "as": "n", "items": [
      { "stage": "attach", "agent": "Guest {n}" },
      { "stage": "register-window", "agent": "Guest {n}", "iova": "=0x8000000 + n * granule", "size": "=granule" }
    ] }${rest}
  ],
  "watch": ["I1"]
}`;

function errors(text: string): string[] {
  const parsed = parseScenario(text);
  return parsed.kind === 'errors'
    ? parsed.errors.map((one) => `${one.line}:${one.column} ${one.code} ${one.message}`)
    : [];
}

describe('parameters', () => {
  it('give one scenario for each combination, with names, numbers and repeats written out', () => {
    const parsed = parseScenario(
      file('"parameters": { "guests": { "from": 1, "to": 3 }, "granule": [4096, "0x10000"] }'),
    );
    if (parsed.kind !== 'scenario') throw new Error(JSON.stringify(parsed.errors));
    const { variants = [] } = parsed.scenario;
    expect(parsed.scenario.id).toBe('many');
    expect(variants.map((one) => one.id)).toEqual([
      'many[guests=1,granule=4096]',
      'many[guests=1,granule=65536]',
      'many[guests=2,granule=4096]',
      'many[guests=2,granule=65536]',
      'many[guests=3,granule=4096]',
      'many[guests=3,granule=65536]',
    ]);
    const last = variants[5]!;
    expect(last).toMatchObject({ title: '3 guests', parameters: { guests: 3, granule: 65536 } });
    expect(last.agents.map((one) => [one.name, ...one.devices])).toEqual([
      ['Guest 0', 'nic-vf0'],
      ['Guest 1', 'nic-vf1'],
      ['Guest 2', 'nic-vf2'],
    ]);
    expect(last.steps).toHaveLength(6);
    expect(last.steps[5]).toEqual({ stage: 'register-window', agent: 'Guest 2', iova: 0x8020000, size: 65536 });
    expect(last.machines).toEqual([
      {
        id: 'arm64-smmuv3-its(granule=65536,functions=3)',
        preset: 'arm64-smmuv3-its',
        granule: 65536,
        functions: 3,
      },
    ]);
  });

  it('are refused with line and column, once however many copies are made', () => {
    expect(errors(file('"parameters": { "guests": [4, 8], "granule": [5000] }'))).toEqual([
      '5:82 value granule must be one of 4096, 16384, 65536',
    ]);
    expect(errors(file('"parameters": { "guests": [2] }'))[0]).toMatch(
      /^5:82 reference there is no parameter “granule”/,
    );
    expect(errors(file('"parameters": { "guests": { "from": 3, "to": 1 }, "granule": [4096] }'))).toEqual([
      '6:28 value “guests” must run upwards over 1 to 64 values',
    ]);
    expect(errors(file('"parameters": { "1": [1], "guests": [1], "granule": [4096] }'))[0]).toMatch(
      /^6:18 value “1” is no name/,
    );
    expect(errors(file('"parameters": { "guests": [], "granule": [4096] }')).join()).toContain(
      'needs at least one value',
    );
    expect(
      errors(file(`"parameters": { "guests": { "from": 1, "to": 60 }, "granule": [${'4096,'.repeat(8)}] }`)).join(),
    ).toContain('the same value twice');
    expect(errors(file('"parameters": { "guests": [1000], "granule": [4096] }')).join()).toMatch(
      /8:16 value repeat must be a whole number from 0 to 256/,
    );
    expect(
      errors(
        file(
          '"parameters": { "guests": [1], "granule": [4096] }',
          `, ${'{ "repeat": 250, "items": ['.repeat(3)}{ "stage": "attach", "agent": "Guest 0" }${'] }'.repeat(3)}`,
        ),
      ).join(),
    ).toContain('too long');
  });

  it('sums are sums of products', () => {
    expect(evaluate('0x180 + 8 * i', { i: 3 })).toBe(0x198);
    expect(evaluate('2*3*4-1', {})).toBe(23);
    expect(evaluate('i +', { i: 1 })).toBe('a number or a name is missing');
    expect(evaluate('constructor', {})).toBe('there is no parameter “constructor”');
    expect(evaluate('1 / 2', {})).toBe('“1 / 2” is neither a number nor a name');
    expect(evaluate('9007199254740991 * 2', {})).toBe('the value is beyond 2^53');
    fc.assert(
      fc.property(fc.string(), (text) => {
        const value = evaluate(text, { i: 1 });
        expect(typeof value === 'string' || Number.isSafeInteger(value)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});

describe('changed presets', () => {
  const its = machinePreset('arm64-smmuv3-its')!;

  it('have the functions asked for, at requester ids of their own', () => {
    const machine = deriveMachine(its, { id: 'x', preset: its.id, functions: 4 });
    if (typeof machine === 'string') throw new Error(machine);
    expect(machine.devices.map((one) => [one.name, one.requesterId])).toEqual([
      ['nic-pf', 0x100],
      ['nic-vf0', 0x180],
      ['nic-vf1', 0x181],
      ['nic-vf2', 0x182],
      ['nic-vf3', 0x183],
      ['nvme', 0x500],
    ]);
  });

  it('say what cannot be changed', () => {
    expect(deriveMachine(machinePreset('x86-vtd')!, { id: 'x', preset: 'x86-vtd', granule: 65536 })).toMatch(
      /is fixed/,
    );
    expect(deriveMachine({ ...its, devices: [] }, { id: 'x', preset: its.id, functions: 2 })).toMatch(
      /no device nic-vf0/,
    );
  });
});
