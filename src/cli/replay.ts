/** `doorbell replay`: recorded ground truth on the model, counts on standard output. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { designs } from '../host/designs';
import { programSet } from '../host/programs';
import type { EraCount, EraVerdict, Row } from '../host/replay';
import { countEra, designOf, eras, readEra, replayRow } from '../host/replay';
import type { ProgramSet } from '../host/types';
import type { ReplayCount } from '../machine/replay';
import { countRows, replaySets } from '../machine/replay';
import { preparedDesign } from '../node/designs';
import { reason } from '../node/files';
import { loadFrontEnd } from '../node/wasm';
import type { Command } from './arguments';
import type { Terminal } from './review';

interface Replayed {
  readonly set: string;
  readonly unit: string;
  readonly agrees: number;
  readonly quirks: Readonly<Record<string, number>>;
  readonly leftOut: Readonly<Record<string, number>>;
  readonly disagrees: number;
  readonly unreadable: number;
  readonly examples: readonly string[];
}

/** The rows beside the source: of a built command in its checkout. */
const BESIDE = '../test/fidelity';

export async function replay(command: Extract<Command, { kind: 'replay' }>, terminal: Terminal): Promise<number> {
  const names = [...replaySets.map((set) => set.name), ...eras.map((era) => era.name)];
  if (command.set !== 'all' && !names.includes(command.set)) {
    terminal.complain(`There is no set “${command.set}”: there are ${names.join(', ')}, or all.`);
    return 2;
  }
  const given = command.oracle ?? process.env.DOORBELL_ORACLE ?? null;
  const folder = given ?? path.join(path.dirname(fileURLToPath(import.meta.url)), BESIDE);
  const wanted = command.set === 'all' ? names : [command.set];
  const there = wanted.filter((name) => existsSync(path.join(folder, name)));
  if (there.length === 0) {
    terminal.complain(`${folder} has no folder ${wanted.join(' or ')}; --oracle names another.`);
    return 2;
  }
  const results: Replayed[] = [];
  for (const name of there) {
    try {
      results.push(...(await replayed(name, path.join(folder, name))));
    } catch (problem) {
      terminal.complain(reason(path.join(folder, name), problem));
      return 2;
    }
  }
  await terminal.write(command.format === 'json' ? `${JSON.stringify(results, null, 2)}\n` : text(results));
  return results.some((one) => one.disagrees + one.unreadable > 0) ? 1 : 0;
}

async function replayed(name: string, folder: string): Promise<Replayed[]> {
  const set = replaySets.find((one) => one.name === name);
  if (set !== undefined) return [ofHardware(name, set.unit, countRows(set, lines(folder)))];
  const era = eras.find((one) => one.name === name);
  if (era === undefined) return [];
  const frontEnd = await loadFrontEnd();
  const sets = new Map<string, ProgramSet>();
  const programs = (design: string): ProgramSet | null => {
    const source = designs.find((one) => one.name === design);
    if (source === undefined) return null;
    const known = sets.get(design) ?? preparedDesign(design) ?? programSet(source, frontEnd);
    sets.set(design, known);
    return known;
  };
  const verdicts: (readonly [string, EraVerdict])[] = [];
  for (const row of eraRows(folder)) {
    const design = programs(designOf(era, row));
    if (design !== null) for (const verdict of replayRow(design, row)) verdicts.push([row.table, verdict]);
  }
  return Object.entries(countEra(verdicts)).map(([table, count]) => ofKernel(`${name}/${table}`, count));
}

/** Tables as they were recorded, else the compact rows. */
function eraRows(folder: string): Row[] {
  const tables = readdirSync(folder).filter((file) => file.endsWith('.json'));
  if (tables.length === 0) return [...lines(folder)] as Row[];
  return readEra(
    Object.fromEntries(
      tables.map((file) => [file.replace(/\.json$/, ''), JSON.parse(readFileSync(path.join(folder, file), 'utf8'))]),
    ),
  );
}

/** JSON lines of all files of a folder; a line that is no JSON is a row that cannot be read. */
function* lines(folder: string): Generator<unknown> {
  for (const file of readdirSync(folder).sort()) {
    if (!/\.jsonl(\.gz)?$/.test(file)) continue;
    const bytes = readFileSync(path.join(folder, file));
    const all = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
    for (const line of all.split('\n')) {
      if (line.trim() === '') continue;
      let row: unknown = line;
      try {
        row = JSON.parse(line);
      } catch {
        // Counted as unreadable: a text is no row of any set.
      }
      yield row;
    }
  }
}

const ofHardware = (set: string, unit: string, count: ReplayCount): Replayed => ({
  set,
  unit,
  agrees: count.agrees,
  quirks: count.quirks,
  leftOut: {},
  disagrees: count.disagrees,
  unreadable: count.unreadable,
  examples: count.examples.map((one) => `row ${one.row}: ${one.text}`),
});

const ofKernel = (set: string, count: EraCount): Replayed => ({
  set,
  unit: 'facts',
  agrees: count.agrees,
  quirks: count.quirks,
  leftOut: count.leftOut,
  disagrees: count.disagrees,
  unreadable: count.unreadable,
  examples: count.examples,
});

function text(results: readonly Replayed[]): string {
  const out: string[] = [];
  for (const one of results) {
    out.push(
      `${one.set.padEnd(22)} ${String(one.agrees).padStart(6)} ${one.unit} agree, ${one.disagrees} disagree, ${one.unreadable} cannot be read`,
    );
    for (const [quirk, rows] of Object.entries(one.quirks))
      out.push(`${''.padEnd(22)} ${String(rows).padStart(6)} quirk of the observed software: ${quirk}`);
    for (const [why, rows] of Object.entries(one.leftOut))
      out.push(`${''.padEnd(22)} ${String(rows).padStart(6)} not replayed: ${why}`);
    for (const example of one.examples) out.push(`  ${example}`);
  }
  return `${out.join('\n')}\n`;
}
