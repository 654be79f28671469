import type { MachineSpec } from '../machine/types';
import type { Place } from '../place';

/** A moment in the life of a passed-through device. */
export type Stage =
  | 'attach'
  | 'register-window'
  | 'unregister-window'
  | 'map'
  | 'unmap'
  | 'enable'
  | 'affinity'
  | 'mask'
  | 'unmask'
  | 'disable'
  | 'detach'
  /** Moves a device that is attached to a fresh space of IOVA without letting go in between. */
  | 'replace'
  | 'release'
  /** A call of the user's own on one of its files, as a self-test makes it. */
  | 'ioctl'
  /** Hardware steps: the device raises its own vector as programmed; the device writes what its agent chose. */
  | 'fire'
  | 'forge';

export type InvariantId = 'I1' | 'I2' | 'I3' | 'I4' | 'I5' | 'I6' | 'I7' | 'I8' | 'I9' | 'I10' | 'I11' | 'I12';

export type Verdict = 'holds' | 'violated' | 'undecided' | 'n/a';

export interface AgentSpec {
  readonly name: string;
  readonly kind: 'host' | 'guest';
  /** Names of the machine's devices that this agent drives. */
  readonly devices: readonly string[];
}

/** An ioctl with what it takes, in the names of include/uapi/linux. */
export interface UserCall {
  /** The agent's /dev/iommu, or the file of the step's device. */
  readonly file: 'iommufd' | 'device';
  readonly command: string;
  /** The structure that is passed, and its fields (those not named are 0); or the plain `value` that some commands take instead. */
  readonly type?: string;
  readonly value?: number;
  /**
   * A text stands for a number that is known when the step is made: `iommufd` the descriptor of /dev/iommu, `space` the id of the space of IOVA that
   * attach, map and unmap use, `memory` the user's address of the agent's own memory, `NAME.FIELD` what the earlier call of that name gave.
   */
  readonly fields: Readonly<Record<string, number | string>>;
  /** A name by which later calls can ask for what this one gave. */
  readonly as?: string;
  /** What must stand in the structure's fields afterwards. */
  readonly gives?: Readonly<Record<string, number>>;
}

export interface StepSpec {
  readonly stage: Stage;
  readonly agent: string;
  readonly device?: string;
  /** Vectors to enable, or the vector concerned; default 0 / 1. */
  readonly vector?: number;
  readonly count?: number;
  /** Bytes. For `register-window`, `map`, `unmap`; `pages` counts granules instead of bytes. For `forge` the `size` of the write; default 4. */
  readonly iova?: number;
  readonly size?: number;
  readonly pages?: number;
  readonly physical?: number;
  /** For `affinity`. */
  readonly cpu?: number;
  /** For `forge`: what the agent makes its device write. A name refers to another device's vector: its message is used. */
  readonly address?: number | 'own-door' | { readonly doorOf: string };
  readonly data?: number | { readonly dataOf: string; readonly vector?: number };
  /** For `ioctl`. */
  readonly call?: UserCall;
  /**
   * What the step must return: 0 ('ok'), an errno name ('EPERM'), 'error' (any). For `fire` and `forge` what must become of the write: the kind of
   * its `Outcome`, or 'nothing' when none is emitted. Absent: no demand.
   */
  readonly expect?: string;
  /** Each primitive of this step that can fail is made to fail once, each in a run of its own. */
  readonly failEach?: boolean;
}

/** A preset with changes. */
export interface DerivedMachine {
  readonly id: string;
  readonly preset: string;
  readonly granule?: 4096 | 16384 | 65536;
  /** How many virtual functions there are, `nic-vf0` upwards. */
  readonly functions?: number;
  readonly cpus?: number;
}

