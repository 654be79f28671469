/**
 * The run as an invariant sees it: plain data, taken down after every step.
 * In: nothing but what stands here. Out: answers to the questions that several invariants ask.
 * Knows nothing of the host's programs, nor how the run was driven.
 */
import { ERRNO } from '../host/constants';
import type { DoorLifetime } from '../host/door-lifetime';
import type { HostWindow, Incident, ProgrammedVector } from '../host/host';
import type { HardwareVector, ReservedRegion } from '../host/platform';
import type { Interrupt, MachineSpec, Outcome } from '../machine/types';
import type { FlatState } from './state';
import { requesterName } from './state';
import type { Scenario, StepSpec, TraceEvent, Violation } from './types';

export interface AgentView {
  readonly name: string;
  readonly kind: 'host' | 'guest';
  readonly requesterIds: readonly number[];
}

export interface DomainView {
  readonly id: number;
  readonly agent: string;
  readonly requesterIds: readonly number[];
  readonly maps: readonly { readonly iova: number; readonly physical: number; readonly size: number }[];
}

/** A page that holds a doorbell register: physical base, aligned to the granule. */
export interface DoorPage {
  readonly page: number;
  readonly controller: string;
}

/** Host and hardware between two steps. */
export interface Snapshot {
  readonly domains: readonly DomainView[];
  readonly windows: readonly HostWindow[];
  readonly programmed: readonly ProgrammedVector[];
  readonly vectors: readonly HardwareVector[];
}

/** `done`: the design's program (or the hardware) did it · `absent`: the design has no program for the stage · `skipped`: the agent has no device to do it with. */
export type StepRun = 'done' | 'absent' | 'skipped';

export interface StepRecord {
  /** Index into the scenario's steps. */
  readonly index: number;
  readonly spec: StepSpec;
  readonly agent: AgentView;
  readonly requesterId: number | null;
  readonly run: StepRun;
  /** What the stage returned; null when unknown, absent, skipped, or a hardware step. */
  readonly value: number | null;
  readonly undecided: readonly string[];
  /** A call of this step was made to fail on purpose. */
  readonly injected: boolean;
  /** IOVA and bytes of a window, map or unmap step. */
  readonly range: { readonly iova: number; readonly size: number } | null;
  /** What the device wrote in a `fire` or `forge` step; null when it wrote nothing. */
  readonly emitted: { readonly address: number; readonly data: number } | null;
  readonly outcome: Outcome | null;
  readonly before: Snapshot;
  readonly after: Snapshot;
  readonly stateBefore: FlatState;
  /** First and last event of the step. */
  readonly firstEvent: number;
  readonly lastEvent: number;
}

export interface RunView {
  readonly scenario: Scenario;
  readonly machine: MachineSpec;
  readonly granule: number;
  /** First address beyond the IOMMU's aperture. */
  readonly aperture: number;
  readonly isolatesMsi: boolean;
  readonly hardwareRegions: readonly ReservedRegion[];
  readonly doors: readonly DoorPage[];
  /** How long a doorbell stays mapped by the rules of the programs that run. */
  readonly doorLifetime: DoorLifetime;
  readonly agents: readonly AgentView[];
  /** The steps so far; the last one has just ended. */
  readonly steps: readonly StepRecord[];
  readonly events: readonly TraceEvent[];
  readonly incidents: readonly Incident[];
  /** Does the host claim isolated MSI, and the event that says so. `value` null: never asked, or undecided. */
  readonly claim: { readonly value: boolean | null; readonly event: number | null };
  /** The last step has been done. */
  readonly finished: boolean;
}

/** A pure function over the run so far: what this invariant finds broken by the last step (or, when `finished`, at the end). */
export type Invariant = (view: RunView) => readonly Violation[];

export const hex = (value: number): string => `0x${value.toString(16)}`;

export function lastStep(view: RunView): StepRecord | null {
  return view.steps[view.steps.length - 1] ?? null;
}

/** The agent whose device has this requester id; devices that no agent claims are the host's. */
export function agentOf(view: RunView, requesterId: number): string {
  return view.agents.find((agent) => agent.requesterIds.includes(requesterId))?.name ?? hostName(view);
}

/** What the host is called in this scenario. */
function hostName(view: RunView): string {
  return view.agents.find((agent) => agent.kind === 'host')?.name ?? 'host';
}

/** `01:10.0 (nic0)`. */
export function deviceName(view: RunView, requesterId: number): string {
  const device = view.machine.devices.find((one) => one.requesterId === requesterId);
  return device === undefined ? requesterName(requesterId) : `${requesterName(requesterId)} (${device.name})`;
}

