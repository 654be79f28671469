/**
 * Every row of recorded ground truth agrees with the model. The rows lie beside this file in compact form; DOORBELL_ORACLE names another
 * directory with one folder a set, whose `*.jsonl.gz` files are replayed whole.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { countRows, replaySets } from '../../src/machine/replay';

const directory = process.env.DOORBELL_ORACLE ?? __dirname;

function* rowsOf(set: string): Generator<unknown> {
  const folder = join(directory, set);
  for (const file of existsSync(folder) ? readdirSync(folder).sort() : []) {
    if (!file.endsWith('.jsonl.gz')) continue;
    const text = gunzipSync(readFileSync(join(folder, file))).toString('utf8');
    for (const line of text.split('\n')) if (line !== '') yield JSON.parse(line);
  }
}

describe.each(replaySets.map((set) => [set.name, set] as const))('%s', (name, set) => {
  it('agrees row by row', () => {
    const count = countRows(set, rowsOf(name));
    console.log(
      `${name}: ${count.agrees} ${set.unit} agree, ${count.quirkRows} quirks ${JSON.stringify(count.quirks)}, ${count.disagrees} disagree`,
    );
    expect(count.examples).toEqual([]);
    expect(count.disagrees + count.unreadable).toBe(0);
    expect(count.agrees).toBeGreaterThan(0);
  });
});
