/** Starts the review worker as a thread of Node. Comes in: the file. Goes out: what `analyst.ts` talks to. */
import { Worker } from 'node:worker_threads';
import type { ReviewAnswer } from '../protocol';
import type { StartWorker } from './analyst';

/** @param file absolute path of `dist/review-worker.js` */
export function workerThread(file: string): StartWorker {
  return (answer, dead) => {
    const worker = new Worker(file);
    worker.unref();
    let why = 'the review worker ended';
    let ended = false;
    const die = (): void => {
      if (ended) return;
      ended = true;
      dead(why);
    };
    worker.on('message', (message: ReviewAnswer) => answer(message));
    worker.on('messageerror', (error) => {
      why = error.message;
      void worker.terminate();
    });
    worker.on('error', (error) => {
      why = error.message;
    });
    worker.on('exit', die);
    return {
      post: (request) => worker.postMessage(request),
      end: () => {
        ended = true;
        void worker.terminate();
      },
    };
  };
}
