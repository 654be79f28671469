import { describe, expect, it } from 'vitest';
import type { MessageRequest } from '../../../src/host/replay/its-events';
import { possibleOnIts } from '../../../src/host/replay/its-events';

const granted = (messages: number): MessageRequest => ({ messages, granted: true });
const refused = (messages: number): MessageRequest => ({ messages, granted: false });

describe('events that the driver of an ITS loses', () => {
  it('explain a refusal after a block that was no power of two', () => {
    expect(
      possibleOnIts([granted(1), granted(2), granted(4), granted(3), refused(4), refused(8), granted(1)], 16),
    ).toBe(true);
    expect(possibleOnIts([refused(3), refused(4), granted(1)], 16), 'lost before the record began').toBe(true);
    expect(possibleOnIts([granted(3), granted(4), refused(16)], 16), 'the table is that of an earlier request').toBe(
      true,
    );
  });

  it('explain no other refusal', () => {
    expect(possibleOnIts([refused(4)], 2), 'nothing that could have been asked before loses so much').toBe(false);
    expect(possibleOnIts([granted(3), refused(1)], 16)).toBe(false);
    expect(possibleOnIts([refused(4), granted(8)], 16), 'what does not fit cannot fit when doubled').toBe(false);
    expect(possibleOnIts([granted(16), refused(2), granted(4)], 16)).toBe(false);
  });
});
