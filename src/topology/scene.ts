/**
 * What the drawing says at one event: the text of every node, the links that exist, what the event touched, and the way of its write.
 * In: a cast, the trace and an event. Out: a `Scene`, without a pixel.
 */
import { type FlatState, stateAfter } from '../scenario/state';
import type { Trace } from '../scenario/types';
import { type Cast, targetIdOf } from './cast';
import { MOST, targetKind } from './layout';
import { hex, interruptLabel, mappingLabel, mappingOf, sizeLabel } from './names';
import type { Say } from './say';
import { hardwareEventOf, violationsAt } from './steps';
import { linkId, type Way, wayOf } from './way';

/** `bad`: it breaks an invariant; `touched`: the event changed it, or its write went this way. */
export type Tone = 'plain' | 'touched' | 'bad';

export interface Line {
  readonly text: string;
  readonly tone: Tone;
  /** Addresses and registers stand in the editor's font. */
  readonly code: boolean;
  /** IOVA of the mapping the line is, or null. */
  readonly mapping: string | null;
}

export interface NodeText {
  readonly id: string;
  readonly title: string;
  readonly lines: readonly Line[];
  /** It exists at this event; what does not is drawn as an outline. */
  readonly present: boolean;
  readonly tone: Tone;
  /** Colour of its agent; null when it has none. */
  readonly colour: number | null;
}

export interface Link {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly tone: Tone;
  readonly colour: number | null;
  /** IOVA of the mapping it leaves from, or null. */
  readonly mapping: string | null;
  /** True on the way of the event's write. */
  readonly way: boolean;
}

export interface Scene {
  readonly state: FlatState;
  readonly nodes: ReadonlyMap<string, NodeText>;
  readonly links: readonly Link[];
  readonly way: Way | null;
  readonly broken: boolean;
  /** One sentence under the drawing: the event's text. */
  readonly caption: string;
}

