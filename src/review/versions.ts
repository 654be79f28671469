/**
 * Two versions of a series, held against each other. In: the reviews of both. Out: which patch became which, which findings are
 * repaired, kept or new, and where verdicts and the use of the window changed. From the mails alone; pure.
 */
import type { Change } from '../patch/types';
import type { Verdict } from '../scenario/types';
import { type Identity, identityOf, normalTitle } from './identity';
import type { Finding, MatrixCell, Review, WindowReport } from './types';

export interface PatchPair {
  /** `same`: the diff is the same but for line numbers and blanks. */
  readonly kind: 'same' | 'changed' | 'added' | 'dropped';
  /** 1-based patch of each version; null where there is none. */
  readonly old: number | null;
  readonly new: number | null;
  /** What told that the two belong together; null when they do not. */
  readonly by: 'diff' | 'subject' | 'similarity' | null;
  /** Share of the changed lines that both have, 0 to 1; 0 without a pair. */
  readonly similarity: number;
  readonly title: string;
  /** The title in the old version where it is another one; null otherwise. */
  readonly oldTitle: string | null;
  /** Changed lines of the diff that only the new, only the old version has. */
  readonly gained: number;
  readonly lost: number;
  /** Of a dropped patch: the patch of the new version that holds most of its lines; null when its code is gone. */
  readonly into: number | null;
}

export interface FindingPair {
  /** `dropped`: the code of its patch is no more, so that nobody repaired it. */
  readonly kind: 'fixed' | 'dropped' | 'kept' | 'new';
  readonly old: Finding | null;
  readonly new: Finding | null;
}

/** A verdict after the last patch that is another than in the old version. */
export interface VerdictChange {
  readonly scenario: string;
  readonly machine: string;
  /** Null: not tried in that version. */
  readonly old: Verdict | null;
  readonly new: Verdict | null;
}

type Usage = Pick<WindowReport, 'base' | 'size' | 'granule' | 'pagesUsed' | 'pagesNeeded'>;

export interface WindowChange {
  readonly scenario: string;
  readonly machine: string;
  /** After the last patch; null: no window there. */
  readonly old: Usage | null;
  readonly new: Usage | null;
}

export interface Comparison {
  readonly old: { readonly subject: string; readonly version: number };
  readonly new: { readonly subject: string; readonly version: number };
  /** In the order of the new version, dropped ones behind. */
  readonly patches: readonly PatchPair[];
  readonly findings: readonly FindingPair[];
  readonly verdicts: readonly VerdictChange[];
  readonly windows: readonly WindowChange[];
}

/** Below this share of common lines two patches are not taken for one. */
const ALIKE = 0.35;

/** Holds the review of a newer version against that of an older one. */
export function compareVersions(old: Review, now: Review): Comparison {
  const patches = pairPatches(old, now);
  return {
    old: { subject: old.series.subject, version: old.series.version },
    new: { subject: now.series.subject, version: now.series.version },
    patches,
    findings: pairFindings(old, now, patches),
    verdicts: verdictChanges(old, now),
    windows: windowChanges(old, now),
  };
}

/** Do two series look like versions of one: the same subject, or most titles the same? */
export function isVersionOf(old: Review['series'], now: Review['series']): boolean {
  if (old.version === now.version || old.patches.length === 0 || now.patches.length === 0) return false;
  if (normalTitle(old.subject) === normalTitle(now.subject)) return true;
  const titles = new Set(old.patches.map((patch) => normalTitle(patch.title)));
  const common = now.patches.filter((patch) => titles.has(normalTitle(patch.title))).length;
  return common >= 2 && common * 2 >= Math.min(old.patches.length, now.patches.length);
}

// ─── patches ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** The changed lines of a diff, blanks folded, each as often as it occurs. */
function changedLines(change: Change | undefined): Map<string, number> {
  const lines = new Map<string, number>();
  for (const file of change?.files ?? [])
    for (const hunk of file.hunks)
      for (const line of hunk.lines) {
        const text = line.text.replace(/\s+/g, '');
        if (line.kind === 'context' || text === '') continue;
        const key = `${file.path}${line.kind === 'add' ? '+' : '-'}${text}`;
        lines.set(key, (lines.get(key) ?? 0) + 1);
      }
  return lines;
}

