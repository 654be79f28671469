/** `doorbell compare`: two versions of a series in, what became of patches, findings, verdicts and window out. */
import { openInputs } from '../node/files';
import { loadReviewer } from '../node/reviewer';
import { openSidecars } from '../node/sidecars';
import { comparisonJson, comparisonText } from '../report/comparison';
import { compareVersions, isVersionOf } from '../review/versions';
import { readSeries } from '../series/read';
import type { Series } from '../series/types';
import type { Command } from './arguments';
import type { Terminal } from './review';

export async function compare(command: Extract<Command, { kind: 'compare' }>, terminal: Terminal): Promise<number> {
  const early = loadReviewer(true, command.kernels);
  early.catch(() => {});
  const older = await seriesIn([command.old], terminal);
  const newer = command.new === null ? older : await seriesIn([command.new], terminal);
  if (older === null || newer === null) return 2;
  const pair = choose(older, newer, command.new === null);
  if (pair === null) {
    terminal.complain(
      command.new === null
        ? `${command.old} does not hold two versions of one series.`
        : `${command.old} and ${command.new} hold several series, and no two of them are versions of one.`,
    );
    return 2;
  }
  const judge = await early;
  const sidecars = openSidecars();
  const old = await judge.review(pair.old, { corrections: sidecars.of(pair.old, false) });
  const now = await judge.review(pair.new, { corrections: sidecars.of(pair.new, false) });
  for (const problem of judge.problems()) terminal.complain(problem);
  const comparison = compareVersions(old, now);
  await terminal.write(
    command.format === 'json'
      ? `${JSON.stringify(comparisonJson(comparison, old, now), null, 2)}\n`
      : comparisonText(comparison, { colours: terminal.colours }),
  );
  const grave = command.failOn === 'warning' ? ['error', 'warning'] : ['error'];
  const fresh = comparison.findings.some(
    (one) => one.kind === 'new' && one.new !== null && grave.includes(one.new.severity),
  );
  return command.failOn !== 'never' && fresh ? 1 : 0;
}

/** The series with patches that a file or folder holds; null, after a complaint, when it cannot be used. */
async function seriesIn(names: readonly string[], terminal: Terminal): Promise<readonly Series[] | null> {
  const inputs = await openInputs(names, process.stdin);
  const sources = [];
  for (const input of inputs) {
    if (input.kind === 'refused') terminal.complain(input.message);
    else if (input.kind === 'large mbox')
      terminal.complain(`${input.name} is an archive: give a file with one series.`);
    else sources.push(input.source);
  }
  if (sources.length === 0) return null;
  const all = (await readSeries(sources)).filter((series) => series.patches.length > 0);
  if (all.length === 0) terminal.complain(`${names.join(' ')} holds no patch.`);
  return all.length === 0 ? null : all;
}

/** The two to compare: versions of one series, the newest first; or the only two there are. */
function choose(
  older: readonly Series[],
  newer: readonly Series[],
  oneFile: boolean,
): { readonly old: Series; readonly new: Series } | null {
  const byVersion = (a: Series, b: Series): number => b.version - a.version;
  for (const now of [...newer].sort(byVersion)) {
    const old = [...older]
      .sort(byVersion)
      .find((one) => one !== now && isVersionOf(one, now) && (!oneFile || one.version < now.version));
    if (old !== undefined) return { old, new: now };
  }
  const [old] = older;
  const [now] = newer;
  return !oneFile && older.length === 1 && newer.length === 1 && old !== undefined && now !== undefined
    ? { old, new: now }
    : null;
}
