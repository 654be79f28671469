/**
 * Ranges of page numbers that are taken, as the IOVA allocator of the kernel keeps them: in order of address, handed out from the top.
 * In: ranges to take or give back, sizes to place. Out: page numbers. Knows nothing of domains, objects or events.
 *
 * A B+ tree in arrays. An entry of a leaf is a range, known by its lowest page, with the gap below it (from the end of the range before, or from
 * the start of the space); the gap above the last range belongs to an anchor that lies above all pages. An entry further up is a node. Entries of
 * both kinds say the same three things of what is below them: the largest lowest page, the longest gap, and the largest naturally aligned block that
 * lies in one gap; so every call is O(log n), aligned requests too. A node goes when it is empty: the height is that of the most ranges there were.
 * Follows drivers/iommu/iova.c (`__alloc_and_insert_iova_range()`, `reserve_iova()`, `private_find_iova()`).
 */

import { powerOfTwo } from '../machine/word';

/** Below this, a page number is exact in every sum that is made here. */
const ABOVE_ALL = 2 ** 52;
/** Entries that a node has room for; those of node n stand from n times this on. */
const ROOM = 16;
const SHIFT = 4;
const NO_NODE = -1;

export interface IovaRanges {
  /** Lowest page that may be given. */
  readonly start: number;
  /** Of each entry: its (largest) lowest page, pages of the longest gap, log2 of the pages of the largest aligned block (-1 for none). */
  lows: Float64Array;
  gaps: Float64Array;
  orders: Int32Array;
  /** Of an entry above the leaves: its node. */
  nodes: Int32Array;
  /** Entries of each node. */
  counts: Int32Array;
  root: number;
  /** Levels above the leaves. */
  height: number;
  /** Nodes that were made, and the first that can be used again (each names the next as its first entry's node). */
  made: number;
  unused: number;
  /** The entry where a call works, and those above it, by level from the leaf up. */
  readonly path: Int32Array;
}

/** A space of pages from `start` on in which nothing is taken. */
export function createIovaRanges(start: number): IovaRanges {
  const ranges: IovaRanges = {
    start,
    lows: new Float64Array(2 * ROOM),
    gaps: new Float64Array(2 * ROOM),
    orders: new Int32Array(2 * ROOM),
    nodes: new Int32Array(2 * ROOM),
    counts: new Int32Array(2),
    root: 0,
    height: 0,
    made: 1,
    unused: NO_NODE,
    path: new Int32Array(32),
  };
  ranges.counts[0] = 1;
  setRange(ranges, 0, ABOVE_ALL, start);
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
  if (low < 0) return -1;
  return low < 0x8000_0000 && size < 0x8000_0000 ? low & -size : Math.floor(low / size) * size;
}

/** Makes a leaf's entry the range that begins at `low`, with a gap from `from` to there. */
function setRange(ranges: IovaRanges, entry: number, low: number, from: number): void {
  ranges.lows[entry] = low;
  ranges.gaps[entry] = low - from;
  ranges.orders[entry] = alignedOrder(from, low);
}

/** First page of the gap below a range. */
function gapStart(ranges: IovaRanges, entry: number): number {
  return (ranges.lows[entry] as number) - (ranges.gaps[entry] as number);
}

/** Fills the path to the lowest range that begins above a page (below `ABOVE_ALL`: the anchor lies above it); gives its entry. */
function pathAbove(ranges: IovaRanges, page: number): number {
  const { lows, nodes, path } = ranges;
  let entry = ranges.root << SHIFT;
  for (let level = ranges.height; ; level--) {
    while ((lows[entry] as number) <= page) entry++;
    path[level] = entry;
    if (level === 0) return entry;
    entry = (nodes[entry] as number) << SHIFT;
  }
}

/** Moves the path to the next range before or after (`step` -1 or 1); gives its entry, -1 when there is none. */
function pathBeside(ranges: IovaRanges, step: number): number {
  const { nodes, counts, path } = ranges;
  for (let level = 0; level <= ranges.height; level++) {
    const entry = (path[level] as number) + step;
    const first = (path[level] as number) & -ROOM;
    if (entry < first || entry >= first + (counts[first >> SHIFT] as number)) continue;
    path[level] = entry;
    for (let below = level - 1; below >= 0; below--) {
      const node = nodes[path[below + 1] as number] as number;
      path[below] = (node << SHIFT) + (step > 0 ? 0 : (counts[node] as number) - 1);
    }
    return path[0] as number;
  }
  return -1;
}

