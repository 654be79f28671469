/**
 * Ranges of page numbers that are taken, as the IOVA allocator of the kernel keeps them: in order of address, handed out from the top.
 * In: ranges to take or give back, sizes to place. Out: page numbers. Knows nothing of domains, objects or events.
 *
 * A treap in arrays, by lowest page. Each range knows the gap below it (from the end of the range before, or from the start of the space); the
 * gap above the last range belongs to an anchor, node 1, that lies above all pages and is the root. A subtree knows its longest gap and its largest
 * naturally aligned block that lies in one gap, so that every call is O(log n) on average, aligned requests too.
 * Follows drivers/iommu/iova.c (`__alloc_and_insert_iova_range()`, `reserve_iova()`, `private_find_iova()`).
 */

import { powerOfTwo } from '../machine/word';

/** Below this, a page number is exact in every sum that is made here. */
const ABOVE_ALL = 2 ** 52;

/** A node is 64 bytes, a line of the cache: four numbers, then whole ones of 32 bits. A node is known by the index of its first number. */
const NODE = 8;
const LOW = 0;
const HIGH = 1;
/** First page of the gap below. */
const GAP = 2;
/** Over the subtree: pages of the longest gap. */
const LONGEST = 3;
/** In `links`, from twice the node's index on. */
const LEFT = 8;
const RIGHT = 9;
const RANK = 10;
/** Order (log2 of the pages) of the largest aligned block in the node's gap, and in a gap of its subtree; -1 for none. */
const OWN = 11;
const LARGEST = 12;
/** Node 0 is none: it has no gap, and its longest one is zero pages. */
const NONE = 0;
const ANCHOR = NODE;

export interface IovaRanges {
  /** Lowest page that may be given. */
  readonly start: number;
  numbers: Float64Array;
  /** The same bytes as `numbers`. */
  links: Int32Array;
  /** Where nodes end that were made, and the first that can be used again (linked by `RIGHT`). */
  end: number;
  unused: number;
  seed: number;
  /** Nodes from the anchor to where a call works. */
  readonly path: Int32Array;
}

/** A space of pages from `start` on in which nothing is taken. */
export function createIovaRanges(start: number): IovaRanges {
  const numbers = new Float64Array(16 * NODE);
  const ranges: IovaRanges = {
    start,
    numbers,
    links: new Int32Array(numbers.buffer),
    end: ANCHOR + NODE,
    unused: NONE,
    seed: 0x2545f491,
    path: new Int32Array(1024),
  };
  numbers[ANCHOR + LOW] = ABOVE_ALL;
  numbers[ANCHOR + HIGH] = ABOVE_ALL;
  ranges.links[2 * NONE + LARGEST] = -1;
  ranges.links[2 * ANCHOR + RANK] = 0x7fff_ffff;
  setGap(ranges, ANCHOR, start);
  refresh(numbers, ranges.links, ANCHOR);
  return ranges;
}

/** log2 of a number from 1 to 2^53, rounded down. */
function orderOf(pages: number): number {
  return pages < 0x8000_0000 ? 31 - Math.clz32(pages) : 62 - Math.clz32(pages / 0x8000_0000);
}

/** The largest n such that 2^n pages at a multiple of 2^n lie in `[from, to)`; -1 when it is empty. */
function alignedOrder(from: number, to: number): number {
  const length = to - from;
  if (!(length >= 1)) return -1;
  const order = orderOf(length);
  // Twice half a block, less a page, is enough for half a block wherever it begins.
  return lastAligned(to, powerOfTwo(order)) >= from ? order : order - 1;
}

/** The highest multiple of `size` (a power of two) at which `size` pages end before `to`; -1 when there is none. */
function lastAligned(to: number, size: number): number {
  const low = to - size;
  return low < 0 ? -1 : Math.floor(low / size) * size;
}

/** Where the gap below a node begins; what is above it in the tree has to be refreshed. */
function setGap(ranges: IovaRanges, node: number, from: number): void {
  ranges.numbers[node + GAP] = from;
  ranges.links[2 * node + OWN] = alignedOrder(from, ranges.numbers[node + LOW] as number);
}

/** What a subtree knows, from its node and children; false when it knew that already. */
function refresh(numbers: Float64Array, links: Int32Array, node: number): boolean {
  const l = links[2 * node + LEFT] as number;
  const r = links[2 * node + RIGHT] as number;
  let longest = (numbers[node + LOW] as number) - (numbers[node + GAP] as number);
  let largest = links[2 * node + OWN] as number;
  const longestLeft = numbers[l + LONGEST] as number;
  const longestRight = numbers[r + LONGEST] as number;
  const largestLeft = links[2 * l + LARGEST] as number;
  const largestRight = links[2 * r + LARGEST] as number;
  if (longestLeft > longest) longest = longestLeft;
  if (longestRight > longest) longest = longestRight;
  if (largestLeft > largest) largest = largestLeft;
  if (largestRight > largest) largest = largestRight;
  if (numbers[node + LONGEST] === longest && links[2 * node + LARGEST] === largest) return false;
  numbers[node + LONGEST] = longest;
  links[2 * node + LARGEST] = largest;
  return true;
}

