/**
 * The hardware's configurations, each made once: what every step leads to, and where every message ends, is tried on the platform itself and
 * remembered. In: a machine, agents with their steps. Out: small numbers for configurations, messages and outcomes.
 *
 * A configuration is the state of the whole machine (by its hash) with what the host holds of each agent. What has been raised and not yet
 * taken does not belong to it: an interrupt that is pending changes no later translation.
 *
 * There is one machine. A configuration keeps how its memory and registers differ from the first, and the drivers' books; to act on it, the
 * machine is brought there, and a message that was tried is undone.
 */

import type { HardwareVector } from '../../host/platform';
import type { MachinePlatform } from '../../host/platforms/index';
import type { Snapshot } from '../../machine/snapshot';
import { markState, openLog, restoreSnapshot, snapshotBytes, takeSnapshot, undoTo } from '../../machine/snapshot';
import type { Interrupt, Outcome } from '../../machine/types';
import type { StepSpec } from '../types';
import { sameInterrupt } from '../view';
import type { Held, Message } from './guardian';
import { NOTHING_HELD, perform } from './guardian';

export interface Actor {
  readonly name: string;
  readonly kind: 'host' | 'guest';
  readonly requesterIds: readonly number[];
  readonly steps: readonly { readonly spec: StepSpec; readonly requesterId: number }[];
}

export interface Problem {
  readonly platform: MachinePlatform;
  readonly actors: readonly Actor[];
  readonly unsafeInterrupts: boolean;
}

export interface Arrival {
  readonly outcome: Outcome;
  /** Whose interrupt was raised; null for none, or for one that nobody holds. */
  readonly owner: string | null;
  /** The vector whose message this is, unmasked, of the device that sends it; null when it is none of its own now. */
  readonly own: HardwareVector | null;
}

interface Configuration {
  /** The books, over the one machine. */
  readonly platform: MachinePlatform;
  readonly snapshot: Snapshot;
  readonly hash: number;
  readonly held: readonly Held[];
  /** Where each step leads, by actor and step; -1: not tried yet. */
  readonly next: Int32Array;
  readonly vectors: readonly HardwareVector[];
  /** For each device (in order over all actors) the messages it may send. */
  sends: readonly (readonly number[])[] | null;
}

export interface Configurations {
  readonly count: () => number;
  /** Bytes that the configurations' snapshots take together. */
  readonly bytes: () => number;
  /** The configuration that an actor's step leads to. */
  step(configuration: number, actor: number, step: number): number;
  /** Messages (by number) that a device can send: its own, and each door it may know with each datum of another. */
  sends(configuration: number, device: number): readonly number[];
  arrival(configuration: number, device: number, message: number): Arrival;
  readonly messages: readonly Message[];
  readonly devices: readonly { readonly requesterId: number; readonly actor: number }[];
}

function ownerOf(problem: Problem, vectors: readonly HardwareVector[], interrupt: Interrupt): string | null {
  const holder = vectors.find((vector) => sameInterrupt(vector.interrupt, interrupt));
  if (holder === undefined) return interrupt.kind === 'vector' ? 'host' : null;
  return problem.actors.find((actor) => actor.requesterIds.includes(holder.requesterId))?.name ?? 'host';
}

