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
  readonly at: Span;
}

interface ProseLine {
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
const ATTRIBUTION = /^On .*\bwrote:\s*$/;
/** `A. Author (10):` and the titles below it: the list of patches in a cover letter. */
const SHORTLOG = /^\S.* \(\d+\):$/;
const DIFFSTAT = /^ \S.*\|\s+(?:\d+\s*[+-]*|Bin\b)|^ \d+ files? changed/;

function proseLine(raw: string, line: number): ProseLine {
  const match = QUOTE.exec(raw.replace(/\u00a0/g, ' '));
  const marks = match?.[1] ?? '';
  const depth = (marks.match(/[>|]/g) ?? []).length;
  // A leading `|` alone is a table or drawing, not a quotation.
  if (depth > 0 && !marks.includes('>')) return { text: raw, depth: 0, line, column: 0 };
  return { text: (match?.[2] ?? '').trimEnd(), depth, line, column: marks.length };
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

function paragraphSentences(message: number, lines: readonly ProseLine[]): Sentence[] {
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
  const sentences: Sentence[] = [];
  const push = (from: number, to: number) => {
    const raw = joined.slice(from, to);
    const lead = raw.length - raw.trimStart().length;
    const text = raw.trim().replace(/\s+/g, ' ');
    if (text === '') return;
    const start = position(from + lead);
    const end = position(from + raw.trimEnd().length);
    sentences.push({
      text,
      depth: first.depth,
      at: { message, line: start.line, column: start.column, endLine: end.line, endColumn: end.column },
    });
  };
  let from = 0;
  for (const match of joined.matchAll(/[.?!]+/g)) {
    const end = match.index + match[0].length;
    if (end > from && endsSentence(joined, end)) {
      push(from, end);
      from = end;
    }
  }
  push(from, joined.length);
  return sentences;
}

/**
 * The sentences of a message between two lines (1-based, both inclusive): quotation, signature, trailers, diffstat and
 * indented listings are told apart from prose. An empty range gives none.
 */
export function sentences(message: Message, firstLine: number, lastLine: number): Sentence[] {
  const found: Sentence[] = [];
  let paragraph: ProseLine[] = [];
  let shortlog = false;
  const flush = () => {
    found.push(...paragraphSentences(message.index, paragraph));
    paragraph = [];
  };
  for (let n = Math.max(1, firstLine); n <= Math.min(lastLine, message.lines.length); n++) {
    const line = proseLine(message.lines[n - 1] ?? '', n);
    if (line.depth === 0 && /^-- ?$/.test(line.text)) break;
    const text = line.text;
    const depth = paragraph[0]?.depth;
    if (SHORTLOG.test(text)) shortlog = true;
    else if (text.trim() === '') shortlog = false;
    if (shortlog) {
      flush();
      continue;
    }
    if (
      text.trim() === '' ||
      TRAILER.test(text) ||
      ATTRIBUTION.test(text) ||
      DIFFSTAT.test(text) ||
      (LISTING.test(text) && paragraph.length === 0)
    ) {
      flush();
      continue;
    }
    if (depth !== undefined && depth !== line.depth) flush();
    if (BULLET.test(text)) flush();
    paragraph.push(line);
  }
  flush();
  return found;
}
