/**
 * The entry of the review worker (`dist/review-worker.js`). Started with `{ kind: 'batch' }` it serves the command line; started with nothing, the editor, in the
 * messages of `protocol.ts`. Reviews are synchronous: a cancel is heeded between two series or two runs.
 */

import { parentPort, workerData } from 'node:worker_threads';
import type { BatchAnswer, BatchRequest, BatchSetup } from './batch';
import { createTaskRunner } from './batch';
import { type BlobStore, openBlobs } from './blobs';
import { preparedDesign } from './designs';
import { createReviewer, reviewService } from './engine';
import { judgeWith, loadReviewer } from './reviewer';
import { loadFrontEnd } from './wasm';

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
  /** The checkouts asked last, kept open: an edit names most of the same blobs again. */
  let opened: { readonly key: string; readonly store: BlobStore } | null = null;
  const blobsOf = (checkouts: readonly string[]): BlobStore => {
    const key = checkouts.join('\n');
    if (opened?.key === key) return opened.store;
    opened?.store.close();
    opened = { key, store: openBlobs(checkouts) };
    return opened.store;
  };
  const take = reviewService({
    frontEnd,
    prepared: preparedDesign,
    judge: async (checkouts) => judgeWith(await reviewer, blobsOf(checkouts)),
    say: (answer) => parentPort?.postMessage(answer),
    pause: () => new Promise((resolve) => setImmediate(resolve)),
  });
  parentPort?.on('message', take);
}

const data = workerData as { readonly kind: 'batch'; readonly setup: BatchSetup } | null;
if (data?.kind === 'batch') serveBatch(data.setup);
else serveEditor();
