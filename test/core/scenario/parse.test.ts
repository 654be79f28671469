import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { designs } from '../../../src/host/designs/index';
import { createPlatform } from '../../../src/host/platforms';
import { machinePresets } from '../../../src/machine/presets';
import type { MachineSpec } from '../../../src/machine/types';
import { builtInScenarios, LIBRARY_TEXTS } from '../../../src/scenario/library';
import { parseScenario, STAGES } from '../../../src/scenario/parse';
import schema from '../../../src/scenario/scenario.schema.json';

const good = LIBRARY_TEXTS['own-interrupt']!;

/** Errors as `line:column code message`. */
function errors(text: string): string[] {
  const parsed = parseScenario(text);
  return parsed.kind === 'errors'
    ? parsed.errors.map((one) => `${one.line}:${one.column} ${one.code} ${one.message}`)
    : [];
}

describe('library files', () => {
  it('parse, each under its own id, with everything a reader needs', () => {
    expect(builtInScenarios().map((one) => one.id)).toEqual(Object.keys(LIBRARY_TEXTS));
    expect(builtInScenarios().length).toBeGreaterThanOrEqual(30);
    for (const scenario of builtInScenarios()) {
      expect(scenario.shows, scenario.id).toMatch(/\.$/);
      expect(scenario.reference, scenario.id).not.toBe('');
      expect(scenario.rows.length, scenario.id).toBeGreaterThan(0);
      expect(Object.keys(scenario.expected).sort(), scenario.id).toEqual(designs.map((one) => one.name).sort());
    }
  });

  it('covers these rows of the seed', () => {
    const rows = new Set(builtInScenarios().flatMap((one) => one.rows));
    for (const row of ['S1', 'S2', 'S3', 'S4', 'S6', 'S7', 'S8', 'S9', 'S10', 'S12', 'S13', 'S14'])
      expect(rows, row).toContain(row);
  });
});

describe('addresses', () => {
  it('are numbers or hexadecimal texts', () => {
    const parsed = parseScenario(good);
    if (parsed.kind !== 'scenario') throw new Error('own-interrupt does not parse');
    expect(parsed.scenario.steps[1]).toMatchObject({ stage: 'map', iova: 0x40000000, pages: 16 });
    expect(parsed.scenario.demonstration).toBeUndefined();
  });
});

describe('errors have a place', () => {
  const withLine = (find: string, replacement: string): string => {
    expect(good).toContain(find);
    return good.replace(find, replacement);
  };

  it('a missing comma', () => {
    const at = good.split('\n').findIndex((line) => line.includes('"title"')) + 1;
    expect(errors(withLine('arrives",', 'arrives"'))[0]).toBe(`${at + 1}:2 syntax a comma must stand here`);
  });

  it('an unknown key, an unknown stage, a wrong type, a missing key', () => {
    expect(errors('{\n  "id": "x",\n  "colour": 1\n}').join('\n')).toMatch(
      /^3:2 unknown-key a scenario has no key “colour”/m,
    );
    expect(errors(withLine('"stage": "fire"', '"stage": "ring"')).join('\n')).toMatch(
      /^17:\d+ value stage must be one of attach/,
    );
    expect(errors(withLine('"count": 2', '"count": "two"')).join('\n')).toMatch(
      /^16:\d+ type count must be a whole number/,
    );
    expect(errors(withLine('"watch": ["I3", "I6"],', ''))).toEqual(['1:0 missing a scenario needs “watch”']);
  });

  it('an agent and a device that do not exist', () => {
    expect(errors(withLine('"agent": "Guest A", "vector": 1', '"agent": "Guest Z", "vector": 1')).join()).toMatch(
      /^18:\d+ reference there is no agent “Guest Z”/,
    );
    expect(errors(withLine('"agent": "Guest A", "vector": 1', '"agent": "Guest A", "device": "disk"')).join()).toMatch(
      /^18:\d+ reference no agent has a device “disk”/,
    );
  });

  it('an address beyond 2^53, a number that is not whole, an errno nobody knows, a key of another stage', () => {
    expect(errors(withLine('"0x8000000"', '"0x80000000000000000"')).join()).toContain(
      'value iova must be a whole number',
    );
    expect(errors(withLine('"count": 2', '"count": 1.5')).join()).toContain('value count must be a whole number');
    expect(errors(withLine('"expect": "ok"', '"expect": "EWHAT"')).join()).toContain('the name of an errno');
    expect(errors(withLine('"vector": 0 }', '"vector": 0, "data": 1 }')).join()).toContain(
      'belongs to a forge step only',
    );
  });

  it('an empty file, another kind of file, one that nests without end', () => {
    expect(errors('')[0]).toMatch(/^1:0 syntax/);
    expect(errors('[]')).toEqual(['1:0 type a scenario must be an object']);
    expect(errors('['.repeat(200_000))).toEqual(['1:0 syntax brackets nest deeper than any scenario needs']);
    expect(errors('"'.repeat(2_000_000))[0]).toContain('at most');
  });

  it('a machine in full is read, and its mistakes are found', () => {
    const machine =
      '{ "id": "mine", "architecture": "arm64", "memory": [{ "name": "ram", "base": "0x40000000", "size": "0x10000000" }], "devices": [{ "name": "nic-vf0", "requesterId": "0x180", "vectors": 4 }], "iommu": { "kind": "smmuv3", "name": "s", "addressBits": 48 }, "controllers": [{ "kind": "gicv2m", "name": "v2m", "base": "0x8020000", "spiBase": 64, "spiCount": 8 }] }';
    const parsed = parseScenario(good.replace('"x86-vtd-noremap"]', machine.concat(']')));
    if (parsed.kind !== 'scenario') throw new Error(JSON.stringify(parsed.errors));
    expect(parsed.scenario.machines[4]).toMatchObject({
      id: 'mine',
      title: 'mine',
      cpus: 1,
      devices: [{ requesterId: 0x180 }],
      iommu: { granule: 4096 },
    });
    expect(
      errors(good.replace('"x86-vtd-noremap"]', machine.replace('"spiCount": 8', '"spis": 8').concat(']'))).join(),
    ).toContain('a controller of kind gicv2m needs “spiCount”');
  });
});

