/**
 * The review worker seen from the extension: asks, cancels, and starts it again when it died.
 * Knows the protocol and nothing of VS Code or threads; how a worker starts is handed in.
 */
import type { DesignRun, Explored, ReviewAnswer, ReviewRequest, ReviewWishes, ScenarioSummary } from '../protocol';
import type { Review } from '../review/types';
import type { Scenario } from '../scenario/types';
import type { Source } from '../series/types';

/** What a worker thread or a web worker offers. */
export interface WorkerLike {
  post(request: ReviewRequest): void;
  end(): void;
}

/** Starts a worker; `dead` is called once, when it can answer no more. */
export type StartWorker = (answer: (answer: ReviewAnswer) => void, dead: (why: string) => void) => WorkerLike;

/** Says whether and when the asker lost interest; a VS Code cancellation token is one. */
export interface Interest {
  readonly isCancellationRequested: boolean;
  readonly onCancellationRequested: (listener: () => void) => { dispose(): void };
}

/** Takes what the patches alone show, once for each series, before the reviews are whole. */
export type Early = (reviews: readonly Review[]) => void;

export type Progress = (done: number, total: number, text: string) => void;

/** Each call gives null when it was cancelled, and throws only for a mistake of our own. */
export interface Analyst {
  review(
    sources: readonly Source[],
    interest: Interest,
    wishes?: ReviewWishes,
    progress?: Progress,
    checkouts?: readonly string[],
    early?: Early,
  ): Promise<readonly Review[] | null>;
  scenarios(
    interest: Interest,
  ): Promise<{ readonly scenarios: readonly ScenarioSummary[]; readonly designs: readonly string[] } | null>;
  run(
    scenario: string,
    design: string | null,
    interest: Interest,
    progress?: Progress,
  ): Promise<readonly DesignRun[] | null>;
  /** One scenario of the library; null also when there is none of this name. */
  scenario(id: string, interest: Interest): Promise<Scenario | null>;
  /** Runs the text of a scenario file. */
  play(text: string, interest: Interest, progress?: Progress): Promise<Played | null>;
  explore(scenario: string, interest: Interest, progress?: Progress): Promise<readonly Explored[] | null>;
  dispose(): void;
}

export type Played = Omit<Extract<ReviewAnswer, { kind: 'played' }>, 'kind' | 'id'>;

/** How long a worker may not heed a cancel before it is ended, in milliseconds. */
export interface Patience {
  readonly warm: number;
  /** Until it has answered its first piece of work: ended sooner, the next worker would begin as cold, and one who types would never see a review. */
  readonly cold: number;
}

const PATIENCE: Patience = { warm: 1000, cold: 6000 };

/** Answers that took the programs of designs and the machine: a worker that gave one is warm. */
const WORK: ReadonlySet<ReviewAnswer['kind']> = new Set(['reviews', 'ran', 'played', 'explored']);

type Question = Exclude<ReviewRequest, { kind: 'cancel' }>;
type Ending = Exclude<ReviewAnswer, { kind: 'progress' | 'early' }>;

interface Open {
  readonly question: Question;
  readonly progress: Progress | undefined;
  readonly early: Early | undefined;
  readonly settle: (ending: Ending) => void;
  readonly fail: (why: Error) => void;
  /** How often a worker died over it. */
  deaths: number;
}

