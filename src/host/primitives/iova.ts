/**
 * The IOVA allocator (drivers/iommu/iova.c): pages handed out from the top of a range. Each `struct iova_domain` that is
 * given an upper end is a window of the agent whose stage runs.
 */
import type { IovaRanges } from '../iova-ranges';
import { createIovaRanges, giveBack, rangeAt, takeFree, takeHighest } from '../iova-ranges';
import type { StructValue, Value } from '../values';
import { hex, newStruct, newUnknown, show, structOf } from '../values';
import type { Call, Primitive, WindowRecord, World } from '../world';
import { effect, incident, injected } from '../world';

/** No window of doorbells comes near this many pages. */
const MOST_PAGES = 65536;

interface Allocator {
  readonly granule: number;
  readonly start: number;
  readonly window: WindowRecord;
  /** What is taken, in pages; reserved ranges as well. */
  readonly ranges: IovaRanges;
  /** Allocated ranges by their lowest page, ends included. */
  readonly given: Map<number, { readonly low: number; readonly high: number; readonly object: StructValue }>;
}

const allocators = new WeakMap<StructValue, Allocator>();

const pages = (n: number): string => `${n} page${n === 1 ? '' : 's'}`;
const number = (value: Value | undefined): number | null => (typeof value === 'number' ? value : null);

/** `n of m pages in use`. */
export function usage(window: WindowRecord): string {
  return `${window.allocated.size} of ${pages(Math.floor(window.size / window.granule))} in use`;
}

/** The open window of an agent that holds an address. */
export function windowAt(world: World, agent: string, iova: number): WindowRecord | null {
  return world.windows.find((w) => w.open && w.agent === agent && iova >= w.base && iova < w.base + w.size) ?? null;
}

/** Opens a window: used by the allocator, and by stages whose design keeps its window some other way. */
export function openWindow(call: Call, object: StructValue, base: number, size: number, granule: number): WindowRecord {
  const { world } = call;
  const path = `windows/${world.agent}`;
  world.ledger.set(`${path}/base`, base);
  world.ledger.set(`${path}/size`, size);
  world.ledger.set(`${path}/granule`, granule);
  const event = effect(
    world,
    call.at,
    `open a window of IOVA ${hex(base)} … ${hex(base + size - 1)} for doorbells: ${pages(Math.floor(size / granule))} of ${granule} bytes`,
  );
  const window: WindowRecord = {
    agent: world.agent,
    domain: null,
    base,
    size,
    granule,
    allocated: new Map(),
    event,
    object,
    open: true,
  };
  world.windows.push(window);
  return window;
}

/** Closes a window; what it still held is given back with it. */
export function closeWindow(call: Call, window: WindowRecord): void {
  const held = window.allocated.size;
  window.open = false;
  window.allocated.clear();
  call.world.ledger.removeUnder(`windows/${window.agent}/`);
  effect(
    call.world,
    call.at,
    `close the window at ${hex(window.base)}${held > 0 ? `, ${pages(held)} still allocated` : ''}`,
    -held,
  );
}

const initialise: Primitive = (call) => {
  const object = structOf(call.args[0]);
  const granule = number(call.args[1]);
  const start = number(call.args[2]);
  const end = number(call.args[3]);
  if (object === null || granule === null || start === null || granule <= 0) return 0;
  const last = end ?? start + 0xfffff;
  object.fields.set('granule', granule);
  object.fields.set('start_pfn', start);
  object.fields.set('dma_32bit_pfn', last);
  const window = openWindow(call, object, start * granule, Math.max(0, last - start + 1) * granule, granule);
  allocators.set(object, { granule, start, window, ranges: createIovaRanges(start), given: new Map() });
  return 0;
};

function of(call: Call): Allocator | null {
  const object = structOf(call.args[0]);
  return object === null ? null : (allocators.get(object) ?? null);
}

function record(call: Call, allocator: Allocator, low: number, high: number, object: StructValue): void {
  allocator.given.set(low, { low, high, object });
  const { window } = allocator;
  for (let page = low; page <= high; page++) {
    const iova = page * allocator.granule;
    window.allocated.set(iova, object);
    call.world.ledger.set(`windows/${window.agent}/pages/${hex(iova)}`, 'allocated');
  }
  const count = high - low + 1;
  effect(
    call.world,
    call.at,
    `allocate IOVA ${hex(low * allocator.granule)}, ${pages(count)}; ${usage(window)}`,
    count,
  );
}

function allocateRange(call: Call, size: number, limit: number, aligned: boolean): StructValue | null {
  const allocator = of(call);
  if (allocator === null) return null;
  const count = aligned ? 2 ** Math.ceil(Math.log2(size)) : size;
  // Each page is told one by one: a request beyond the window is not worth walking.
  if (count > MOST_PAGES) return null;
  const low = takeHighest(allocator.ranges, count, limit, aligned);
  if (low < 0) {
    effect(
      call.world,
      call.at,
      `no ${pages(count)} of IOVA left in the window at ${hex(allocator.window.base)}: ${usage(allocator.window)}`,
    );
    return null;
  }
  const object = newStruct('struct iova', 'zero', true);
  object.fields.set('pfn_lo', low);
  object.fields.set('pfn_hi', low + count - 1);
  record(call, allocator, low, low + count - 1, object);
  return object;
}