describe('machines in full', () => {
  it.each(machinePresets.map((preset) => [preset.id, preset] as const))('%s can be written out', (_, preset) => {
    const parsed = parseScenario(good.replace('"x86-vtd-noremap"]', `${JSON.stringify(preset)}]`));
    if (parsed.kind !== 'scenario') throw new Error(JSON.stringify(parsed.errors));
    expect(parsed.scenario.machines[4]).toEqual(preset);
  });

  it('of kinds that do not belong together do nothing worse than not work', () => {
    const spec = (kind: string) => machinePresets.find((one) => one.controllers.some((c) => c.kind === kind))!;
    const controllers = ['gicv2m', 'its', 'apic', 'mbi', 'fsl-msi', 'phb-msi', 'imsic'].map(
      (kind) => spec(kind).controllers.find((one) => one.kind === kind)!,
    );
    const iommus = [...new Map(machinePresets.map((one) => [one.iommu.kind, one.iommu])).values()];
    expect(iommus).toHaveLength(8);
    fc.assert(
      fc.property(
        fc.constantFrom(...machinePresets),
        fc.constantFrom(...iommus),
        fc.subarray(controllers),
        fc.array(fc.nat(2 ** 32), { minLength: 1, maxLength: 4 }),
        (preset, iommu, some, addresses) => {
          const text = JSON.stringify({ ...preset, id: 'mixed', iommu, controllers: some });
          const parsed = parseScenario(good.replace('"x86-vtd-noremap"]', `${text}]`));
          if (parsed.kind !== 'scenario') throw new Error(JSON.stringify(parsed.errors));
          const platform = createPlatform(parsed.scenario.machines[4] as MachineSpec);
          const requesterId = platform.spec.devices[0]!.requesterId;
          platform.attach(requesterId, platform.allocateDomain());
          const vectors = platform.allocateVectors(requesterId, 2) ?? [];
          const writes = [...vectors, ...addresses.map((address) => ({ address, data: 1 }))];
          for (const { address, data } of writes)
            expect(['interrupt', 'memory', 'ignored', 'fault', 'dropped']).toContain(
              platform.emit(requesterId, address, data, 4).kind,
            );
          platform.freeVectors(requesterId);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('any text', () => {
  it('gives a scenario or errors, never an exception', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 400 }), (text) => {
        const parsed = parseScenario(text);
        if (parsed.kind === 'errors') for (const one of parsed.errors) expect(one.line).toBeGreaterThan(0);
        if (parsed.kind === 'errors') expect(parsed.errors.length).toBeGreaterThan(0);
      }),
      { numRuns: 300 },
    );
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(parseScenario(text).kind).toBe('errors');
      }),
      { numRuns: 300 },
    );
  });

  it('a library file with a stretch cut out or put in is read or refused', () => {
    fc.assert(
      fc.property(fc.nat(good.length), fc.nat(60), fc.string({ maxLength: 8 }), (from, length, put) => {
        const parsed = parseScenario(good.slice(0, from) + put + good.slice(from + length));
        expect(['scenario', 'errors']).toContain(parsed.kind);
      }),
      { numRuns: 500 },
    );
  });
});

describe('the published schema', () => {
  it('describes every key, and knows the stages and keys that the reader knows', () => {
    expect(schema.definitions.step.properties.stage.enum).toEqual(STAGES);
    const undescribed: string[] = [];
    const visit = (node: unknown, path: string): void => {
      if (typeof node !== 'object' || node === null) return;
      if ('properties' in node && typeof node.properties === 'object' && node.properties !== null)
        for (const [key, value] of Object.entries(node.properties)) {
          const own: unknown = value;
          const ref = typeof own === 'object' && own !== null && '$ref' in own;
          if (!ref && !(typeof own === 'object' && own !== null && 'description' in own))
            undescribed.push(`${path}/${key}`);
        }
      for (const [key, value] of Object.entries(node)) visit(value, `${path}/${key}`);
    };
    visit(schema, '');
    expect(undescribed).toEqual([]);
    // What the schema allows in a scenario, a step and a machine is what the reader takes: an unknown key lists the known ones.
    const known = (text: string): string[] => /known are (.*)$/m.exec(errors(text).join('\n'))![1]!.split(', ');
    expect(known('{ "zz": 1 }').sort()).toEqual(Object.keys(schema.properties).sort());
    expect(known(good.replace('"stage": "attach", ', '"stage": "attach", "zz": 1, ')).sort()).toEqual(
      Object.keys(schema.definitions.step.properties).sort(),
    );
    for (const [kind, text] of [
      ['machine', '{ "zz": 1 }'],
      ['device', '{ "devices": [{ "zz": 1 }] }'],
      ['range', '{ "memory": [{ "zz": 1 }] }'],
      ['iommu', '{ "iommu": { "zz": 1 } }'],
      ['controller', '{ "controllers": [{ "zz": 1 }] }'],
    ] as const) {
      const line = errors(good.replace('"x86-vtd-noremap"]', `${text}]`)).find((one) => one.includes('unknown-key'));
      expect(
        /known are (.*)$/
          .exec(line ?? '')![1]!
          .split(', ')
          .sort(),
        kind,
      ).toEqual(Object.keys(schema.definitions[kind].properties).sort());
    }
  });
});
