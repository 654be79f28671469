/** `doorbell review`: files in, reports on standard output, complaints on standard error, an exit status out. */

import { statSync } from 'node:fs';
import { designs } from '../host/designs';
import type { BatchSetup, Report, ReviewTask } from '../node/batch';
import { createTaskRunner, runOnWorkers } from '../node/batch';
import type { Input } from '../node/files';
import { openInputs } from '../node/files';
import { indexMboxes } from '../node/mbox-file';
import { loadReviewer } from '../node/reviewer';
import { readSeries } from '../series/read';
import { groupMails } from '../series/thread';
import type { Command } from './arguments';
import type { Progress } from './progress';
import { progressOn } from './progress';

export interface Terminal {
  /** Resolves when more can be written. */
  write(text: string): Promise<void>;
  /** One line for standard error. */
  complain(message: string): void;
  readonly colours: boolean;
}

/** Under this many bytes a run ends before the parser's optimising compiler has paid for itself. */
const BRIEF = 4 << 20;

/** Versions of one series are compared when the input holds no more series than this: their reviews are kept. */
const MAX_COMPARED = 24;

/** Is there so little to read that the parser should start fast rather than run fast? Standard input, and what cannot be looked at, count as little. */
function isBrief(files: readonly string[]): boolean {
  let bytes = 0;
  for (const file of files)
    try {
      bytes += statSync(file).size;
    } catch {
      // Opening it will say what is wrong with it.
    }
  return bytes < BRIEF;
}

export async function review(command: Extract<Command, { kind: 'review' }>, terminal: Terminal): Promise<number> {
  if (command.design !== null && !designs.some((one) => one.name === command.design)) {
    terminal.complain(
      `There is no design “${command.design}”: there are ${designs.map((one) => one.name).join(', ')}.`,
    );
    return 2;
  }
  const progress = progressOn(process.stderr);
  // The parser loads while the input is read.
  const early = command.jobs > 1 ? null : loadReviewer(isBrief(command.files), command.kernels);
  early?.catch(() => {});
  const inputs = await openInputs(command.files, process.stdin);
  const { tasks, files, unusable } = await gather(inputs, terminal, progress);
  progress.clear();
  const problems = new Set<string>();
  if (tasks.length === 0) return 2;
  // Talk without a patch is reviewed for itself only: beside patches it would bury them.
  const withPatches = tasks.filter(
    (task) => (task.kind === 'series' ? task.series.patches : task.group.patches).length > 0,
  );
  const chosen = withPatches.length > 0 && command.format !== 'jsonl' ? withPatches : tasks;
  const list = command.format === 'json' && chosen.length > 1;
  const setup: BatchSetup = {
    files,
    format: command.format === 'text' ? 'text' : command.format === 'json' && !list ? 'json' : 'line',
    colours: command.format === 'text' && terminal.colours,
    design: command.design,
    checkouts: command.kernels,
    alone: chosen.length === 1,
    compare: command.jobs === 1 && chosen.length <= MAX_COMPARED,
  };
  const totals = { errors: 0, warnings: 0, failed: false };
  let done = 0;
  let written = Promise.resolve();
  const each = (report: Report): void => {
    done++;
    totals.errors += report.errors;
    totals.warnings += report.warnings;
    for (const problem of report.problems) {
      if (problems.has(problem)) continue;
      problems.add(problem);
      progress.clear();
      terminal.complain(problem);
    }
    if (report.failure !== null) {
      totals.failed = true;
      progress.clear();
      terminal.complain(report.failure);
    } else {
      const first = done === 1;
      const text = list
        ? `${first ? '[' : ','}${report.text.trimEnd()}\n`
        : command.format === 'text' && !first
          ? `\n${'─'.repeat(80)}\n\n${report.text}`
          : report.text;
      written = written.then(() => terminal.write(text));
    }
    progress.show(done / chosen.length, `${done} of ${chosen.length} series`);
  };
  if (command.jobs > 1 && chosen.length > 1)
    await runOnWorkers(new URL('review-worker.js', import.meta.url), command.jobs, setup, chosen, each);
  else {
    const run = createTaskRunner(setup, await (early ?? loadReviewer(false, command.kernels)));
    for (const task of chosen) {
      each(await run(task));
      await written;
    }
  }
  await written;
  progress.clear();
  if (list) await terminal.write(']\n');
  if (unusable || totals.failed || problems.size > 0) return 2;
  const counted =
    command.failOn === 'never' ? 0 : command.failOn === 'error' ? totals.errors : totals.errors + totals.warnings;
  return counted > 0 ? 1 : 0;
}

interface Gathered {
  readonly tasks: readonly ReviewTask[];
  readonly files: readonly { readonly name: string; readonly path: string }[];
  /** Something of the input could not be used. */
  readonly unusable: boolean;
}

async function gather(inputs: readonly Input[], terminal: Terminal, progress: Progress): Promise<Gathered> {
  let unusable = false;
  const complain = (message: string): void => {
    unusable = true;
    progress.clear();
    terminal.complain(message);
  };
  for (const input of inputs) if (input.kind === 'refused') complain(input.message);
  const sources = inputs.flatMap((input) => (input.kind === 'source' ? [input.source] : []));
  const tasks: ReviewTask[] = [];
  if (sources.length > 0)
    for (const series of await readSeries(sources)) {
      // Damage without a place concerns whole inputs: it is said here, once.
      for (const { at, message } of series.damage) if (at === null) complain(message);
      if (series.messages.length > 0) tasks.push({ kind: 'series', series });
    }
  const files = inputs.flatMap((input) => (input.kind === 'large mbox' ? [input] : []));
  if (files.length > 0) {
    const size = files.reduce((sum, file) => sum + file.size, 0);
    const index = indexMboxes(files, (bytes) =>
      progress.show(bytes / size, `reading ${Math.round(bytes / 1e6)} of ${Math.round(size / 1e6)} MB`),
    );
    index.damage.forEach(complain);
    for (const group of groupMails(index.mails.map((mail) => mail.key))) {
      const positions = [
        ...(group.cover === null ? [] : [group.cover]),
        ...group.patches.flatMap((patch) => [patch.mail, ...patch.replies]),
        ...group.discussion,
      ];
      const mails = positions.flatMap((position) => {
        const mail = index.mails[position];
        return mail ? [[position, mail] as const] : [];
      });
      tasks.push({ kind: 'stored', group, mails: new Map(mails) });
    }
  }
  return { tasks, files, unusable };
}
