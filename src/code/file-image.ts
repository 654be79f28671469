/**
 * What is known of one file at one point of a series: runs of lines at their line numbers. Each hunk teaches the lines it shows,
 * so a body shown in parts by several patches may be whole in the end. A value: applying gives a new one.
 */

import type { Hunk, HunkLine } from '../patch/types';
import type { Place } from '../place';
import type { SourceLine } from './types';

export interface Run {
  /** 1-based number in the file of the first line. */
  readonly start: number;
  readonly lines: readonly SourceLine[];
  /** The head of what encloses the first line, as the hunk says behind its second `@@`; null when it says nothing. */
  readonly section: SourceLine | null;
}

export interface FileImage {
  /** Ascending, never touching each other. */
  readonly runs: readonly Run[];
}

export const UNKNOWN_FILE: FileImage = { runs: [] };

/** The place of a hunk's line: its text without the leading sign. */
export function placeOf(line: HunkLine, message: number): Place {
  return {
    kind: 'message',
    message,
    line: line.line,
    column: 1,
    endLine: line.line,
    endColumn: 1 + line.text.length,
    added: line.kind === 'add',
  };
}

export function sourceLineOf(line: HunkLine, message: number): SourceLine {
  return { text: line.text, at: placeOf(line, message) };
}

export interface Application {
  /** With the lines the hunks show as old; same numbering as before the change. */
  readonly before: FileImage;
  readonly after: FileImage;
  /** True when the hunks contradict what was known, which was given up then. */
  readonly contradicted: boolean;
}

/** Number of the first old line; where nothing is removed and no context shown, the number behind the line it follows. */
function oldPosition(hunk: Hunk): number {
  return hunk.oldCount === 0 ? hunk.oldStart + 1 : Math.max(hunk.oldStart, 1);
}

/** Applies a file's hunks (in order, as parsed) to what is known of it. `sectionAt` gives the place of a hunk's section text. */
export function applyHunks(
  image: FileImage,
  hunks: readonly Hunk[],
  message: number,
  sectionAt: (hunk: Hunk) => Place,
): Application {
  const usable = hunks.filter(
    (hunk, index) => index === 0 || oldPosition(hunk) >= oldPosition(hunks[index - 1] ?? hunk),
  );
  const sound = usable.every((hunk) => hunk.complete) && usable.length === hunks.length;
  const learned = sound ? learn(image, usable, message, sectionAt) : null;
  const before = learned ?? learn(UNKNOWN_FILE, usable, message, sectionAt) ?? UNKNOWN_FILE;
  return { before, after: replace(before, usable, message), contradicted: learned === null && image.runs.length > 0 };
}

/** Null when a hunk's old lines are not those known. */
function learn(
  image: FileImage,
  hunks: readonly Hunk[],
  message: number,
  sectionAt: (hunk: Hunk) => Place,
): FileImage | null {
  const shown: Run[] = hunks.map((hunk) => ({
    start: oldPosition(hunk),
    lines: hunk.lines
      .filter((line) => line.kind !== 'add')
      .map((line) => sourceLineOf({ ...line, kind: 'context' }, message)),
    section: hunk.section === '' ? null : { text: hunk.section, at: sectionAt(hunk) },
  }));
  const all = [...image.runs.map((run) => ({ run, old: true })), ...shown.map((run) => ({ run, old: false }))].sort(
    (a, b) => a.run.start - b.run.start || Number(b.old) - Number(a.old),
  );
  const runs: { start: number; lines: SourceLine[]; section: SourceLine | null; old: boolean }[] = [];
  for (const { run, old } of all) {
    const last = runs.at(-1);
    if (last === undefined || run.start > last.start + last.lines.length) {
      runs.push({ start: run.start, lines: [...run.lines], section: run.section, old });
      continue;
    }
    const from = run.start - last.start;
    for (let i = 0; i < run.lines.length; i++) {
      const line = run.lines[i];
      if (line === undefined) continue;
      const known = last.lines[from + i];
      if (known === undefined) last.lines.push(line);
      else if (known.text.trimEnd() !== line.text.trimEnd()) return null;
      // What an earlier patch wrote keeps the place it was written at.
      else if (old) last.lines[from + i] = line;
    }
    last.section ??= run.start === last.start ? run.section : null;
  }
  return { runs };
}

function replace(image: FileImage, hunks: readonly Hunk[], message: number): FileImage {
  let shift = 0;
  let next = 0;
  const runs: Run[] = [];
  for (const run of image.runs) {
    const start = run.start + shift;
    const lines: SourceLine[] = [];
    let at = 0;
    for (; next < hunks.length; next++) {
      const hunk = hunks[next];
      if (hunk === undefined) break;
      const position = oldPosition(hunk) - run.start;
      if (position > run.lines.length) break;
      for (; at < position; at++) push(lines, run.lines[at]);
      for (const line of hunk.lines) {
        if (line.kind === 'add') {
          lines.push(sourceLineOf(line, message));
          shift++;
        } else {
          if (line.kind === 'context') push(lines, run.lines[at]);
          else shift--;
          at++;
        }
      }
    }
    for (; at < run.lines.length; at++) push(lines, run.lines[at]);
    if (lines.length > 0) runs.push({ start, lines, section: run.section });
  }
  return { runs: joined(runs) };
}

function push(lines: SourceLine[], line: SourceLine | undefined): void {
  if (line !== undefined) lines.push(line);
}

/** Deleting what lay between two runs makes them one. */
function joined(runs: readonly Run[]): Run[] {
  const out: Run[] = [];
  for (const run of runs) {
    const last = out.at(-1);
    if (last !== undefined && run.start <= last.start + last.lines.length) {
      out[out.length - 1] = { ...last, lines: [...last.lines, ...run.lines] };
    } else out.push(run);
  }
  return out;
}
