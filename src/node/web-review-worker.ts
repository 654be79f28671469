/**
 * The entry of the review worker in a browser (`dist/web/review-worker.js`). The first message brings the parser's modules, the rest is `protocol.ts`. Node's worker
 * takes the core from the same file: there no scope is waiting to be served.
 */
import { createFrontEnd, type FrontEnd } from '../code/front-end';
import type { ReviewAnswer, ReviewRequest } from '../protocol';
import { createReviewer } from '../review/review';
import { reviewService } from './review-service';

export * from './engine';

export type ToWebWorker =
  | { readonly kind: 'start'; readonly treeSitter: Uint8Array; readonly c: Uint8Array }
  | ReviewRequest;

/** As much of a worker's global scope as is used. */
export interface WorkerScope {
  onmessage: ((event: { readonly data: ToWebWorker }) => void) | null;
  postMessage(message: ReviewAnswer): void;
}

declare const self: WorkerScope | undefined;

function serve(frontEnd: Promise<FrontEnd>, say: (answer: ReviewAnswer) => void): (request: ReviewRequest) => void {
  const reviewer = frontEnd.then((loaded) => createReviewer(loaded));
  return reviewService({
    frontEnd,
    // The designs' C is read here: fetching what the build read would take longer.
    prepared: () => null,
    judge: async () => {
      const ready = await reviewer;
      return {
        review: async (series, options = {}) => ready.review(series, { ...options, blobs: null }),
        problems: () => [],
      };
    },
    say,
    pause: () => new Promise((resolve) => setTimeout(resolve)),
  });
}

if (typeof self !== 'undefined') {
  const scope = self;
  const say = (answer: ReviewAnswer): void => scope.postMessage(answer);
  let take: ((request: ReviewRequest) => void) | null = null;
  scope.onmessage = ({ data }) => {
    if (data.kind === 'start') take = serve(createFrontEnd({ treeSitter: data.treeSitter, c: data.c }), say);
    else take?.(data);
  };
}
