/**
 * The messages that cross a border: between the extension and its review worker, and between the extension and the
 * topology panel. One union each way; every value is plain data that survives a structured clone.
 */
import type { Review, WantedRun } from './review/types';
import type { Counterexample, Coverage } from './scenario/explorer/search';
import type { ScenarioError } from './scenario/json-reader';
import type { Scenario, Trace, Verdict } from './scenario/types';
import type { Source } from './series/types';

// ─── review worker ──────────────────────────────────────────────────────────────────────────────────────────────────

/** What the user may choose instead of what the evidence chose; absent: the reviewer chooses. */
export interface ReviewWishes {
  /** Base design: `v4.5`, `fixup`, … */
  readonly design?: string;
  readonly machines?: readonly string[];
  readonly scenarios?: readonly string[];
  /** Runs whose traces shall be in the review, whether a finding names them or not. */
  readonly keep?: readonly WantedRun[];
  /** Corrections files that count for the sources. */
  readonly corrections?: readonly { readonly name: string; readonly text: string }[];
}

/** One scenario of the library as a list shows it. */
export type ScenarioSummary = Pick<Scenario, 'id' | 'title' | 'shows' | 'reference' | 'rows'> & {
  readonly machines: readonly string[];
};

/** What one scenario gave on one machine with one built-in design, no patch applied. */
export interface DesignRun {
  readonly scenario: string;
  readonly machine: string;
  readonly design: string;
  readonly verdict: Verdict;
  readonly reason: string | null;
  readonly traces: readonly Trace[];
}

/** What looking at all orders of a scenario's steps gave on one machine. */
export interface Explored {
  readonly scenario: string;
  readonly machine: string;
  /** Why it could not be explored, or null. */
  readonly reason: string | null;
  readonly coverage: Coverage | null;
  readonly counterexample: Counterexample | null;
}

/** Extension → worker. `id` is chosen by the sender and comes back in every answer. */
export type ReviewRequest =
  /** All sources together: several files of one series, or one mbox with several series. */
  | {
      readonly kind: 'review';
      readonly id: number;
      readonly sources: readonly Source[];
      readonly wishes?: ReviewWishes;
      /** Answer with what the patches alone show as soon as it is known. */
      readonly early?: boolean;
      /** Folders of git that may have the blobs the series name. */
      readonly checkouts?: readonly string[];
    }
  | { readonly kind: 'scenarios'; readonly id: number }
  /** Without a series: the library's scenario on each of its machines, with one design or with all. */
  | { readonly kind: 'run'; readonly id: number; readonly scenario: string; readonly design: string | null }
  /** One scenario of the library in full. */
  | { readonly kind: 'scenario'; readonly id: number; readonly scenario: string }
  /** The text of a scenario file: on the designs it names in `expected`, or on all. */
  | { readonly kind: 'play'; readonly id: number; readonly text: string }
  /** All orders of a scenario's steps, on each of its machines. */
  | { readonly kind: 'explore'; readonly id: number; readonly scenario: string }
  /** Stop the work of that id; it is answered with `cancelled`, or with its result if that was under way already. */
  | { readonly kind: 'cancel'; readonly id: number };

/** Worker → extension. Each request (but `cancel`) is ended by exactly one answer that is neither `progress` nor `early`. */
export type ReviewAnswer =
  | {
      readonly kind: 'progress';
      readonly id: number;
      readonly done: number;
      readonly total: number;
      readonly text: string;
    }
  /** What the patches alone show, before scenarios run: of each series until now; the last one of them is new. Asked for by `early`. */
  | { readonly kind: 'early'; readonly id: number; readonly reviews: readonly Review[] }
  /** One review per series found; empty when the sources hold no mail. */
  | { readonly kind: 'reviews'; readonly id: number; readonly reviews: readonly Review[] }
  | {
      readonly kind: 'scenarios';
      readonly id: number;
      readonly scenarios: readonly ScenarioSummary[];
      readonly designs: readonly string[];
    }
  | { readonly kind: 'ran'; readonly id: number; readonly runs: readonly DesignRun[] }
  | { readonly kind: 'scenario'; readonly id: number; readonly scenario: Scenario | null }
  /** `scenario` null: the text is wrong in the places that `errors` name. */
  | {
      readonly kind: 'played';
      readonly id: number;
      readonly scenario: Scenario | null;
      readonly errors: readonly ScenarioError[];
      readonly runs: readonly DesignRun[];
    }
  | { readonly kind: 'explored'; readonly id: number; readonly results: readonly Explored[] }
  | { readonly kind: 'cancelled'; readonly id: number }
  /** Our own mistake: bad input never ends here, it is damage in a review. */
  | { readonly kind: 'error'; readonly id: number; readonly message: string };

