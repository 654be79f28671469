/**
 * Seeded defects: deletes one release, unlock, unmap, invalidation or check in functions that are right, and asks the path rules.
 *   node bench/mutants.mjs [--functions N] [--tree FOLDER] [--show N]
 * The functions are generated, kernel-like, from a fixed seed, and read from the C files of FOLDER (samples/tree). Prints the share
 * found by what was deleted, once with the function as wholly new and once as a patch that deletes the line, and what is said of
 * the functions as they are. Goals: locks and mappings 90 %, references and memory 75 %, nothing said of a function that is right.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { grammars, loadCore } from './core.mjs';

const root = new URL('..', import.meta.url).pathname;
const { values } = parseArgs({
  options: {
    functions: { type: 'string', default: '200' },
    tree: { type: 'string', default: join(root, 'samples/tree') },
    show: { type: 'string', default: '0' },
  },
});
let show = Number(values.show);

const core = await loadCore(`
  export { createFrontEnd } from './src/code/front-end';
  export { pathHits } from './src/review/rules';
  export { correctFunctions, mutantsOf } from './test/core/review/mutants';
`);
const frontEnd = await core.createFrontEnd(grammars());

function* treeFunctions(path) {
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const inner = join(path, entry.name);
    if (entry.isDirectory()) yield* treeFunctions(inner);
    else if (entry.name.endsWith('.c')) {
      const lines = readFileSync(inner, 'utf8').split('\n');
      for (let i = 0; i < lines.length; i++) {
        if (lines[i] !== '{') continue;
        let first = i;
        while (
          first > 0 &&
          /^[\w\s*(,]|\)$/.test(lines[first - 1]) &&
          lines[first - 1] !== '}' &&
          lines[first - 1] !== ''
        )
          first--;
        const last = lines.indexOf('}', i);
        if (last > i) yield lines.slice(first, last + 1).join('\n');
      }
    }
  }
}

const read = (text) => {
  const lines = text.split('\n').map((line, index) => ({
    text: line,
    at: {
      kind: 'message',
      message: 0,
      line: index + 1,
      column: 0,
      endLine: index + 1,
      endColumn: line.length,
      added: true,
    },
  }));
  return frontEnd.parse('drivers/vfio/generated.c', lines, { evidence: 'full', source: 'patch' }).programs;
};
const said = (program, before) =>
  core
    .pathHits(program, () => before, { programs: new Map(), structures: new Map() })
    .filter((hit) => hit.rule.class === 'lifetime' || hit.rule.class === 'context');

const table = new Map();
let right = 0;
let wronglySaid = 0;
for (const [from, texts] of [
  ['generated', core.correctFunctions(Number(values.functions))],
  ['tree', [...treeFunctions(values.tree)]],
])
  for (const text of texts) {
    const [program] = read(text);
    if (program === undefined) continue;
    right++;
    const loud = said(program, null);
    if (loud.length > 0) {
      wronglySaid++;
      if (show-- > 0) console.log(`said of a right function (${from}): ${loud[0].message}\n${text}\n`);
    }
    for (const mutant of core.mutantsOf(text)) {
      const [changed] = read(mutant.text);
      if (changed === undefined) continue;
      const row = table.get(mutant.kind) ?? { all: 0, alone: 0, patched: 0 };
      table.set(mutant.kind, row);
      row.all++;
      const alone = said(changed, null).length > loud.length;
      if (alone) row.alone++;
      if (said(changed, program).length > 0) row.patched++;
      else if (show-- > 0) console.log(`not found, ${mutant.kind}: ${mutant.deleted.trim()} (${from})\n${text}\n`);
    }
  }
const percent = (part, whole) => `${((100 * part) / Math.max(whole, 1)).toFixed(1)} %`.padStart(8);
console.log(`right functions ${right}, of which something is said: ${wronglySaid}`);
console.log('deleted       mutants   as new  as patch');
let all = 0;
for (const [kind, row] of table) {
  all += row.all;
  console.log(
    `${kind.padEnd(12)} ${String(row.all).padStart(8)} ${percent(row.alone, row.all)} ${percent(row.patched, row.all)}`,
  );
}
console.log(`mutants ${all}`);
