/**
 * Breadth-first search over all interleavings of the actors' steps and their devices' writes.
 * In: a problem and bounds. Out: the shortest way to a broken invariant, or what was covered. Can be stopped and gone on with at any state.
 *
 * A state is: how far each actor is, which message each device has under way (a posted write arrives when it likes), and the configuration
 * of the machine. Moves: an actor's next step; a device sends one of the messages it can; a message under way arrives.
 */
import { requesterName } from '../state';
import type { InvariantId } from '../types';
import { hex, interruptName, sameInterrupt } from '../view';
import type { Configurations, Problem } from './configurations';
import { configurations } from './configurations';

export interface Move {
  readonly actor: string;
  readonly kind: 'step' | 'send' | 'arrive';
  readonly text: string;
}

export interface Counterexample {
  readonly invariant: InvariantId;
  readonly message: string;
  readonly moves: readonly Move[];
}

interface Broken {
  readonly invariant: InvariantId;
  readonly message: string;
}

export interface Coverage {
  readonly states: number;
  readonly transitions: number;
  /** Configurations of the machine that were met. */
  readonly configurations: number;
  /** Moves of the longest path that was looked at. */
  readonly depth: number;
  /** `complete`: every reachable state was looked at · `bounded`: a bound was met · `stopped`: not at its end · `violated`: ended at the first violation. */
  readonly extent: 'complete' | 'bounded' | 'stopped' | 'violated';
  readonly bound: 'depth' | 'states' | null;
}

export interface SearchOptions {
  /** Moves at most; default 40. */
  readonly depth?: number;
  /** States at most; default 2,000,000. */
  readonly states?: number;
}

export interface Search {
  /** Looks at up to `count` more states; false when there is no more to do. */
  advance(count: number): boolean;
  coverage(): Coverage;
  counterexample(): Counterexample | null;
  /** Bytes that a state takes: its row, its place in the hash table, and its share of the configurations' snapshots, which states have in common. */
  bytesPerState(): number;
}

/** Actors that differ in nothing but their names: only one order of their first steps needs to be looked at. */
function twins(problem: Problem): readonly number[] {
  const { devices } = problem.platform.spec;
  const shape = problem.actors.map((actor) => {
    const own = actor.requesterIds.map((id) => devices.find((device) => device.requesterId === id));
    const plain = own.every(
      (device) => device !== undefined && device.alias === undefined && device.group === undefined,
    );
    const buses = problem.platform.spec.controllers.some((one) => one.kind === 'its' && one.firstBus !== undefined);
    return plain && !buses && actor.requesterIds.length === 1
      ? JSON.stringify([
          actor.kind,
          own.map((device) => device?.vectors),
          actor.steps.map(({ spec }) => ({ ...spec, agent: '', device: '' })),
        ])
      : null;
  });
  return shape.map((one, i) => (one === null ? -1 : shape.lastIndexOf(one, i - 1 < 0 ? -Infinity : i - 1)));
}

