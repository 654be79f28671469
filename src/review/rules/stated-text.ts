/**
 * What the rules on stated things read: functions of the files a patch touches as lines of text, each with the comment above it and as much of
 * the body as is known. By layout alone (heads, opening and closing braces in column 0), so that nothing depends on how C is understood.
 * In: what is known of the files after a patch. Out: functions in the order of the file.
 */
import type { FileImage } from '../../code/file-image';
import type { SourceLine } from '../../code/types';
import type { Change } from '../../patch/types';
import type { Message } from '../../series/types';

/** What these rules need of a patch: less than `PatchView`, so that they can be asked without a front end. */
export interface StatedView {
  readonly change: Change;
  readonly message: Message;
  readonly after: { readonly files: ReadonlyMap<string, FileImage> };
}

export interface StatedFunction {
  readonly file: string;
  readonly name: string;
  /** Lines of the head, from the return type to the line before the brace; the hunk's section alone where the head is not in sight. */
  readonly head: readonly SourceLine[];
  readonly headText: string;
  /** The comment that stands directly above; empty when there is none or it is not in sight. */
  readonly comment: readonly SourceLine[];
  /** Between the braces, or as much of it as is known. */
  readonly body: readonly SourceLine[];
  /** Both braces are in sight, and everything between them. */
  readonly whole: boolean;
  /** A line of the comment, head or body is one this patch adds. */
  readonly touched: boolean;
}

/** Is it a line that this patch adds? */
export const isAddedBy = (line: SourceLine, message: number): boolean =>
  line.at.kind === 'message' && line.at.added && line.at.message === message;

