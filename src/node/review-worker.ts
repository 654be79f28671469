/**
 * The entry of the review worker (`dist/review-worker.js`). Started with `{ kind: 'batch' }` it serves the command line; started with nothing, the editor, in the
 * messages of `protocol.ts`. Reviews are synchronous: a cancel is heeded between two series or two runs.
 */

import { parentPort, workerData } from 'node:worker_threads';
import { designs } from '../host/designs';
import { programSet } from '../host/programs';
import type { Damage } from '../place';
import type { DesignRun, ReviewAnswer, ReviewRequest } from '../protocol';
import { createReviewer } from '../review/review';
import type { Review } from '../review/types';
import { builtInScenarios } from '../scenario/library';
import { runScenario } from '../scenario/run';
import { readSeries } from '../series/read';
import type { BatchAnswer, BatchRequest, BatchSetup } from './batch';
import { createTaskRunner } from './batch';
import { type BlobStore, openBlobs } from './blobs';
import { preparedDesign } from './designs';
import { judgeWith, loadReviewer } from './reviewer';
import { loadFrontEnd } from './wasm';

type Ask<K extends ReviewRequest['kind']> = Extract<ReviewRequest, { kind: K }>;

function serveBatch(setup: BatchSetup): void {
  const ready = loadReviewer(false, setup.checkouts).then((judge) => createTaskRunner(setup, judge));
  parentPort?.on('message', async ({ index, task }: BatchRequest) => {
    const run = await ready;
    parentPort?.postMessage({ index, report: await run(task) } satisfies BatchAnswer);
  });
}

function serveEditor(): void {
  const frontEnd = loadFrontEnd();
  const reviewer = frontEnd.then((loaded) => createReviewer(loaded, preparedDesign));
  const cancelled = new Set<number>();
  let queue: Promise<void> = Promise.resolve();
  const say = (answer: ReviewAnswer): void => parentPort?.postMessage(answer);

  /** Lets a cancel in; true when the work of that id shall stop. */
  const stopped = async (id: number): Promise<boolean> => {
    await new Promise((resolve) => setImmediate(resolve));
    return cancelled.has(id);
  };

  /** The checkouts asked last, kept open: an edit names most of the same blobs again. */
  let opened: { readonly key: string; readonly store: BlobStore } | null = null;
  const blobsOf = (checkouts: readonly string[]): BlobStore => {
    const key = checkouts.join('\n');
    if (opened?.key === key) return opened.store;
    opened?.store.close();
    opened = { key, store: openBlobs(checkouts) };
    return opened.store;
  };

  const review = async ({ id, sources, wishes, checkouts }: Ask<'review'>): Promise<ReviewAnswer> => {
    const judge = judgeWith(await reviewer, blobsOf(checkouts ?? []));
    const all = await readSeries(sources);
    const reviews: Review[] = [];
    for (const series of all) {
      if (await stopped(id)) return { kind: 'cancelled', id };
      say({ kind: 'progress', id, done: reviews.length, total: all.length, text: series.subject });
      const { corrections, ...chosen } = wishes ?? {};
      const texts = corrections?.map((one) => ({ ...one, alone: all.length === 1 }));
      reviews.push(await judge.review(series, texts === undefined ? chosen : { ...chosen, corrections: texts }));
    }
    const problems = judge.problems().map((message): Damage => ({ code: 'checkout-unusable', message, at: null }));
    return {
      kind: 'reviews',
      id,
      reviews: reviews.map((one) => (problems.length === 0 ? one : { ...one, damage: [...one.damage, ...problems] })),
    };
  };

  const run = async ({ id, scenario: wanted, design }: Ask<'run'>): Promise<ReviewAnswer> => {
    const scenario = builtInScenarios().find((one) => one.id === wanted);
    const chosen = designs.filter((one) => design === null || one.name === design);
    if (!scenario) return { kind: 'error', id, message: `there is no scenario “${wanted}”` };
    if (chosen.length === 0) return { kind: 'error', id, message: `there is no design “${design}”` };
    const runs: DesignRun[] = [];
    for (const [done, source] of chosen.entries()) {
      if (await stopped(id)) return { kind: 'cancelled', id };
      say({ kind: 'progress', id, done, total: chosen.length, text: source.title });
      for (const { machine, verdict, reason, traces } of runScenario(
        scenario,
        preparedDesign(source.name) ?? programSet(source, await frontEnd),
      ))
        runs.push({ scenario: scenario.id, machine, design: source.name, verdict, reason, traces });
    }
    return { kind: 'ran', id, runs };
  };

  const answer = async (request: Exclude<ReviewRequest, { kind: 'cancel' }>): Promise<ReviewAnswer> => {
    if (await stopped(request.id)) return { kind: 'cancelled', id: request.id };
    switch (request.kind) {
      case 'review':
        return review(request);
      case 'run':
        return run(request);
      case 'scenarios':
        return {
          kind: 'scenarios',
          id: request.id,
          designs: designs.map((design) => design.name),
          scenarios: builtInScenarios().map(({ id, title, shows, reference, rows, machines }) => ({
            id,
            title,
            shows,
            reference,
            rows,
            machines: machines.map((machine) => (typeof machine === 'string' ? machine : machine.id)),
          })),
        };
    }
  };

  parentPort?.on('message', (request: ReviewRequest) => {
    if (request.kind === 'cancel') {
      cancelled.add(request.id);
      return;
    }
    queue = queue.then(async () => {
      try {
        say(await answer(request));
      } catch (problem) {
        say({ kind: 'error', id: request.id, message: problem instanceof Error ? problem.message : String(problem) });
      }
      cancelled.delete(request.id);
    });
  });
}

const data = workerData as { readonly kind: 'batch'; readonly setup: BatchSetup } | null;
if (data?.kind === 'batch') serveBatch(data.setup);
else serveEditor();
