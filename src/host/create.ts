/**
 * A host: programs of a design run against a platform, stage by stage. In: a program set, a platform, agents, a recorder and
 * a chooser. Out: results, events, and views of what the programs made of domains, windows and vectors.
 */
import type { Place } from '../place';
import { requesterName } from '../scenario/state';
import { ask } from './ask';
import { boot } from './boot';
import { ERRNO } from './constants';
import { evaluate } from './evaluate';
import { globalNamed } from './globals';
import type { Host, HostOptions, Observations, StageInput, StageResult } from './host';
import { callValue, invoke } from './interpreter';
import { store } from './locations';
import { plainName } from './names';
import { observationsOf } from './observe';
import type { Platform } from './platform';
import { PRIMITIVES } from './primitives/index';
import { callsOf } from './stages';
import { interruptKey } from './state-paths';
import type { ProgramSet } from './types';
import type { Value } from './values';
import { isStruct, structOf } from './values';
import type { World } from './world';
import { createLedger, Halt, incident } from './world';

const NOWHERE: Place = { kind: 'design', file: '', line: 0 };

/** A host that can be looked into. */
export interface ObservedHost extends Host {
  readonly observed: Observations;
}

/** Makes a host in its state after boot: devices known, nothing attached, no vector allocated. */
export function createHost(set: ProgramSet, platform: Platform, options: HostOptions): ObservedHost {
  const world = createWorld(set, platform, options);
  boot(world);
  world.ledger.take();
  return {
    set,
    platform,
    run: (input) => runStage(world, input),
    claimsIsolation: () => claims(world),
    claimPlace: () => claimPlace(world),
    get domains() {
      return world.domains
        .filter((d) => !d.freed)
        .map((d) => ({ id: d.id, agent: d.agent, requesterIds: [...d.requesterIds] }));
    },
    get windows() {
      return world.windows
        .filter((w) => w.open)
        .map((w) => ({
          agent: w.agent,
          domain: w.domain,
          base: w.base,
          size: w.size,
          granule: w.granule,
          allocated: [...w.allocated.keys()].sort((a, b) => a - b),
          event: w.event,
        }));
    },
    get programmed() {
      return [...world.vectors.values()].map((v) => ({ ...v }));
    },
    incidents: world.incidents,
    executed: world.executed,
    state: () => withVectors(world),
    observed: observationsOf(world),
  };
}

function createWorld(set: ProgramSet, platform: Platform, options: HostOptions): World {
  const world: World = {
    set,
    platform,
    options,
    ledger: createLedger(),
    incidents: [],
    executed: new Set(),
    returns: new Map(),
    globals: new Map(),
    devices: new Map(),
    groups: [],
    containers: new Map(),
    domains: [],
    windows: [],
    irqs: new Map(),
    vectors: new Map(),
    controllers: new Map(),
    live: new Set(),
    primitives: PRIMITIVES,
    iommuOps: null,
    undecided: new Set(),
    agent: 'host',
    locks: [],
    atomic: 0,
    steps: 0,
    frame: null,
    lastEvent: -1,
    patched: false,
    muted: false,
    callWith: (target, args, expressions, at, field) => callValue(world, target, args, expressions, at, field),
    evaluate: (frame, of) => evaluate(world, frame, of),
    assign: (frame, target, value) => {
      store(world, frame, target, value, false);
    },
    call: (target, args, at) => callValue(world, target, args, [], at, null),
    enter: (name, args, at) => {
      const program = set.programs.get(name);
      return program ? invoke(world, program, args, at) : undefined;
    },
  };
  return world;
}

/** The flat state, with the interrupts that were allocated behind the host's back: by a driver the runner plays itself. */
function withVectors(world: World): Readonly<Record<string, string | number>> {
  const state = world.ledger.all();
  let more: Record<string, string | number> | null = null;
  for (const vector of world.platform.vectors()) {
    const path = `interrupts/${interruptKey(vector.interrupt)}/owner`;
    if ((more ?? state)[path] !== undefined) continue;
    more ??= { ...state };
    more[path] = world.devices.get(vector.requesterId)?.agent ?? 'host';
  }
  return more ?? state;
}

/** `-ENOSPC`, `0`, `3`. */
export function errnoName(value: number): string {
  if (value >= 0) return String(value);
  for (const [name, number] of Object.entries(ERRNO)) if (number === -value) return `-${name}`;
  return String(value);
}

