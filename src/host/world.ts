/**
 * What the host's programs and primitives share while they run: objects, locks, domains, windows, vectors, and the
 * flat state of the trace with its changes. One world per host; nothing here knows C syntax.
 */
import type { Expression, Program } from '../code/types';
import { primitive } from '../kernel/primitives';
import type { Place } from '../place';
import type { StateChange } from '../scenario/types';
import type { HostOptions, Incident } from './host';
import type { HardwareVector, Platform } from './platform';
import type { ProgramSet } from './types';
import type { ArrayValue, Holder, StructValue, Value } from './values';

/** One activation of a program. */
export interface Frame {
  readonly program: Program;
  readonly locals: Holder;
  readonly types: ReadonlyMap<string, string>;
  /** State of the for_each loops under way, by node index. */
  loops: Map<number, Iterator<null>> | null;
  readonly caller: Frame | null;
  /** Where it was called. */
  readonly at: Place | null;
  readonly depth: number;
  /** Index of its `call` event, or -1 while nothing worth telling happened in it. */
  announced: number;
  /** The statement under way. */
  place: Place;
}

/** One call of a primitive. */
export interface Call {
  readonly name: string;
  readonly args: readonly Value[];
  readonly expressions: readonly Expression[];
  readonly at: Place;
  readonly frame: Frame | null;
  readonly world: World;
}

export type Primitive = (call: Call) => Value;

export interface HeldLock {
  readonly lock: Value;
  readonly name: string;
  /** A spinning lock forbids sleeping. */
  readonly spinning: boolean;
  readonly irqsOff: boolean;
  readonly at: Place;
}

export interface DomainRecord {
  readonly id: number;
  readonly agent: string;
  readonly object: StructValue;
  readonly requesterIds: Set<number>;
  freed: boolean;
}

export interface WindowRecord {
  readonly agent: string;
  domain: number | null;
  readonly base: number;
  readonly size: number;
  readonly granule: number;
  readonly allocated: Map<number, StructValue>;
  readonly event: number;
  readonly object: StructValue;
  /** Given back in a stack, lowest first: pages freed. */
  open: boolean;
}

export interface VectorRecord {
  readonly requesterId: number;
  readonly index: number;
  address: number;
  data: number;
  enabled: boolean;
  masked: boolean;
  handler: boolean;
  event: number;
}

/** One Linux interrupt number with its objects. */
export interface IrqRecord {
  readonly irq: number;
  readonly device: DeviceRecord;
  readonly index: number;
  vector: HardwareVector;
  readonly data: StructValue;
  readonly desc: StructValue;
  readonly msi: StructValue;
  handler: string | null;
  wakes: Value;
}

export interface DeviceRecord {
  readonly requesterId: number;
  readonly name: string;
  readonly agent: string;
  readonly host: boolean;
  readonly pdev: StructValue;
  readonly vdev: StructValue;
  readonly group: GroupRecord;
  irqs: IrqRecord[];
}

export interface GroupRecord {
  readonly id: number;
  readonly object: StructValue;
  readonly devices: DeviceRecord[];
  domain: DomainRecord | null;
  /** The domain the host's own DMA API uses, when it has one. */
  fallback: DomainRecord | null;
}

export interface ContainerRecord {
  readonly agent: string;
  readonly object: StructValue;
  readonly attached: Set<GroupRecord>;
}

/** Ends a stage early: the budget is spent, or the kernel would have stopped here. */
export class Halt {
  constructor(readonly reason: string) {}
}

export interface World {
  readonly set: ProgramSet;
  readonly platform: Platform;
  readonly options: HostOptions;
  readonly ledger: Ledger;
  readonly incidents: Incident[];
  readonly executed: Set<string>;
  /** Where each program returned last. */
  readonly returns: Map<string, Place>;
  readonly globals: Map<string, Value>;
  readonly devices: Map<number, DeviceRecord>;
  readonly groups: GroupRecord[];
  readonly containers: Map<string, ContainerRecord>;
  readonly domains: DomainRecord[];
  readonly windows: WindowRecord[];
  readonly irqs: Map<number, IrqRecord>;
  readonly vectors: Map<string, VectorRecord>;
  /** Objects behind addresses: irqchip data by controller name. */
  readonly controllers: Map<string, StructValue>;
  /** Heap objects of the stage under way that were allocated and not freed. */
  readonly live: Set<StructValue | ArrayValue>;
  /** The iommu_ops table of this machine's driver, or null. */
  iommuOps: StructValue | null;
  undecided: Set<string>;
  agent: string;
  locks: HeldLock[];
  /** Preemption or interrupts switched off without a lock, nesting. */
  atomic: number;
  steps: number;
  frame: Frame | null;
  /** A program that a patch made or changed was entered in this stage. */
  patched: boolean;
  /** Nothing is recorded and nothing made to fail: boot, and questions the invariants ask. */
  muted: boolean;
  /** Index of the last event recorded. */
  lastEvent: number;
  readonly primitives: ReadonlyMap<string, Primitive>;
  /** Calls a function by value, with the arguments as written and the field it was read from, if any. */
  callWith(
    target: Value,
    args: readonly Value[],
    expressions: readonly Expression[],
    at: Place,
    field: string | null,
  ): Value;
  /** Evaluates an argument as written, or stores into it. */
  evaluate(frame: Frame, of: Expression): Value;
  assign(frame: Frame, target: Expression, value: Value): void;
  /** Calls a function by value. */
  call(target: Value, args: readonly Value[], at: Place): Value;
  /** Calls a program by name; undefined when the design has none. */
  enter(name: string, args: readonly Value[], at: Place): Value | undefined;
}