const allocate: Primitive = (call) => {
  if (injected(call) !== null) return 0;
  const allocator = of(call);
  const size = number(call.args[1]);
  const limit = number(call.args[2]);
  if (allocator === null || size === null || size <= 0) return newUnknown('alloc_iova()');
  const top = limit === null || limit < 0 ? Number.MAX_SAFE_INTEGER : limit;
  const end = Math.floor((allocator.window.base + allocator.window.size) / allocator.granule) - 1;
  return allocateRange(call, size, limit === null ? end : top, call.args[3] !== 0) ?? 0;
};

function release(call: Call, allocator: Allocator, low: number): void {
  const range = allocator.given.get(low);
  if (!range) return;
  allocator.given.delete(low);
  giveBack(allocator.ranges, low);
  const { window } = allocator;
  for (let page = range.low; page <= range.high; page++) {
    const iova = page * allocator.granule;
    window.allocated.delete(iova);
    call.world.ledger.remove(`windows/${window.agent}/pages/${hex(iova)}`);
  }
  range.object.freed = call.at;
  const count = range.high - range.low + 1;
  effect(call.world, call.at, `free IOVA ${hex(low * allocator.granule)}, ${pages(count)}; ${usage(window)}`, -count);
}

function find(allocator: Allocator, page: number): number | null {
  const low = rangeAt(allocator.ranges, page);
  return allocator.given.has(low) ? low : null;
}

const freeObject: Primitive = (call) => {
  const allocator = of(call);
  const object = structOf(call.args[1]);
  if (allocator === null || object === null) return 0;
  if (object.freed !== null) {
    incident(call.world, 'double-free', `${show(object)} is given back to the IOVA allocator a second time`, call.at);
    return 0;
  }
  const low = number(object.fields.get('pfn_lo'));
  if (low !== null) release(call, allocator, low);
  return 0;
};

const freePage: Primitive = (call) => {
  const allocator = of(call);
  const page = number(call.args[1]);
  const low = allocator === null || page === null ? null : find(allocator, page);
  if (allocator !== null && low !== null) release(call, allocator, low);
  return 0;
};

const shiftOf = (granule: number): number => Math.round(Math.log2(granule));

const withGranule =
  (result: (granule: number, value: number) => number): Primitive =>
  (call) => {
    const object = structOf(call.args[0]);
    const granule = number(object?.fields.get('granule'));
    const value = call.args.length > 1 ? number(call.args[1]) : 0;
    return granule === null || granule <= 0 || value === null ? newUnknown(`${call.name}()`) : result(granule, value);
  };

export const iova: Readonly<Record<string, Primitive>> = {
  init_iova_domain: initialise,
  put_iova_domain: (call) => {
    const object = structOf(call.args[0]);
    const allocator = of(call);
    if (object === null || allocator === null) return 0;
    allocators.delete(object);
    closeWindow(call, allocator.window);
    return 0;
  },
  alloc_iova: allocate,
  alloc_iova_fast: (call) => {
    const made = allocate({ ...call, args: [...call.args.slice(0, 3), 1] });
    const object = structOf(made);
    return object === null ? 0 : (object.fields.get('pfn_lo') ?? 0);
  },
  __free_iova: freeObject,
  free_iova: freePage,
  free_iova_fast: freePage,
  find_iova: (call) => {
    const allocator = of(call);
    const page = number(call.args[1]);
    const low = allocator === null || page === null ? null : find(allocator, page);
    return low === null ? 0 : (allocator?.given.get(low)?.object ?? 0);
  },
  reserve_iova: (call) => {
    const allocator = of(call);
    const [low, high] = [number(call.args[1]), number(call.args[2])];
    if (allocator === null || low === null || high === null) return newUnknown('reserve_iova()');
    takeFree(allocator.ranges, low, high);
    const made = newStruct('struct iova', 'zero');
    made.fields.set('pfn_lo', low);
    made.fields.set('pfn_hi', high);
    return made;
  },
  iova_cache_get: () => 0,
  iova_cache_put: () => 0,
  iommu_iova_cache_init: () => 0,
  iova_size: (call) => {
    const object = structOf(call.args[0]);
    const low = number(object?.fields.get('pfn_lo'));
    const high = number(object?.fields.get('pfn_hi'));
    return low === null || high === null ? newUnknown('iova_size()') : high - low + 1;
  },
  iova_shift: withGranule((granule) => shiftOf(granule)),
  iova_mask: withGranule((granule) => granule - 1),
  iova_offset: withGranule((granule, value) => value % granule),
  iova_align: withGranule((granule, value) => Math.ceil(value / granule) * granule),
  iova_pfn: withGranule((granule, value) => Math.floor(value / granule)),
  iova_dma_addr: (call) => {
    const granule = number(structOf(call.args[0])?.fields.get('granule'));
    const low = number(structOf(call.args[1])?.fields.get('pfn_lo'));
    return granule === null || low === null ? newUnknown('iova_dma_addr()') : low * granule;
  },
};
