/**
 * What Linux 6.1, 6.12 and 7.2 were seen to do agrees with the design of each era. The rows lie beside this file in compact form;
 * DOORBELL_ORACLE names another directory with one folder a kernel, whose tables (`platforms.json`, `map-dma.json` …) are replayed whole.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { createFrontEnd } from '../../src/code/front-end';
import { designs } from '../../src/host/designs/index';
import { programSet } from '../../src/host/programs';
import type { Row } from '../../src/host/replay/index';
import { countEra, designOf, eras, readEra, replayRow } from '../../src/host/replay/index';
import type { ProgramSet } from '../../src/host/types';

const locate = createRequire(import.meta.url);
const sets = new Map<string, ProgramSet>();

beforeAll(async () => {
  const frontEnd = await createFrontEnd({
    treeSitter: readFileSync(locate.resolve('web-tree-sitter/web-tree-sitter.wasm')),
    c: readFileSync(locate.resolve('tree-sitter-c/tree-sitter-c.wasm')),
  });
  for (const design of designs) sets.set(design.name, programSet(design, frontEnd));
}, 60_000);

function rowsOf(era: string): Row[] {
  const own = process.env.DOORBELL_ORACLE;
  const folder = join(own ?? __dirname, era);
  if (!existsSync(folder)) return [];
  if (own === undefined) {
    const text = gunzipSync(readFileSync(join(folder, 'part.jsonl.gz'))).toString('utf8');
    return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Row]));
  }
  const tables = readdirSync(folder).filter((file) => file.endsWith('.json'));
  return readEra(
    Object.fromEntries(
      tables.map((file) => [file.replace(/\.json$/, ''), JSON.parse(readFileSync(join(folder, file), 'utf8'))]),
    ),
  );
}

describe.each(eras.map((era) => [era.name, era] as const))('%s', (name, era) => {
  it(`agrees with design ${era.design}`, { timeout: 600_000 }, () => {
    const counts = countEra(
      rowsOf(name).flatMap((row) =>
        replayRow(sets.get(designOf(era, row))!, row).map((verdict) => [row.table, verdict] as const),
      ),
    );
    expect(Object.keys(counts).length).toBeGreaterThan(0);
    for (const [table, count] of Object.entries(counts)) {
      const { agrees, disagrees, quirks, leftOut } = count;
      console.log(
        `${name} ${table}: ${agrees} agree, ${disagrees} disagree, quirks ${JSON.stringify(quirks)}, not replayed ${JSON.stringify(leftOut)}`,
      );
      expect.soft(count.examples, table).toEqual([]);
      expect.soft(disagrees + count.unreadable, table).toBe(0);
    }
  });
});