export function createAnalyst(start: StartWorker, patience: Patience = PATIENCE): Analyst {
  const open = new Map<number, Open>();
  let worker: WorkerLike | null = null;
  let warm = false;
  let next = 1;

  const answered = (answer: ReviewAnswer): void => {
    if (WORK.has(answer.kind)) warm = true;
    const asked = open.get(answer.id);
    if (asked === undefined) return;
    if (answer.kind === 'progress') {
      asked.progress?.(answer.done, answer.total, answer.text);
      return;
    }
    if (answer.kind === 'early') {
      asked.early?.(answer.reviews);
      return;
    }
    open.delete(answer.id);
    asked.settle(answer);
  };

  const running = (): WorkerLike => {
    if (worker !== null) return worker;
    const mine: { worker: WorkerLike | null } = { worker: null };
    warm = false;
    const started = start(answered, (why) => {
      if (worker === null || worker !== mine.worker) return;
      worker = null;
      startAgain(why);
    });
    mine.worker = started;
    worker = started;
    return started;
  };

  /** Whatever was open is asked once more; a question over which two workers died is given up. */
  const startAgain = (why: string): void => {
    for (const [id, asked] of [...open]) {
      asked.deaths++;
      if (asked.deaths < 2) running().post(asked.question);
      else {
        open.delete(id);
        asked.fail(new Error(why));
      }
    }
  };

  const ask = (question: Question, interest: Interest, progress?: Progress, early?: Early): Promise<Ending> => {
    if (interest.isCancellationRequested) return Promise.resolve({ kind: 'cancelled', id: question.id });
    return new Promise<Ending>((resolve, reject) => {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const listener = interest.onCancellationRequested(() => {
        if (!open.has(question.id)) return;
        worker?.post({ kind: 'cancel', id: question.id });
        timer = setTimeout(
          () => {
            if (!open.delete(question.id)) return;
            const deaf = worker;
            worker = null;
            deaf?.end();
            for (const other of open.values()) running().post(other.question);
            done({ kind: 'cancelled', id: question.id });
          },
          warm ? patience.warm : patience.cold,
        );
      });
      const close = (): void => {
        clearTimeout(timer);
        listener.dispose();
      };
      const done = (ending: Ending): void => {
        close();
        resolve(ending);
      };
      const fail = (why: Error): void => {
        close();
        reject(why);
      };
      open.set(question.id, { question, progress, early, settle: done, fail, deaths: 0 });
      running().post(question);
    });
  };

  const failed = (ending: Ending): Error =>
    new Error(ending.kind === 'error' ? ending.message : `unexpected answer ${ending.kind}`);

  return {
    async review(sources, interest, wishes, progress, checkouts = [], early) {
      const question: Question = {
        kind: 'review',
        id: next++,
        sources,
        ...(wishes === undefined ? {} : { wishes }),
        ...(checkouts.length === 0 ? {} : { checkouts }),
        ...(early === undefined ? {} : { early: true }),
      };
      const ending = await ask(question, interest, progress, early);
      if (ending.kind === 'cancelled' || interest.isCancellationRequested) return null;
      if (ending.kind === 'reviews') return ending.reviews;
      throw failed(ending);
    },
    async scenarios(interest) {
      const ending = await ask({ kind: 'scenarios', id: next++ }, interest);
      if (ending.kind === 'cancelled') return null;
      if (ending.kind === 'scenarios') return { scenarios: ending.scenarios, designs: ending.designs };
      throw failed(ending);
    },
    async run(scenario, design, interest, progress) {
      const ending = await ask({ kind: 'run', id: next++, scenario, design }, interest, progress);
      if (ending.kind === 'cancelled') return null;
      if (ending.kind === 'ran') return ending.runs;
      throw failed(ending);
    },
    async scenario(scenario, interest) {
      const ending = await ask({ kind: 'scenario', id: next++, scenario }, interest);
      if (ending.kind === 'cancelled') return null;
      if (ending.kind === 'scenario') return ending.scenario;
      throw failed(ending);
    },
    async play(text, interest, progress) {
      const ending = await ask({ kind: 'play', id: next++, text }, interest, progress);
      if (ending.kind === 'cancelled') return null;
      if (ending.kind === 'played') return ending;
      throw failed(ending);
    },
    async explore(scenario, interest, progress) {
      const ending = await ask({ kind: 'explore', id: next++, scenario }, interest, progress);
      if (ending.kind === 'cancelled') return null;
      if (ending.kind === 'explored') return ending.results;
      throw failed(ending);
    },
    dispose() {
      const last = worker;
      worker = null;
      last?.end();
      for (const [id, asked] of [...open]) {
        open.delete(id);
        asked.settle({ kind: 'cancelled', id });
      }
    },
  };
}