/** The flat state of a trace, and what changed since the last event. */
export interface Ledger {
  set(path: string, value: string | number): void;
  remove(path: string): void;
  removeUnder(prefix: string): void;
  get(path: string): string | number | undefined;
  /** The changes since the last call, sorted by path. */
  take(): readonly StateChange[];
  all(): Readonly<Record<string, string | number>>;
}

export function createLedger(): Ledger {
  const now = new Map<string, string | number>();
  const before = new Map<string, string | number | null>();
  const note = (path: string): void => {
    if (!before.has(path)) before.set(path, now.get(path) ?? null);
  };
  const none: readonly StateChange[] = [];
  let copy: Readonly<Record<string, string | number>> | null = null;
  return {
    set(path, value) {
      if (now.get(path) === value) return;
      copy = null;
      note(path);
      now.set(path, value);
    },
    remove(path) {
      if (!now.has(path)) return;
      copy = null;
      note(path);
      now.delete(path);
    },
    removeUnder(prefix) {
      for (const path of [...now.keys()])
        if (path.startsWith(prefix)) {
          copy = null;
          note(path);
          now.delete(path);
        }
    },
    get: (path) => now.get(path),
    take() {
      if (before.size === 0) return none;
      const changes: StateChange[] = [];
      for (const [path, was] of before) {
        const after = now.get(path) ?? null;
        if (after !== was) changes.push({ path, before: was, after });
      }
      before.clear();
      return changes.length < 2 ? changes : changes.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
    },
    all() {
      copy ??= Object.fromEntries(now);
      return copy;
    },
  };
}

/** Tells the calls that lead to what is about to be told. */
export function announce(world: World, frame: Frame | null): void {
  if (frame === null || frame.announced >= 0) return;
  announce(world, frame.caller);
  world.lastEvent = world.options.recorder.event({
    actor: 'host',
    kind: 'call',
    text: `${frame.program.name}()`,
    at: frame.caller === null ? frame.program.at : (frame.at ?? frame.program.at),
    function: frame.caller?.program.name ?? frame.program.name,
  });
  frame.announced = world.lastEvent;
}

/** Records what a primitive did. `delta`: pages the window gained or gave back. Gives the event's index. */
export function effect(world: World, at: Place | null, text: string, delta = 0): number {
  if (world.muted) return world.lastEvent;
  announce(world, world.frame);
  const changes = world.ledger.take();
  world.lastEvent = world.options.recorder.event({
    actor: 'host',
    kind: 'effect',
    text,
    at: at ?? world.frame?.place ?? null,
    function: world.frame?.program.name ?? null,
    changes,
    windowDelta: delta,
  });
  return world.lastEvent;
}

/** Records a broken rule of the kernel's own world, with an event of its own. */
export function incident(world: World, kind: Incident['kind'], message: string, at: Place | null): void {
  if (world.muted) return;
  const event = effect(world, at, message);
  world.incidents.push({ kind, message, event });
}

/** Should a fallible primitive fail now? The errno to fail with (0: NULL), or null. */
export function injected(call: Call): number | null {
  const { world } = call;
  if (world.muted || (world.options.failBehindPatch === true && !world.patched)) return null;
  return world.options.chooser.fail(call.name, call.at);
}

/** Why the kernel may not sleep now, or null when it may. */
export function atomicBecause(world: World): string | null {
  for (let i = world.locks.length - 1; i >= 0; i--) {
    const held = world.locks[i];
    if (held?.spinning) return `${held.name} is held${held.irqsOff ? ' with interrupts off' : ''}`;
  }
  return world.atomic > 0 ? 'interrupts or preemption are off' : null;
}

/**
 * Notes a sleep; an incident when the context is atomic. A lock that the mail takes around an allocation that only the design shows
 * decides nothing: which flags it has is a matter of the tree the mail is for.
 */
export function mightSleep(call: Call): void {
  const because = atomicBecause(call.world);
  if (because === null) return;
  const taken = call.world.locks.findLast((held) => held.spinning)?.at.kind;
  if (taken === 'message' && call.at.kind === 'design' && primitive(call.name)?.maySleep === 'gfp')
    call.world.undecided.add(`whether ${call.name}() may sleep here is not in the mail`);
  else incident(call.world, 'sleep-in-atomic', `${call.name}() may sleep while ${because}`, call.at);
}
