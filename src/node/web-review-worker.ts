/** The entry of the review worker in a browser (`dist/web/review-worker.js`). The first message brings the parser's modules, the rest is `protocol.ts`. */
import { createFrontEnd, type FrontEnd } from '../code/front-end';
import type { ReviewAnswer, ReviewRequest } from '../protocol';
import { createReviewer } from '../review/review';
import { reviewService } from './review-service';

export type ToWebWorker =
  | { readonly kind: 'start'; readonly treeSitter: Uint8Array; readonly c: Uint8Array }
  | ReviewRequest;

/** As much of a worker's global scope as is used. */
export interface WorkerScope {
  onmessage: ((event: { readonly data: ToWebWorker }) => void) | null;
  postMessage(message: ReviewAnswer): void;
}

declare const self: WorkerScope;

function serve(frontEnd: Promise<FrontEnd>): (request: ReviewRequest) => void {
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
    say: (answer) => self.postMessage(answer),
    pause: () => new Promise((resolve) => setTimeout(resolve)),
  });
}

let take: ((request: ReviewRequest) => void) | null = null;
self.onmessage = ({ data }) => {
  if (data.kind === 'start') take = serve(createFrontEnd({ treeSitter: data.treeSitter, c: data.c }));
  else take?.(data);
};
