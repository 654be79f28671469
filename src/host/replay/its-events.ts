/**
 * What the kernel's ITS driver keeps of a device between requests for messages, and whether a recorded series of requests can have come of it.
 * In: how many messages each request wanted, and whether it got them. Out: can the driver have answered so?
 *
 * Messages of plain MSI are a block of events of a power of two (`bitmap_find_free_region()` with `get_count_order(nvecs)` in
 * drivers/irqchip/irq-gic-v3-its.c, since an MSI's data bits count up within the block), while they are given back one by one: of a block for
 * three messages the fourth event stays taken. A device whose events are not all free keeps its table, with the size of its first request.
 */

/** Events of a device: how many its table has (a power of two, at most 32), and which of them are taken. Null: no table. */
interface DeviceEvents {
  readonly size: number;
  readonly taken: number;
}

const MOST = 32;

const blockOf = (messages: number): number => 2 ** Math.ceil(Math.log2(messages));

/** Bits of a block of `size` events from `first`. */
const mask = (first: number, size: number): number => (size === MOST ? -1 : ((1 << size) - 1) << first) >>> 0;

/** One request and its release: what stays of it; undefined when it is refused. */
function requested(events: DeviceEvents | null, messages: number): DeviceEvents | null | undefined {
  const block = blockOf(messages);
  const { size, taken } = events ?? { size: Math.max(2, block), taken: 0 };
  for (let first = 0; first + block <= size; first += block) {
    if ((taken & mask(first, block)) !== 0) continue;
    const left = (taken | mask(first, block)) & ~mask(first, messages);
    return left === 0 ? null : { size, taken: left >>> 0 };
  }
  return undefined;
}

export interface MessageRequest {
  readonly messages: number;
  readonly granted: boolean;
}

function series(start: DeviceEvents | null, requests: readonly MessageRequest[]): boolean {
  let events = start;
  for (const { messages, granted } of requests) {
    const left = requested(events, messages);
    if ((left !== undefined) !== granted) return false;
    if (left !== undefined) events = left;
  }
  return true;
}

/**
 * Can a device have answered so? What was asked of it before the record began is not known: nothing, or up to two requests of at most
 * `most` messages (its host driver's, an earlier pass of the recording).
 */
export function possibleOnIts(requests: readonly MessageRequest[], most: number): boolean {
  const starts: (DeviceEvents | null)[] = [null];
  for (let earlier = 0; earlier < 2; earlier++)
    for (const events of [...starts])
      for (let messages = 1; messages <= Math.min(most, MOST); messages++) {
        const left = requested(events, messages);
        if (left !== undefined && left !== null) starts.push(left);
      }
  return starts.some((start) => series(start, requests));
}