/** Makes an entry above the leaves say what its node's entries say; false when it said so already. */
function summarize(ranges: IovaRanges, entry: number): boolean {
  const { lows, gaps, orders } = ranges;
  const node = ranges.nodes[entry] as number;
  const first = node << SHIFT;
  const end = first + (ranges.counts[node] as number);
  let gap = 0;
  let order = -1;
  for (let i = first; i < end; i++) {
    if ((gaps[i] as number) > gap) gap = gaps[i] as number;
    if ((orders[i] as number) > order) order = orders[i] as number;
  }
  const low = lows[end - 1] as number;
  if (lows[entry] === low && gaps[entry] === gap && orders[entry] === order) return false;
  lows[entry] = low;
  gaps[entry] = gap;
  orders[entry] = order;
  return true;
}

/** Carries what changed at a level of the path up to the root. */
function summarizeAbove(ranges: IovaRanges, level: number): void {
  for (let above = level + 1; above <= ranges.height; above++)
    if (!summarize(ranges, ranges.path[above] as number)) return;
}

function newNode(ranges: IovaRanges): number {
  const again = ranges.unused;
  if (again !== NO_NODE) {
    ranges.unused = ranges.nodes[again << SHIFT] as number;
    return again;
  }
  const node = ranges.made++;
  if (node >= ranges.counts.length) {
    ranges.lows = twice(ranges.lows, new Float64Array(2 * ranges.lows.length));
    ranges.gaps = twice(ranges.gaps, new Float64Array(2 * ranges.gaps.length));
    ranges.orders = twice(ranges.orders, new Int32Array(2 * ranges.orders.length));
    ranges.nodes = twice(ranges.nodes, new Int32Array(2 * ranges.nodes.length));
    ranges.counts = twice(ranges.counts, new Int32Array(2 * ranges.counts.length));
  }
  return node;
}

function twice<Numbers extends Float64Array | Int32Array>(numbers: Numbers, longer: Numbers): Numbers {
  longer.set(numbers);
  return longer;
}

/** Copies an entry. */
function copyEntry(ranges: IovaRanges, to: number, from: number): void {
  ranges.lows[to] = ranges.lows[from] as number;
  ranges.gaps[to] = ranges.gaps[from] as number;
  ranges.orders[to] = ranges.orders[from] as number;
  ranges.nodes[to] = ranges.nodes[from] as number;
}

/** Moves the entries from the path's on one place up, in a node that is split first when it is full; the path's entry is free then. */
function makeRoom(ranges: IovaRanges, level: number): number {
  const { path } = ranges;
  if (ranges.counts[(path[level] as number) >> SHIFT] === ROOM) split(ranges, level);
  const entry = path[level] as number;
  const node = entry >> SHIFT;
  const end = (node << SHIFT) + (ranges.counts[node] as number);
  for (let i = end; i > entry; i--) copyEntry(ranges, i, i - 1);
  ranges.counts[node] = end - (node << SHIFT) + 1;
  return entry;
}

/** Splits the path's node at a level in two; the path leads to the same entry. */
function split(ranges: IovaRanges, level: number): void {
  const { path } = ranges;
  const full = (path[level] as number) >> SHIFT;
  if (level === ranges.height) {
    const root = newNode(ranges);
    ranges.height++;
    ranges.root = root;
    ranges.counts[root] = 1;
    ranges.nodes[root << SHIFT] = full;
    path[level + 1] = root << SHIFT;
  }
  const lower = newNode(ranges);
  const half = ROOM / 2;
  const first = full << SHIFT;
  // The lower half goes to a new node before the full one, whose largest page stays as it is.
  for (let i = 0; i < half; i++) copyEntry(ranges, (lower << SHIFT) + i, first + i);
  for (let i = half; i < ROOM; i++) copyEntry(ranges, first + i - half, first + i);
  ranges.counts[lower] = half;
  ranges.counts[full] = half;
  const above = makeRoom(ranges, level + 1);
  ranges.nodes[above] = lower;
  summarize(ranges, above);
  summarize(ranges, above + 1);
  const place = (path[level] as number) - first;
  if (place < half) path[level] = (lower << SHIFT) + place;
  else {
    path[level] = first + place - half;
    path[level + 1] = above + 1;
  }
}

/** Takes the path's entry at a level out of its node; a node that is empty then goes with its own entry. */
function removeEntry(ranges: IovaRanges, level: number): void {
  const { path, counts } = ranges;
  const entry = path[level] as number;
  const node = entry >> SHIFT;
  const end = (node << SHIFT) + (counts[node] as number) - 1;
  for (let i = entry; i < end; i++) copyEntry(ranges, i, i + 1);
  counts[node] = end - (node << SHIFT);
  if (end !== node << SHIFT) {
    summarizeAbove(ranges, level);
    return;
  }
  ranges.nodes[node << SHIFT] = ranges.unused;
  ranges.unused = node;
  // There is an entry above: the anchor keeps the root from being empty.
  removeEntry(ranges, level + 1);
}