/** `SPI 84`, `LPI 8192`, `vector 0x23 of CPU 1`. */
export function interruptName(interrupt: Interrupt): string {
  switch (interrupt.kind) {
    case 'spi':
      return `SPI ${interrupt.number}`;
    case 'lpi':
      return `LPI ${interrupt.number}`;
    case 'vector':
      return `vector ${hex(interrupt.number)} of CPU ${interrupt.target}`;
    case 'bank':
      return `MSI bank interrupt ${interrupt.number}`;
    case 'imsic':
      return `IMSIC identity ${interrupt.number} of hart ${interrupt.target}`;
  }
}

/** The same interrupt of the machine; a CPU's vector is one only together with its CPU. */
export function sameInterrupt(a: Interrupt, b: Interrupt): boolean {
  return (
    a.kind === b.kind && a.number === b.number && ((a.kind !== 'vector' && a.kind !== 'imsic') || a.target === b.target)
  );
}

/**
 * Whose interrupt this is: the agent of the device it is allocated to. A CPU vector that no device holds is the host's own (timer, IPI, or
 * unused: the host takes it). Null for an SPI or LPI that nobody holds: raising it disturbs no one.
 */
export function ownerOf(view: RunView, vectors: readonly HardwareVector[], interrupt: Interrupt): string | null {
  const holder = vectors.find((vector) => sameInterrupt(vector.interrupt, interrupt));
  if (holder !== undefined) return agentOf(view, holder.requesterId);
  return interrupt.kind === 'vector' ? hostName(view) : null;
}

export function domainOf(snapshot: Snapshot, requesterId: number): DomainView | null {
  return snapshot.domains.find((domain) => domain.requesterIds.includes(requesterId)) ?? null;
}

/** Where an IOVA leads; null when nothing is mapped there. Bytes. */
export function translateIn(domain: DomainView, iova: number): number | null {
  const map = domain.maps.find((one) => iova >= one.iova && iova < one.iova + one.size);
  return map === undefined ? null : map.physical + (iova - map.iova);
}

export interface DoorMap {
  readonly domain: DomainView;
  readonly iova: number;
  readonly physical: number;
  readonly size: number;
  readonly door: DoorPage;
}

/** Every mapping of a live domain that reaches a doorbell page; `iova` is that of the doorbell's page. */
export function doorMaps(view: RunView, snapshot: Snapshot): DoorMap[] {
  return snapshot.domains.flatMap((domain) =>
    domain.maps.flatMap((map) =>
      view.doors
        .filter((door) => door.page < map.physical + map.size && door.page + view.granule > map.physical)
        .map((door) => ({
          domain,
          iova: map.iova + (door.page - map.physical),
          physical: door.page,
          size: view.granule,
          door,
        })),
    ),
  );
}

/** The doorbell pages (physical) that the enabled vectors of these devices go to; empty where messages are not translated. */
export function doorPagesInUse(view: RunView, snapshot: Snapshot, requesterIds: readonly number[]): number[] {
  const pages = new Set<number>();
  for (const vector of snapshot.vectors) {
    if (!vector.translated || !requesterIds.includes(vector.requesterId)) continue;
    if (
      snapshot.programmed.some(
        (one) => one.requesterId === vector.requesterId && one.index === vector.index && one.enabled,
      )
    )
      pages.add(vector.address - (vector.address % view.granule));
  }
  return [...pages];
}

/** Size of the window in pages of its granule. */
export const windowPages = (window: HostWindow): number => Math.floor(window.size / (window.granule || 4096));

/** Ranges in bytes; an empty range overlaps nothing. */
export function overlaps(
  a: { readonly start: number; readonly size: number },
  b: { readonly start: number; readonly size: number },
): boolean {
  return a.size > 0 && b.size > 0 && a.start < b.start + b.size && b.start < a.start + a.size;
}

const ERRNO_NAMES: ReadonlyMap<number, string> = new Map(Object.entries(ERRNO).map(([name, value]) => [value, name]));

/** `-ENOSPC` for -28; other numbers as they are. */
export function errnoName(value: number): string {
  const name = value < 0 ? ERRNO_NAMES.get(-value) : undefined;
  return name === undefined ? String(value) : `-${name}`;
}

/** -28 of `ENOSPC`; null for a name that is no errno we know. */
export function errnoValue(name: string): number | null {
  const value = Object.hasOwn(ERRNO, name) ? ERRNO[name] : undefined;
  return value === undefined ? null : -value;
}

/** What an expected result says about the one that came: `ok`, `error`, or an errno's name. */
export function meets(expect: string, value: number): boolean {
  if (expect === 'ok') return value >= 0;
  if (expect === 'error') return value < 0;
  return value === errnoValue(expect);
}