/** Refreshes a path from its end up: `least` from the anchor on as far as something changes, what is beyond them in any case. */
function refreshPath(ranges: IovaRanges, depth: number, least: number): void {
  const { numbers, links, path } = ranges;
  for (let i = depth - 1; i >= 0; i--) if (!refresh(numbers, links, path[i] as number) && i < least) return;
}

/** Hangs a node below another; `side` is LEFT or RIGHT. */
function hang(ranges: IovaRanges, parent: number, side: number, node: number): void {
  ranges.links[2 * parent + side] = node;
}

/** On which side of its parent a node hangs. */
function sideOf(ranges: IovaRanges, parent: number, node: number): number {
  return ranges.links[2 * parent + LEFT] === node ? LEFT : RIGHT;
}

function newNode(ranges: IovaRanges): number {
  const again = ranges.unused;
  if (again !== NONE) {
    ranges.unused = ranges.links[2 * again + RIGHT] as number;
    ranges.links[2 * again + RIGHT] = NONE;
    return again;
  }
  const node = ranges.end;
  ranges.end += NODE;
  if (ranges.end > ranges.numbers.length) {
    const numbers = new Float64Array(ranges.numbers.length * 2);
    numbers.set(ranges.numbers);
    ranges.numbers = numbers;
    ranges.links = new Int32Array(numbers.buffer);
  }
  return node;
}

/** Takes `[low, high]` out of the gap below the node at the end of the path. */
function insertBelow(ranges: IovaRanges, depth: number, low: number, high: number): void {
  const { path } = ranges;
  const above = path[depth - 1] as number;
  const node = newNode(ranges);
  const { numbers, links } = ranges;
  numbers[node + LOW] = low;
  numbers[node + HIGH] = high;
  setGap(ranges, node, numbers[above + GAP] as number);
  setGap(ranges, above, high + 1);
  let seed = ranges.seed;
  seed ^= seed << 13;
  seed ^= seed >>> 17;
  seed ^= seed << 5;
  ranges.seed = seed;
  const rank = seed >>> 1;
  links[2 * node + RANK] = rank;
  // Its place: just before `above`, that is at the right end of what hangs left of it.
  let end = depth;
  let at = links[2 * above + LEFT] as number;
  if (at === NONE) links[2 * above + LEFT] = node;
  else {
    for (;;) {
      path[end++] = at;
      const next = links[2 * at + RIGHT] as number;
      if (next === NONE) break;
      at = next;
    }
    links[2 * at + RIGHT] = node;
  }
  refresh(numbers, links, node);
  // Up, past what has a lower rank; never past the anchor.
  for (; end > 1; end--) {
    const parent = path[end - 1] as number;
    if ((links[2 * parent + RANK] as number) >= rank) break;
    if (links[2 * parent + LEFT] === node) {
      links[2 * parent + LEFT] = links[2 * node + RIGHT] as number;
      links[2 * node + RIGHT] = parent;
    } else {
      links[2 * parent + RIGHT] = links[2 * node + LEFT] as number;
      links[2 * node + LEFT] = parent;
    }
    const upper = path[end - 2] as number;
    hang(ranges, upper, sideOf(ranges, upper, parent), node);
    refresh(numbers, links, parent);
    refresh(numbers, links, node);
  }
  refreshPath(ranges, end, depth);
}

/** Fills the path to the lowest range that lies above a page as a whole (the anchor lies above all); gives its length. */
function pathAbove(ranges: IovaRanges, page: number): number {
  const { path, numbers, links } = ranges;
  let depth = 0;
  let found = 0;
  for (let node: number = ANCHOR; node !== NONE; ) {
    path[depth++] = node;
    if ((numbers[node + LOW] as number) > page) {
      found = depth;
      node = links[2 * node + LEFT] as number;
    } else node = links[2 * node + RIGHT] as number;
  }
  return found;
}

/** The highest page at which `size` pages fit into the gap below a node and end at or below `limit`; -1 when they do not. */
function placeIn(ranges: IovaRanges, node: number, size: number, limit: number, aligned: boolean): number {
  const { numbers } = ranges;
  const to = Math.min(numbers[node + LOW] as number, limit + 1);
  const low = aligned ? lastAligned(to, size) : to - size;
  return low >= (numbers[node + GAP] as number) ? low : -1;
}

/**
 * Takes the highest free `size` pages (at least 1) that end at or below page `limit`. `aligned`: `size` is a power of two, and the range
 * starts at a multiple of it. Gives its lowest page, or -1 when nothing fits.
 */