/** Takes `[low, high]` out of the gap below the range at the path's end. */
function insertBelow(ranges: IovaRanges, low: number, high: number): void {
  const entry = makeRoom(ranges, 0);
  const from = gapStart(ranges, entry + 1);
  setRange(ranges, entry, low, from);
  setRange(ranges, entry + 1, ranges.lows[entry + 1] as number, high + 1);
  summarizeAbove(ranges, 0);
}

/** The highest page at which `size` pages fit into the gap below a range and end at or below `limit`; -1 when they do not. */
function placeIn(ranges: IovaRanges, entry: number, size: number, limit: number, aligned: boolean): number {
  const to = Math.min(ranges.lows[entry] as number, limit + 1);
  const low = aligned ? lastAligned(to, size) : to - size;
  return low >= gapStart(ranges, entry) ? low : -1;
}

/**
 * Takes the highest free `size` pages (at least 1) that end at or below page `limit`. `aligned`: `size` is a power of two, and the range
 * starts at a multiple of it. Gives its lowest page, or -1 when nothing fits.
 */
export function takeHighest(ranges: IovaRanges, size: number, limit: number, aligned: boolean): number {
  const last = Math.min(limit, ABOVE_ALL - 1);
  const nearest = pathAbove(ranges, last);
  let low = placeIn(ranges, nearest, size, last, aligned);
  if (low < 0) {
    const entry = pathBelow(ranges, size, aligned);
    if (entry < 0) return -1;
    low = placeIn(ranges, entry, size, last, aligned);
  }
  insertBelow(ranges, low, low + size - 1);
  return low;
}

/** Turns the path to a range into the path to the highest range before it with a gap that `size` pages fit into; gives its entry, -1 for none. */
function pathBelow(ranges: IovaRanges, size: number, aligned: boolean): number {
  const { gaps, orders, nodes, counts, path } = ranges;
  // Either bound is met by all when it is not asked for.
  const order = aligned ? orderOf(size) : -1;
  const least = aligned ? 0 : size;
  for (let level = 0; level <= ranges.height; level++) {
    const first = (path[level] as number) & -ROOM;
    let entry = (path[level] as number) - 1;
    while (entry >= first && ((gaps[entry] as number) < least || (orders[entry] as number) < order)) entry--;
    if (entry < first) continue;
    // What an entry says holds for one of its node's.
    for (let below = level; ; below--) {
      path[below] = entry;
      if (below === 0) return entry;
      const node = nodes[entry] as number;
      entry = (node << SHIFT) + (counts[node] as number) - 1;
      while ((gaps[entry] as number) < least || (orders[entry] as number) < order) entry--;
    }
  }
  return -1;
}

/** Lowest page of the range that holds a page; -1 when it is free. */
export function rangeAt(ranges: IovaRanges, page: number): number {
  if (!(page < ABOVE_ALL) || page >= gapStart(ranges, pathAbove(ranges, page))) return -1;
  const entry = pathBeside(ranges, -1);
  return entry < 0 ? -1 : (ranges.lows[entry] as number);
}

/** Takes what is free of `[low, high]` (pages below 2^52), in as many ranges as there are gaps. */
export function takeFree(ranges: IovaRanges, low: number, high: number): void {
  for (let page = Math.max(low, ranges.start); page <= high; ) {
    const entry = pathAbove(ranges, page);
    const from = gapStart(ranges, entry);
    if (page >= from) {
      const end = Math.min(high, (ranges.lows[entry] as number) - 1);
      insertBelow(ranges, page, end);
      page = end + 1;
    } else page = from;
  }
}

/** Gives back the range that begins at a page; false when none does. */
export function giveBack(ranges: IovaRanges, page: number): boolean {
  if (!(page < ABOVE_ALL)) return false;
  const entry = pathAbove(ranges, page - 1);
  if (ranges.lows[entry] !== page) return false;
  const from = gapStart(ranges, entry);
  // The next range takes over the gap. There is one: the anchor.
  const next = pathBeside(ranges, 1);
  setRange(ranges, next, ranges.lows[next] as number, from);
  if (next >> SHIFT !== entry >> SHIFT) {
    summarizeAbove(ranges, 0);
    pathBeside(ranges, -1);
  } else ranges.path[0] = entry;
  removeEntry(ranges, 0);
  return true;
}
