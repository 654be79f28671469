/**
 * A host in a few lines over a real platform, with defects to switch on: what the invariants see of a good host, and of a bad one.
 */
import type {
  Host,
  HostOptions,
  HostWindow,
  Incident,
  ProgrammedVector,
  StageInput,
  StageResult,
} from '../../../src/host/host';
import type { Platform } from '../../../src/host/platform';
import { createPlatform } from '../../../src/host/platforms/index';
import type { ProgramSet } from '../../../src/host/types';
import { machinePreset } from '../../../src/machine/presets';
import type { Place } from '../../../src/place';
import { difference, requesterName } from '../../../src/scenario/state';
import type { World } from '../../../src/scenario/world';

export type Defect =
  | 'no-map'
  | 'keeps-map'
  | 'keeps-page'
  | 'gap'
  | 'unmaps-first'
  | 'half-programmed'
  | 'no-overlap-check'
  | 'maps-over'
  | 'unmaps-door'
  | 'false-claim'
  | 'no-guard'
  | 'sleeps'
  | 'leaks'
  | 'door-twice'
  | 'ignores-full'
  | 'unknown-guard'
  | 'unknown-log'
  | 'unknown-void'
  | 'unknown-mapper'
  | 'unknown-table'
  | 'fails-dirty'
  | 'page-not-taken'
  | 'frees-under-handler'
  | 'keeps-entry'
  | 'wrong-data'
  | 'beyond-aperture'
  | 'one-page-late';

export const fakeSet: ProgramSet = {
  name: 'fake',
  programs: new Map(),
  tables: new Map(),
  structures: new Map(),
  constants: new Map(),
};

const line = (n: number): Place => ({ kind: 'design', file: 'fake.c', line: n });
const hex = (n: number): string => `0x${n.toString(16)}`;

interface Window {
  agent: string;
  base: number;
  size: number;
  event: number;
  allocated: number[];
}