/** The diff without line numbers and blanks: two patches with the same do the same. */
function diffId(change: Change | undefined): string {
  const parts: string[] = [];
  for (const file of change?.files ?? []) {
    parts.push(`${file.kind} ${file.path}`);
    for (const hunk of file.hunks)
      for (const line of hunk.lines)
        if (line.kind !== 'context') parts.push(`${line.kind === 'add' ? '+' : '-'}${line.text.replace(/\s+/g, '')}`);
  }
  return parts.join('\n');
}

interface Side {
  readonly index: number;
  readonly title: string;
  readonly id: string;
  readonly lines: ReadonlyMap<string, number>;
  readonly size: number;
}

function sidesOf({ series, changes }: Review): Side[] {
  return series.patches.map((patch, at) => {
    const lines = changedLines(changes[at]);
    let size = 0;
    for (const times of lines.values()) size += times;
    return { index: patch.index, title: patch.title, id: diffId(changes[at]), lines, size };
  });
}

function common(a: Side, b: Side): number {
  let both = 0;
  for (const [line, times] of a.lines) both += Math.min(times, b.lines.get(line) ?? 0);
  return both;
}

function alike(a: Side, b: Side): number {
  return a.size + b.size === 0 ? 0 : (2 * common(a, b)) / (a.size + b.size);
}

function pairPatches(old: Review, now: Review): PatchPair[] {
  const before = sidesOf(old);
  const after = sidesOf(now);
  const partner = new Map<Side, { readonly old: Side; readonly by: 'diff' | 'subject' | 'similarity' }>();
  const taken = new Set<Side>();
  const pair = (one: Side, other: Side | undefined, by: 'diff' | 'subject' | 'similarity'): void => {
    if (other === undefined) return;
    partner.set(one, { old: other, by });
    taken.add(other);
  };
  const free = (): Side[] => before.filter((one) => !taken.has(one));
  for (const one of after)
    if (one.size > 0)
      pair(
        one,
        free().find((other) => other.id === one.id),
        'diff',
      );
  for (const one of after)
    if (!partner.has(one))
      pair(
        one,
        free().find((other) => normalTitle(other.title) === normalTitle(one.title)),
        'subject',
      );
  // The most alike first, so that a weak likeness does not take a patch from a strong one.
  const candidates = after
    .filter((one) => !partner.has(one))
    .flatMap((one) => free().map((other) => ({ one, other, likeness: alike(one, other) })))
    .filter(({ likeness }) => likeness >= ALIKE)
    .sort((a, b) => b.likeness - a.likeness);
  for (const { one, other } of candidates) if (!partner.has(one) && !taken.has(other)) pair(one, other, 'similarity');

  const pairs = after.map((one): PatchPair => {
    const found = partner.get(one);
    if (found === undefined)
      return {
        kind: 'added',
        old: null,
        new: one.index,
        by: null,
        similarity: 0,
        title: one.title,
        oldTitle: null,
        gained: one.size,
        lost: 0,
        into: null,
      };
    const both = common(one, found.old);
    return {
      kind: found.old.id === one.id ? 'same' : 'changed',
      old: found.old.index,
      new: one.index,
      by: found.by,
      similarity: found.old.id === one.id ? 1 : alike(one, found.old),
      title: one.title,
      oldTitle: normalTitle(found.old.title) === normalTitle(one.title) ? null : found.old.title,
      gained: one.size - both,
      lost: found.old.size - both,
      into: null,
    };
  });
  const dropped = free().map(
    (one): PatchPair => ({
      kind: 'dropped',
      old: one.index,
      new: null,
      by: null,
      similarity: 0,
      title: one.title,
      oldTitle: null,
      gained: 0,
      lost: one.size,
      into: mergedInto(one, after),
    }),
  );
  return [...pairs, ...dropped];
}

/** A third of a patch's lines, and more than in any other, makes another patch its heir. */
function mergedInto(one: Side, after: readonly Side[]): number | null {
  const [heir] = after.map((other) => ({ other, both: common(one, other) })).sort((a, b) => b.both - a.both);
  return heir !== undefined && heir.both * 3 >= one.size && one.size > 0 ? heir.other.index : null;
}

// ─── findings ───────────────────────────────────────────────────────────────────────────────────────────────────────

/** Values out of a message: two runs seldom give the same addresses. */
function withoutValues(message: string): string {
  return message.replace(/0x[0-9a-f]+|\b\d+\b/gi, '#');
}