export function configurations(problem: Problem): Configurations {
  const all: Configuration[] = [];
  const known = new Map<string, number>();
  const messages: Message[] = [];
  const messageNumbers = new Map<string, number>();
  let bytes = 0;
  const steps = Math.max(1, ...problem.actors.map((actor) => actor.steps.length));
  const devices = problem.actors.flatMap((actor, i) =>
    actor.requesterIds.map((requesterId) => ({ requesterId, actor: i })),
  );

  const working = problem.platform.clone();
  const log = openLog(working.state.machine);
  /** The configuration that the machine is in; null while a step changes it. */
  let present: Configuration | null = null;
  const enter = (configuration: Configuration): void => {
    if (present === configuration) return;
    restoreSnapshot(log, configuration.snapshot);
    markState(log);
    present = configuration;
  };

  /** What is held is replaced and never changed: it gets a number once. */
  const heldNumbers = new WeakMap<Held, number>();
  const heldTexts = new Map<string, number>();
  const numberOfHeld = (held: Held): number => {
    const before = heldNumbers.get(held);
    if (before !== undefined) return before;
    let text = `${held.domain}/${held.attached.join()}/${held.masked.join()}`;
    for (const page in held.doors) text += `/${page}:${held.doors[page]}`;
    for (const requesterId in held.messages) {
      text += `/${requesterId}`;
      for (const { address, data } of held.messages[requesterId] ?? []) text += `,${address}:${data}`;
    }
    const number = heldTexts.get(text) ?? heldTexts.size;
    heldTexts.set(text, number);
    heldNumbers.set(held, number);
    return number;
  };
  const intern = (platform: MachinePlatform, of: Configuration | null, held: readonly Held[]): number => {
    const hash = of?.hash ?? platform.hash();
    const key = `${hash}|${held.map(numberOfHeld).join()}`;
    const before = known.get(key);
    if (before !== undefined) return before;
    known.set(key, all.length);
    const next = new Int32Array(problem.actors.length * steps).fill(-1);
    const snapshot = of?.snapshot ?? takeSnapshot(log);
    bytes += of === null ? snapshotBytes(snapshot) : 0;
    all.push({ platform, snapshot, hash, held, next, vectors: platform.vectors(), sends: null });
    return all.length - 1;
  };
  const at = (number: number): Configuration => {
    const found = all[number];
    if (found === undefined) throw new Error(`there is no configuration ${number}`);
    return found;
  };
  const numberOf = (message: Message): number => {
    const key = `${message.address}/${message.data}`;
    let number = messageNumbers.get(key);
    if (number === undefined) {
      number = messages.length;
      messages.push(message);
      messageNumbers.set(key, number);
    }
    return number;
  };
  intern(
    working,
    null,
    problem.actors.map(() => NOTHING_HELD),
  );

  /** Sent by whoever drives the device now: nothing before it is attached; a host's device whenever it is enabled. */
  const alphabet = (configuration: Configuration, device: number): number[] => {
    const own = devices[device];
    const held = own === undefined ? undefined : configuration.held[own.actor];
    if (own === undefined || held === undefined) return [];
    const mine = held.messages[String(own.requesterId)] ?? [];
    const usable = mine.filter((_, i) => !held.masked.includes(`${own.requesterId}/${i}`));
    if (problem.actors[own.actor]?.kind === 'host') return usable.map(numberOf);
    if (!held.attached.includes(own.requesterId)) return [];
    const others = configuration.held.flatMap((one, i) => (i === own.actor ? [] : Object.values(one.messages).flat()));
    const forged = others.flatMap((other) => [
      other,
      ...(mine[0] === undefined ? [] : [{ address: mine[0].address, data: other.data }]),
    ]);
    return [...new Set([...usable, ...forged].map(numberOf))];
  };

  const ownVector = (from: Configuration, device: number, { address, data }: Message): HardwareVector | null => {
    const own = devices[device];
    const held = own === undefined ? undefined : from.held[own.actor];
    const mine = own === undefined ? undefined : held?.messages[String(own.requesterId)];
    if (own === undefined || held === undefined || mine === undefined) return null;
    const index = mine.findIndex((one) => one.address === address && one.data === data);
    if (index < 0 || held.masked.includes(`${own.requesterId}/${index}`)) return null;
    return from.vectors.filter((one) => one.requesterId === own.requesterId)[index] ?? null;
  };

  return {
    count: () => all.length,
    bytes: () => bytes,
    messages,
    devices,
    step(configuration, actor, step) {
      const from = at(configuration);
      const slot = actor * steps + step;
      const before = from.next[slot];
      if (before !== undefined && before >= 0) return before;
      const its = problem.actors[actor];
      const wanted = its?.steps[step];
      const held = from.held[actor];
      let to = configuration;
      if (its !== undefined && wanted !== undefined && held !== undefined) {
        // A mask lies in the device's own table: the rest of the machine stays as it is.
        const aside = wanted.spec.stage === 'mask' || wanted.spec.stage === 'unmask';
        const platform = aside ? from.platform : from.platform.fork();
        if (!aside) {
          enter(from);
          present = null;
        }
        const guard = { platform, unsafeInterrupts: problem.unsafeInterrupts || its.kind === 'host' };
        const host =
          its.kind === 'host' && wanted.spec.stage === 'enable' && !held.attached.includes(wanted.requesterId);
        // The host's own devices stay in the domain they boot in, where nothing is translated.
        const start = host ? { ...held, attached: [...held.attached, wanted.requesterId] } : held;
        const after = perform(guard, start, wanted.spec, wanted.requesterId, its.requesterIds);
        if (after !== null)
          to = intern(
            platform,
            aside ? from : null,
            from.held.map((one, i) => (i === actor ? after : one)),
          );
      }
      from.next[slot] = to;
      return to;
    },
    sends(configuration, device) {
      const from = at(configuration);
      from.sends ??= devices.map((_, i) => alphabet(from, i));
      return from.sends[device] ?? [];
    },
    arrival(configuration, device, message) {
      const from = at(configuration);
      const { address, data } = messages[message] ?? { address: 0, data: 0 };
      enter(from);
      // What a message leaves behind (pending, or a device stopped for good) changes no later outcome that counts, and is not handed on.
      const outcome = from.platform.emit(devices[device]?.requesterId ?? 0, address, data, 4);
      undoTo(log, 1);
      const owner = outcome.kind === 'interrupt' ? ownerOf(problem, from.vectors, outcome.interrupt) : null;
      return { outcome, owner, own: ownVector(from, device, { address, data }) };
    },
  };
}
