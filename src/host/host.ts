/**
 * The host: runs the programs of a design, stage by stage, against a platform.
 * In: a `ProgramSet`, a `Platform`, and what the scenario asks. Out: results, events, and a view for the invariants.
 * Knows nothing of patches: a program set amended by a series looks like any other.
 */
import type { Place } from '../place';
import type { Stage, StateChange } from '../scenario/types';
import type { Platform, ReservedRegion } from './platform';
import type { ProgramSet } from './types';

/** Takes down what happens, in order. */
export interface Recorder {
  event(event: {
    readonly actor: string;
    readonly kind: 'stage' | 'call' | 'effect' | 'hardware' | 'return' | 'violation';
    readonly text: string;
    readonly at: Place | null;
    readonly function: string | null;
    readonly changes?: readonly StateChange[];
    readonly windowDelta?: number;
  }): number;
}

/**
 * Decides what the model leaves open, so that a run can be repeated and varied: each run replays a list of decisions and
 * extends it. The scenario runner walks through the lists.
 */
export interface Chooser {
  /** A test on an unknown value. */
  decide(question: string, at: Place): boolean;
  /** Should this call of a primitive that may fail be made to fail now? A negative errno (or 0 for "NULL"), or null: let it do its work. */
  fail(primitive: string, at: Place): number | null;
}

export interface StageInput {
  readonly stage: Stage;
  readonly agent: string;
  readonly requesterId: number | null;
  readonly vector: number;
  readonly count: number;
  readonly iova: number;
  readonly size: number;
  readonly physical: number;
  readonly cpu: number;
  /** For `forge`: what the device writes; its own message when absent. */
  readonly address?: number;
  readonly data?: number;
  /** For `enable` and `disable`: all of VFIO_DEVICE_SET_IRQS, where a user's own values matter. Absent: as a well-behaved user calls it. */
  readonly irqSet?: IrqSet;
  /** For `map`: the flags of the call, and how many bytes the user address lies off its page. Absent: read and write, 0. */
  readonly flags?: number;
  readonly misaligned?: number;
  /** Any call on /dev/iommu or on a device's file, in place of the one a stage makes there by itself. */
  readonly ioctl?: Ioctl;
  /** Any call on a file that the user opens by itself: container, group, device, /dev/iommu. */
  readonly file?: FileCall;
}

/**
 * A call of a user on one of its files, which it names itself. `iommufd` is the agent's own /dev/iommu, `device` the file of the step's device; any
 * other name is a file that an `open` made.
 */
export type FileCall =
  | { readonly call: 'open'; readonly file: string; readonly what: 'container' | 'group' | 'device' | 'iommufd' }
  | { readonly call: 'ioctl'; readonly file: string; readonly command: string; readonly argument: FileArgument }
  /** A read or a write of configuration space, or of the device's first BAR, of 16 or 32 bits; without `value` a read. */
  | {
      readonly call: 'config' | 'region';
      readonly file: string;
      readonly at: number;
      readonly count: number;
      readonly value?: number;
    }
  | { readonly call: 'mmap'; readonly file: string; readonly region: number }
  /** A store into the mapped BAR: it reaches the device with no program of the host in between. */
  | { readonly call: 'store'; readonly at: number; readonly value: number }
  | { readonly call: 'close'; readonly file: string };

/** What an ioctl takes: a number, a name, another file, a structure. */
export type FileArgument =
  | number
  | string
  | { readonly file: string }
  | { readonly type: string; readonly fields: Readonly<Record<string, number>> };

/** A call on the user's /dev/iommu, or on the file of the step's device: numbers by name, as in include/uapi/linux. */
export interface Ioctl {
  readonly device: boolean;
  /** Name of the command, and the structure it takes. */
  readonly command: string;
  readonly type: string;
  readonly fields: Readonly<Record<string, number>>;
}

/** The arguments of VFIO_DEVICE_SET_IRQS (include/uapi/linux/vfio.h), all 32 bits unsigned. */
export interface IrqSet {
  readonly argsz: number;
  readonly flags: number;
  readonly index: number;
  readonly start: number;
  readonly count: number;
  /** What stands behind the header: eventfds, bytes, or nothing. */
  readonly data: { readonly kind: 'fds' | 'bools'; readonly values: readonly number[] } | null;
}

export interface StageResult {
  /** What the entry function returned: 0, a negative errno, a positive count; null when unknown or when the design has no program for the stage. */
  readonly value: number | null;
  /** Why the value is unknown, or what was not understood on the way. */
  readonly undecided: readonly string[];
}

