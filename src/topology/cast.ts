/**
 * Everything that appears in a trace, first event to last, in the order of the columns. In: a `Trace`. Out: its `Cast`.
 * A drawing laid out for the whole cast does not jump from event to event. Knows nothing of pixels.
 */
import type { Trace } from '../scenario/types';
import { interruptKeyOf, type Mapping, mappingLabel, mappingOf } from './names';

export interface AgentNode {
  readonly name: string;
  readonly kind: 'host' | 'guest';
  /** 0 for the host, then 1, 2, … for the guests. */
  readonly colour: number;
}

export interface DeviceNode {
  /** Requester id, bb:dd.f. */
  readonly requesterId: string;
  readonly name: string;
  readonly alias: string | null;
  readonly agent: string;
  /** Most vectors it has at once. */
  readonly vectors: number;
  /** Nothing in the trace speaks of it. */
  readonly idle: boolean;
}

export interface DomainNode {
  readonly id: string;
  readonly iommu: string;
  readonly agent: string;
  /** Most mappings it has at once. */
  readonly maps: number;
  /** Longest line that names one of its mappings, in characters. */
  readonly longest: number;
  readonly devices: readonly string[];
  /** Ids of the targets that its mappings lead to. */
  readonly targets: readonly string[];
}

export interface TargetNode {
  /** `controller/NAME` or `memory/NAME`. */
  readonly id: string;
  readonly name: string;
  /** Kind of the controller; null for memory. */
  readonly kind: string | null;
  readonly base: number;
  /** Bytes. */
  readonly size: number;
}

export interface InterruptNode {
  readonly key: string;
  /** Who raises it; null when the trace does not tell. */
  readonly controller: string | null;
  /** All owners, in order of time. */
  readonly owners: readonly string[];
  /** A device's write raised it, or a violation speaks of it. */
  readonly raised: boolean;
}

export interface Cast {
  readonly agents: readonly AgentNode[];
  readonly devices: readonly DeviceNode[];
  readonly domains: readonly DomainNode[];
  readonly targets: readonly TargetNode[];
  readonly interrupts: readonly InterruptNode[];
  /** Agents that have a window at some time. */
  readonly windows: ReadonlySet<string>;
}

type Value = string | number;

interface Names {
  readonly agents: Map<string, 'host' | 'guest'>;
  readonly devices: Map<string, { name: string; alias: string | null; agent: string; busy: boolean }>;
  readonly vectors: Map<string, Set<string>>;
  readonly mostVectors: Map<string, number>;
  readonly domains: Map<string, { iommu: string; agent: string; longest: number; devices: Set<string> }>;
  readonly maps: Map<string, Set<string>>;
  readonly mostMaps: Map<string, number>;
  readonly reached: Map<string, Mapping[]>;
  readonly controllers: Map<string, { kind: string; base: number; size: number }>;
  readonly memory: Map<string, { base: number; size: number }>;
  readonly interrupts: Map<string, { controller: string | null; owners: string[]; raised: boolean }>;
  readonly windows: Set<string>;
}

function entry<K, V>(map: Map<K, V>, key: K, fresh: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = fresh();
  map.set(key, made);
  return made;
}

function count(live: Map<string, Set<string>>, most: Map<string, number>, owner: string, key: string, there: boolean) {
  const set = entry(live, owner, () => new Set<string>());
  if (there) set.add(key);
  else set.delete(key);
  most.set(owner, Math.max(most.get(owner) ?? 0, set.size));
}

