import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createFrontEnd, type FrontEnd } from '../../../src/code/front-end';
import { createHost } from '../../../src/host/create';
import { designs } from '../../../src/host/designs/index';
import type { Chooser, Host, StageInput, StageResult } from '../../../src/host/host';
import { createPlatform } from '../../../src/host/platforms/index';
import { mergeUnits, programSet } from '../../../src/host/programs';
import type { ProgramSet } from '../../../src/host/types';
import { machinePreset } from '../../../src/machine/presets';
import type { Place } from '../../../src/place';
import type { Stage, StateChange } from '../../../src/scenario/types';

const require = createRequire(import.meta.url);
let loaded: Promise<FrontEnd> | null = null;

export function frontEnd(): Promise<FrontEnd> {
  loaded ??= createFrontEnd({
    treeSitter: readFileSync(require.resolve('web-tree-sitter/web-tree-sitter.wasm')),
    c: readFileSync(require.resolve('tree-sitter-c/tree-sitter-c.wasm')),
  });
  return loaded;
}

export async function setOf(name: string): Promise<ProgramSet> {
  const design = designs.find((d) => d.name === name);
  if (!design) throw new Error(`no design ${name}`);
  return programSet(design, await frontEnd());
}

/** C text laid over a set, as if it stood in one file of the kernel. */
export async function withCode(set: ProgramSet, text: string, file = 'drivers/vfio/sample.c'): Promise<ProgramSet> {
  const lines = text
    .split('\n')
    .map((line, i) => ({ text: line, at: { kind: 'design', file: 'sample.c', line: i + 1 } as const }));
  const unit = (await frontEnd()).parse(file, lines, { evidence: 'full', source: 'design' });
  return mergeUnits(set, [unit], `${set.name}+`);
}

export interface Told {
  readonly kind: string;
  readonly text: string;
  readonly at: Place | null;
  readonly function: string | null;
  readonly changes: readonly StateChange[];
  readonly windowDelta: number;
}

export interface Bench {
  readonly host: Host;
  readonly events: Told[];
  run(stage: Stage, agent: string, device: string, more?: Partial<StageInput>): StageResult;
}

const never: Chooser = { decide: () => false, fail: () => null };

/** A host on a preset machine: guest-a has nic-vf0, guest-b has nic-vf1, the host the rest. */
export function bench(
  set: ProgramSet,
  machine = 'arm64-smmuv3-gicv2m',
  options: { readonly unsafe?: boolean; readonly chooser?: Chooser; readonly budget?: number } = {},
): Bench {
  const spec = machinePreset(machine);
  if (!spec) throw new Error(`no machine ${machine}`);
  const events: Told[] = [];
  const ids = (...names: string[]) => spec.devices.filter((d) => names.includes(d.name)).map((d) => d.requesterId);
  const platform = createPlatform(spec);
  const host = createHost(set, platform, {
    unsafeInterrupts: options.unsafe ?? false,
    agents: [
      { name: 'host', kind: 'host', requesterIds: ids('nic-pf', 'nvme') },
      { name: 'guest-a', kind: 'guest', requesterIds: ids('nic-vf0', 'pci-nic') },
      { name: 'guest-b', kind: 'guest', requesterIds: ids('nic-vf1', 'pci-serial') },
    ],
    recorder: {
      event(e) {
        events.push({
          kind: e.kind,
          text: e.text,
          at: e.at,
          function: e.function,
          changes: e.changes ?? [],
          windowDelta: e.windowDelta ?? 0,
        });
        return events.length - 1;
      },
    },
    chooser: options.chooser ?? never,
    budget: options.budget ?? 100000,
  });
  return {
    host,
    events,
    run: (stage, agent, device, more = {}) =>
      host.run({
        stage,
        agent,
        requesterId: ids(device)[0] ?? null,
        vector: 0,
        count: 1,
        iova: 0,
        size: 0,
        physical: 0x80000000,
        cpu: 0,
        ...more,
      }),
  };
}

/** A set that consists of one C text alone. */
export async function only(text: string): Promise<ProgramSet> {
  return withCode(
    { name: 'alone', programs: new Map(), tables: new Map(), structures: new Map(), constants: new Map() },
    text,
  );
}

/**
 * Runs C as the attach stage of guest-a: the text must define `vfio_iommu_type1_attach_group(void *iommu_data, struct iommu_group *group)`
 * or, with `body` given alone, is put into one that returns a long.
 */
export async function runBody(body: string, around = '', options: Parameters<typeof bench>[2] = {}, machine?: string) {
  const set = await only(
    `${around}\nstatic long vfio_iommu_type1_attach_group(void *iommu_data, struct iommu_group *group)\n{\n${body}\n}\n`,
  );
  const b = bench(set, machine, options);
  const result = b.run('attach', 'guest-a', 'nic-vf0');
  return { ...b, result, value: result.value, undecided: result.undecided };
}
