/**
 * What the runner is handed: where machines, platforms and hosts come from. `run.ts` hands in the real ones; tests hand in small fakes.
 */
import type { Host, HostOptions, Observations } from '../host/host';
import type { Platform } from '../host/platform';
import type { ProgramSet } from '../host/types';
import type { MachineSpec } from '../machine/types';

/** A host whose user can read what its own calls gave; one that cannot makes no such calls. */
export type AskedHost = Host & { readonly observed?: Pick<Observations, 'answer' | 'space'> };

export interface World {
  /** A preset by id; null when there is none of that name. */
  machine(id: string): MachineSpec | null;
  /** A platform in its state after reset. */
  platform(spec: MachineSpec): Platform;
  /** What of the machine no driver of the programs knows; null when each part has one. */
  missing(set: ProgramSet, spec: MachineSpec): string | null;
  host(set: ProgramSet, platform: Platform, options: HostOptions): AskedHost;
}
