/**
 * Comments of functions in the lines of a hunk, with the head and as much of the body as the hunk shows. In: a hunk. Out: kernel-doc blocks with the
 * function they stand over. By layout alone: a head opens in column 0.
 */
import type { Hunk, HunkLine } from '../../patch/types';

export interface Parameter {
  readonly name: string;
}

export interface FunctionComment {
  /** Lines of the comment, its opening and closing ones included. */
  readonly lines: readonly HunkLine[];
  /** The name the comment gives; null when it opens with none. */
  readonly named: { readonly name: string; readonly line: HunkLine } | null;
  /** `@name:` lines, in order. */
  readonly parameters: readonly { readonly name: string; readonly line: HunkLine }[];
  /** What it says of the value returned, blanks folded, and the line where that begins; null when it says nothing. */
  readonly returns: { readonly text: string; readonly line: HunkLine } | null;
  readonly function: {
    readonly name: string;
    /** Type as written, without `static`, `inline` and annotations. */
    readonly type: string;
    /** Names, in order; null when the list was not understood. */
    readonly parameters: readonly string[] | null;
    readonly line: HunkLine;
    readonly head: readonly HunkLine[];
  };
  /** Lines of the body as far as the hunk shows them; empty for a prototype. */
  readonly body: readonly HunkLine[];
}

const HEAD_LINES = 10;
const NOT_A_FUNCTION = /^(?:struct|union|enum)\s+\w+\s*\{|^(?:typedef|#|DEFINE_|EXPORT_|MODULE_|\/[/*])/;

/** What a comment line says, without its star. */
const said = (text: string): string => text.replace(/^\s*(?:\/\*+|\*(?!\/))?\s?/, '').replace(/\s*\*\/\s*$/, '');

/** Splits a parameter list at its outer commas. */
function parametersOf(list: string): readonly string[] | null {
  const parts: string[] = [];
  let depth = 0;
  let part = '';
  for (const character of list) {
    if (character === '(' || character === '[') depth += 1;
    if (character === ')' || character === ']') depth -= 1;
    if (character === ',' && depth === 0) {
      parts.push(part);
      part = '';
    } else part += character;
  }
  parts.push(part);
  if (parts.length === 1 && /^\s*(?:void)?\s*$/.test(list)) return [];
  const names: string[] = [];
  for (const one of parts) {
    const text = one.replace(/\[[^\]]*\]/g, ' ').trim();
    if (text === '...') {
      names.push('...');
      continue;
    }
    const name = /\(\s*\*+\s*(?:const\s+)?(\w+)\s*\)/.exec(text)?.[1] ?? /(\w+)(?:\s+__\w+)*$/.exec(text)?.[1];
    // A type alone, or a macro that makes parameters.
    if (name === undefined || /^[A-Z_0-9]+$/.test(text) || !/[\s*]/.test(text)) return null;
    names.push(name);
  }
  return names;
}

/** The head that opens at `from`: up to its closing bracket. */
function headAt(lines: readonly HunkLine[], from: number) {
  let text = '';
  for (let i = from; i < Math.min(lines.length, from + HEAD_LINES); i++) {
    const line = lines[i];
    if (line === undefined) return null;
    text += `${line.text} `;
    if (/^\s*$/.test(line.text) && text.trim() !== '') return null;
    const match =
      /^([\w\s*]*?[\s*])(\w+)\s*\(((?:[^()]|\((?:[^()]|\([^()]*\))*\))*)\)\s*(?:__\w+(?:\([^()]*\))?\s*)*([{;])?/.exec(
        text,
      );
    if (match === null) continue;
    const next = match[4] ?? lines[i + 1]?.text.trim().charAt(0);
    if (next !== '{' && next !== ';') return null;
    const type = (match[1] ?? '')
      .replace(/\b(?:static|inline|extern|__\w+|noinline|asmlinkage)\b/g, ' ')
      .replace(/\s+/g, ' ')
      .trim();
    return {
      name: match[2] ?? '',
      type,
      parameters: parametersOf(match[3] ?? ''),
      head: lines.slice(from, i + 1),
      prototype: next === ';',
      end: i,
    };
  }
  return null;
}

function returnsOf(lines: readonly HunkLine[]): FunctionComment['returns'] {
  const at = lines.findIndex((line) => /^\s*(?:returns?|return values?)\s*:|^\s*returns?\b/i.test(said(line.text)));
  const line = lines[at];
  if (line === undefined) return null;
  const words: string[] = [];
  for (const one of lines.slice(at)) {
    const text = said(one.text);
    if (words.length > 0 && (text.trim() === '' || /^\s*(?:@\w+|[A-Z][\w ]*):\s/.test(text))) break;
    words.push(text.trim());
  }
  return { text: words.join(' ').replace(/\s+/g, ' ').trim(), line };
}

/** All kernel-doc blocks of a hunk's new image that stand right over a function. */
export function functionComments(hunk: Hunk): FunctionComment[] {
  const lines = hunk.lines.filter((line) => line.kind !== 'delete');
  const found: FunctionComment[] = [];
  for (let i = 0; i < lines.length; i++) {
    if (!/^\/\*\*\s*$/.test(lines[i]?.text ?? '')) continue;
    const close = lines.findIndex((line, j) => j > i && /\*\/\s*$/.test(line.text));
    if (close < 0) break;
    const comment = lines.slice(i, close + 1);
    const first = lines[close + 1];
    i = close;
    if (first === undefined || /^\s/.test(first.text) || NOT_A_FUNCTION.test(first.text)) continue;
    const head = headAt(lines, close + 1);
    const headLine = head?.head.find((line) => new RegExp(`\\b${head.name}\\b`).test(line.text));
    if (head === null || headLine === undefined || /^__attribute/.test(head.name)) continue;
    const opening = comment.find((line, j) => j > 0 && said(line.text).trim() !== '');
    const named = opening === undefined ? undefined : /^\s*(\w+)(?:\(\))?\s*(?:-|:)\s/.exec(said(opening.text))?.[1];
    const parameters = comment.flatMap((line) => {
      const name = /^\s*@(\w+)\s*:/.exec(said(line.text))?.[1];
      return name === undefined ? [] : [{ name, line }];
    });
    const bodyEnd = lines.findIndex((line, j) => j > head.end && /^\}/.test(line.text));
    found.push({
      lines: comment,
      named: named === undefined || opening === undefined ? null : { name: named, line: opening },
      parameters,
      returns: returnsOf(comment),
      function: { name: head.name, type: head.type, parameters: head.parameters, line: headLine, head: head.head },
      body: head.prototype ? [] : lines.slice(head.end + 1, bodyEnd < 0 ? lines.length : bodyEnd),
    });
  }
  return found;
}