export function fakeHost(
  set: ProgramSet,
  platform: Platform,
  options: HostOptions,
  defects: ReadonlySet<Defect>,
): Host {
  const { granule } = platform;
  const domains: { id: number; agent: string; requesterIds: number[] }[] = [];
  const windows: Window[] = [];
  const maps: { agent: string; iova: number; size: number }[] = [];
  let programmed: ProgrammedVector[] = [];
  const incidents: Incident[] = [];
  const executed = new Set<string>();
  const owner = (rid: number) => options.agents.find((agent) => agent.requesterIds.includes(rid))?.name ?? 'host';
  const domainOf = (rid: number) => domains.find((domain) => domain.requesterIds.includes(rid));

  const state = (): Record<string, string | number> => {
    const flat: Record<string, string | number> = {};
    for (const agent of options.agents) flat[`agents/${agent.name}/kind`] = agent.kind;
    for (const device of platform.spec.devices) {
      const path = `devices/${requesterName(device.requesterId)}`;
      flat[`${path}/name`] = device.name;
      const domain = domainOf(device.requesterId);
      if (domain !== undefined) flat[`${path}/domain`] = domain.id;
    }
    for (const one of programmed) {
      const path = `devices/${requesterName(one.requesterId)}/vectors/${one.index}`;
      Object.assign(flat, {
        [`${path}/address`]: hex(one.address),
        [`${path}/data`]: hex(one.data),
        [`${path}/enabled`]: Number(one.enabled),
        [`${path}/masked`]: Number(one.masked),
        [`${path}/handler`]: Number(one.handler),
      });
    }
    for (const domain of domains) {
      flat[`domains/${domain.id}/agent`] = domain.agent;
      for (const map of platform.mappings(domain.id))
        flat[`domains/${domain.id}/maps/${hex(map.iova)}`] =
          `${hex(map.physical)}+${hex(map.size)} ${platform.doorbellAt(map.physical) ?? 'RAM'}`;
    }
    for (const window of windows) {
      Object.assign(flat, {
        [`windows/${window.agent}/base`]: hex(window.base),
        [`windows/${window.agent}/size`]: window.size,
        [`windows/${window.agent}/granule`]: granule,
      });
      for (const page of window.allocated) flat[`windows/${window.agent}/pages/${hex(page)}`] = 'allocated';
    }
    for (const vector of platform.vectors())
      flat[`interrupts/${vector.interrupt.kind}:${vector.interrupt.number}/owner`] = owner(vector.requesterId);
    return flat;
  };
  let last = state();
  const note = (text: string, at: number, windowDelta = 0): number => {
    const now = state();
    const changes = difference(last, now);
    last = now;
    return options.recorder.event({
      actor: 'host',
      kind: 'effect',
      text,
      at: line(at),
      function: 'fake',
      changes,
      windowDelta,
    });
  };
  const program = (rid: number, index: number, address: number, data: number, enabled: boolean, at: number): void => {
    programmed = programmed.filter((one) => one.requesterId !== rid || one.index !== index);
    const vector = { requesterId: rid, index, address, data, enabled, masked: false, handler: enabled, event: 0 };
    programmed.push(vector);
    programmed[programmed.length - 1] = { ...vector, event: note(`program vector ${index} with ${hex(address)}`, at) };
  };

  function doorIova(rid: number, physical: number): number | null {
    const page = physical - (physical % granule);
    const domain = domainOf(rid);
    const window = windows.find((one) => one.agent === owner(rid));
    if (domain === undefined || window === undefined) return null;
    const there = platform.mappings(domain.id).find((map) => map.physical === page);
    if (there !== undefined && !defects.has('door-twice')) return there.iova;
    let iova = window.base;
    while (window.allocated.includes(iova)) iova += granule;
    if (iova >= window.base + window.size) return null;
    if (options.chooser.fail('alloc_iova', line(20)) !== null) return null;
    if (!defects.has('page-not-taken')) window.allocated.push(iova);
    note(`take page ${hex(iova)}`, 20, 1);
    const failed = options.chooser.fail('iommu_map', line(21)) ?? platform.map(domain.id, iova, page, granule, true);
    if (failed !== 0) {
      if (!defects.has('fails-dirty')) {
        window.allocated = window.allocated.filter((one) => one !== iova);
        note('give the page back', 22, -1);
      }
      return null;
    }
    note(`map ${hex(iova)} to the doorbell`, 21);
    return iova;
  }

  function closeDoors(agent: string): void {
    const window = windows.find((one) => one.agent === agent);
    for (const domain of domains.filter((one) => one.agent === agent)) {
      const used = new Set(
        platform
          .vectors()
          .filter((vector) => domain.requesterIds.includes(vector.requesterId))
          .map((vector) => vector.address - (vector.address % granule)),
      );
      for (const map of platform.mappings(domain.id)) {
        if (platform.doorbellAt(map.physical) === null || used.has(map.physical)) continue;
        if (!defects.has('keeps-map')) {
          platform.unmap(domain.id, map.iova, map.size);
          note(`unmap ${hex(map.iova)}`, 30);
        }
        if (window !== undefined && !defects.has('keeps-map') && !defects.has('keeps-page')) {
          window.allocated = window.allocated.filter((one) => one !== map.iova);
          note('give the page back', 31, -1);
        }
      }
    }
  }

  /** What nobody knows was called. */
  let mysterious = false;
  function enable(rid: number, count: number): number {
    if (defects.has('unknown-guard') && options.chooser.decide('may_enable() != 0', line(9))) return -1;
    if (defects.has('unknown-mapper')) mysterious = options.chooser.decide('has_mapper()', line(9));
    if (defects.has('unknown-table'))
      mysterious = options.chooser.decide('ops', line(9)) && options.chooser.decide('ops->map', line(9));
    if (defects.has('unknown-log')) options.chooser.decide('log_level()', line(9));
    const vectors = platform.allocateVectors(rid, count);
    if (vectors === null) return -28;
    note('allocate vectors', 10);
    const undo = (): number => {
      platform.freeVectors(rid);
      if (!defects.has('half-programmed')) programmed = programmed.filter((one) => one.requesterId !== rid);
      note('give the vectors back', 19);
      if (!defects.has('fails-dirty')) closeDoors(owner(rid));
      return -28;
    };
    for (const vector of vectors) {
      let address = vector.address;
      if (vector.translated && !defects.has('no-map')) {
        if (defects.has('gap')) program(rid, vector.index, vector.address, vector.data, true, 11);
        const iova = doorIova(rid, vector.address);
        if (iova === null && !(defects.has('ignores-full') && vectors.length === 1)) return undo();
        if (iova !== null) address = iova + (vector.address % granule);
      }
      program(rid, vector.index, address, defects.has('wrong-data') ? vector.data + 1 : vector.data, true, 12);
    }
    return 0;
  }

  function disable(rid: number): void {
    const mine = domainOf(rid);
    if (defects.has('unmaps-first') && mine !== undefined)
      for (const map of platform.mappings(mine.id))
        if (platform.doorbellAt(map.physical) !== null) {
          platform.unmap(mine.id, map.iova, map.size);
          note(`unmap ${hex(map.iova)}`, 40);
        }
    if (!defects.has('frees-under-handler')) {
      programmed = programmed.map((one) => (one.requesterId === rid ? { ...one, handler: false } : one));
      note('free handlers', 41);
    }
    programmed = programmed.filter((one) => one.requesterId !== rid);
    if (!defects.has('keeps-entry')) platform.freeVectors(rid);
    note('disable vectors', 42);
    closeDoors(owner(rid));
  }

  function run(input: StageInput): number | null {
    const { agent, requesterId: rid, iova, size } = input;
    const clash = (list: readonly { iova: number; size: number }[]) =>
      list.some((one) => iova < one.iova + one.size && one.iova < iova + size);
    const domain = domains.find((one) => one.agent === agent);
    switch (input.stage) {
      case 'attach': {
        if (rid === null) return -19;
        if (!options.unsafeInterrupts && claims() !== true && !defects.has('no-guard')) return -1;
        const id = domain?.id ?? platform.allocateDomain();
        if (domain === undefined) domains.push({ id, agent, requesterIds: [rid] });
        else domain.requesterIds.push(rid);
        platform.attach(rid, id);
        note('attach', 1);
        return 0;
      }
      case 'register-window': {
        if (iova % granule !== 0 && !defects.has('no-overlap-check')) return -22;
        if (!defects.has('no-overlap-check') && clash(maps.filter((one) => one.agent === agent))) return -22;
        if (!defects.has('beyond-aperture') && iova + size > platform.aperture) return -22;
        const window: Window = {
          agent,
          base: iova,
          size: size + (defects.has('one-page-late') ? granule : 0),
          event: 0,
          allocated: [],
        };
        windows.push(window);
        window.event = note('register window', 2);
        return 0;
      }
      case 'map':
        if (domain === undefined) return -22;
        if (
          !defects.has('maps-over') &&
          clash(windows.filter((one) => one.agent === agent).map((one) => ({ iova: one.base, size: one.size })))
        )
          return -22;
        maps.push({ agent, iova, size });
        platform.map(domain.id, iova, input.physical, size, true);
        note('map', 3);
        return 0;
      case 'unmap': {
        if (domain === undefined) return -22;
        if (defects.has('unmaps-door')) platform.unmap(domain.id, iova, size);
        // What the agent mapped there, as a whole.
        const mine = maps.findIndex((one) => one.agent === agent && one.iova === iova && one.size === size);
        if (mine >= 0) {
          platform.unmap(domain.id, iova, size);
          maps.splice(mine, 1);
        }
        note('unmap', 4);
        return 0;
      }
      case 'enable':
        return rid === null ? -19 : enable(rid, input.count);
      case 'disable':
        if (rid !== null) disable(rid);
        return 0;
      case 'affinity':
        if (defects.has('sleeps'))
          incidents.push({
            kind: 'sleep-in-atomic',
            message: 'mutex_lock() with a spinlock held',
            event: note('lock a mutex', 50),
          });
        return 0;
      case 'release':
        for (const one of options.agents.filter((each) => each.name === agent).flatMap((each) => each.requesterIds))
          disable(one);
        if (defects.has('leaks'))
          incidents.push({
            kind: 'leak-at-exit',
            message: 'the container of 64 bytes is never freed',
            event: note('return', 60),
          });
        else if (!defects.has('keeps-map'))
          for (const one of domains.filter((each) => each.agent === agent)) {
            platform.freeDomain(one.id);
            domains.splice(domains.indexOf(one), 1);
            note('free the domain', 61);
            for (const window of windows.filter((each) => each.agent === agent))
              windows.splice(windows.indexOf(window), 1);
          }
        return 0;
      default:
        return null;
    }
  }

  const claims = (): boolean => platform.isolatesMsi || defects.has('false-claim');
  return {
    set,
    platform,
    run(input): StageResult {
      executed.add(`fake_${input.stage}`);
      return {
        value: run(input),
        undecided:
          (defects.has('unknown-void') || mysterious) && input.stage === 'enable' ? ['mystery() is not known'] : [],
      };
    },
    claimsIsolation: claims,
    claimPlace: () => line(99),
    domains,
    get windows(): HostWindow[] {
      return windows.map((one) => ({
        agent: one.agent,
        domain: domains.find((each) => each.agent === one.agent)?.id ?? null,
        base: one.base,
        size: one.size,
        granule,
        allocated: one.allocated,
        event: one.event,
      }));
    },
    get programmed() {
      return programmed;
    },
    incidents,
    executed,
    state,
  };
}

export const fakeWorld = (...defects: readonly Defect[]): World => ({
  machine: machinePreset,
  platform: createPlatform,
  missing: () => null,
  host: (set, platform, options) => fakeHost(set, platform, options, new Set(defects)),
});
