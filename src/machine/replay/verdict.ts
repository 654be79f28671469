/**
 * What a replay of recorded ground truth says of one row, and how rows are read.
 * A row is any JSON value: what cannot be read is said so, never thrown.
 */

export type RowVerdict =
  /** The model does what the row expects, and so did the software that was observed. */
  | { readonly kind: 'agrees' }
  /** The model does what the specification asks (the row's expectation); the observed software differed, in the ways named. */
  | { readonly kind: 'quirk'; readonly names: readonly string[] }
  | { readonly kind: 'disagrees'; readonly expected: string; readonly got: string }
  | { readonly kind: 'unreadable'; readonly why: string };

/** One set of recorded rows. */
export interface ReplaySet {
  /** Name and folder of the set. */
  readonly name: string;
  /** What one row is, in the plural: `messages`, `episodes`, `writes`. */
  readonly unit: string;
  /** Replays one row: one line of the set's files, parsed as JSON. Pure. */
  replay(row: unknown): RowVerdict;
}

export interface ReplayCount {
  readonly agrees: number;
  readonly quirks: Readonly<Record<string, number>>;
  readonly quirkRows: number;
  readonly disagrees: number;
  readonly unreadable: number;
  /** The first few rows that disagree or cannot be read, with their number in the order given. */
  readonly examples: readonly { readonly row: number; readonly text: string }[];
}

const EXAMPLES = 10;

/** Replays all rows of a set and counts. */
export function countRows(set: ReplaySet, rows: Iterable<unknown>): ReplayCount {
  const count = { agrees: 0, quirkRows: 0, disagrees: 0, unreadable: 0 };
  const quirks: Record<string, number> = {};
  const examples: { row: number; text: string }[] = [];
  let number = 0;
  for (const row of rows) {
    const verdict = set.replay(row);
    if (verdict.kind === 'agrees') count.agrees++;
    else if (verdict.kind === 'quirk') {
      count.quirkRows++;
      for (const name of verdict.names) quirks[name] = (quirks[name] ?? 0) + 1;
    } else {
      count[verdict.kind]++;
      const text = verdict.kind === 'disagrees' ? `expected ${verdict.expected}, got ${verdict.got}` : verdict.why;
      if (examples.length < EXAMPLES) examples.push({ row: number, text });
    }
    number++;
  }
  return { ...count, quirks, examples };
}

/** The verdict when expectation and result are written the same way: equal text agrees. */
export function compare(expected: string, got: string, quirks: readonly string[]): RowVerdict {
  if (expected !== got) return { kind: 'disagrees', expected, got };
  return quirks.length > 0 ? { kind: 'quirk', names: quirks } : { kind: 'agrees' };
}

export type Fields = Readonly<Record<string, unknown>>;

/** A JSON object, or null. */
export function fieldsOf(value: unknown): Fields | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : null;
}

/** A whole number from a JSON number or from `0x…` text; null for anything else. Text above 2^53 loses its low bits. */
export function numberOf(value: unknown): number | null {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  return typeof value === 'string' && /^0x[0-9a-f]{1,16}$/i.test(value) ? Number(value) : null;
}

/** What a JSON value reads as: text as it is, everything else as JSON writes it. An object may hold a `toString` that is none. */
export function spelled(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? 'undefined');
}

/** The strings of a JSON array; empty for anything else. */
export function namesOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}
