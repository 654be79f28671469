/**
 * A host that does all right, at the level of the machine: what a stage does to tables, entries and devices when nothing is forgotten.
 * In: a platform, what the agent has so far, a step. Out: what it has then. Knows nothing of programs; what it allows to happen is what the
 * hardware allows.
 */
import type { MachinePlatform } from '../../host/platforms/index';
import { WINDOW_BASE } from '../step-input';
import type { StepSpec } from '../types';

export interface Message {
  readonly address: number;
  readonly data: number;
}

/** What the host knows of one agent. Plain data, replaced and never changed. */
export interface Held {
  readonly domain: number;
  readonly attached: readonly number[];
  /** Doorbell page → IOVA. */
  readonly doors: Readonly<Record<string, number>>;
  /** By requester id. */
  readonly messages: Readonly<Record<string, readonly Message[]>>;
  /** `requesterId/vector`. */
  readonly masked: readonly string[];
}

export const NOTHING_HELD: Held = { domain: 0, attached: [], doors: {}, messages: {}, masked: [] };

export interface Guard {
  readonly platform: MachinePlatform;
  readonly unsafeInterrupts: boolean;
}

/** How far two doors of a domain must lie apart: a page, or a subwindow where the unit has no page tables. Bytes. */
function placeOf(platform: MachinePlatform): number {
  const { iommu } = platform.spec;
  return iommu.kind === 'pamu' ? 2 ** iommu.addressBits / iommu.subwindows : platform.granule;
}

/** Doorbell pages that no vector needs are unmapped, those that one needs are mapped; null when one cannot be. */
function withDoors(guard: Guard, held: Held, requesterIds: readonly number[]): Held | null {
  const { platform } = guard;
  const wanted = new Set<number>();
  for (const vector of platform.vectors())
    if (vector.translated && requesterIds.includes(vector.requesterId) && held.domain !== 0)
      wanted.add(vector.address - (vector.address % platform.granule));
  const doors: Record<string, number> = {};
  for (const [page, iova] of Object.entries(held.doors)) {
    if (wanted.has(Number(page))) doors[page] = iova;
    else platform.unmap(held.domain, iova, platform.granule);
  }
  for (const page of wanted) {
    if (doors[String(page)] !== undefined) continue;
    const taken = new Set(Object.values(doors));
    const place = placeOf(platform);
    let iova = Math.max(place, WINDOW_BASE - (WINDOW_BASE % place));
    while (taken.has(iova)) iova += place;
    if (platform.map(held.domain, iova, page, platform.granule, true) !== 0) return null;
    doors[String(page)] = iova;
  }
  const messages: Record<string, readonly Message[]> = {};
  for (const requesterId of requesterIds) {
    const own = platform
      .vectors()
      .filter((vector) => vector.requesterId === requesterId)
      .map((vector) => {
        const page = vector.address - (vector.address % platform.granule);
        const iova = vector.translated ? doors[String(page)] : undefined;
        return { address: iova === undefined ? vector.address : iova + (vector.address - page), data: vector.data };
      });
    if (own.length > 0) messages[String(requesterId)] = own;
  }
  return { ...held, doors, messages };
}

function free(guard: Guard, held: Held, requesterIds: readonly number[], all: readonly number[]): Held {
  for (const requesterId of requesterIds) guard.platform.freeVectors(requesterId);
  const masked = held.masked.filter((one) => !requesterIds.some((id) => one.startsWith(`${id}/`)));
  return withDoors(guard, { ...held, masked }, all) ?? held;
}

/**
 * Does a step. Null when it cannot be done in this state (refused, no vector left, nothing there to act on): then nothing is changed that
 * anybody could see, and the step counts as done.
 */
export function perform(
  guard: Guard,
  held: Held,
  step: StepSpec,
  requesterId: number,
  all: readonly number[],
): Held | null {
  const { platform } = guard;
  switch (step.stage) {
    case 'attach': {
      if (held.attached.includes(requesterId) || (!platform.isolatesMsi && !guard.unsafeInterrupts)) return null;
      const domain = held.domain === 0 ? platform.allocateDomain() : held.domain;
      if (domain === 0 || platform.attach(requesterId, domain) !== 0) return null;
      return { ...held, domain, attached: [...held.attached, requesterId].sort((a, b) => a - b) };
    }
    case 'enable': {
      if (!held.attached.includes(requesterId)) return null;
      platform.freeVectors(requesterId);
      if (platform.allocateVectors(requesterId, step.count ?? 1) === null) return withDoors(guard, held, all);
      const next = withDoors(guard, held, all);
      return next ?? free(guard, held, [requesterId], all);
    }
    case 'affinity':
      if (platform.setAffinity(requesterId, step.vector ?? 0, step.cpu ?? 0) === null) return null;
      return withDoors(guard, held, all);
    case 'mask':
    case 'unmask': {
      const key = `${requesterId}/${step.vector ?? 0}`;
      const masked = held.masked.filter((one) => one !== key);
      return { ...held, masked: step.stage === 'mask' ? [...masked, key].sort() : masked };
    }
    case 'disable':
      return free(guard, held, [requesterId], all);
    case 'detach': {
      if (!held.attached.includes(requesterId)) return null;
      const next = free(guard, held, [requesterId], all);
      platform.detach(requesterId, next.domain);
      return { ...next, attached: next.attached.filter((one) => one !== requesterId) };
    }
    case 'release': {
      const next = free(guard, held, all, all);
      for (const one of next.attached) platform.detach(one, next.domain);
      if (next.domain !== 0) platform.freeDomain(next.domain);
      return NOTHING_HELD;
    }
    default:
      return null;
  }
}

/** Stages that change something at the level of the machine; windows are the host's own book-keeping there, and memory is no door. */
export function matters(step: StepSpec): boolean {
  return ['attach', 'enable', 'affinity', 'mask', 'unmask', 'disable', 'detach', 'release'].includes(step.stage);
}
