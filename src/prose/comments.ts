/**
 * Comments that a patch adds, as prose. In: a change. Out: sentences with their places in the mail. A comment is told by its marks alone; what
 * stands before and behind it on a line is code.
 */
import type { Change, Hunk } from '../patch/types';
import { joinLines, type ProseLine, type Sentence } from './sentences';
import { namesField } from './vocabulary';

/** `@name:`, `Return:` and rules of dashes are no prose. */
const NO_PROSE = /^\s*(?:@\w+\s*:|[-=*]{4,})/;

/** The prose of one line of comment, from `from` to `to` of its text; null for a blank one. The diff's mark stands before the text. */
function lineOf(text: string, line: number, from: number, to: number): ProseLine | null {
  const star = /^\s*\*(?!\/)\s?/.exec(text.slice(from, to))?.[0].length ?? 0;
  const said = text.slice(from + star, to).trimEnd();
  if (said.trim() === '' || NO_PROSE.test(said)) return null;
  return { text: said, depth: 0, line, column: 1 + from + star };
}

function commentsOf(hunk: Hunk): (ProseLine | null)[] {
  const found: (ProseLine | null)[] = [];
  let inside = false;
  /** The line before was one of `//` alone. */
  let lines = false;
  for (const { kind, text, line } of hunk.lines) {
    if (kind === 'delete') continue;
    let from = 0;
    if (!inside) {
      const open = /\/\*+|\/\/+/.exec(text);
      if (open === null) {
        lines = false;
        found.push(null);
        continue;
      }
      from = open.index + open[0].length;
      inside = open[0].startsWith('/*');
      // Two comments one below the other are two paragraphs, unless both are lines of `//` alone.
      const alone = !inside && text.slice(0, open.index).trim() === '';
      if (!(alone && lines)) found.push(null);
      lines = alone;
    }
    const close = inside ? text.indexOf('*/', from) : -1;
    found.push(kind === 'add' ? lineOf(text, line, from, close < 0 ? text.length : close) : null);
    if (close >= 0) inside = false;
  }
  return found;
}

/** Sentences of the comments that a patch adds to C, in order of place. */
export function commentSentences(change: Change): Sentence[] {
  return change.files.flatMap((file) =>
    /\.[chS]$/.test(file.path) && !file.combined
      ? file.hunks
          .filter((hunk) => hunk.lines.some((line) => line.kind === 'add' && namesField(line.text)))
          .flatMap((hunk) => joinLines(change.message, commentsOf(hunk)))
      : [],
  );
}
