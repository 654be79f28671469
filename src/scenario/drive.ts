/**
 * One run of a scenario on one machine: does the steps one after the other, takes down what happens, asks the invariants after each.
 * In: scenario, machine, programs, a plan of decisions. Out: the trace, what was broken when, and what could be varied.
 * Knows nothing of the other runs, nor of what their sum means.
 */
import { doorLifetime } from '../host/door-lifetime';
import type { Host } from '../host/host';
import type { Platform } from '../host/platform';
import { doorsOf } from '../host/platforms/doors';
import type { ProgramSet } from '../host/types';
import type { MachineSpec } from '../machine/types';
import { callersOf, causes } from './causes';
import type { Decision, FailPoint, Plan } from './chooser';
import { replay } from './chooser';
import { INVARIANTS } from './invariants/index';
import { describeEmission, describeStep } from './narrate';
import { recording } from './recording';
import type { FlatState } from './state';
import { forged, ownMessage, rangeOf, requesterOf, stageInput } from './step-input';
import type { Scenario, Stage, StepSpec, Trace, TraceEvent, Violation } from './types';
import { accounting } from './usage';
import { userCalls } from './user-calls';
import type { AgentView, DoorPage, RunView, Snapshot, StepRecord } from './view';
import { errnoName, meets } from './view';
import type { World } from './world';

export interface Found {
  readonly violation: Violation;
  /** Tests on unknown values that had been decided when it was found. */
  readonly decided: number;
  /** Something on the way to it was not understood. */
  readonly unclear: boolean;
}

export interface Run {
  readonly plan: Plan;
  readonly trace: Trace;
  readonly found: readonly Found[];
  readonly decisions: readonly Decision[];
  readonly failPoints: readonly FailPoint[];
  readonly injected: boolean;
  /** The first attach that was refused, after which the agent's steps were left out; null when none was. */
  readonly refused: { readonly agent: string; readonly value: number } | null;
  /** Steps whose result the scenario demanded and did not get, other than those the invariants speak of. */
  readonly unmet: readonly string[];
  /** Steps whose result is unknown. */
  readonly unknown: readonly string[];
  readonly steps: readonly StepRecord[];
  readonly executed: ReadonlySet<string>;
}

export interface DriveOptions {
  /** Number of patches applied: a part of the trace's id. */
  readonly prefix: number;
  /** Interpreter steps for the run. */
  readonly budget: number;
  /** Behind the trace's id; '' for the plain run. */
  readonly suffix: string;
}

function agentsOf(scenario: Scenario, machine: MachineSpec): AgentView[] {
  return scenario.agents.map((agent) => ({
    name: agent.name,
    kind: agent.kind,
    requesterIds: agent.devices.flatMap((name) =>
      machine.devices.filter((device) => device.name === name).map((device) => device.requesterId),
    ),
  }));
}

/** Pages that hold a doorbell, by what the machine is made of; ranges that are decoded ahead of any table (x86, POWER) are no pages one could map. */
function doorPages(machine: MachineSpec, platform: Platform): DoorPage[] {
  const granule = platform.granule;
  return machine.controllers.flatMap((controller) => {
    if (controller.kind === 'apic' || controller.kind === 'phb-msi') return [];
    const { start, size } = doorsOf(controller, machine.cpus);
    const first = start - (start % granule);
    // Of an ITS one page is the doorbell's; the interrupt files of harts have a page each.
    const pages = controller.kind === 'imsic' ? Math.ceil((start + size - first) / granule) : 1;
    return Array.from({ length: pages }, (_, i) => ({ page: first + i * granule, controller: controller.name }));
  });
}

function snapshot(host: Host, platform: Platform): Snapshot {
  return {
    domains: host.domains.map((domain) => ({
      id: domain.id,
      agent: domain.agent,
      requesterIds: [...domain.requesterIds],
      maps: [...platform.mappings(domain.id)],
    })),
    windows: host.windows.map((window) => ({ ...window, allocated: [...window.allocated] })),
    programmed: host.programmed.map((one) => ({ ...one })),
    vectors: [...platform.vectors()],
  };
}

interface Ran {
  readonly run: StepRecord['run'];
  readonly value: number | null;
  readonly undecided: readonly string[];
  readonly emitted: StepRecord['emitted'];
  readonly outcome: StepRecord['outcome'];
}

/** A message is one DWORD. */
const MSI_BYTES = 4;

const NOTHING: Ran = { run: 'done', value: null, undecided: [], emitted: null, outcome: null };

