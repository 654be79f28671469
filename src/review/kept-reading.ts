/**
 * What the patches of the series reviewed last came to, for a review of the same text with an edit. In: a series, its changes, a base. Out: what
 * is known after each patch, and what the rules say of it: made anew from the first patch on that is another, the same values before it.
 * Knows no scenarios.
 */
import { type Amended, amend, type Touched } from '../code/bodies';
import type { FrontEnd } from '../code/front-end';
import type { Blobs } from '../code/whole-file';
import type { Change } from '../patch/types';
import type { Message, Series } from '../series/types';
import { patchHits, pathHits } from './rules';
import type { PatchHit, PatchView, RuleHit } from './rules/types';

interface KeptPatch {
  readonly message: Message;
  readonly after: Amended;
}

/** Holds for the facts it was made with: rules ask them. */
export interface KeptReading {
  base: Amended | null;
  blobs: Blobs;
  patches: readonly KeptPatch[];
  /** What path rules say of a function, less what they said of it before the patch. */
  readonly brought: WeakMap<Touched, readonly RuleHit[]>;
  /** All that they say of it. */
  readonly all: WeakMap<Touched, readonly RuleHit[]>;
  /** What rules on a whole patch say, by what is known after it. */
  readonly ofPatch: WeakMap<Amended, readonly PatchHit[]>;
}

export function keptReading(): KeptReading {
  return {
    base: null,
    blobs: null,
    patches: [],
    brought: new WeakMap(),
    all: new WeakMap(),
    ofPatch: new WeakMap(),
  };
}

/** The same mail at the same position: places in it stay right. */
function sameMail(a: Message, b: Message): boolean {
  return (
    a === b ||
    (a.index === b.index &&
      a.bodyLine === b.bodyLine &&
      a.lines.length === b.lines.length &&
      a.lines.every((line, i) => line === b.lines[i]))
  );
}

/** The base and what is known after each patch: entry k after k patches. */
export function prefixes(
  kept: KeptReading,
  base: Amended,
  series: Series,
  changes: readonly Change[],
  frontEnd: FrontEnd,
  blobs: Blobs = null,
): Amended[] {
  const all: Amended[] = [blobs === null ? base : { ...base, blobs }];
  const patches: KeptPatch[] = [];
  let unchanged = kept.base === base && kept.blobs === blobs;
  for (const [i, change] of changes.entries()) {
    const message = series.messages[change.message];
    const before = all[i] ?? base;
    if (message === undefined) {
      all.push(before);
      continue;
    }
    const known = kept.patches[patches.length];
    unchanged &&= known !== undefined && sameMail(known.message, message);
    const after =
      unchanged && known !== undefined
        ? known.after
        : amend(before, change, message, frontEnd, `${base.set.name}+${i + 1}`);
    patches.push({ message, after });
    all.push(after);
  }
  kept.base = base;
  kept.blobs = blobs;
  kept.patches = patches;
  return all;
}

/** A value made once for a key that stands for all that it rests on. */
function once<K extends WeakKey, V>(known: WeakMap<K, V>, key: K, make: () => V): V {
  const found = known.get(key);
  if (found !== undefined) return found;
  const value = make();
  known.set(key, value);
  return value;
}

/** What path rules say of a function that a patch brought or changed, less what they said of it before. `now`: what is known after that patch. */
export function hitsBrought(kept: KeptReading, touched: Touched, now: Amended): readonly RuleHit[] {
  const { program } = touched;
  return program === null ? [] : once(kept.brought, touched, () => pathHits(program, touched.before, now.tree));
}

/** All that path rules say of such a function. */
export function hitsStanding(kept: KeptReading, touched: Touched, now: Amended): readonly RuleHit[] {
  const { program } = touched;
  return program === null ? [] : once(kept.all, touched, () => pathHits(program, () => null, now.tree));
}

/** What rules on a whole patch say of one. */
export function hitsOfPatch(kept: KeptReading, view: PatchView): readonly PatchHit[] {
  return once(kept.ofPatch, view.after, () => patchHits(view));
}
