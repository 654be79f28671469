/** One hunk, driven by its counts: exactly as many lines are taken as `@@ -l,n +l,n @@` promises, whatever they look like. */
import type { Hunk, HunkLine, LineKind } from './types';

export interface Remark {
  readonly code: string;
  readonly message: string;
  /** 1-based shown line. */
  readonly line: number;
}

export interface HunkHeader {
  readonly oldStart: number;
  readonly oldCount: number;
  readonly newStart: number;
  readonly newCount: number;
  readonly section: string;
}

const HEADER = /^@@ -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@(.*)$/;

/** Reads `@@ -l[,n] +l[,n] @@ section`; a count left out is 1. Null for anything else. */
export function readHunkHeader(text: string): HunkHeader | null {
  const match = HEADER.exec(text);
  if (!match) return null;
  return {
    oldStart: Number(match[1]),
    oldCount: Number(match[2] ?? 1),
    newStart: Number(match[3]),
    newCount: Number(match[4] ?? 1),
    section: (match[5] ?? '').replace(/^ /, ''),
  };
}

/** Is a new file's part opened here: `diff --git`, or `--- ` with `+++ ` and `@@ ` under it? */
export function opensFile(lines: readonly string[], at: number): boolean {
  const text = lines[at] ?? '';
  if (/^diff --(?:git|cc|combined) /.test(text)) return true;
  return text.startsWith('--- ') && (lines[at + 1] ?? '').startsWith('+++ ') && /^@@+ -/.test(lines[at + 2] ?? '');
}

/** `-- ` with a version of git, or nothing more, under it: the signature of `git format-patch`, not a deleted line. */
function isSignature(lines: readonly string[], at: number): boolean {
  if (lines[at] !== '-- ' && lines[at] !== '--') return false;
  const next = lines[at + 1];
  return next === undefined || next === '' || /^\d+\.\d+/.test(next);
}

/**
 * Reads the hunk whose header stands at `at` (0-based index into `lines`). Gives the hunk, the index of the first line behind it, and what is wrong with it.
 * A line that fits no hunk is taken for the wrapped end of the line before it while the rest can still be read; a hunk that is cut keeps what it has.
 */
export function readHunk(
  lines: readonly string[],
  at: number,
  header: HunkHeader,
): { readonly hunk: Hunk; readonly next: number; readonly remarks: readonly Remark[] } {
  const remarks: Remark[] = [];
  const taken: HunkLine[] = [];
  let oldLeft = header.oldCount;
  let newLeft = header.newCount;
  let oldLine = header.oldStart;
  let newLine = header.newStart;
  let index = at + 1;
  let wrapped = 0;

  const take = (kind: LineKind, text: string): void => {
    taken.push({
      kind,
      text,
      line: index + 1,
      oldLine: kind === 'add' ? null : oldLine,
      newLine: kind === 'delete' ? null : newLine,
      noNewline: false,
    });
    if (kind !== 'add') {
      oldLeft--;
      oldLine++;
    }
    if (kind !== 'delete') {
      newLeft--;
      newLine++;
    }
  };
  const fits = (kind: LineKind): boolean => (kind === 'add' || oldLeft > 0) && (kind === 'delete' || newLeft > 0);

  for (; index < lines.length && (oldLeft > 0 || newLeft > 0); index++) {
    const text = lines[index] ?? '';
    if (ends(lines, index, oldLeft, newLeft)) break;
    if (text.startsWith('\\')) {
      markNoNewline(taken);
      continue;
    }
    const kind = kindOf(text);
    if (kind && fits(kind)) {
      if (text.startsWith('\t'))
        remarks.push({ code: 'lost-blank', message: 'The blank before a context line is lost.', line: index + 1 });
      take(kind, text.startsWith('\t') ? text : text.slice(1));
      continue;
    }
    if (kind) break;
    wrapped++;
    if (wrapped === 1)
      remarks.push({
        code: 'wrapped-line',
        message: 'This line belongs to no hunk: the line before it was wrapped.',
        line: index + 1,
      });
    const last = taken.pop();
    if (last) taken.push({ ...last, text: `${last.text}${text.startsWith(' ') ? '' : ' '}${text}` });
  }
  if (oldLeft === 0 && newLeft === 0) for (; (lines[index] ?? '').startsWith('\\ '); index++) markNoNewline(taken);

  const short = oldLeft > 0 || newLeft > 0;
  if (short)
    remarks.push({
      code: 'short-hunk',
      message: `The hunk promises ${header.oldCount} old and ${header.newCount} new lines; ${oldLeft} old and ${newLeft} new ones are not there.`,
      line: at + 1,
    });
  const long = !short && header.oldCount + header.newCount > 0 && runsOn(lines, index);
  if (long)
    remarks.push({
      code: 'long-hunk',
      message: 'The hunk goes on beyond the lines that its header promises; the surplus is left out.',
      line: index + 1,
    });
  return {
    hunk: { line: at + 1, ...header, lines: taken, complete: !short && !long && wrapped === 0 },
    next: index,
    remarks,
  };
}

function kindOf(text: string): LineKind | null {
  switch (text.charAt(0)) {
    case '+':
      return 'add';
    case '-':
      return 'delete';
    case '':
    case ' ':
    case '\t':
    case '\u00a0':
      return 'context';
    default:
      return null;
  }
}

/** Where a hunk whose counts are not used up is over all the same. */
function ends(lines: readonly string[], index: number, oldLeft: number, newLeft: number): boolean {
  const text = lines[index] ?? '';
  if (text.startsWith('@@ -') || text.startsWith('diff --git ')) return true;
  // `--- a/x` and `+++ b/x` are also a deleted and an added line; they are that when they use up the counts.
  if (text.startsWith('--- ') && opensFile(lines, index)) return !(oldLeft === 1 && newLeft === 1);
  return (
    isSignature(lines, index) &&
    !(oldLeft === 1 && newLeft === 0 && lines[index + 1] !== undefined && isSignature(lines, index + 1)) &&
    restIsShort(lines, index, oldLeft, newLeft)
  );
}

/** Lines behind a signature that are looked at. */
const FOOTER = 200;

/** A signature ends the mail: the few lines behind it cannot fill the counts. */
function restIsShort(lines: readonly string[], index: number, oldLeft: number, newLeft: number): boolean {
  let old = 0;
  let now = 0;
  for (let i = index; i < lines.length && (old < oldLeft || now < newLeft); i++) {
    if (i - index > FOOTER) return false;
    const text = lines[i] ?? '';
    const kind = kindOf(text);
    if (kind === null) return !text.startsWith('\\');
    if (kind !== 'add') old++;
    if (kind !== 'delete') now++;
    if (old > oldLeft || now > newLeft) return true;
  }
  return old < oldLeft || now < newLeft;
}

function markNoNewline(taken: HunkLine[]): void {
  const last = taken.pop();
  if (last) taken.push({ ...last, noNewline: true });
}

function runsOn(lines: readonly string[], index: number): boolean {
  const text = lines[index] ?? '';
  if (!/^[+-]/.test(text) || isSignature(lines, index) || opensFile(lines, index)) return false;
  return !/^(?:-- ?$|--- |\+\+\+ |[-+] \S|[-+]{4,}|-{2,3}\s*$)/.test(text);
}