// ─── topology panel ─────────────────────────────────────────────────────────────────────────────────────────────────

/** One trace that the panel can show, without its events. */
export interface TraceChoice {
  readonly id: string;
  readonly scenario: string;
  readonly title: string;
  readonly machine: string;
  readonly design: string;
  /** Patches applied; 0 is the base. */
  readonly prefix: number;
  /** Patches in the series; 0 when the trace belongs to none. */
  readonly total: number;
  readonly verdict: Verdict;
  /** What was made to fail in this run, or null. */
  readonly injected: string | null;
}

/** Where an event stands, as the list shows it. */
export interface EventLink {
  /** `7/10 vfio_pci_intrs.c:327`. */
  readonly label: string;
  /** False for a place that only names a built-in program: it cannot be opened. */
  readonly opens: boolean;
}

/** A trace that the one on display can be held against. */
export interface Counterpart {
  /** Names it to the extension; the same for the same kind of counterpart of another trace. */
  readonly key: string;
  readonly label: string;
  /** Under which head it stands in a list. */
  readonly group: string;
}

/** The trace that is shown beside the one on display. */
export interface Against {
  readonly key: string;
  /** What it is, in a few words. */
  readonly title: string;
  /** It comes before the one on display: an earlier prefix, an older version. Else it is what came after. */
  readonly earlier: boolean;
  readonly trace: Trace;
  readonly links: readonly (EventLink | null)[];
}

/** Which of the two traces on display is meant. */
export type Side = 'own' | 'against';

/** Extension → panel. Nothing is sent before the panel said `ready`. */
export type ToPanel =
  /** The panel's own words in the user's language; keys are the English sentences of `topology/words.ts`. */
  | { readonly kind: 'words'; readonly words: Readonly<Record<string, string>> }
  | { readonly kind: 'choices'; readonly choices: readonly TraceChoice[]; readonly document: string | null }
  | {
      readonly kind: 'trace';
      readonly trace: Trace;
      readonly links: readonly (EventLink | null)[];
      readonly event: number;
      readonly counterparts: readonly Counterpart[];
      /** Null: the trace stands alone. */
      readonly against: Against | null;
    }
  /** The cursor stands on a line of this event. */
  | { readonly kind: 'select'; readonly trace: string; readonly event: number }
  /** There is nothing to draw; `why` is one sentence. */
  | { readonly kind: 'empty'; readonly why: string };

/** What the panel keeps over hide and reload. */
export interface PanelState {
  /** URI of the document whose review is shown, or null. */
  readonly document: string | null;
  readonly trace: string | null;
  readonly event: number;
  /** Key of the counterpart it is held against, or null. */
  readonly against: string | null;
}

/** Panel → extension. */
export type FromPanel =
  | { readonly kind: 'ready'; readonly state: PanelState | null }
  | { readonly kind: 'choose'; readonly trace: string }
  /** Show the line of this event, without taking the focus from the panel. */
  | { readonly kind: 'reveal'; readonly trace: string; readonly event: number; readonly side: Side }
  /** Hold the trace on display against another; null: show it alone again. */
  | { readonly kind: 'compare'; readonly with: string | null }
  | { readonly kind: 'save'; readonly name: string; readonly svg: string }
  /** The page failed: for the log. */
  | { readonly kind: 'failed'; readonly message: string };
