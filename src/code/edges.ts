/**
 * Mends the edges of a cut piece of a function's body, so that it can stand as a block of its own. In: the lines as they are.
 * Out: lines of the same length, with what cannot stand blanked, the text that opens what was begun out of sight (under a
 * condition nobody knows), and the text that closes what is still open.
 */
import { UNSEEN } from './expressions';
import { maskLines } from './top-level';

export interface Mended {
  /** Same number and lengths as the lines given. */
  readonly lines: readonly string[];
  /** Opens the blocks that end in the piece and began before it. */
  readonly prefix: string;
  /** Closes the blocks that are open at the end. */
  readonly suffix: string;
}

export function mendEdges(lines: readonly string[]): Mended {
  const bare = maskLines(lines).map((line, index) => fit(line, lines[index]?.length ?? 0));
  // Directives are no part of the statements; the repairs of whole text see to them.
  const text = bare.map((line) => (/^\s*#/.test(line) ? ' '.repeat(line.length) : line)).join('\n');
  const units = lines
    .map((line, index) => commentsOf(line, bare[index] ?? ''))
    .join('\n')
    .split('');
  const blank = (from: number, to: number): void => {
    for (let i = from; i < to && i < units.length; i++) if (units[i] !== '\n') units[i] = ' ';
  };
  const start = mendStart(text, blank);
  let at = start.from;
  const stack: ('block' | 'do' | 'list')[] = [];
  let boundary = at;
  const parens: number[] = [];
  /** An `if` of the piece's own level stands before; an `else` without one has its `if` out of sight. */
  let condition = start.opener.startsWith(UNKNOWN_IF);
  /** What opens the piece, innermost first. */
  const openers: string[] = start.opener === '' ? [] : [start.opener];
  /** Statements of the piece's own level since its start or the last block that ended there. */
  let statements = 0;
  /** A `case` of the piece's own level stands before: its `switch` is out of sight. */
  let cases = false;
  for (; at < text.length; at++) {
    const unit = text[at];
    if (stack.length === 0 && (unit === 'i' || unit === 'e') && !/\w/.test(text[at - 1] ?? ' ')) {
      if (/^if\b/.test(text.slice(at, at + 3))) condition = true;
      else if (!condition && /^else\b/.test(text.slice(at, at + 5))) {
        if (statements === 1) {
          openers.push(UNKNOWN_IF);
          condition = true;
        } else blank(at, at + 4);
      }
    }
    if (stack.length === 0 && (unit === 'c' || unit === 'd') && !/\w/.test(text[at - 1] ?? ' '))
      cases ||= /^(?:case\b|default\s*:)/.test(text.slice(at, at + 40));
    if (unit === '(') parens.push(at);
    else if (unit === ')') {
      if (parens.pop() === undefined) blank(at, at + 1);
    } else if (unit === ';') {
      if (parens.length === 0) {
        boundary = at + 1;
        if (stack.length === 0) statements++;
      }
    } else if (unit === '{') {
      const before = text.slice(Math.max(0, at - 200), at).trimEnd();
      stack.push(/\bdo$/.test(before) ? 'do' : /[=(,]$|=\s*\([^()]*\)$/.test(before) ? 'list' : 'block');
      parens.length = 0;
      boundary = at + 1;
    } else if (unit === '}') {
      if (stack.pop() === undefined) {
        // Closes what was opened out of sight.
        const rest = /^\}(?:\s*(else\b)|\s*(while)\s*\([^;{}]*\)\s*;)?/.exec(text.slice(at, at + 400));
        openers.push(cases ? `switch (${UNSEEN}) { case ${UNSEEN}:` : rest?.[2] ? 'do {' : `${UNKNOWN_IF} {`);
        at += (rest?.[0].length ?? 1) - 1;
        condition = rest?.[1] !== undefined;
        cases = false;
        statements = 0;
      } else if (stack.length === 0) statements++;
      parens.length = 0;
      boundary = at + 1;
    }
  }
  const tail = text.slice(boundary);
  const label = /^\s*(?:case\b[^?]*|default\s*|[A-Za-z_]\w*\s*):\s*$/.test(tail);
  if (tail.trim() !== '' && !label) blank(boundary, text.length);
  if (cases) openers.push(`switch (${UNSEEN}) { case ${UNSEEN}:`);
  const suffix = stack
    .reverse()
    .map((kind) => (kind === 'do' ? `;} while (${UNSEEN});` : kind === 'list' ? '};' : ';}'));
  if (cases) suffix.push(';}');
  return {
    lines: units.join('').split('\n'),
    prefix: openers.reverse().join(' '),
    suffix: (stack[0] === 'list' ? suffix : [';', ...suffix]).join(' '),
  };
}

const UNKNOWN_IF = `if (${UNSEEN})`;

function fit(line: string, length: number): string {
  return line.length >= length ? line.slice(0, length) : line.padEnd(length);
}

/** The line as written, but blank where the mask has blanked a comment (strings stay). */
function commentsOf(line: string, bare: string): string {
  if (bare.trim() === '') return ' '.repeat(line.length);
  const quoted = /"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'/g;
  const keep = new Uint8Array(line.length);
  for (const match of line.matchAll(quoted)) {
    if (bare[match.index] === match[0].charAt(0)) keep.fill(1, match.index, match.index + match[0].length);
  }
  let out = '';
  for (let i = 0; i < line.length; i++)
    out += keep[i] === 1 ? line[i] : bare[i] === ' ' && line[i] !== '\t' ? ' ' : line[i];
  return out;
}

interface Start {
  /** Offset from which on statements are whole. */
  readonly from: number;
  /** Stands for the condition of which the piece has only the end. */
  readonly opener: string;
}

/** Columns a line is indented by, with tabs of eight. */
export const indentOf = (line: string): number => /^\s*/.exec(line.replace(/\t/g, '        '))?.[0].length ?? 0;

/** Is the first statement, which ends at an offset, a jump that stands deeper than the next line: one that hangs on a condition out of sight? */
function hangs(text: string, end: number): boolean {
  const first = text.slice(0, end).trimStart();
  if (!/^(?:return\b|goto\b|break\s*;|continue\s*;)/.test(first)) return false;
  const own = text
    .slice(0, end)
    .split('\n')
    .find((line) => line.trim() !== '');
  const next = text
    .slice(end)
    .split('\n')
    .slice(1)
    .find((line) => line.trim() !== '');
  // A label stands at the margin, a closing brace ends a block that is seen to be one.
  if (own === undefined || next === undefined || /^\s*(?:\}|else\b|case\b|default\b|\w+\s*:(?!:))/.test(next))
    return false;
  return indentOf(next) < indentOf(own);
}

/** Blanks the rest of a statement that began out of sight. */
function mendStart(text: string, blank: (from: number, to: number) => void): Start {
  const first = /\S/.exec(text);
  if (first === null) return { from: text.length, opener: '' };
  const alone = /^(\s*)else\b/.exec(text);
  if (alone !== null) return { from: alone[0].length, opener: `${UNKNOWN_IF} ;` };
  let depth = 0;
  let cut = /^(?:\|\||&&|[|?:=.,)+/%^<>]|&\s)/.test(text.slice(first.index));
  for (let i = first.index; i < text.length; i++) {
    const unit = text[i];
    if (unit === '(') depth++;
    else if (unit === ')') {
      if (--depth < 0) {
        cut = true;
        depth = 0;
      }
    } else if (unit === ';' && depth === 0) {
      // `a : b;` without its `… ?`.
      cut ||=
        /^(?!\s*(?:case\b|default\b|\w+\s*:))[^?]*[^:?]:[^:?]/.test(text.slice(0, i)) &&
        !text.slice(0, i).includes('?');
      if (!cut) return { from: 0, opener: hangs(text, i + 1) ? UNKNOWN_IF : '' };
      blank(0, i + 1);
      return { from: i + 1, opener: '' };
    } else if (unit === '{' || unit === '}') {
      if (!cut) return { from: 0, opener: '' };
      // `… && b) {`: the block stays.
      blank(0, i);
      return { from: i, opener: unit === '{' ? UNKNOWN_IF : '' };
    } else if (
      cut &&
      depth === 0 &&
      unit === '\n' &&
      /\)\s*$/.test(text.slice(0, i)) &&
      /^\s*(?:[A-Za-z_]\w*[\s([\-.=;]|\*)/.test(text.slice(i + 1, i + 200))
    ) {
      // `… && b)` and a statement in the next line.
      blank(0, i);
      return { from: i, opener: UNKNOWN_IF };
    }
  }
  if (cut) blank(0, text.length);
  return { from: cut ? text.length : 0, opener: '' };
}
