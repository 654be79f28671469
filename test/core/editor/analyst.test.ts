import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createAnalyst, type Interest, type StartWorker } from '../../../src/editor/analyst';
import type { ReviewAnswer, ReviewRequest } from '../../../src/protocol';

/** Workers that answer when the test says so, and never heed a cancel. */
function deafWorkers() {
  const started: { posted: ReviewRequest[]; ended: boolean; say: (answer: ReviewAnswer) => void }[] = [];
  const start: StartWorker = (say) => {
    const one = { posted: [] as ReviewRequest[], ended: false, say };
    started.push(one);
    return {
      post: (request) => one.posted.push(request),
      end: () => {
        one.ended = true;
      },
    };
  };
  return { started, start };
}

function interest(): Interest & { lose(): void } {
  const listeners: (() => void)[] = [];
  let lost = false;
  return {
    get isCancellationRequested() {
      return lost;
    },
    onCancellationRequested(listener) {
      listeners.push(listener);
      return { dispose: () => listeners.splice(listeners.indexOf(listener), 1) };
    },
    lose() {
      lost = true;
      for (const listener of [...listeners]) listener();
    },
  };
}

const patience = { warm: 1000, cold: 6000 };

describe('a worker that does not heed a cancel', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test('is kept while it is cold: what is asked next waits for it, and finds it warm', async () => {
    const { started, start } = deafWorkers();
    const analyst = createAnalyst(start, patience);
    const first = interest();
    const before = analyst.review([], first);
    first.lose();
    const after = analyst.review([], interest());
    vi.advanceTimersByTime(patience.cold - 1);
    expect(started.map(({ ended }) => ended)).toEqual([false]);
    started[0]?.say({ kind: 'reviews', id: 1, reviews: [] });
    started[0]?.say({ kind: 'reviews', id: 2, reviews: [] });
    expect(await before).toBeNull();
    expect(await after).toEqual([]);
    vi.advanceTimersByTime(patience.cold);
    expect(started.map(({ ended }) => ended)).toEqual([false]);
  });

  test('is ended when it is cold for too long, and what else was asked is asked of the next one', async () => {
    const { started, start } = deafWorkers();
    const analyst = createAnalyst(start, patience);
    const first = interest();
    const before = analyst.review([], first);
    first.lose();
    const after = analyst.review([], interest());
    vi.advanceTimersByTime(patience.cold);
    expect(await before).toBeNull();
    expect(started.map(({ ended }) => ended)).toEqual([true, false]);
    expect(started[1]?.posted).toMatchObject([{ kind: 'review', id: 2 }]);
    started[1]?.say({ kind: 'reviews', id: 2, reviews: [] });
    expect(await after).toEqual([]);
  });

  test('is ended soon when it is warm; its successor is cold again', async () => {
    const { started, start } = deafWorkers();
    const analyst = createAnalyst(start, patience);
    const done = analyst.review([], interest());
    started[0]?.say({ kind: 'reviews', id: 1, reviews: [] });
    await done;
    const second = interest();
    const lost = analyst.review([], second);
    const third = interest();
    const waiting = analyst.review([], third);
    second.lose();
    vi.advanceTimersByTime(patience.warm - 1);
    expect(started).toHaveLength(1);
    vi.advanceTimersByTime(1);
    expect(await lost).toBeNull();
    expect(started.map(({ ended }) => ended)).toEqual([true, false]);
    third.lose();
    vi.advanceTimersByTime(patience.warm);
    expect(started[1]?.ended).toBe(false);
    vi.advanceTimersByTime(patience.cold - patience.warm);
    expect(started[1]?.ended).toBe(true);
    expect(await waiting).toBeNull();
  });

  test('a list of scenarios does not make a worker warm', async () => {
    const { started, start } = deafWorkers();
    const analyst = createAnalyst(start, patience);
    const listed = analyst.scenarios(interest());
    started[0]?.say({ kind: 'scenarios', id: 1, scenarios: [], designs: [] });
    await listed;
    const first = interest();
    const lost = analyst.review([], first);
    first.lose();
    vi.advanceTimersByTime(patience.warm);
    expect(started[0]?.ended).toBe(false);
    vi.advanceTimersByTime(patience.cold - patience.warm);
    expect(started[0]?.ended).toBe(true);
    expect(await lost).toBeNull();
  });
});
