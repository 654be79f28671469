/**
 * Reviewing many series: tasks in, reports out, in order. One task is one series, either at hand or as places in mbox files. Runs here or on worker threads;
 * a report crosses the border as text, so that no large structure is copied.
 */
import { Worker } from 'node:worker_threads';
import type { Review } from '../review/types';
import type { MailGroup } from '../series/thread';
import type { Series } from '../series/types';
import {
  assembleSeries,
  compareVersions,
  comparisonJson,
  comparisonText,
  isVersionOf,
  reviewJson,
  reviewText,
} from './engine';
import type { StoredMail } from './mbox-file';
import { openMailStore } from './mbox-file';
import type { Judge } from './reviewer';
import { openSidecars } from './sidecars';

export type ReviewTask =
  | { readonly kind: 'series'; readonly series: Series }
  /** `mails` holds those of the group, by their position. */
  | { readonly kind: 'stored'; readonly group: MailGroup; readonly mails: ReadonlyMap<number, StoredMail> };

export interface BatchSetup {
  /** Large mboxes that stored mails point into. */
  readonly files: readonly { readonly name: string; readonly path: string }[];
  /** `line` is JSON on one line. */
  readonly format: 'text' | 'json' | 'line';
  readonly colours: boolean;
  /** Base design, instead of what the evidence in a series chooses; null: that. */
  readonly design: string | null;
  /** Folders of git that may have the blobs the series name. */
  readonly checkouts: readonly string[];
  /** Versions of one series are held against each other; their reviews are kept for that. */
  readonly compare: boolean;
  /** The input holds one series: what a corrections file says that meets nothing is meant for no other. */
  readonly alone: boolean;
}

export interface Report {
  /** Ends in a line feed. */
  readonly text: string;
  readonly patches: number;
  readonly findings: Readonly<Record<string, number>>;
  readonly errors: number;
  readonly warnings: number;
  /** Our own mistake: the series was not reviewed. */
  readonly failure: string | null;
  /** Checkouts that could not be asked, one sentence each. */
  readonly problems: readonly string[];
}

/** Reviews one task; a mistake of ours becomes the report's `failure`. */
export type RunTask = (task: ReviewTask) => Promise<Report>;

export function createTaskRunner(setup: BatchSetup, judge: Judge): RunTask {
  const store = openMailStore(setup.files);
  const names = setup.files.map((file) => file.name);
  const earlier: Review[] = [];
  const sidecars = openSidecars();
  const options = setup.design === null ? {} : { design: setup.design };
  return async (task) => {
    let subject = task.kind === 'series' ? task.series.subject : '';
    try {
      const series =
        task.kind === 'series'
          ? task.series
          : assembleSeries(task.group, (position) => read(task.mails.get(position)), names);
      subject = series.subject;
      const review = await judge.review(series, { ...options, corrections: sidecars.of(series, setup.alone) });
      const older = earlier
        .filter((one) => one.series.version < series.version && isVersionOf(one.series, series))
        .sort((a, b) => b.series.version - a.series.version)[0];
      if (setup.compare) earlier.push(review);
      return report(review, older ?? null, setup, judge.problems());
    } catch (problem) {
      const why = problem instanceof Error ? problem.message : String(problem);
      return {
        text: '',
        patches: 0,
        findings: {},
        errors: 0,
        warnings: 0,
        problems: [],
        failure: `The series “${subject}” could not be reviewed: ${why}`,
      };
    }
  };

  function read(mail: StoredMail | undefined) {
    return mail && store.read(mail);
  }
}

function report(review: Review, older: Review | null, setup: BatchSetup, problems: readonly string[]): Report {
  const findings: Record<string, number> = {};
  let errors = 0;
  let warnings = 0;
  for (const finding of review.findings) {
    findings[finding.class] = (findings[finding.class] ?? 0) + 1;
    if (finding.severity === 'error') errors++;
    if (finding.severity === 'warning') warnings++;
  }
  const comparison = older === null ? null : compareVersions(older, review);
  const text =
    setup.format === 'text'
      ? `${reviewText(review, { colours: setup.colours })}${comparison === null ? '' : `\n${comparisonText(comparison, { colours: setup.colours })}`}`
      : `${JSON.stringify(
          {
            ...reviewJson(review),
            ...(comparison === null || older === null ? {} : { comparison: comparisonJson(comparison, older, review) }),
          },
          null,
          setup.format === 'json' ? 2 : undefined,
        )}\n`;
  return { text, patches: review.series.patches.length, findings, errors, warnings, failure: null, problems };
}

/** Messages between a batch and its workers. */
export type BatchRequest = { readonly index: number; readonly task: ReviewTask };
export type BatchAnswer = { readonly index: number; readonly report: Report };

/** Reports held back, for each worker, until their turn comes: bounds memory. */
const AHEAD = 32;

/**
 * Runs all tasks on `jobs` worker threads and hands the reports out in the order of the tasks. A worker that dies is replaced; the task it died over is reported as
 * failed.
 */
export function runOnWorkers(
  worker: URL,
  jobs: number,
  setup: BatchSetup,
  tasks: readonly ReviewTask[],
  each: (report: Report) => void,
): Promise<void> {
  return new Promise((resolve) => {
    const done = new Map<number, Report>();
    const workers = new Set<Worker>();
    let handed = 0;
    let next = 0;

    const finish = (index: number, report: Report): void => {
      done.set(index, report);
      for (let ready = done.get(handed); ready; ready = done.get(handed)) {
        done.delete(handed++);
        each(ready);
      }
      if (handed < tasks.length) return;
      for (const one of workers) void one.terminate();
      workers.clear();
      resolve();
    };

    const waiting = new Set<() => void>();
    const start = (): void => {
      const thread = new Worker(worker, { workerData: { kind: 'batch', setup } });
      workers.add(thread);
      let busy: number | null = null;
      const feed = (): void => {
        waiting.delete(feed);
        if (busy !== null || next >= tasks.length) return;
        if (next - handed > AHEAD * jobs) {
          waiting.add(feed);
          return;
        }
        busy = next++;
        const task = tasks[busy];
        if (task) thread.postMessage({ index: busy, task } satisfies BatchRequest);
      };
      thread.on('message', (answer: BatchAnswer) => {
        busy = null;
        finish(answer.index, answer.report);
        for (const other of [...waiting]) other();
        feed();
      });
      thread.on('error', (problem) => {
        workers.delete(thread);
        waiting.delete(feed);
        const lost = busy;
        busy = null;
        const why = problem instanceof Error ? problem.message : String(problem);
        if (lost !== null)
          finish(lost, {
            text: '',
            patches: 0,
            findings: {},
            errors: 0,
            warnings: 0,
            problems: [],
            failure: `A worker died over series ${lost + 1}: ${why}`,
          });
        if (next < tasks.length) start();
        else for (const other of [...waiting]) other();
      });
      feed();
    };
    if (tasks.length === 0) resolve();
    for (let i = 0; i < Math.min(jobs, tasks.length); i++) start();
  });
}