const HEAD = /^[A-Za-z_][\w\s*]*[\s*]\**([A-Za-z_]\w*)\s*\(/;
const NOT_A_HEAD =
  /^(?:struct|union|enum)\s+\w+\s*\{|^(?:typedef|return|else|if|for|while|switch|do|static const struct)\b/;

/** The name a function's head gives; null for what is none. */
export function nameOfHead(text: string): string | null {
  if (NOT_A_HEAD.test(text)) return null;
  const name = HEAD.exec(text)?.[1];
  return name === undefined || /^__(?:attribute__|aligned|printf|releases|acquires|must_hold)$/.test(name)
    ? null
    : name;
}

/** The comment that ends right above a line; empty when none does. */
function commentBefore(lines: readonly SourceLine[], head: number): readonly SourceLine[] {
  if (head < 1 || !/\*\/\s*$/.test(lines[head - 1]?.text ?? '')) return [];
  for (let i = head - 1; i >= 0 && head - i < 80; i--) {
    const text = lines[i]?.text ?? '';
    if (/^\s*\/\*/.test(text)) return lines.slice(i, head);
    if (i < head - 1 && /\*\//.test(text)) return [];
  }
  return [];
}

function headOpening(lines: readonly SourceLine[], brace: number): number | null {
  for (let i = brace - 1; i >= 0 && brace - i <= 10; i--) {
    const text = lines[i]?.text ?? '';
    if (/^\s*$|^[#}]|[;}]\s*$|\*\/\s*$/.test(text)) return null;
    if (!/^[A-Za-z_]/.test(text)) continue;
    // The type may stand on a line of its own.
    const above = lines[i - 1]?.text ?? '';
    return /^[A-Za-z_][\w\s*]*$/.test(above) && !/^\s*$/.test(above) && !nameOfHead(above) ? i - 1 : i;
  }
  return null;
}

function functionsIn(file: string, image: FileImage, message: number): StatedFunction[] {
  const found: StatedFunction[] = [];
  const push = (
    head: readonly SourceLine[],
    comment: readonly SourceLine[],
    body: readonly SourceLine[],
    whole: boolean,
  ): void => {
    const headText = head.map((line) => line.text.trim()).join(' ');
    const name = nameOfHead(headText);
    if (name === null) return;
    const touched = [...comment, ...(whole || comment.length > 0 ? head : []), ...body].some((line) =>
      isAddedBy(line, message),
    );
    found.push({ file, name, head, headText, comment, body, whole, touched });
  };
  for (const { lines, section } of image.runs) {
    if (!lines.some((line) => isAddedBy(line, message))) continue;
    let at = 0;
    const firstClose = lines.findIndex((line) => /^\}/.test(line.text));
    const firstOpen = lines.findIndex((line) => /^\{/.test(line.text));
    // The run begins inside a body, whose head the section tells.
    if (section !== null && (firstOpen < 0 || (firstClose >= 0 && firstClose < firstOpen))) {
      const end = firstClose < 0 ? lines.length : firstClose;
      if (lines.slice(0, end).every((line) => /^(?:\s|$|#|\w+:)/.test(line.text)))
        push([section], [], lines.slice(0, end), false);
      at = end;
    }
    for (; at < lines.length; at++) {
      if (!/^\{/.test(lines[at]?.text ?? '')) continue;
      const head = headOpening(lines, at);
      if (head === null) continue;
      let end = at + 1;
      while (end < lines.length && !/^\}/.test(lines[end]?.text ?? '')) end++;
      push(lines.slice(head, at), commentBefore(lines, head), lines.slice(at + 1, end), end < lines.length);
      at = end;
    }
  }
  return found;
}

const kept = new WeakMap<StatedView['after'], readonly StatedFunction[]>();

/** The functions of the C files a patch touches that it adds a line to, or to whose comment it does. */
export function statedFunctions({ change, after }: StatedView): readonly StatedFunction[] {
  const known = kept.get(after);
  if (known !== undefined) return known;
  const all = change.files.flatMap((file) => {
    const image = after.files.get(file.path);
    return image === undefined || !/\.[ch]$/.test(file.path) || file.combined
      ? []
      : functionsIn(file.path, image, change.message);
  });
  const touched = all.filter((one) => one.touched);
  kept.set(after, touched);
  return touched;
}

/** Lines without comments and with strings emptied; a blank line stays one, so that indexes hold. */
export function codeOf(lines: readonly SourceLine[]): SourceLine[] {
  let comment = false;
  return lines.map((line) => {
    let rest = line.text;
    let out = '';
    while (rest !== '') {
      if (comment) {
        const end = rest.indexOf('*/');
        if (end < 0) break;
        rest = rest.slice(end + 2);
        comment = false;
        continue;
      }
      const match = /\/\*|\/\/|"(?:[^"\\]|\\.)*"/.exec(rest);
      if (match === null) {
        out += rest;
        break;
      }
      out += rest.slice(0, match.index);
      rest = rest.slice(match.index + match[0].length);
      if (match[0] === '//') break;
      if (match[0] === '/*') comment = true;
      else out += '""';
    }
    return { text: out.trimEnd(), at: line.at };
  });
}

/** Lines of C without strings and comments, joined. */
export const joined = (lines: readonly SourceLine[]): string => lines.map((line) => line.text).join('\n');

/** What a comment says, its stars taken off and blanks folded. */
export const commentText = (lines: readonly SourceLine[]): string =>
  lines
    .map((line) =>
      line.text
        .replace(/^\s*(?:\/\*+|\*+(?!\/))?/, '')
        .replace(/\*+\/\s*$/, '')
        .trim(),
    )
    .join('\n');

export interface Parameter {
  readonly name: string;
  readonly type: string;
}

/** The parameters a head names; null when the list is not whole or not understood. */
export function parametersOf(headText: string): readonly Parameter[] | null {
  const open = headText.indexOf('(', headText.search(HEAD) < 0 ? 0 : (HEAD.exec(headText)?.[0].length ?? 1) - 1);
  const close = headText.lastIndexOf(')');
  if (open < 0 || close < open) return null;
  const list = headText.slice(open + 1, close);
  if (/[()]/.test(list)) return null;
  return list.split(',').flatMap((part) => {
    const match = /^\s*(.*?[\s*])(\w+)\s*(?:\[[^\]]*\])?\s*$/.exec(part);
    return match === null ? [] : [{ type: (match[1] ?? '').trim(), name: match[2] ?? '' }];
  });
}

/** A condition: the text between the brackets of the `if` that opens at an index of `lines`, and the index of the line after it. */
export function conditionAt(
  lines: readonly SourceLine[],
  index: number,
): { readonly text: string; readonly next: number; readonly block: boolean } | null {
  const first = /^\s*(?:\}\s*else\s+)?(?:else\s+)?if\s*\(/.exec(lines[index]?.text ?? '');
  if (first === null) return null;
  let depth = 0;
  let text = '';
  for (let i = index; i < Math.min(lines.length, index + 10); i++) {
    const line = i === index ? (lines[i]?.text ?? '').slice(first[0].length - 1) : ` ${(lines[i]?.text ?? '').trim()}`;
    for (let k = 0; k < line.length; k++) {
      const character = line[k];
      if (character === '(') depth += 1;
      if (character === ')') depth -= 1;
      if (depth === 0) {
        const rest = line.slice(k + 1).trim();
        // What stands behind the bracket on the same line is no block of lines.
        return rest === '' || rest === '{' ? { text: text.slice(1).trim(), next: i + 1, block: rest === '{' } : null;
      }
      text += character;
    }
  }
  return null;
}