export function search(problem: Problem, options: SearchOptions = {}): Search {
  const mostDepth = options.depth ?? 40;
  const mostStates = options.states ?? 2_000_000;
  const machine: Configurations = configurations(problem);
  const actors = problem.actors.length;
  const flights = machine.devices.length;
  const width = actors + flights + 1;
  const before = twins(problem);
  const lengths = problem.actors.map((actor) => actor.steps.length);

  let capacity = 8192;
  let rows = new Int32Array(capacity * width);
  let parents = new Int32Array(capacity);
  let moves = new Int32Array(capacity);
  let depths = new Uint16Array(capacity);
  let count = 0;
  let head = 0;
  let transitions = 0;
  let bound: Coverage['bound'] = null;
  let found: (Broken & { state: number; move: number }) | null = null;
  // Open addressing over the rows themselves: no text, no object for a state.
  let table = new Int32Array(capacity * 2).fill(-1);
  const now = new Int32Array(width);

  const hashOf = (row: Int32Array, from: number): number => {
    let h = 0x811c9dc5;
    for (let i = 0; i < width; i++) {
      h = Math.imul(h ^ (row[from + i] as number), 0x01000193);
      h ^= h >>> 15;
    }
    return Math.imul(h, 0x2c1b3c6d) >>> 0;
  };
  const grow = (): void => {
    capacity *= 4;
    const widen = (old: Int32Array, size: number): Int32Array<ArrayBuffer> => {
      const wide = new Int32Array(size);
      wide.set(old);
      return wide;
    };
    rows = widen(rows, capacity * width);
    parents = widen(parents, capacity);
    moves = widen(moves, capacity);
    const deep = new Uint16Array(capacity);
    deep.set(depths);
    depths = deep;
    table = new Int32Array(capacity * 2).fill(-1);
    for (let i = 0; i < count; i++) {
      let slot = hashOf(rows, i * width) & (table.length - 1);
      while ((table[slot] ?? -1) >= 0) slot = (slot + 1) & (table.length - 1);
      table[slot] = i;
    }
  };
  const add = (parent: number, move: number): void => {
    transitions++;
    const last = table.length - 1;
    let slot = hashOf(now, 0) & last;
    for (let other = table[slot] as number; other >= 0; other = table[slot] as number) {
      const from = other * width;
      let i = 0;
      while (i < width && rows[from + i] === now[i]) i++;
      if (i === width) return;
      slot = (slot + 1) & last;
    }
    if (count >= mostStates) {
      bound ??= 'states';
      return;
    }
    table[slot] = count;
    for (let i = 0, to = count * width; i < width; i++) rows[to + i] = now[i] as number;
    parents[count] = parent;
    moves[count] = move;
    depths[count] = parent < 0 ? 0 : (depths[parent] ?? 0) + 1;
    count++;
    if (count === capacity) grow();
  };
  /** Moves as numbers: kind (0 step, 1 send, 2 arrive), who, which message. */
  const code = (kind: number, who: number, message: number): number => kind + 4 * (who + 256 * message);

  /** What an arrival breaks, or null; it depends on the configuration, the device and the message alone. */
  const judge = (configuration: number, device: number, message: number): Broken | null => {
    const { outcome, owner, own: vector } = machine.arrival(configuration, device, message);
    const who = machine.devices[device];
    const actor = problem.actors[who?.actor ?? -1];
    if (who === undefined || actor === undefined) return null;
    const { address, data } = machine.messages[message] ?? { address: 0, data: 0 };
    const name = () => requesterName(who.requesterId);
    if (actor.kind === 'guest' && outcome.kind === 'interrupt' && owner !== null && owner !== actor.name)
      return {
        invariant: 'I1',
        message: `${name()} of ${actor.name} raises ${interruptName(outcome.interrupt)} of ${owner} by writing ${hex(data)} to ${hex(address)}`,
      };
    if (vector === null || (outcome.kind === 'interrupt' && sameInterrupt(outcome.interrupt, vector.interrupt)))
      return null;
    if (outcome.kind === 'interrupt' && owner !== null && owner !== actor.name) return null;
    return {
      invariant: 'I3',
      message: `the message ${hex(data)} to ${hex(address)} of an enabled vector of ${name()} does not arrive (${outcome.kind}${'why' in outcome ? `: ${outcome.why}` : ''})`,
    };
  };
  /** Judgements made, by configuration, then message and device. */
  const judged: (Broken | null)[][] = [];
  const broken = (configuration: number, device: number, message: number): Broken | null => {
    judged[configuration] ??= [];
    const row = judged[configuration];
    const place = message * flights + device;
    const before = row[place];
    if (before !== undefined) return before;
    const made = judge(configuration, device, message);
    row[place] = made;
    return made;
  };

  /** Each move changes one or two numbers of the row, which are put back after it. */
  const expand = (state: number): void => {
    for (let i = 0, from = state * width; i < width; i++) now[i] = rows[from + i] as number;
    const configuration = now[width - 1] as number;
    for (let device = 0; device < flights; device++) {
      const place = actors + device;
      const flying = now[place] as number;
      if (flying > 0) {
        const what = broken(configuration, device, flying - 1);
        if (what !== null) {
          found = { state, move: code(2, device, flying - 1), ...what };
          return;
        }
        now[place] = 0;
        add(state, code(2, device, flying - 1));
        now[place] = flying;
      } else {
        for (const message of machine.sends(configuration, device)) {
          now[place] = message + 1;
          add(state, code(1, device, message));
        }
        now[place] = 0;
      }
    }
    for (let actor = 0; actor < actors; actor++) {
      const done = now[actor] as number;
      if (done >= (lengths[actor] as number)) continue;
      const twin = before[actor] as number;
      if (done === 0 && twin >= 0 && now[twin] === 0) continue;
      now[actor] = done + 1;
      now[width - 1] = machine.step(configuration, actor, done);
      add(state, code(0, actor, done));
      now[actor] = done;
      now[width - 1] = configuration;
    }
  };

  add(-1, 0);
  transitions = 0;

  const telling = (move: number): Move => {
    const kind = move & 3;
    const who = (move >> 2) & 255;
    const message = move >> 10;
    if (kind === 0) {
      const actor = problem.actors[who];
      const step = actor?.steps[message];
      const device = step === undefined ? '' : ` ${requesterName(step.requesterId)}`;
      const detail =
        step?.spec.stage === 'enable'
          ? `, ${step.spec.count ?? 1} vector(s)`
          : step?.spec.stage === 'affinity'
            ? `, vector ${step.spec.vector ?? 0} to CPU ${step.spec.cpu ?? 0}`
            : '';
      return { actor: actor?.name ?? '', kind: 'step', text: `${step?.spec.stage ?? ''}${device}${detail}` };
    }
    const device = machine.devices[who];
    const { address, data } = machine.messages[message] ?? { address: 0, data: 0 };
    const write = `${requesterName(device?.requesterId ?? 0)}: ${hex(data)} to ${hex(address)}`;
    return {
      actor: problem.actors[device?.actor ?? -1]?.name ?? '',
      kind: kind === 1 ? 'send' : 'arrive',
      text: kind === 1 ? `sends ${write}` : `arrives ${write}`,
    };
  };

  return {
    bytesPerState: () => width * 4 + 4 + 4 + 2 + 8 + Math.ceil(machine.bytes() / count),
    advance(more) {
      for (let i = 0; i < more && found === null && head < count; i++) {
        if ((depths[head] ?? 0) < mostDepth) expand(head);
        else bound ??= 'depth';
        head++;
      }
      return found === null && head < count;
    },
    coverage: () => ({
      states: count,
      transitions,
      configurations: machine.count(),
      depth: depths[Math.max(0, Math.min(head, count) - 1)] ?? 0,
      extent: found !== null ? 'violated' : head < count ? 'stopped' : bound === null ? 'complete' : 'bounded',
      bound,
    }),
    counterexample() {
      if (found === null) return null;
      const path = [telling(found.move)];
      for (let state = found.state; state > 0; state = parents[state] ?? 0) path.unshift(telling(moves[state] ?? 0));
      return { invariant: found.invariant, message: found.message, moves: path };
    },
  };
}
