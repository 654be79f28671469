/**
 * Starts the review worker in a browser. Comes in: its script and the parser's modules. Goes out: what `analyst.ts` talks to. The script
 * runs in a Web Worker; where the browser allows none, in this thread: slower to answer, but it answers.
 */

import type { ToWebWorker, WorkerScope } from '../node/web-review-worker';
import type { ReviewAnswer } from '../protocol';
import type { StartWorker } from './analyst';

export interface WorkerParts {
  /** Text of `dist/web/review-worker.js`. */
  readonly script: string;
  readonly treeSitter: Uint8Array;
  readonly c: Uint8Array;
}

interface Port {
  post(message: ToWebWorker): void;
  end(): void;
}

type Listen = (answer: ReviewAnswer) => void;

function inThread(script: string, answer: Listen, dead: (why: string) => void): Port {
  // A script of the extension's own has another origin than the page's: as a blob it has the page's.
  const url = URL.createObjectURL(new Blob([script], { type: 'text/javascript' }));
  const worker = new Worker(url);
  worker.onmessage = ({ data }: MessageEvent<ReviewAnswer>) => answer(data);
  worker.onerror = (event) => dead(event.message || 'the review worker could not be started');
  return {
    post: (message) => worker.postMessage(message),
    end() {
      worker.terminate();
      URL.revokeObjectURL(url);
    },
  };
}

/** The same script with a scope of its own, called in this thread. Browsers that run web extensions allow that: it is how those are loaded. */
export function inProcess(script: string, answer: Listen): Port {
  let ended = false;
  const scope: WorkerScope = {
    onmessage: null,
    postMessage: (message) => {
      if (!ended) answer(message);
    },
  };
  new Function('self', script)(scope);
  return {
    post: (message) => void Promise.resolve().then(() => scope.onmessage?.({ data: message })),
    end: () => {
      ended = true;
    },
  };
}

/** @param load reads the parts; asked anew for each worker */
export function webWorker(load: () => Promise<WorkerParts>): StartWorker {
  return (answer, dead) => {
    let port: Port | null = null;
    let ended = false;
    /** True once the worker has said anything: from then on it is not replaced here. */
    let heard = false;
    const sent: ToWebWorker[] = [];
    const listen: Listen = (said) => {
      heard = true;
      if (!ended) answer(said);
    };
    const send = (message: ToWebWorker): void => {
      sent.push(message);
      port?.post(message);
    };
    void load().then(
      ({ script, treeSitter, c }) => {
        if (ended) return;
        const start: ToWebWorker = { kind: 'start', treeSitter, c };
        const open = (made: Port): void => {
          port = made;
          for (const message of [start, ...sent]) made.post(message);
        };
        const instead = (): void => open(inProcess(script, listen));
        try {
          open(
            inThread(script, listen, (why) => {
              if (ended) return;
              port?.end();
              if (heard) dead(why);
              else instead();
            }),
          );
        } catch {
          instead();
        }
      },
      (why: unknown) => {
        if (!ended) dead(why instanceof Error ? why.message : String(why));
      },
    );
    return {
      post: send,
      end() {
        ended = true;
        port?.end();
      },
    };
  };
}
