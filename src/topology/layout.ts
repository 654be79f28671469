/**
 * Where the drawing puts each node: five columns, and in each the nodes stacked beside what they are linked to.
 * In: a `Cast` and the room there is, in CSS pixels. Out: boxes. A pure function; nothing is measured, nothing moves by itself.
 */
import type { Cast, DeviceNode, InterruptNode, TargetNode } from './cast';
import { controllerKind, doorRegister } from './names';

export interface Box {
  readonly id: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Column {
  readonly x: number;
  readonly width: number;
}

/** Nodes of one kind that are not drawn one by one. */
export interface Folded {
  /** The agent whose idle devices these are; null for interrupts. */
  readonly agent: string | null;
  readonly count: number;
  readonly box: Box;
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  /** Agents, devices, domains, pages, interrupts. */
  readonly columns: readonly [Column, Column, Column, Column, Column];
  readonly boxes: ReadonlyMap<string, Box>;
  readonly folded: readonly Folded[];
}

export interface Room {
  readonly width: number;
  readonly height: number;
  /** Draw idle devices and idle interrupts one by one too. */
  readonly unfolded: boolean;
}

/** First line of a box, further lines, and what stands above and below them. */
export const LINE = { first: 17, next: 15, pad: 7 } as const;
/** Mappings, vectors and interrupts that are drawn before the rest is counted. */
export const MOST = { maps: 4, vectors: 2, idleDevices: 2, interrupts: 14 } as const;
const TOP = 34;
const BOTTOM = 8;
const SIDE = { least: 6, most: 14 } as const;
const GAP = { least: 18, most: 120, within: 6, between: 10 } as const;

/** Width of a monospaced character of the drawing's small text. */
const CHARACTER = 6.7;

/** Height of a box with so many lines, the title being the first. */
export function boxHeight(lines: number): number {
  return LINE.pad * 2 + LINE.first + LINE.next * Math.max(0, lines - 1) - 3;
}

/** Lines that `count` entries take when at most `most` are drawn and the last line then counts the rest. */
export function linesFor(count: number, most: number): number {
  return Math.min(count, most + 1);
}

interface Item {
  readonly id: string;
  readonly height: number;
  /** Where its middle would like to be. */
  readonly wish: number;
  /** Room above it, unless it is the first. */
  readonly gap: number;
}

/**
 * Stacks items in the given order without overlap, each as near to its wish as the others allow (pool adjacent violators), within
 * `top` and `bottom`. When they need more room than that they run over `bottom`. @returns the top of each item
 */
export function stack(items: readonly Item[], top: number, bottom: number): number[] {
  // With the heights and gaps taken away, "no overlap" reads "not descending".
  const offsets: number[] = [];
  let used = 0;
  items.forEach((item, index) => {
    if (index > 0) used += item.gap;
    offsets.push(used);
    used += item.height;
  });
  const pools: { sum: number; count: number }[] = [];
  items.forEach((item, index) => {
    let pool = { sum: item.wish - item.height / 2 - (offsets[index] ?? 0), count: 1 };
    for (let before = pools[pools.length - 1]; before !== undefined; before = pools[pools.length - 1]) {
      if (before.sum / before.count <= pool.sum / pool.count) break;
      pool = { sum: before.sum + pool.sum, count: before.count + pool.count };
      pools.pop();
    }
    pools.push(pool);
  });
  const latest = Math.max(top, bottom - used);
  const starts = pools.flatMap(({ sum, count }) =>
    Array<number>(count).fill(Math.min(latest, Math.max(top, sum / count))),
  );
  return items.map((_item, index) => Math.round((starts[index] ?? top) + (offsets[index] ?? 0)));
}

const clamp = (value: number, least: number, most: number): number => Math.max(least, Math.min(most, value));
const longest = (texts: readonly string[]): number => texts.reduce((most, { length }) => Math.max(most, length), 0);

/** What a controller is and which register is its door: `GICv2m · SETSPI_NS`. Empty for memory. */
export function targetKind({ kind }: TargetNode): string {
  if (kind === null) return '';
  const register = doorRegister(kind)?.split(' ')[0];
  return register === undefined ? controllerKind(kind) : `${controllerKind(kind)} · ${register}`;
}

/** What each column would like to be wide, from the longest line it will ever show. */
function widths(cast: Cast): [number, number, number, number, number] {
  const wide = (characters: number, least: number, most: number): number =>
    Math.round(clamp(characters * CHARACTER + 22, least, most));
  const vectors = cast.devices.some((device) => device.vectors > 0);
  return [
    wide(longest(cast.agents.map(({ name }) => name)), 84, 130),
    wide(Math.max(longest(cast.devices.map(({ name }) => name)), vectors ? 21 : 14), 116, 180),
    wide(Math.max(18, ...cast.domains.map((domain) => Math.max(domain.longest, domain.iommu.length + 11))), 136, 216),
    wide(Math.max(16, longest(cast.targets.map(({ name }) => name)), longest(cast.targets.map(targetKind))), 118, 172),
    wide(
      Math.max(
        10,
        longest(cast.interrupts.flatMap(({ owners }) => owners)) + 6,
        longest(cast.interrupts.map(({ key }) => key)) + 3,
      ),
      92,
      140,
    ),
  ];
}

function columnsFor(cast: Cast, width: number): { columns: Layout['columns']; width: number } {
  const wanted = widths(cast);
  const sum = wanted.reduce((total, one) => total + one, 0);
  const side = clamp((width - sum) / 12, SIDE.least, SIDE.most);
  const gap = clamp((width - 2 * side - sum) / 4, GAP.least, GAP.most);
  const used = sum + 4 * gap + 2 * side;
  let x = side + Math.max(0, (width - used) / 2);
  const columns = wanted.map((one): Column => {
    const column = { x: Math.round(x), width: one };
    x += one + gap;
    return column;
  });
  const [a, b, c, d, e] = columns as [Column, Column, Column, Column, Column];
  return { columns: [a, b, c, d, e], width: Math.ceil(Math.max(width, used)) };
}

/** The devices to draw, and how many idle ones of each agent are only counted. */
function drawnDevices(cast: Cast, unfolded: boolean): { drawn: DeviceNode[]; folded: ReadonlyMap<string, number> } {
  const folded = new Map<string, number>();
  if (unfolded) return { drawn: [...cast.devices], folded };
  const idle = new Map<string, number>();
  for (const device of cast.devices) if (device.idle) idle.set(device.agent, (idle.get(device.agent) ?? 0) + 1);
  const seen = new Map<string, number>();
  const drawn = cast.devices.filter((device) => {
    const all = idle.get(device.agent) ?? 0;
    if (!device.idle || all <= MOST.idleDevices + 1) return true;
    const before = seen.get(device.agent) ?? 0;
    seen.set(device.agent, before + 1);
    if (before < MOST.idleDevices) return true;
    folded.set(device.agent, all - MOST.idleDevices);
    return false;
  });
  return { drawn, folded };
}

/** The interrupts to draw: those that were raised first, then the others, as long as they are few. */
function drawnInterrupts(cast: Cast, unfolded: boolean): { drawn: InterruptNode[]; rest: number } {
  if (unfolded || cast.interrupts.length <= MOST.interrupts + 1) return { drawn: [...cast.interrupts], rest: 0 };
  const kept = new Set(
    [...cast.interrupts].sort((a, b) => Number(b.raised) - Number(a.raised)).slice(0, MOST.interrupts),
  );
  return { drawn: cast.interrupts.filter((one) => kept.has(one)), rest: cast.interrupts.length - kept.size };
}

const middle = (box: Box): number => box.y + box.height / 2;
const mean = (values: readonly number[]): number | null =>
  values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;

/** Lays a cast out. `width` and `height` of the result are at least those of the room; they exceed it when the cast is larger. */
export function layoutOf(cast: Cast, room: Room): Layout {
  const { columns, width } = columnsFor(cast, room.width);
  const boxes = new Map<string, Box>();
  const folded: Folded[] = [];
  const centre = TOP + (Math.max(room.height, 240) - TOP - BOTTOM) / 2;

  const place = (column: Column, items: readonly Item[], bottom: number): void => {
    const tops = stack(items, TOP, bottom);
    items.forEach((item, index) => {
      boxes.set(item.id, { id: item.id, x: column.x, y: tops[index] ?? TOP, width: column.width, height: item.height });
    });
  };
  const total = (items: readonly Item[]): number =>
    items.reduce((sum, item, index) => sum + item.height + (index > 0 ? item.gap : 0), 0);
  const middleOf = (id: string): number | null => {
    const box = boxes.get(id);
    return box === undefined ? null : middle(box);
  };

  // The devices set the height: they are the many.
  const { drawn, folded: idle } = drawnDevices(cast, room.unfolded);
  const groups: { agent: string; items: Omit<Item, 'gap' | 'wish'>[] }[] = [];
  for (const device of drawn) {
    let group = groups[groups.length - 1];
    if (group === undefined || group.agent !== device.agent) {
      group = { agent: device.agent, items: [] };
      groups.push(group);
    }
    group.items.push({
      id: `device/${device.requesterId}`,
      height: boxHeight(2 + linesFor(device.vectors, MOST.vectors)),
    });
  }
  for (const [agent, count] of idle) {
    const item = { id: `folded/${agent}`, height: boxHeight(1) };
    groups.find((group) => group.agent === agent)?.items.push(item);
    if (!groups.some((group) => group.agent === agent)) groups.push({ agent, items: [item] });
    folded.push({ agent, count, box: { id: item.id, x: 0, y: 0, width: 0, height: 0 } });
  }
  const content = groups.reduce(
    (sum, { items }) => sum + total(items.map((i) => ({ ...i, wish: 0, gap: GAP.within }))),
    0,
  );
  const spare = room.height - TOP - BOTTOM - content;
  const within = clamp(spare / Math.max(1, drawn.length + 2), GAP.within, 12);
  const between = clamp(
    (spare - (drawn.length - groups.length) * (within - GAP.within)) / Math.max(2, groups.length + 1),
    GAP.between,
    72,
  );
  const deviceItems = groups.flatMap(({ items }, g) =>
    items.map((item, i): Item => ({ ...item, wish: centre, gap: i === 0 && g > 0 ? between : within })),
  );

  const domainHeight = (domain: Cast['domains'][number]): number =>
    boxHeight(1 + (cast.windows.has(domain.agent) ? 1 : 0) + linesFor(domain.maps, MOST.maps));
  const { drawn: interrupts, rest } = drawnInterrupts(cast, room.unfolded);
  const interruptHeight = boxHeight(2);
  const tallest = Math.max(
    total(deviceItems),
    cast.domains.reduce((sum, domain) => sum + domainHeight(domain) + GAP.within, 0),
    cast.targets.length * (boxHeight(3) + GAP.within),
    interrupts.length * (interruptHeight + GAP.within) + (rest > 0 ? boxHeight(1) + GAP.within : 0),
  );
  const bottom = Math.max(room.height - BOTTOM, TOP + tallest);
  const height = Math.ceil(bottom + BOTTOM);

  const devicesTop = TOP + Math.max(0, (bottom - TOP - total(deviceItems)) / 2);
  let y = devicesTop;
  place(
    columns[1],
    deviceItems.map((item, index) => {
      if (index > 0) y += item.gap;
      const wish = y + item.height / 2;
      y += item.height;
      return { ...item, wish };
    }),
    bottom,
  );
  for (let i = 0; i < folded.length; i++) {
    const one = folded[i];
    const box = one === undefined ? undefined : boxes.get(one.box.id);
    if (one !== undefined && box !== undefined) folded[i] = { ...one, box };
  }

  const middlesOf = (ids: readonly string[]): number | null =>
    mean(ids.map(middleOf).filter((value) => value !== null));
  const devicesOf = (agent: string): string[] =>
    groups.find((group) => group.agent === agent)?.items.map(({ id }) => id) ?? [];
  const sorted = (items: Item[]): Item[] => [...items].sort((a, b) => a.wish - b.wish);

  place(
    columns[0],
    sorted(
      cast.agents.map(({ name }) => ({
        id: `agent/${name}`,
        height: boxHeight(2),
        wish: middlesOf(devicesOf(name)) ?? centre,
        gap: GAP.within,
      })),
    ),
    bottom,
  );
  place(
    columns[2],
    sorted(
      cast.domains.map((domain) => ({
        id: `domain/${domain.id}`,
        height: domainHeight(domain),
        wish: middlesOf(domain.devices.map((id) => `device/${id}`)) ?? middleOf(`agent/${domain.agent}`) ?? centre,
        gap: GAP.within + 4,
      })),
    ),
    bottom,
  );
  const interruptsOf = (name: string): number => interrupts.filter(({ controller }) => controller === name).length;
  place(
    columns[3],
    sorted(
      cast.targets.map((target) => ({
        id: target.id,
        height: boxHeight(target.kind === null ? 2 : 3),
        wish:
          middlesOf(
            cast.domains.filter(({ targets }) => targets.includes(target.id)).map(({ id }) => `domain/${id}`),
          ) ?? centre,
        gap: Math.max(
          GAP.within + 4,
          // Room for its interrupts beside it.
          target.kind === null ? 0 : Math.min(60, interruptsOf(target.name) * 8),
        ),
      })),
    ),
    bottom,
  );
  const interruptItems: Item[] = interrupts
    .map((one, index) => ({ one, index, wish: middleOf(`controller/${one.controller ?? ''}`) ?? centre }))
    .sort((a, b) => a.wish - b.wish || a.index - b.index)
    .map(({ one, wish }) => ({ id: `interrupt/${one.key}`, height: interruptHeight, wish, gap: GAP.within }));
  if (rest > 0) interruptItems.push({ id: 'folded/interrupts', height: boxHeight(1), wish: bottom, gap: GAP.within });
  place(columns[4], interruptItems, bottom);
  const more = boxes.get('folded/interrupts');
  if (more !== undefined) folded.push({ agent: null, count: rest, box: more });

  return { width, height, columns, boxes, folded };
}

/** A link as an SVG path: level at both ends, from the right edge of one box to the left edge of another. */
export function curve(from: Box, to: Box, fromY = middle(from), toY = middle(to)): string {
  const x1 = from.x + from.width;
  const x2 = to.x;
  const bend = (x2 - x1) / 2;
  return Math.abs(fromY - toY) < 2
    ? `M${x1} ${fromY}H${x2}`
    : `M${x1} ${fromY}C${x1 + bend} ${fromY} ${x2 - bend} ${toY} ${x2} ${toY}`;
}

/** Where something lies, or is looked at, along one axis. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** Where a view must start to show a stretch: where it is when the stretch is in sight, else with the stretch in its middle. */
export function startToShow(stretch: Stretch, view: Stretch): number {
  if (stretch.from >= view.from && stretch.to <= view.to) return view.from;
  const size = view.to - view.from;
  return Math.max(0, stretch.to - stretch.from > size ? stretch.from : (stretch.from + stretch.to - size) / 2);
}

/** A text that fits a width in pixels, shortened at the end with `…`. */
export function fit(text: string, width: number, character: number = CHARACTER): string {
  const room = Math.max(1, Math.floor(width / character));
  return text.length <= room ? text : `${text.slice(0, room - 1)}…`;
}