/** Takes one value into account; `value` null when the path goes. */
function note(names: Names, path: string, value: Value | null, first: boolean): void {
  const [kind, name = '', third = '', fourth = ''] = path.split('/');
  switch (kind) {
    case 'agents':
      if (value !== null) names.agents.set(name, value === 'host' ? 'host' : 'guest');
      return;
    case 'devices': {
      const device = entry(names.devices, name, () => ({ name, alias: null as string | null, agent: '', busy: false }));
      if (!first) device.busy = true;
      if (third === 'vectors') count(names.vectors, names.mostVectors, name, fourth, value !== null);
      if (third === 'vectors' || third === 'domain') device.busy = true;
      if (value === null) return;
      if (third === 'name') device.name = String(value);
      if (third === 'alias') device.alias = String(value);
      if (third === 'agent' && device.agent === '') device.agent = String(value);
      if (third === 'domain')
        entry(names.domains, String(value), () => ({
          iommu: '',
          agent: '',
          longest: 0,
          devices: new Set(),
        })).devices.add(name);
      return;
    }
    case 'domains': {
      const domain = entry(names.domains, name, () => ({
        iommu: '',
        agent: '',
        longest: 0,
        devices: new Set<string>(),
      }));
      if (third === 'maps') count(names.maps, names.mostMaps, name, fourth, value !== null);
      if (value === null) return;
      if (third === 'iommu') domain.iommu = String(value);
      if (third === 'agent') domain.agent = String(value);
      const map = third === 'maps' ? mappingOf(fourth, value) : null;
      if (map === null) return;
      domain.longest = Math.max(domain.longest, mappingLabel(map).length);
      entry(names.reached, name, () => []).push(map);
      return;
    }
    case 'windows':
      names.windows.add(name);
      return;
    case 'controllers': {
      const controller = entry(names.controllers, name, () => ({ kind: '', base: 0, size: 0 }));
      if (third === 'kind') controller.kind = String(value ?? '');
      if (third === 'base') controller.base = Number(value ?? 0);
      if (third === 'size') controller.size = Number(value ?? 0);
      return;
    }
    case 'memory': {
      const memory = entry(names.memory, name, () => ({ base: 0, size: 0 }));
      if (third === 'base') memory.base = Number(value ?? 0);
      if (third === 'size') memory.size = Number(value ?? 0);
      return;
    }
    case 'interrupts': {
      const interrupt = entry(names.interrupts, name, () => ({
        controller: null as string | null,
        owners: [] as string[],
        raised: false,
      }));
      if (third === 'owner' && value !== null && !interrupt.owners.includes(String(value)))
        interrupt.owners.push(String(value));
    }
  }
}

/** Sentences tell what paths cannot: which controller an interrupt belongs to, and what was raised without an owner. */
function listen(names: Names, text: string, interrupts: readonly string[]): void {
  const allocated = /^allocate \d+ vectors? of (\S+) for /.exec(text);
  if (allocated !== null)
    for (const key of interrupts) {
      const interrupt = names.interrupts.get(key);
      if (interrupt !== undefined) interrupt.controller = allocated[1] ?? null;
    }
  const raised = / → (.+) via (\S+)$/.exec(text);
  const key = raised === null ? null : interruptKeyOf(raised[1] ?? '');
  if (raised !== null && key !== null) {
    const interrupt = entry(names.interrupts, key, () => ({
      controller: null as string | null,
      owners: [],
      raised: true,
    }));
    interrupt.raised = true;
    const via = raised[2] ?? '';
    if (names.controllers.has(via)) interrupt.controller = via;
  }
  for (const [id, device] of names.devices) if (!device.busy && text.includes(id)) device.busy = true;
}

const KINDS: Readonly<Record<string, readonly string[]>> = {
  spi: ['gicv2m', 'mbi'],
  lpi: ['its'],
  cpu: ['apic'],
  bank: ['fsl-msi', 'phb-msi'],
  imsic: ['imsic'],
};

function controllerFor(names: Names, key: string): string | null {
  const kinds = KINDS[/^[a-z]+/.exec(key)?.[0] ?? ''] ?? [];
  const fitting = [...names.controllers].filter(([, { kind }]) => kinds.includes(kind));
  return fitting.length === 1 ? (fitting[0]?.[0] ?? null) : null;
}

/** The region that holds a physical address; the smallest one where they nest. */
function regionOf(names: Names, physical: number): string | null {
  const holding = [...names.memory]
    .filter(([, { base, size }]) => physical >= base && physical < base + size)
    .sort((a, b) => a[1].size - b[1].size);
  return holding[0]?.[0] ?? null;
}

function targetOf(names: Names, map: Mapping): string | null {
  if (names.controllers.has(map.target)) return `controller/${map.target}`;
  const region = regionOf(names, map.physical);
  return region === null ? null : `memory/${region}`;
}

const byName = (a: string, b: string): number => a.localeCompare(b, 'en', { numeric: true });

