/**
 * Prose: what the text of a series says. In: a message and the lines that are prose (not the diff). Out: sentences with
 * their quote depth and place, then claims (`claims.ts`). Knows nothing of the model, nor of C.
 */
import type { Span } from '../place';
import type { Message } from '../series/types';

export interface Sentence {
  /** Blanks folded, quote marks taken off. */
  readonly text: string;
  /** How many `>` stand before it; 0 is the mail's own author. */
  readonly depth: number;
  /** Sentences of one paragraph have the same number. */
  readonly paragraph: number;
  /** No other text stands between this sentence's paragraph and the one before it, which is of the same depth. */
  readonly follows: boolean;
  readonly at: Span;
  /** The sentence cut at places in its text, each piece with its own place. Offsets into `text`, ascending. */
  readonly cut: (offsets: readonly number[]) => readonly Sentence[];
}

export interface ProseLine {
  readonly text: string;
  readonly depth: number;
  /** 1-based line of the message. */
  readonly line: number;
  /** Column at which `text` starts. */
  readonly column: number;
}

const QUOTE = /^((?:[>|] ?)*)(.*)$/;
const TRAILER =
  /^(?:[A-Z][A-Za-z]*(?:-[A-Za-z]+)*-by|Cc|To|Fixes|Link|Closes|Message-Id|Message-ID|Change-Id|References):\s/;
const BULLET = /^\s*(?:[-*•+]|\(?\d+[.)]|\[\d+\])\s+/;
/** Four columns of indent or a tab: a listing, not prose. */
const LISTING = /^(?:\t| {4,})\S/;
const ATTRIBUTION = /\b(?:wrote|writes):\s*$/;
/** `A. Author (10):` and the titles below it: the list of patches in a cover letter. */
const SHORTLOG = /^\S.* \(\d+\):$/;
const DIFFSTAT = /^ \S.*\|\s+(?:\d+\s*[+-]*|Bin\b)|^ \d+ files? changed/;
/** A line of a kernel log, or of C that stands alone. */
const LOG = /^(?:\w{3} +\d+ \d\d:\d\d:\d\d |<\d>|\[ *\d+\.\d{4,}\])|[;{}]\s*$|^[+-]\t/;
/** A quoted diff: from here on what is quoted as deep is code. */
const QUOTED_DIFF = /^(?:diff --git |@@ -\d|--- a\/|Index: )/;

/** How the quotation marks of a line end: its depth, and what is left. */
function proseLine(raw: string, line: number): ProseLine {
  const match = QUOTE.exec(raw.replace(/\u00a0/g, ' '));
  const marks = match?.[1] ?? '';
  const depth = (marks.match(/[>|]/g) ?? []).length;
  // A leading `|` alone is a table or drawing, not a quotation.
  if (depth > 0 && !marks.includes('>')) return { text: raw, depth: 0, line, column: 0 };
  return { text: (match?.[2] ?? '').trimEnd(), depth, line, column: marks.length };
}

/**
 * A mailer that wraps a quoted line may lose a mark: the line then stands one level too high, in the middle of a sentence that goes on one level
 * deeper. It is told by what is left of the wrap (a blank too many, or no capital) and by the small letter that follows.
 */
function mended(line: ProseLine, next: ProseLine | null): ProseLine {
  const torn =
    line.depth > 0 &&
    next !== null &&
    next.depth === line.depth + 1 &&
    /^(?:\s|[a-z])/.test(line.text) &&
    !/[.?!:]["')]*$/.test(line.text) &&
    /^[a-z]/.test(next.text);
  return torn ? { ...line, depth: line.depth + 1 } : line;
}

/** Does the text end a sentence at `end` (index behind the mark)? */
function endsSentence(text: string, end: number): boolean {
  const rest = text.slice(end);
  if (rest !== '' && !/^["')\]]*\s+["'([]?[A-Z0-9]/.test(rest) && !/^["')\]]*\s*$/.test(rest)) return false;
  return (
    !/(?:\b(?:e\.g|i\.e|cf|vs|etc|resp|approx|fig|sec|ch|vol|no)|\b[A-Z])\.$/i.test(text.slice(0, end)) ||
    rest.trim() === ''
  );
}

/** Where a character of the folded text stands in the joined lines. */
function unfolded(joined: string, begin: number, end: number, offset: number): number {
  let at = 0;
  let blank = false;
  for (let i = begin; i < end; i++) {
    const isBlank = /\s/.test(joined[i] ?? '');
    if (isBlank && blank) continue;
    if (at === offset) return i;
    at += 1;
    blank = isBlank;
  }
  return end;
}

interface Paragraph {
  readonly number: number;
  readonly follows: boolean;
  readonly lines: readonly ProseLine[];
}