export function takeHighest(ranges: IovaRanges, size: number, limit: number, aligned: boolean): number {
  const depth = pathAbove(ranges, Math.min(limit, ABOVE_ALL - 1));
  const length =
    placeIn(ranges, ranges.path[depth - 1] as number, size, limit, aligned) >= 0
      ? depth
      : pathBelow(ranges, depth, size, aligned);
  if (length === 0) return -1;
  const low = placeIn(ranges, ranges.path[length - 1] as number, size, limit, aligned);
  insertBelow(ranges, length, low, low + size - 1);
  return low;
}

/** Turns the path to a node into the path to the highest range before it with a gap that `size` pages fit into; gives its length, 0 for none. */
function pathBelow(ranges: IovaRanges, length: number, size: number, aligned: boolean): number {
  const { path, numbers, links } = ranges;
  // Either bound is met by all when it is not asked for.
  const order = aligned ? orderOf(size) : -1;
  const least = aligned ? 0 : size;
  let depth = length;
  let below = links[2 * (path[depth - 1] as number) + LEFT] as number;
  while ((numbers[below + LONGEST] as number) < least || (links[2 * below + LARGEST] as number) < order) {
    // Up to the nearest ancestor that lies to the left; its own gap comes first, then what hangs left of it.
    let child = path[--depth] as number;
    while (depth > 0 && links[2 * (path[depth - 1] as number) + LEFT] === child) child = path[--depth] as number;
    if (depth === 0) return 0;
    const ancestor = path[depth - 1] as number;
    if (placeIn(ranges, ancestor, size, ABOVE_ALL, aligned) >= 0) return depth;
    below = links[2 * ancestor + LEFT] as number;
  }
  for (;;) {
    path[depth++] = below;
    const right = links[2 * below + RIGHT] as number;
    if ((numbers[right + LONGEST] as number) >= least && (links[2 * right + LARGEST] as number) >= order) below = right;
    else if (placeIn(ranges, below, size, ABOVE_ALL, aligned) >= 0) return depth;
    else below = links[2 * below + LEFT] as number;
  }
}

/** Lowest page of the range that holds a page; -1 when it is free. */
export function rangeAt(ranges: IovaRanges, page: number): number {
  const { numbers, links } = ranges;
  let node: number = ANCHOR;
  while (node !== NONE) {
    if (page < (numbers[node + LOW] as number)) node = links[2 * node + LEFT] as number;
    else if (page > (numbers[node + HIGH] as number)) node = links[2 * node + RIGHT] as number;
    else return node === ANCHOR ? -1 : (numbers[node + LOW] as number);
  }
  return -1;
}

/** Takes what is free of `[low, high]` (pages below 2^52), in as many ranges as there are gaps. */
export function takeFree(ranges: IovaRanges, low: number, high: number): void {
  for (let page = Math.max(low, ranges.start); page <= high; ) {
    const free = rangeAt(ranges, page) < 0;
    const depth = pathAbove(ranges, page);
    const above = ranges.path[depth - 1] as number;
    if (free) insertBelow(ranges, depth, page, Math.min(high, (ranges.numbers[above + LOW] as number) - 1));
    page = ranges.numbers[above + GAP] as number;
  }
}

/** Gives back the range that begins at a page; false when none does. */
export function giveBack(ranges: IovaRanges, page: number): boolean {
  const { path, numbers, links } = ranges;
  let depth = 0;
  let above = 0;
  let node: number = ANCHOR;
  while (node !== NONE && numbers[node + LOW] !== page) {
    path[depth++] = node;
    if (page < (numbers[node + LOW] as number)) {
      above = depth;
      node = links[2 * node + LEFT] as number;
    } else node = links[2 * node + RIGHT] as number;
  }
  if (node === NONE || node === ANCHOR) return false;
  let l = links[2 * node + LEFT] as number;
  let r = links[2 * node + RIGHT] as number;
  if (r !== NONE) {
    // The next range hangs at the left end of what is right of the node; it takes over the gap.
    let end = depth;
    for (let at = r; at !== NONE; at = links[2 * at + LEFT] as number) path[end++] = at;
    setGap(ranges, path[end - 1] as number, numbers[node + GAP] as number);
    while (end > depth && refresh(numbers, links, path[--end] as number));
    above = depth;
  } else setGap(ranges, path[above - 1] as number, numbers[node + GAP] as number);
  // What hung left and right, joined by rank, in the node's place. There is a parent: the anchor is above all.
  let parent = path[depth - 1] as number;
  let side = sideOf(ranges, parent, node);
  while (l !== NONE && r !== NONE) {
    const upper = (links[2 * l + RANK] as number) >= (links[2 * r + RANK] as number) ? l : r;
    hang(ranges, parent, side, upper);
    path[depth++] = upper;
    parent = upper;
    side = upper === r ? LEFT : RIGHT;
    if (side === LEFT) r = links[2 * upper + LEFT] as number;
    else l = links[2 * upper + RIGHT] as number;
  }
  hang(ranges, parent, side, l !== NONE ? l : r);
  links[2 * node + LEFT] = NONE;
  links[2 * node + RIGHT] = ranges.unused;
  ranges.unused = node;
  refreshPath(ranges, depth, above);
  return true;
}