/** A rule of the kernel's own world that a call broke while it ran: recorded by the interpreter, turned into violations by the invariants. */
export interface Incident {
  readonly kind:
    | 'sleep-in-atomic'
    | 'double-free'
    | 'use-after-free'
    | 'unlock-not-held'
    | 'lock-held-at-exit'
    | 'null-dereference'
    | 'unmap-nothing'
    | 'leak-at-exit';
  readonly message: string;
  /** Index of the event. */
  readonly event: number;
}

/** A window of IOVA kept for doorbells, as the host's programs registered it. */
export interface HostWindow {
  /** The agent whose container it belongs to. */
  readonly agent: string;
  /** Null while no mapping was made from it. */
  readonly domain: number | null;
  readonly base: number;
  readonly size: number;
  readonly granule: number;
  /** IOVA pages handed out by its allocator and not given back. */
  readonly allocated: readonly number[];
  /** Event that registered it. */
  readonly event: number;
}

export interface ProgrammedVector {
  readonly requesterId: number;
  readonly index: number;
  /** What the device would emit now. */
  readonly address: number;
  readonly data: number;
  readonly enabled: boolean;
  readonly masked: boolean;
  /** A handler is registered (request_irq done, not freed). */
  readonly handler: boolean;
  /** Event that wrote address and data last. */
  readonly event: number;
}

export interface Host {
  readonly set: ProgramSet;
  readonly platform: Platform;
  run(input: StageInput): StageResult;
  /** What `iommu_capable(bus, IOMMU_CAP_INTR_REMAP)` (or the isolated-MSI query of the design's era) says; null when undecided. */
  claimsIsolation(): boolean | null;
  /** The place at which the claim is made (the `return true`), if a program made it. */
  claimPlace(): Place | null;
  readonly domains: readonly {
    readonly id: number;
    readonly agent: string;
    readonly requesterIds: readonly number[];
  }[];
  readonly windows: readonly HostWindow[];
  readonly programmed: readonly ProgrammedVector[];
  readonly incidents: readonly Incident[];
  /** Functions entered so far. */
  readonly executed: ReadonlySet<string>;
  /** Flat state for the trace; see `scenario/state.ts`. */
  state(): Readonly<Record<string, string | number>>;
}

/** What user and administrator can read off a running host, beyond what the invariants need. */
export interface Observations {
  /** A 16-bit register of a function's configuration space, by offset in bytes; 0 for an unknown device. */
  config(requesterId: number, offset: number): number;
  /** Handlers of a device's interrupts, its pin included. */
  handlers(requesterId: number): number;
  /** Reserved regions of a device's group as the programs report them; null when the design has no such report. */
  reservedRegions(requesterId: number): readonly ReservedRegion[] | null;
  /** Page sizes of an agent's container as a bitmap; null when the design cannot say. */
  pageSizes(agent: string): number | null;
  /** What VFIO_CHECK_EXTENSION answers an agent; null when the design cannot say. */
  extension(agent: string, number: number): number | null;
  /** A field of what an agent's last call on /dev/iommu or a device's file left in its memory; null when there is none. */
  answer(agent: string, field: string): number | null;
  /** What the last read of a region or of configuration space gave an agent; null when it has read nothing. */
  readValue(agent: string): number | null;
  /** Address and data in the device's own table of MSI-X, by entry. */
  tableEntry(requesterId: number, entry: number): { readonly address: number; readonly data: number };
  /** The id of an agent's space of IOVA by number, counted from 0; it is made when there is none yet. */
  space(agent: string, number: number): number;
  /** Ranges of IOVA an agent's container lets be mapped, ends included; null when the design keeps none. */
  iovaRanges(agent: string): readonly { readonly start: number; readonly end: number }[] | null;
}

/** A PCI function as its driver finds it: messages of plain MSI, entries of the MSI-X table, a pin, PCI Express. */
export interface PciFunction {
  readonly msi: number;
  readonly msix: number;
  readonly pin: boolean;
  readonly express: boolean;
}

export interface HostOptions {
  readonly unsafeInterrupts: boolean;
  /** Which interface the guests use where a design has both. Absent: /dev/iommu. */
  readonly interface?: 'type1' | 'iommufd';
  /** The host's own devices are in domains of its DMA API, as Linux has it by default. Absent: they pass untranslated. */
  readonly hostDma?: boolean;
  /** By requester id, where the size of the MSI-X table does not say it all. */
  readonly functions?: ReadonlyMap<number, PciFunction>;
  readonly agents: readonly {
    readonly name: string;
    readonly kind: 'host' | 'guest';
    readonly requesterIds: readonly number[];
  }[];
  readonly recorder: Recorder;
  readonly chooser: Chooser;
  /** Steps of the interpreter before a run is given up as undecided. */
  readonly budget: number;
  /** Calls are candidates for failing only behind the first program of a patch in a stage: before it nothing is the patch's to undo. */
  readonly failBehindPatch?: boolean;
}
