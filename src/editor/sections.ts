/** The parts of an mbox or mail as an outline shows them. Comes in: lines. Goes out: nested sections. Knows no VS Code. */
import { plain } from './plain-text';

export interface Section {
  readonly kind: 'message' | 'file' | 'hunk';
  readonly name: string;
  readonly detail: string;
  /** 0-based, inclusive. */
  readonly start: number;
  readonly end: number;
  readonly children: readonly Section[];
}

interface Growing {
  readonly kind: Section['kind'];
  name: string;
  detail: string;
  readonly start: number;
  end: number;
  readonly children: Growing[];
}

const MBOX = /^From \S+ +(Mon|Tue|Wed|Thu|Fri|Sat|Sun) /;
const HUNK = /^@@ -\d+(?:,(\d+))? \+(\d+)(?:,(\d+))? @@ ?(.*)$/;

/** The subject at the top of a mail, continuation lines included; '' without one. */
function subjectFrom(lines: readonly string[], start: number): string {
  for (let at = start; at < lines.length && at < start + 400; at++) {
    const line = lines[at] ?? '';
    if (line === '') return '';
    const found = /^Subject:\s*(.*)$/i.exec(line);
    if (found === null) continue;
    let subject = found[1] ?? '';
    while (/^[ \t]/.test(lines[at + 1] ?? '')) subject += ` ${(lines[++at] ?? '').trim()}`;
    return subject;
  }
  return '';
}

/** Messages with their files and hunks, in the order of the text. A text without an mbox line is one message. */
export function sectionsOf(lines: readonly string[]): readonly Section[] {
  const messages: Growing[] = [];
  let message: Growing | null = null;
  let file: Growing | null = null;
  const grow = (kind: Section['kind'], name: string, detail: string, start: number, end: number): Growing => ({
    kind,
    name: plain(name),
    detail: plain(detail),
    start,
    end,
    children: [],
  });
  const closeFile = (end: number): void => {
    if (file !== null) file.end = Math.max(file.end, end);
    file = null;
  };
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? '';
    const starts = MBOX.test(line) && (at === 0 || lines[at - 1] === '' || message === null);
    if (starts || message === null) {
      closeFile(at - 1);
      if (message !== null) message.end = at - 1;
      message = grow('message', subjectFrom(lines, at), '', at, lines.length - 1);
      messages.push(message);
      if (starts) continue;
    }
    const header = /^diff --(?:git|cc|combined) (?:.* b\/)?(.*)$/.exec(line);
    const bare =
      /^--- /.test(line) && /^\+\+\+ /.test(lines[at + 1] ?? '') && (file === null || file.children.length > 0);
    if (header !== null || bare) {
      closeFile(at - 1);
      const path = header?.[1] ?? (lines[at + 1] ?? '').slice(4).replace(/^b\//, '').replace(/\t.*$/, '');
      file = grow('file', path.slice(path.lastIndexOf('/') + 1), path, at, at);
      message.children.push(file);
      continue;
    }
    const hunk = HUNK.exec(line);
    if (hunk !== null && file !== null) {
      const end = hunkEnd(lines, at, Number(hunk[1] ?? 1), Number(hunk[3] ?? 1));
      const section = (hunk[4] ?? '').trim();
      file.children.push(
        grow(
          'hunk',
          section === '' ? `@@ ${hunk[2] ?? ''}` : section,
          section === '' ? '' : `@@ ${hunk[2] ?? ''}`,
          at,
          end,
        ),
      );
      file.end = end;
      at = end;
    } else if (line === '-- ') closeFile(at - 1);
  }
  return messages;
}

/** Last line of a hunk: as many lines as its head counts, but no further than lines that can belong to one. */
function hunkEnd(lines: readonly string[], start: number, oldCount: number, newCount: number): number {
  let before = oldCount;
  let after = newCount;
  let at = start;
  while (at + 1 < lines.length && (before > 0 || after > 0 || (lines[at + 1] ?? '').startsWith('\\'))) {
    const mark = (lines[at + 1] ?? '').charAt(0);
    if (mark === '+') after--;
    else if (mark === '-') before--;
    else if (mark === ' ' || mark === '') {
      before--;
      after--;
    } else if (mark !== '\\') break;
    at++;
  }
  return at;
}
