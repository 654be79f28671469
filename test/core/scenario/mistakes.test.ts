/** A mistake in one value of a file is told where that value stands. */
import fc from 'fast-check';
import { findNodeAtLocation, type JSONPath, type Node, parseTree } from 'jsonc-parser';
import { describe, expect, it } from 'vitest';
import { parseScenario } from '../../../src/scenario/parse';

const whole = JSON.stringify(
  {
    id: 'mine',
    title: 'Mine',
    shows: 'A machine with all its parts.',
    reference: 'none',
    rows: ['S4'],
    machines: [
      {
        id: 'arm',
        title: 'Arm',
        architecture: 'arm64',
        cpus: 2,
        memory: [
          { name: 'ram', base: '0x40000000', size: '0x10000000' },
          { name: 'doors', base: '0x8000000', size: '0x100000', kind: 'mmio' },
        ],
        devices: [
          { name: 'a', requesterId: '0x180', vectors: 4, group: 1 },
          { name: 'b', requesterId: '0x181', alias: '0x180', vectors: 2 },
        ],
        iommu: { kind: 'smmuv3', name: 's', addressBits: 48, granule: 65536 },
        controllers: [
          { kind: 'gicv2m', name: 'v2m', base: '0x8020000', spiBase: 64, spiCount: 8 },
          { kind: 'its', name: 'its', base: '0x8080000', deviceBits: 16, firstBus: 0, lastBus: 255 },
        ],
      },
      {
        id: 'intel',
        architecture: 'x86',
        memory: [{ name: 'ram', base: 0, size: '0x10000000' }],
        devices: [
          { name: 'a', requesterId: 24, vectors: 4 },
          { name: 'b', requesterId: 25, vectors: 4 },
        ],
        iommu: { kind: 'vtd', name: 'dmar', addressBits: 48, remapping: true, eim: false, sourceCheck: true },
        controllers: [{ kind: 'apic', name: 'apic' }],
      },
      { preset: 'arm64-smmuv3-its', granule: 4096, functions: 3, cpus: 4 },
      'x86-vtd',
    ],
    unsafeInterrupts: true,
    agents: [
      { name: 'A', kind: 'guest', devices: ['a'] },
      { name: 'B', kind: 'host', devices: ['b'] },
    ],
    steps: [
      { stage: 'attach', agent: 'A', expect: 'ok' },
      { stage: 'register-window', agent: 'A', iova: '0x8000000', pages: 1 },
      { stage: 'enable', agent: 'A', device: 'a', count: 2 },
      { stage: 'affinity', agent: 'A', vector: 1, cpu: 1 },
      { stage: 'forge', agent: 'A', address: 'own-door', data: { dataOf: 'b', vector: 0 }, size: 4 },
    ],
    watch: ['I1', 'I3'],
    expected: { cookie: 'holds' },
  },
  null,
  2,
);

const tree = parseTree(whole)!;

/** Paths of all values, and of all members of objects. */
function paths(node: Node, at: JSONPath = []): JSONPath[] {
  if (node.type === 'object')
    return (node.children ?? []).flatMap((property) => {
      const path = [...at, String(property.children![0]!.value)];
      return [path, ...paths(property.children![1]!, path)];
    });
  if (node.type === 'array')
    return (node.children ?? []).flatMap((child, i) => [[...at, i], ...paths(child, [...at, i])]);
  return [];
}
const places = paths(tree);
const inMachines = places.filter(([first, , third]) => first === 'machines' && third !== undefined);

/** Lines (1-based) that a stretch of text reaches over. */
const lines = (text: string, from: number, to: number) => {
  const first = text.slice(0, from).split('\n').length;
  return { first, last: first + text.slice(from, to).split('\n').length - 1 };
};

/** The text with a value put in the place of another, and the stretch where it stands. */
function replaced(path: JSONPath, value: string) {
  const node = findNodeAtLocation(tree, path)!;
  return {
    text: whole.slice(0, node.offset) + value + whole.slice(node.offset + node.length),
    from: node.offset,
    to: node.offset + value.length,
  };
}

describe('a file with one mistake', () => {
  it('is read without it', () => {
    const parsed = parseScenario(whole);
    expect(parsed.kind === 'errors' ? parsed.errors : []).toEqual([]);
  });

  it('has each error inside the text: lines from 1, columns in the line, the end not before the start', () => {
    const wrong = fc.constantFrom(
      'null',
      '-1',
      '1.5',
      '"?"',
      '[]',
      '{}',
      '[[]]',
      '{"x": 1}',
      'true',
      '1e99',
      '"0xzz"',
      '',
    );
    fc.assert(
      fc.property(fc.constantFrom(...places), wrong, (path, value) => {
        const { text } = replaced(path, value);
        const parsed = parseScenario(text);
        if (parsed.kind === 'scenario') return;
        const all = text.split('\n');
        expect(parsed.errors.length).toBeGreaterThan(0);
        for (const { line, column, endLine, endColumn, message } of parsed.errors) {
          expect(message.length).toBeGreaterThan(0);
          expect(line).toBeGreaterThan(0);
          expect(endLine).toBeLessThanOrEqual(all.length);
          expect(column).toBeLessThanOrEqual(all[line - 1]!.length);
          expect(endColumn).toBeLessThanOrEqual(all[endLine - 1]!.length);
          expect(endLine > line || (endLine === line && endColumn >= column)).toBe(true);
        }
      }),
      { numRuns: 1500 },
    );
  });

  it('of a machine: a value that nothing there may be is told on its own line', () => {
    for (const path of inMachines) {
      const { text, from, to } = replaced(path, '[[null]]');
      const { first, last } = lines(text, from, to);
      const parsed = parseScenario(text);
      if (parsed.kind === 'scenario') throw new Error(`${path.join('/')} may be [[null]]`);
      expect(
        parsed.errors.some((error) => error.line >= first && error.endLine <= last),
        `${path.join('/')}: ${JSON.stringify(parsed.errors.slice(0, 3))}`,
      ).toBe(true);
    }
  });

  it('of a machine: a key that is not known is told at the key', () => {
    const keys = inMachines.filter((path) => typeof path.at(-1) === 'string');
    for (const path of keys) {
      const property = findNodeAtLocation(tree, path)!.parent!;
      const key = property.children![0]!;
      const text = `${whole.slice(0, key.offset)}"nonsense"${whole.slice(key.offset + key.length)}`;
      const parsed = parseScenario(text);
      if (parsed.kind === 'scenario') throw new Error(`${path.join('/')}: nonsense was read`);
      const { first } = lines(text, key.offset, key.offset);
      const column = key.offset - (whole.lastIndexOf('\n', key.offset - 1) + 1);
      expect(
        parsed.errors.some((error) => error.line === first && error.column === column && error.code === 'unknown-key'),
        `${path.join('/')}: ${JSON.stringify(parsed.errors.slice(0, 3))}`,
      ).toBe(true);
    }
  });
});