/** Runs `scenario` once on `machine`, following `plan`. Deterministic: the same arguments give the same run. */
export function drive(
  world: World,
  scenario: Scenario,
  machine: MachineSpec,
  set: ProgramSet,
  plan: Plan,
  options: DriveOptions,
): Run {
  const platform = world.platform(machine);
  const agents = agentsOf(scenario, machine);
  const log = recording();
  const choices = replay(plan);
  const host = world.host(set, platform, {
    unsafeInterrupts: scenario.unsafeInterrupts,
    agents,
    recorder: log.recorder,
    chooser: choices.chooser,
    budget: options.budget,
    failBehindPatch: options.prefix > 0,
  });
  const initial = log.begin(host);
  const account = accounting(world, machine);
  const calls = userCalls(scenario, host, set);
  const doors = doorPages(machine, platform);
  const lifetime = doorLifetime(set);
  const steps: StepRecord[] = [];
  const found: Found[] = [];
  const unmet: string[] = [];
  const unknown: string[] = [];
  const attached = new Set<string>();
  let claim: RunView['claim'] = { value: null, event: null };
  const refused = new Map<string, number>();
  let injectedBefore = false;

  const emit = (step: StepSpec, agent: AgentView, requesterId: number, now: Snapshot): Ran => {
    const message =
      step.stage === 'fire'
        ? ownMessage(requesterId, step.vector ?? 0, now)
        : forged(step, requesterId, machine, [...steps.map((one) => one.after), now]);
    const actor = machine.devices.find((device) => device.requesterId === requesterId)?.name ?? agent.name;
    if (message === null) {
      const text =
        step.stage === 'fire'
          ? `${actor} emits nothing: vector ${step.vector ?? 0} is not enabled`
          : `${actor} writes nothing: the message to forge was never programmed`;
      log.recorder.event({ actor, kind: 'hardware', text, at: null, function: null });
      return NOTHING;
    }
    const outcome = platform.emit(
      requesterId,
      message.address,
      message.data,
      step.stage === 'forge' ? (step.size ?? MSI_BYTES) : MSI_BYTES,
    );
    log.recorder.event({
      actor,
      kind: 'hardware',
      text: describeEmission(requesterId, message, outcome),
      at: null,
      function: null,
    });
    return { ...NOTHING, emitted: message, outcome };
  };

  const askClaim = (): void => {
    const value = host.claimsIsolation();
    if (value === claim.value && claim.event !== null) return;
    const text =
      value === null
        ? 'whether interrupt isolation is claimed is not known'
        : value
          ? 'interrupt isolation is claimed'
          : 'interrupt isolation is not claimed';
    claim = {
      value,
      event: log.recorder.event({
        actor: 'host',
        kind: 'effect',
        text,
        at: value === true ? host.claimPlace() : null,
        function: null,
      }),
    };
  };

  const perform = (step: StepSpec, agent: AgentView, now: Snapshot): Ran => {
    const requesterId = requesterOf(step, agent, machine);
    if (step.stage === 'fire' || step.stage === 'forge')
      return requesterId === null ? { ...NOTHING, run: 'skipped' } : emit(step, agent, requesterId, now);
    const input = stageInput(step, agent, agents, machine, platform.granule);
    if (step.call !== undefined) {
      const file = calls.made(step.call, input);
      if (file === null) return { ...NOTHING, run: 'absent' };
      const { value, undecided } = host.run({ ...input, file });
      const wrong = value === null || value < 0 ? [] : calls.given(step.call, agent.name);
      unmet.push(...wrong.map((one) => `step ${scenario.steps.indexOf(step) + 1} (ioctl) ${one}`));
      return { ...NOTHING, value, undecided };
    }
    const result = host.run(input);
    const absent = result.value === null && result.undecided.length === 0;
    // A driver of the host's own calls pci_enable_msix_range() itself, whose success is a count.
    const value =
      agent.kind === 'host' && step.stage === 'enable' && result.value !== null && result.value > 0 ? 0 : result.value;
    return { ...NOTHING, run: absent ? 'absent' : 'done', value, undecided: result.undecided };
  };

  for (const [index, spec] of scenario.steps.entries()) {
    const agent = agents.find((one) => one.name === spec.agent);
    if (agent === undefined) continue;
    log.enter(index);
    choices.enter(index, spec.failEach === true);
    // Nothing acts between two steps.
    const before = steps.at(-1)?.after ?? snapshot(host, platform);
    const stateBefore = log.state();
    const requesterId = requesterOf(spec, agent, machine);
    const firstEvent = log.recorder.event({
      actor: agent.name,
      kind: 'stage',
      text: describeStep(spec, agent, machine, platform.granule),
      at: null,
      function: null,
    });
    const locked =
      agent.kind === 'guest' && refused.has(agent.name) && !attached.has(agent.name) && spec.stage !== 'attach';
    let ran: Ran;
    if (locked) {
      log.recorder.event({
        actor: 'host',
        kind: 'effect',
        text: `left out: ${agent.name} has no device`,
        at: null,
        function: null,
      });
      ran = { ...NOTHING, run: 'skipped' };
    } else ran = perform(spec, agent, before);
    if (ran.run === 'absent')
      log.recorder.event({
        actor: 'host',
        kind: 'return',
        text: `there is no program for ${spec.stage}`,
        at: null,
        function: null,
      });
    if (spec.stage === 'attach' && ran.run === 'done') {
      if (ran.value !== null && ran.value < 0) refused.set(agent.name, ran.value);
      else attached.add(agent.name);
      askClaim();
    }
    if (index === scenario.steps.length - 1) askClaim();
    log.settle(host);
    const injected = choices.injected();
    const record: StepRecord = {
      index,
      spec,
      agent,
      requesterId,
      run: ran.run,
      value: ran.value,
      undecided: ran.undecided,
      injected: injected && !injectedBefore,
      range: rangeOf(spec, platform.granule),
      emitted: ran.emitted,
      outcome: ran.outcome,
      before,
      after: snapshot(host, platform),
      stateBefore,
      firstEvent,
      lastEvent: log.events.length - 1,
    };
    injectedBefore = injected;
    steps.push(record);
    const playable = demand(record, injected, unmet, unknown);
    const view: RunView = {
      scenario,
      machine,
      granule: platform.granule,
      aperture: platform.aperture,
      isolatesMsi: platform.isolatesMsi,
      hardwareRegions: platform.hardwareRegions,
      doors: doors.filter((door) => platform.doorbellAt(door.page) !== null),
      doorLifetime: lifetime,
      agents,
      steps,
      events: log.events,
      incidents: host.incidents,
      claim,
      finished: index === scenario.steps.length - 1,
    };
    account.note(view);
    for (const id of scenario.watch) {
      if (id === 'I12') continue;
      for (const violation of INVARIANTS[id](view)) {
        if (found.some((one) => one.violation.invariant === id && one.violation.message === violation.message))
          continue;
        found.push({
          violation: withCallers(violation, log.events),
          decided: choices.decisions.length,
          unclear: steps.some((one) => one.undecided.length > 0),
        });
        log.recorder.event({
          actor: 'host',
          kind: 'violation',
          text: `${id}: ${violation.message}`,
          at: null,
          function: null,
        });
      }
    }
    if (!playable) break;
  }

  const [first] = refused;
  const notes = [...new Set(steps.flatMap((step) => step.undecided))];
  const trace: Trace = {
    id: `${scenario.id}/${machine.id}/${set.name}+${options.prefix}${options.suffix === '' ? '' : `/${options.suffix}`}`,
    scenario: scenario.id,
    machine: machine.id,
    design: set.name,
    prefix: options.prefix,
    initial: initial satisfies FlatState,
    events: log.events,
    violations: found.map((one) => one.violation),
    windows: account.usage(),
    undecided: notes,
    injected: plan.inject === null || !choices.injected() ? null : plan.inject.primitive,
  };
  return {
    plan,
    trace,
    found,
    decisions: choices.decisions,
    failPoints: choices.failPoints,
    injected: choices.injected(),
    refused: first === undefined ? null : { agent: first[0], value: first[1] },
    unmet,
    unknown,
    steps,
    executed: host.executed,
  };
}