/** The sentences of one paragraph: lines of one depth that belong together. */
function paragraphSentences(message: number, paragraph: Paragraph): Sentence[] {
  const { lines } = paragraph;
  const first = lines[0];
  if (first === undefined) return [];
  let joined = '';
  const starts: { readonly offset: number; readonly line: ProseLine; readonly indent: number }[] = [];
  for (const line of lines) {
    const trimmed = line.text.trimStart();
    if (joined !== '') joined += ' ';
    starts.push({ offset: joined.length, line, indent: line.text.length - trimmed.length });
    joined += trimmed;
  }
  const position = (offset: number) => {
    let low = starts[0];
    for (const start of starts) if (start.offset <= offset) low = start;
    return low === undefined
      ? { line: first.line, column: 0 }
      : {
          line: low.line.line,
          column: low.line.column + low.indent + Math.min(offset - low.offset, low.line.text.length - low.indent),
        };
  };
  const sentence = (from: number, to: number): Sentence[] => {
    const raw = joined.slice(from, to);
    const begin = from + (raw.length - raw.trimStart().length);
    const end = from + raw.trimEnd().length;
    if (end <= begin) return [];
    const text = joined.slice(begin, end).replace(/\s+/g, ' ');
    const start = position(begin);
    const stop = position(end);
    const one: Sentence = {
      text,
      depth: first.depth,
      paragraph: paragraph.number,
      follows: paragraph.follows,
      at: { message, line: start.line, column: start.column, endLine: stop.line, endColumn: stop.column },
      cut: (offsets) => {
        const ends = [...offsets.map((offset) => unfolded(joined, begin, end, offset)), end];
        return ends.flatMap((stopAt, i) => sentence(i === 0 ? begin : (ends[i - 1] ?? begin), stopAt));
      },
    };
    return [one];
  };
  const found: Sentence[] = [];
  let from = 0;
  for (const match of joined.matchAll(/[.?!]+/g)) {
    const end = match.index + match[0].length;
    if (end > from && endsSentence(joined, end)) {
      found.push(...sentence(from, end));
      from = end;
    }
  }
  found.push(...sentence(from, joined.length));
  return found;
}

/** Takes lines to paragraphs and those to sentences; a paragraph ends at a blank line, at another depth, and at a bullet. */
export function joinLines(message: number, lines: readonly (ProseLine | null)[]): Sentence[] {
  const found: Sentence[] = [];
  let paragraph: ProseLine[] = [];
  let number = 0;
  let lastDepth = -1;
  const flush = (): void => {
    const depth = paragraph[0]?.depth;
    if (depth === undefined) return;
    number += 1;
    found.push(...paragraphSentences(message, { number, follows: depth === lastDepth, lines: paragraph }));
    lastDepth = depth;
    paragraph = [];
  };
  for (const line of lines) {
    if (line === null) {
      flush();
      continue;
    }
    const depth = paragraph[0]?.depth;
    if ((depth !== undefined && depth !== line.depth) || BULLET.test(line.text)) flush();
    paragraph.push(line);
  }
  flush();
  return found;
}

/**
 * The sentences of a message between two lines (1-based, both inclusive): quotation, signature, trailers, diffstat, quoted diffs and
 * indented listings are told apart from prose. An empty range gives none.
 */
export function sentences(message: Message, firstLine: number, lastLine: number): Sentence[] {
  const kept: (ProseLine | null)[] = [];
  let shortlog = false;
  let codeDepth = Number.POSITIVE_INFINITY;
  const last = Math.min(lastLine, message.lines.length);
  const at = (n: number): ProseLine => proseLine(message.lines[n - 1] ?? '', n);
  for (let n = Math.max(1, firstLine); n <= last; n++) {
    if (codeDepth === 1 && message.lines[n - 1]?.startsWith('>')) {
      kept.push(null);
      continue;
    }
    const line = mended(at(n), n < last ? at(n + 1) : null);
    if (line.depth === 0 && /^-- ?$/.test(line.text)) break;
    const text = line.text;
    if (SHORTLOG.test(text)) shortlog = true;
    else if (text.trim() === '') shortlog = false;
    if (line.depth > 0 && QUOTED_DIFF.test(text)) codeDepth = Math.min(codeDepth, line.depth);
    const previous = kept.at(-1);
    const listing = LISTING.test(text) && (previous === null || previous === undefined);
    const skipped =
      shortlog ||
      line.depth >= codeDepth ||
      text.trim() === '' ||
      TRAILER.test(text) ||
      ATTRIBUTION.test(text) ||
      (/^On .*,/.test(text) && n < last && ATTRIBUTION.test(at(n + 1).text)) ||
      DIFFSTAT.test(text) ||
      LOG.test(text) ||
      listing;
    kept.push(skipped ? null : line);
  }
  return joinLines(message.index, kept);
}