export interface Scenario {
  readonly id: string;
  readonly title: string;
  /** One sentence: what it shows. */
  readonly shows: string;
  /** The manual or kernel document to read. */
  readonly reference: string;
  /** Rows of the mission this scenario covers: S1 … S14. */
  readonly rows: readonly string[];
  /** Preset ids, presets with changes, or a machine in full. Run once on each. */
  readonly machines: readonly (string | DerivedMachine | MachineSpec)[];
  readonly unsafeInterrupts: boolean;
  /**
   * True of a scenario that shows what a machine or a whole design cannot do otherwise: isolation that an administrator who allows unsafe
   * interrupts has given up, the gap of a design. A violation teaches something and is no fault of one patch. Absent: false.
   */
  readonly demonstration?: boolean;
  readonly agents: readonly AgentSpec[];
  readonly steps: readonly StepSpec[];
  /** Which invariants this scenario watches. */
  readonly watch: readonly InvariantId[];
  /** Verdict per built-in design, for the library's own test: `{ "v4.5": "violated" }`, or per machine: `{ "fixup": { "arm64-smmuv3-its": "holds" } }`. */
  readonly expected: Readonly<Record<string, Verdict | Readonly<Record<string, Verdict>>>>;
  /** The parameters' values where the file names parameters. */
  readonly parameters?: Readonly<Record<string, number>>;
  /** One scenario for each combination of the parameters' values, the first being this one; each is run. Absent: there is only this one. */
  readonly variants?: readonly Scenario[];
}

/** One value of the state that an event changed. `before`/`after` null: absent. */
export interface StateChange {
  /** See `STATE_PATHS` in `scenario/state.ts` for the grammar of paths. */
  readonly path: string;
  readonly before: string | number | null;
  readonly after: string | number | null;
}

export interface TraceEvent {
  /** 0-based. */
  readonly index: number;
  /** Index of the scenario's step. */
  readonly step: number;
  /** Agent, `host` or the device's name. */
  readonly actor: string;
  readonly kind: 'stage' | 'call' | 'effect' | 'hardware' | 'return' | 'violation';
  /** One line a reviewer understands: `map IOVA 0x8000000 → GICv2m#0 (0x8020000), 1 page`. */
  readonly text: string;
  /** The call or statement that did it; null for hardware and for stage starts. */
  readonly at: Place | null;
  readonly function: string | null;
  readonly changes: readonly StateChange[];
  /** Pages the window gained (+) or gave back (-) with this event; 0 otherwise. */
  readonly windowDelta: number;
}

/** A broken invariant within one trace. */
export interface Violation {
  readonly invariant: InvariantId;
  /** One sentence, with values. */
  readonly message: string;
  /** Index of the event that broke it. */
  readonly event: number;
  /** Indexes of the events that made it possible, most to blame first: the first one that stands on a line of the series is the line to point at. */
  readonly causes: readonly number[];
  /** Something that a step which failed left behind: the error path is at fault, not the way there. */
  readonly onError?: true;
  /**
   * A special form of the breakage, for those that name it more exactly. `bounds`: a range is longer than what was asked for.
   * `gap`: for a moment between two steps of one operation, closed again before it ends.
   */
  readonly form?: 'bounds' | 'gap';
  /** Why it follows, as a chain of sentences, each with the document that says so where there is one. */
  readonly why: readonly { readonly text: string; readonly reference: string | null }[];
}

/** How the MSI IOVA window of one domain stood at the end of a run, at its fullest. */
export interface WindowUsage {
  readonly domain: number;
  readonly agent: string;
  readonly base: number;
  readonly size: number;
  readonly granule: number;
  readonly pagesUsed: number;
  /** Distinct doorbell pages that the domain's enabled vectors need. */
  readonly pagesNeeded: number;
  /** Names of the doorbells, in order of their page. */
  readonly doorbells: readonly string[];
}

export interface Trace {
  /** `SCENARIO/MACHINE/DESIGN+PREFIX[/run]`. */
  readonly id: string;
  readonly scenario: string;
  readonly machine: string;
  readonly design: string;
  /** Number of patches applied; 0 is the base. */
  readonly prefix: number;
  /** State before the first event, flat: path → value. */
  readonly initial: Readonly<Record<string, string | number>>;
  readonly events: readonly TraceEvent[];
  readonly violations: readonly Violation[];
  readonly windows: readonly WindowUsage[];
  /** Why parts could not be decided: unknown calls, budgets; empty when all was executed. */
  readonly undecided: readonly string[];
  /** Which fallible call was made to fail, for runs of `failEach`. */
  readonly injected: string | null;
}

export interface ScenarioResult {
  /** With parameters: `ID[granule=4096,guests=2]`. */
  readonly scenario: string;
  readonly machine: string;
  readonly verdict: Verdict;
  /** For `n/a` and `undecided`. */
  readonly reason: string | null;
  /** The traces worth showing: all violated ones (one per distinct violation), else the plain run. */
  readonly traces: readonly Trace[];
  /** Names of all functions that were executed. */
  readonly executed: ReadonlySet<string>;
}