/** @returns the cast of a trace; empty lists for a trace without a state */
export function castOf(trace: Trace): Cast {
  const names: Names = {
    agents: new Map(),
    devices: new Map(),
    vectors: new Map(),
    mostVectors: new Map(),
    domains: new Map(),
    maps: new Map(),
    mostMaps: new Map(),
    reached: new Map(),
    controllers: new Map(),
    memory: new Map(),
    interrupts: new Map(),
    windows: new Set(),
  };
  for (const [path, value] of Object.entries(trace.initial)) note(names, path, value, true);
  const written = new Set<string>();
  for (const event of trace.events) {
    for (const change of event.changes) note(names, change.path, change.after, false);
    listen(
      names,
      event.text,
      event.changes.filter(({ path }) => path.startsWith('interrupts/')).map(({ path }) => path.split('/')[1] ?? ''),
    );
    const memory = / → memory at (0x[0-9a-f]+)/.exec(event.text);
    const region = memory === null ? null : regionOf(names, Number(memory[1]));
    if (region !== null) written.add(`memory/${region}`);
  }
  for (const { agent } of names.devices.values())
    if (agent !== '' && !names.agents.has(agent)) names.agents.set(agent, agent === 'host' ? 'host' : 'guest');

  // Guests first, the host last, as the mails tell the story.
  const order = [...names.agents].sort(
    (a, b) => Number(a[1] === 'host') - Number(b[1] === 'host') || byName(a[0], b[0]),
  );
  let guests = 0;
  const agents = order.map(([name, kind]): AgentNode => ({ name, kind, colour: kind === 'host' ? 0 : ++guests }));
  const rank = new Map(agents.map(({ name }, index) => [name, index]));
  const last = agents.length;

  const devices = [...names.devices]
    .map(
      ([requesterId, device]): DeviceNode => ({
        requesterId,
        name: device.name,
        alias: device.alias,
        agent: device.agent,
        vectors: names.mostVectors.get(requesterId) ?? 0,
        idle: !device.busy,
      }),
    )
    .sort(
      (a, b) =>
        (rank.get(a.agent) ?? last) - (rank.get(b.agent) ?? last) ||
        Number(a.idle) - Number(b.idle) ||
        byName(a.requesterId, b.requesterId),
    );

  const domains = [...names.domains]
    .map(
      ([id, domain]): DomainNode => ({
        id,
        iommu: domain.iommu,
        agent: domain.agent,
        maps: names.mostMaps.get(id) ?? 0,
        longest: domain.longest,
        devices: [...domain.devices],
        targets: [
          ...new Set((names.reached.get(id) ?? []).map((map) => targetOf(names, map)).filter((one) => one !== null)),
        ],
      }),
    )
    .sort((a, b) => (rank.get(a.agent) ?? last) - (rank.get(b.agent) ?? last) || byName(a.id, b.id));

  const reached = new Set([...written, ...domains.flatMap(({ targets }) => targets)]);
  const targets: TargetNode[] = [
    ...[...names.memory]
      .filter(([name]) => reached.has(`memory/${name}`))
      .map(([name, { base, size }]): TargetNode => ({ id: `memory/${name}`, name, kind: null, base, size })),
    ...[...names.controllers].map(
      ([name, { kind, base, size }]): TargetNode => ({ id: `controller/${name}`, name, kind, base, size }),
    ),
  ];

  const interrupts = [...names.interrupts]
    .map(
      ([key, { controller, owners, raised }]): InterruptNode => ({
        key,
        controller: controller ?? controllerFor(names, key),
        owners,
        raised,
      }),
    )
    .sort((a, b) => byName(a.controller ?? '', b.controller ?? '') || byName(a.key, b.key));

  return { agents, devices, domains, targets, interrupts, windows: names.windows };
}

/** The target that a mapping leads to, by id; null when the machine has nothing there. */
export function targetIdOf(cast: Cast, map: Mapping): string | null {
  const named = cast.targets.find(({ name, kind }) => kind !== null && name === map.target);
  return named?.id ?? memoryIdOf(cast, map.physical);
}

/** The drawn region that holds a physical address; null when none does. */
export function memoryIdOf(cast: Cast, physical: number): string | null {
  const holding = cast.targets
    .filter(({ kind, base, size }) => kind === null && physical >= base && physical < base + size)
    .sort((a, b) => a.size - b.size);
  return holding[0]?.id ?? null;
}
