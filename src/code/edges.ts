/**
 * Mends the edges of a cut piece of a function's body, so that it can stand as a block of its own. In: the lines as they are.
 * Out: lines of the same length, with what was begun or ended out of sight blanked, and the text that closes what is still open.
 */
import { UNSEEN } from './expressions';
import { maskLines } from './top-level';

export interface Mended {
  /** Same number and lengths as the lines given. */
  readonly lines: readonly string[];
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
  let at = mendStart(text, blank);
  const stack: ('block' | 'do' | 'list')[] = [];
  let boundary = at;
  const parens: number[] = [];
  /** An `if` of the piece's own level stands before; an `else` without one has its `if` out of sight. */
  let condition = false;
  for (; at < text.length; at++) {
    const unit = text[at];
    if (stack.length === 0 && (unit === 'i' || unit === 'e') && !/\w/.test(text[at - 1] ?? ' ')) {
      if (/^if\b/.test(text.slice(at, at + 3))) condition = true;
      else if (!condition && /^else\b/.test(text.slice(at, at + 5))) blank(at, at + 4);
    }
    if (unit === '(') parens.push(at);
    else if (unit === ')') {
      if (parens.pop() === undefined) blank(at, at + 1);
    } else if (unit === ';') {
      if (parens.length === 0) boundary = at + 1;
    } else if (unit === '{') {
      const before = text.slice(Math.max(0, at - 200), at).trimEnd();
      stack.push(/\bdo$/.test(before) ? 'do' : /[=(,]$|=\s*\([^()]*\)$/.test(before) ? 'list' : 'block');
      parens.length = 0;
      boundary = at + 1;
    } else if (unit === '}') {
      if (stack.pop() === undefined) {
        // Closes what was opened out of sight; an `else` or `while` behind it has lost its partner.
        const rest = /^\}(?:\s*else\b|\s*while\s*\([^;{}]*\)\s*;)?/.exec(text.slice(at, at + 400));
        const length = rest?.[0].length ?? 1;
        blank(at, at + length);
        at += length - 1;
        condition = false;
      }
      parens.length = 0;
      boundary = at + 1;
    }
  }
  const tail = text.slice(boundary);
  const label = /^\s*(?:case\b[^?]*|default\s*|[A-Za-z_]\w*\s*):\s*$/.test(tail);
  if (tail.trim() !== '' && !label) blank(boundary, text.length);
  const suffix = stack
    .reverse()
    .map((kind) => (kind === 'do' ? `;} while (${UNSEEN});` : kind === 'list' ? '};' : ';}'));
  return { lines: units.join('').split('\n'), suffix: (stack[0] === 'list' ? suffix : [';', ...suffix]).join(' ') };
}

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

/** Blanks the rest of a statement that began out of sight. Gives the offset from which on statements are whole. */
function mendStart(text: string, blank: (from: number, to: number) => void): number {
  const first = /\S/.exec(text);
  if (first === null) return text.length;
  const alone = /^(\s*)else\b/.exec(text);
  if (alone !== null) {
    blank(0, alone[0].length);
    return alone[0].length;
  }
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
      if (!cut) return 0;
      blank(0, i + 1);
      return i + 1;
    } else if (unit === '{' || unit === '}') {
      if (!cut) return 0;
      // `… && b) {`: the block stays.
      blank(0, i);
      return i;
    } else if (
      cut &&
      depth === 0 &&
      unit === '\n' &&
      /\)\s*$/.test(text.slice(0, i)) &&
      /^\s*(?:[A-Za-z_]\w*[\s([\-.=;]|\*)/.test(text.slice(i + 1, i + 200))
    ) {
      // `… && b)` and a statement in the next line.
      blank(0, i);
      return i;
    }
  }
  if (cut) blank(0, text.length);
  return cut ? text.length : 0;
}