function pairFindings(old: Review, now: Review, patches: readonly PatchPair[]): FindingPair[] {
  const partnerOf = new Map(
    patches.flatMap((pair) => (pair.old === null || pair.new === null ? [] : [[pair.new, pair.old] as const])),
  );
  const samePatch = (one: Finding, other: Finding): boolean =>
    one.patch === 0 ? other.patch === 0 : partnerOf.get(one.patch) === other.patch;
  const identities = new Map<Finding, Identity>();
  for (const review of [old, now])
    for (const finding of review.findings) identities.set(finding, identityOf(review.series, finding));
  /** From the surest to the weakest. */
  const matches: readonly ((one: Finding, other: Finding, a: Identity, b: Identity) => boolean)[] = [
    (one, other, a, b) => a.rule === b.rule && a.function === b.function && a.line === b.line && samePatch(one, other),
    (_one, _other, a, b) => a.rule === b.rule && a.function === b.function && a.line === b.line,
    (one, other, a, b) =>
      a.rule === b.rule &&
      a.function === b.function &&
      a.function !== null &&
      withoutValues(one.message) === withoutValues(other.message),
    // Another rule speaks of the same line.
    (one, other, a, b) => one.class === other.class && a.function === b.function && a.line === b.line && a.line !== '',
    // The line was rewritten.
    (one, other, a, b) =>
      a.rule === b.rule && a.function === b.function && a.function !== null && samePatch(one, other),
  ];
  const pairs = new Map<Finding, Finding>();
  const taken = new Set<Finding>();
  for (const match of matches)
    for (const one of now.findings) {
      if (pairs.has(one)) continue;
      const a = identities.get(one);
      const other = old.findings.find((each) => {
        const b = identities.get(each);
        return a !== undefined && b !== undefined && !taken.has(each) && match(one, each, a, b);
      });
      if (other === undefined) continue;
      pairs.set(one, other);
      taken.add(other);
    }
  const gone = new Set(
    patches.flatMap((pair) => (pair.kind === 'dropped' && pair.into === null && pair.old !== null ? [pair.old] : [])),
  );
  return [
    ...old.findings
      .filter((finding) => !taken.has(finding))
      .map(
        (finding): FindingPair => ({ kind: gone.has(finding.patch) ? 'dropped' : 'fixed', old: finding, new: null }),
      ),
    ...now.findings.map((finding): FindingPair => {
      const before = pairs.get(finding);
      return { kind: before === undefined ? 'new' : 'kept', old: before ?? null, new: finding };
    }),
  ];
}

// ─── runs ───────────────────────────────────────────────────────────────────────────────────────────────────────────

function lastCells(review: Review): Map<string, MatrixCell> {
  const last = new Map<string, MatrixCell>();
  for (const cell of review.matrix) {
    const key = `${cell.scenario}\n${cell.machine}`;
    const known = last.get(key);
    if (known === undefined || cell.prefix >= known.prefix) last.set(key, cell);
  }
  return last;
}

function verdictChanges(old: Review, now: Review): VerdictChange[] {
  const before = lastCells(old);
  const after = lastCells(now);
  const changes: VerdictChange[] = [];
  for (const key of new Set([...before.keys(), ...after.keys()])) {
    const a = before.get(key);
    const b = after.get(key);
    const cell = b ?? a;
    if (cell === undefined || a?.verdict === b?.verdict) continue;
    changes.push({ scenario: cell.scenario, machine: cell.machine, old: a?.verdict ?? null, new: b?.verdict ?? null });
  }
  return changes;
}

function lastWindows(review: Review): Map<string, WindowReport> {
  const last = new Map<string, WindowReport>();
  for (const window of review.windows) {
    const key = `${window.scenario}\n${window.machine}`;
    const known = last.get(key);
    if (known === undefined || window.patch >= known.patch) last.set(key, window);
  }
  return last;
}

function windowChanges(old: Review, now: Review): WindowChange[] {
  const before = lastWindows(old);
  const after = lastWindows(now);
  const usage = (window: WindowReport | undefined): Usage | null =>
    window === undefined
      ? null
      : {
          base: window.base,
          size: window.size,
          granule: window.granule,
          pagesUsed: window.pagesUsed,
          pagesNeeded: window.pagesNeeded,
        };
  const changes: WindowChange[] = [];
  for (const key of new Set([...before.keys(), ...after.keys()])) {
    const a = before.get(key);
    const b = after.get(key);
    const window = b ?? a;
    if (window === undefined || JSON.stringify(usage(a)) === JSON.stringify(usage(b))) continue;
    changes.push({ scenario: window.scenario, machine: window.machine, old: usage(a), new: usage(b) });
  }
  return changes;
}