function runStage(world: World, input: StageInput): StageResult {
  world.undecided = new Set();
  world.steps = 0;
  world.patched = false;
  world.agent = input.agent;
  if (input.stage === 'fire' || input.stage === 'forge') return emit(world, input);
  const calls = callsOf(world, input);
  if (typeof calls === 'string') return { value: null, undecided: [calls] };
  if (input.file !== undefined && calls.length === 0) return { value: 0, undecided: [] };
  if (calls.length === 0 || !calls.some((c) => world.set.programs.has(c.program)))
    return { value: null, undecided: [] };
  let value: number | null = 0;
  for (const call of calls) {
    const entered = world.set.programs.get(call.program);
    if (!entered) continue;
    if (entered.evidence === 'fragment')
      return { value: null, undecided: [`only a part of ${call.program}() is known`] };
    world.locks = call.holds.map((held) => ({ ...held, at: NOWHERE }));
    world.atomic = 0;
    world.frame = null;
    const given = world.locks.length;
    let result: Value | undefined;
    try {
      result = world.enter(call.program, call.args, NOWHERE);
    } catch (stop) {
      if (!(stop instanceof Halt)) throw stop;
      world.undecided.add(stop.reason);
      world.frame = null;
      world.locks = [];
      return { value: null, undecided: [...world.undecided] };
    }
    if (call.opened !== undefined && result !== undefined && isStruct(result)) {
      call.opened(result);
      result = 0;
    }
    value = typeof result === 'number' ? result : null;
    const shown = value === null ? 'an unknown value' : errnoName(value);
    world.lastEvent = world.options.recorder.event({
      actor: 'host',
      kind: 'return',
      text: isVoid(world, call.program) ? `${call.program}() returns` : `${call.program}() returns ${shown}`,
      at: world.returns.get(call.program) ?? null,
      function: call.program,
      changes: world.ledger.take(),
    });
    if (isVoid(world, call.program)) value = 0;
    const failed = call.stop === true && (value === null || value < 0);
    for (const held of world.locks.slice(given))
      incident(world, 'lock-held-at-exit', `${held.name} is still held when ${call.program}() returns`, held.at);
    world.locks = [];
    if (failed) break;
  }
  return { value, undecided: [...world.undecided] };
}

function isVoid(world: World, program: string): boolean {
  return world.set.programs.get(program)?.returns === 'void';
}

/** A device's own write. The runner usually does this itself; here for callers without one. */
function emit(world: World, input: StageInput): StageResult {
  const { requesterId } = input;
  const device = requesterId === null ? undefined : world.devices.get(requesterId);
  if (requesterId === null || !device) return { value: null, undecided: ['the step names no device'] };
  const own = world.vectors.get(`${requesterId}/${input.vector}`);
  const address = input.stage === 'forge' ? (input.address ?? own?.address) : own?.enabled ? own.address : undefined;
  const data = input.stage === 'forge' ? (input.data ?? own?.data) : own?.data;
  const name = requesterName(requesterId);
  if (address === undefined || data === undefined) {
    world.options.recorder.event({
      actor: device.name,
      kind: 'hardware',
      text: `${name} writes nothing: vector ${input.vector} is not programmed and enabled`,
      at: null,
      function: null,
    });
    return { value: 0, undecided: [] };
  }
  const outcome = world.platform.emit(requesterId, address, data, 4);
  const text =
    outcome.kind === 'interrupt'
      ? `raises ${outcome.interrupt.kind} ${outcome.interrupt.number} via ${outcome.via}`
      : outcome.kind === 'memory'
        ? `lands in memory at 0x${outcome.physical.toString(16)}`
        : outcome.kind === 'ignored'
          ? `has no effect: ${outcome.why}`
          : outcome.kind === 'fault'
            ? `faults in ${outcome.unit}: ${outcome.why}`
            : `is dropped by ${outcome.unit}: ${outcome.why}`;
  world.options.recorder.event({
    actor: device.name,
    kind: 'hardware',
    text: `${name} writes ${data} to 0x${address.toString(16)}: it ${text}`,
    at: null,
    function: null,
  });
  return { value: 0, undecided: [] };
}

/** In the words of the design's era: of every guest's group, of all MSI domains or the bus, of the bus alone. */
function claims(world: World): boolean | null {
  const bus = structOf(world.globals.get('pci_bus_type'));
  if (bus === null) return null;
  const truth = (value: Value | null): boolean | null => (typeof value === 'number' ? value !== 0 : null);
  if (world.set.programs.has('iommu_group_has_isolated_msi')) {
    const groups = world.groups.filter((group) => group.devices.some((device) => !device.host));
    const answers = groups.map((group) => truth(ask(world, 'iommu_group_has_isolated_msi', [group.object])));
    return answers.length === 0 || answers.includes(null) ? null : answers.every((answer) => answer === true);
  }
  const capability = truth(ask(world, 'iommu_capable', [bus, globalNamed(world, 'IOMMU_CAP_INTR_REMAP') ?? 0]));
  if (!world.set.programs.has('irq_domain_check_msi_remap')) return capability;
  return truth(ask(world, 'irq_domain_check_msi_remap', [])) === true ? true : capability;
}

function claimPlace(world: World): Place | null {
  if (claims(world) !== true) return null;
  for (const program of ['msi_device_has_isolated_msi', 'irq_domain_check_msi_remap'])
    if (world.set.programs.has(program) && world.executed.has(program)) return world.returns.get(program) ?? null;
  const callback = isStruct(world.iommuOps ?? undefined) ? world.iommuOps?.fields.get('capable') : undefined;
  if (typeof callback !== 'object' || callback.kind !== 'function') return world.returns.get('iommu_capable') ?? null;
  return world.returns.get(plainName(callback.name)) ?? null;
}
