/** docs/matrix.md is what `doorbell scenarios --matrix` prints: each verdict in it is the one that its scenario expects, which other tests hold to runs. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { designs } from '../../../src/host/designs/index';
import { machinePresets } from '../../../src/machine/presets';
import { builtInScenarios } from '../../../src/scenario/library';
import type { Verdict } from '../../../src/scenario/types';

const text = readFileSync(join(__dirname, '../../../docs/matrix.md'), 'utf8');
const cellsOf = (line: string): string[] =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());
const rows = new Map(
  text
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .map(cellsOf)
    .map((cells) => [`${cells[0]} ${cells[1]}`, cells.slice(2)] as const),
);

const verdictOf = (cell: string): Verdict =>
  cell === '–' ? 'n/a' : cell === '?' ? 'undecided' : cell.startsWith('**violated**') ? 'violated' : 'holds';

describe('docs/matrix.md', () => {
  it('has every design, in order', () => {
    expect(rows.get('scenario machine')?.slice(1)).toEqual(designs.map((design) => design.name));
  });

  it.each(builtInScenarios().map((scenario) => [scenario.id, scenario] as const))('%s', (id, scenario) => {
    for (const named of scenario.machines) {
      const machine = typeof named === 'string' ? named : named.id;
      const cells = rows.get(`${id} ${machine}`);
      expect(cells, `${machine}: run doorbell scenarios --matrix`).toBeDefined();
      expect(cells![0]).toBe(scenario.watch.join(' '));
      for (const [i, design] of designs.entries()) {
        const expected = scenario.expected[design.name];
        const verdict = typeof expected === 'string' ? expected : expected?.[machine];
        expect(verdictOf(cells![i + 1]!), `${machine}, ${design.name}`).toBe(verdict);
      }
    }
  });

  it('has every preset in the table of the hardware', () => {
    const table = text.slice(text.indexOf('## What the hardware alone allows'));
    for (const preset of machinePresets) expect(table).toContain(`\n| ${preset.id} | `);
  });
});
