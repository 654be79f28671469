/** A function that a change touches: what is known of it before and after, and how well. */
import type { Place } from '../place';
import type { BodySource, Evidence, Program, SourceLine } from './types';

export interface Touched {
  /** Path after the change. */
  readonly file: string;
  readonly name: string;
  /** How much of `program` is known. */
  readonly evidence: Evidence;
  readonly source: BodySource;
  /** How much is known of the body that scenarios execute, the set's; null when it has none. Differs from `evidence` where a blob shows what the design has only in short. */
  readonly modelled: Evidence | null;
  /** Why it is not known in full; null when it is. */
  readonly reason: string | null;
  /** The function is gone with this change; `program` is null then. */
  readonly removed: boolean;
  /** After the change; null when it could not be read. */
  readonly program: Program | null;
  /** The program before the change, read when first asked for; null for a new function, and where it could not be read. */
  before(): Program | null;
  /** The first line of the patch that touches it. */
  readonly at: Place;
}

/** A function that stands in the file before the change and not after it. */
export interface Vanished {
  readonly file: string;
  readonly name: string;
  readonly at: Place;
  readonly before: () => Program | null;
}

export function once<T>(compute: () => T): () => T {
  let held: { readonly value: T } | null = null;
  return () => {
    held ??= { value: compute() };
    return held.value;
  };
}

/** Lines that show a function whole: by one patch, by several, or by a blob. */
export function sourceOf(lines: readonly SourceLine[], message: number): BodySource {
  if (lines.some((line) => line.at.kind === 'blob')) return 'blob';
  return lines.every((line) => line.at.kind === 'message' && line.at.message === message) ? 'patch' : 'stitched';
}
