/**
 * Rules on a series: what the order of its patches, its declarations and its build files prove, without a tree. In: the lines of
 * all patches (`view.ts`). Out: hits. Each rule is one file; `index.ts` lists them. A name that may stand in the tree outside of the
 * series is unknown, and nothing is said of it.
 */
import type { FileChange } from '../../patch/types';
import type { Rule } from '../catalog';
import type { Reason } from '../types';
import type { SeriesView } from './view';

/** A line of a patch mail. */
export interface SeriesPlace {
  /** Position in `Series.patches`. */
  readonly patch: number;
  readonly file: FileChange | null;
  /** 1-based line of the message as shown. */
  readonly line: number;
}

export interface SeriesHit {
  readonly rule: Rule;
  readonly at: SeriesPlace;
  readonly function: string | null;
  /** One sentence with names and values. */
  readonly message: string;
  readonly why: readonly Reason[];
  readonly related: readonly (SeriesPlace & { readonly message: string })[];
  /** Position of the patch that repairs it, or null. */
  readonly fixedBy: number | null;
}

export type SeriesRule = (view: SeriesView) => SeriesHit[];