interface Subjects {
  readonly touched: ReadonlySet<string>;
  readonly bad: ReadonlySet<string>;
  /** `DOMAIN/IOVA`. */
  readonly touchedMaps: ReadonlySet<string>;
  readonly badMaps: ReadonlySet<string>;
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
const names = (text: string, name: string): boolean =>
  name.length > 1 && new RegExp(`(?<![\\w:.-])${escaped(name)}(?![\\w:-]|\\.\\w)`).test(text);

/** The nodes that a sentence names. */
function named(cast: Cast, state: FlatState, text: string): { nodes: Set<string>; maps: Set<string> } {
  const nodes = new Set<string>();
  const maps = new Set<string>();
  for (const { requesterId, name } of cast.devices)
    if (text.includes(requesterId) || names(text, name)) nodes.add(`device/${requesterId}`);
  for (const { id, name } of cast.targets) if (names(text, name)) nodes.add(id);
  for (const { key } of cast.interrupts) {
    const spoken = /^cpu(\d+):(0x[0-9a-f]+)$/.exec(key);
    if (names(text, spoken === null ? interruptLabel(key) : `vector ${spoken[2]} of CPU ${spoken[1]}`))
      nodes.add(`interrupt/${key}`);
  }
  for (const { id, agent } of cast.domains) {
    if (names(text, `domain ${id}`)) nodes.add(`domain/${id}`);
    if (!names(text, agent) && !nodes.has(`domain/${id}`)) continue;
    const prefix = `domains/${id}/maps/`;
    for (const path of Object.keys(state))
      if (path.startsWith(prefix) && names(text, path.slice(prefix.length))) {
        nodes.add(`domain/${id}`);
        maps.add(`${id}/${path.slice(prefix.length)}`);
      }
  }
  return { nodes, maps };
}

function subjectsOf(
  cast: Cast,
  trace: Trace,
  index: number,
  state: FlatState,
  way: Way | null,
  broken: boolean,
): Subjects {
  const touched = new Set<string>();
  const touchedMaps = new Set<string>();
  for (const { path } of trace.events[index]?.changes ?? []) {
    const [kind, name = '', third, fourth = ''] = path.split('/');
    if (kind === 'devices') touched.add(`device/${name}`);
    if (kind === 'domains') touched.add(`domain/${name}`);
    if (kind === 'domains' && third === 'maps') touchedMaps.add(`${name}/${fourth}`);
    if (kind === 'interrupts') touched.add(`interrupt/${name}`);
    if (kind === 'windows') for (const { id, agent } of cast.domains) if (agent === name) touched.add(`domain/${id}`);
  }
  const bad = new Set<string>();
  const badMaps = new Set<string>();
  if (way !== null) {
    const domain = state[`devices/${way.requesterId}/domain`];
    for (const node of way.nodes) (broken ? bad : touched).add(node);
    if (domain !== undefined && way.mapping !== null) (broken ? badMaps : touchedMaps).add(`${domain}/${way.mapping}`);
  } else if (broken)
    for (const { message } of violationsAt(trace, index)) {
      const found = named(cast, state, message);
      for (const node of found.nodes) bad.add(node);
      for (const map of found.maps) badMaps.add(map);
    }
  return { touched, bad, touchedMaps, badMaps };
}

/** The scene of an event, 0-based; the state shown is the one after it. */
export function sceneOf(trace: Trace, cast: Cast, index: number, say: Say): Scene {
  const state = stateAfter(trace.initial, trace.events, index + 1);
  const event = trace.events[index];
  const hardware = hardwareEventOf(trace, index);
  const way = hardware === null ? null : wayOf(hardware.text, state, cast);
  const broken = violationsAt(trace, index).length > 0;
  const subjects = subjectsOf(cast, trace, index, state, way, broken);
  const colours = new Map(cast.agents.map(({ name, colour }) => [name, colour]));
  const colourOf = (agent: unknown): number | null => colours.get(String(agent)) ?? null;
  const toneOf = (id: string): Tone => (subjects.bad.has(id) ? 'bad' : subjects.touched.has(id) ? 'touched' : 'plain');
  const nodes = new Map<string, NodeText>();
  const links: Link[] = [];
  const onWay = new Set(way?.links ?? []);
  const link = (
    from: string,
    to: string,
    colour: number | null,
    tone: Tone = 'plain',
    mapping: string | null = null,
  ) => {
    const id = linkId(from, to);
    const hot = onWay.delete(id) || links.some((other) => other.id === id && other.way);
    links.push({ id, from, to, colour, mapping, way: hot, tone: hot ? (broken ? 'bad' : 'touched') : tone });
  };
  const line = (text: string, more: Partial<Line> = {}): Line => ({
    text,
    tone: 'plain',
    code: false,
    mapping: null,
    ...more,
  });
  const put = (node: Omit<NodeText, 'tone'>) => nodes.set(node.id, { ...node, tone: toneOf(node.id) });

  for (const { name, kind, colour } of cast.agents)
    put({
      id: `agent/${name}`,
      title: name,
      lines: [line(say(kind === 'host' ? 'trusted' : 'untrusted'))],
      present: true,
      colour,
    });

  for (const device of cast.devices) {
    const path = `devices/${device.requesterId}`;
    const id = `device/${device.requesterId}`;
    const agent = state[`${path}/agent`];
    const vectors = Object.keys(state)
      .filter((one) => one.startsWith(`${path}/vectors/`) && one.endsWith('/address'))
      .map((one) => one.split('/')[3] ?? '')
      .sort((a, b) => Number(a) - Number(b));
    const moved = new Set(
      (event?.changes ?? [])
        .filter((one) => one.path.startsWith(`${path}/vectors/`))
        .map((one) => one.path.split('/')[3]),
    );
    const shown = vectors.length > MOST.vectors + 1 ? vectors.slice(0, MOST.vectors) : vectors;
    put({
      id,
      title: device.name,
      lines: [
        line(device.alias === null ? device.requesterId : `${device.requesterId} ≡ ${device.alias}`, { code: true }),
        ...shown.map((n) => {
          const at = `${path}/vectors/${n}`;
          const off = state[`${at}/enabled`] === 0 || state[`${at}/masked`] === 1;
          const data = hex(Number(state[`${at}/data`] ?? 0));
          const address = hex(Number(state[`${at}/address`] ?? 0));
          return line(`${off ? '○' : '●'} ${data} → ${address}`, {
            code: true,
            tone: moved.has(n) ? 'touched' : 'plain',
          });
        }),
        ...(shown.length < vectors.length ? [line(say('+{0} more', vectors.length - shown.length))] : []),
      ],
      present: agent !== undefined,
      colour: colourOf(agent ?? device.agent),
    });
    if (agent !== undefined) link(`agent/${agent}`, id, colourOf(agent));
    const domain = state[`${path}/domain`];
    if (domain !== undefined)
      link(
        id,
        `domain/${domain}`,
        colourOf(agent),
        (event?.changes ?? []).some((one) => one.path === `${path}/domain`) ? 'touched' : 'plain',
      );
  }

  for (const domain of cast.domains) {
    const path = `domains/${domain.id}`;
    const id = `domain/${domain.id}`;
    const agent = state[`${path}/agent`];
    const mapTone = (iova: string): Tone =>
      subjects.badMaps.has(`${domain.id}/${iova}`)
        ? 'bad'
        : subjects.touchedMaps.has(`${domain.id}/${iova}`)
          ? 'touched'
          : 'plain';
    const maps = Object.entries(state)
      .filter(([one]) => one.startsWith(`${path}/maps/`))
      .map(([one, value]) => ({ iova: one.slice(path.length + '/maps/'.length), value }))
      .map(({ iova, value }) => ({ iova, map: mappingOf(iova, value) }))
      .filter((one): one is { iova: string; map: NonNullable<typeof one.map> } => one.map !== null)
      .sort(
        (a, b) =>
          Number(mapTone(b.iova) !== 'plain') - Number(mapTone(a.iova) !== 'plain') ||
          Number(a.map.target === 'RAM') - Number(b.map.target === 'RAM') ||
          a.map.iova - b.map.iova,
      );
    const shown = maps.length > MOST.maps + 1 ? maps.slice(0, MOST.maps) : maps;
    const size = Number(state[`windows/${agent}/size`] ?? 0);
    const granule = Number(state[`windows/${agent}/granule`] ?? 4096) || 4096;
    const used = Object.keys(state).filter((one) => one.startsWith(`windows/${agent}/pages/`)).length;
    const windowMoved = (event?.changes ?? []).some((one) => one.path.startsWith(`windows/${agent}/`));
    put({
      id,
      title: `${say('Domain {0}', domain.id)}${domain.iommu === '' ? '' : ` · ${domain.iommu}`}`,
      lines: [
        ...(agent !== undefined && size > 0
          ? [
              line(say('window {0}/{1} pages', used, Math.floor(size / granule)), {
                tone: windowMoved ? 'touched' : 'plain',
              }),
            ]
          : []),
        ...shown.map(({ iova, map }) => line(mappingLabel(map), { code: true, mapping: iova, tone: mapTone(iova) })),
        ...(shown.length < maps.length ? [line(say('+{0} more', maps.length - shown.length))] : []),
      ],
      present: agent !== undefined,
      colour: colourOf(agent ?? domain.agent),
    });
    const linked = new Map<string, { iova: string; tone: Tone }>();
    for (const { iova, map } of maps) {
      const target = targetIdOf(cast, map);
      const tone = mapTone(iova);
      if (target === null) continue;
      const before = linked.get(target);
      if (before === undefined || (before.tone === 'plain' && tone !== 'plain')) linked.set(target, { iova, tone });
    }
    for (const [target, { iova, tone }] of linked) link(id, target, colourOf(agent), tone, iova);
  }

  for (const target of cast.targets) {
    put({
      id: target.id,
      title: target.name,
      lines: [
        ...(target.kind === null ? [] : [line(targetKind(target))]),
        line(`${hex(target.base)} ${sizeLabel(target.size)}`, { code: true }),
      ],
      present: true,
      colour: null,
    });
  }

  for (const { key, controller } of cast.interrupts) {
    const id = `interrupt/${key}`;
    const owner = state[`interrupts/${key}/owner`];
    const pending = Number(state[`interrupts/${key}/pending`] ?? 0) > 0;
    const reached = way?.nodes.includes(id) === true;
    put({
      id,
      title: `${interruptLabel(key)}${reached ? (broken ? ' ✕' : ' ✓') : pending ? ` · ${say('pending')}` : ''}`,
      lines: [line(owner === undefined ? say('no owner') : say('owner {0}', owner))],
      present: owner !== undefined || reached,
      colour: colourOf(owner),
    });
    if (controller !== null && (owner !== undefined || reached))
      link(`controller/${controller}`, id, colourOf(owner), toneOf(id) === 'touched' && !reached ? 'touched' : 'plain');
  }

  // Links that only this write took: past an IOMMU that is not in its way, or into a page that no mapping names.
  for (const id of onWay) {
    const [from = '', to = ''] = id.split('>');
    links.push({ id, from, to, colour: null, mapping: null, way: true, tone: broken ? 'bad' : 'touched' });
  }
  return { state, nodes, links, way, broken, caption: event?.text ?? '' };
}
