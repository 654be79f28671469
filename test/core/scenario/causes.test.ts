import { describe, expect, it } from 'vitest';
import { callersOf, causes, failedAfter } from '../../../src/scenario/causes';
import type { TraceEvent } from '../../../src/scenario/types';

/** Events of one step from `kind function text`. */
function events(...lines: readonly string[]): TraceEvent[] {
  return lines.map((line, index) => {
    const [kind = '', name = '', ...text] = line.split(' ');
    if (kind !== 'call' && kind !== 'effect' && kind !== 'return') throw new Error(line);
    return {
      index,
      step: 0,
      actor: 'host',
      kind,
      text: text.join(' '),
      at: null,
      function: name,
      changes: [],
      windowDelta: 0,
    };
  });
}

// enable() binds two vectors; the second bind fails, and enable() does not undo the first.
const trace = events(
  'call ioctl ioctl()',
  'call ioctl enable()',
  'call enable bind()',
  'effect bind map the doorbell',
  'call enable bind()',
  'effect bind no page is left',
  'return bind bind() returns -ENOSPC',
  'return enable enable() returns -ENOSPC',
  'return ioctl ioctl() returns -ENOSPC',
);

describe('causes', () => {
  it('names the calls that led to an event, innermost first', () => {
    expect(callersOf(trace, 3)).toEqual([2, 1, 0]);
    expect(callersOf(trace, 0)).toEqual([]);
  });

  it('finds the return of the function that had to undo: not the second bind, which took nothing, nor the entry', () => {
    expect(failedAfter(trace, 3, 8)).toBe(7);
  });

  it('finds none where no return was told, or nothing was acquired', () => {
    expect(failedAfter(trace.slice(0, 6), 3, 5)).toBeNull();
    expect(failedAfter(trace, null, 8)).toBeNull();
  });

  it('keeps the order given, each event once', () => {
    expect(causes(4, null, 2, 4, undefined)).toEqual([4, 2]);
  });
});