/** The calls on the way to a cause are causes too, behind all that the invariant named itself. */
function withCallers(violation: Violation, events: readonly TraceEvent[]): Violation {
  return {
    ...violation,
    causes: causes(...violation.causes, ...violation.causes.flatMap((one) => callersOf(events, one))),
  };
}

/** Stages that only lay the ground: without them there is nothing to try. */
const GROUND = new Set<Stage>(['attach', 'register-window', 'map', 'unmap']);

/**
 * Holds the step's result against what the scenario expects; after an injected failure nothing is expected. False when the rest of
 * the scenario makes no sense any more.
 */
function demand(step: StepRecord, injected: boolean, unmet: string[], unknown: string[]): boolean {
  const { spec, value } = step;
  if (step.run === 'skipped') return true;
  const label = `step ${step.index + 1} (${spec.stage})`;
  if (spec.stage === 'fire' || spec.stage === 'forge') {
    const became = step.outcome?.kind ?? 'nothing';
    if (!injected && spec.expect !== undefined && spec.expect !== became)
      unmet.push(`${label}: what becomes of the write is ${became}, the scenario needs ${spec.expect}`);
    return true;
  }
  if (step.run === 'absent') {
    if (spec.expect !== 'ok' && spec.stage !== 'ioctl') return true;
    unmet.push(`${label}: the design has no program for it, and the scenario needs ${spec.expect ?? 'it'}`);
    return false;
  }
  if (value === null) {
    unknown.push(`${label}: ${step.undecided[0] ?? 'the result is not known'}`);
    return true;
  }
  if (injected || spec.expect === undefined || meets(spec.expect, value)) return true;
  unmet.push(`${label} gives ${errnoName(value)}, the scenario needs ${spec.expect}`);
  return !(spec.expect === 'ok' && GROUND.has(spec.stage));
}
