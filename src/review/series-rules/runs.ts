/** Where a hunk puts lines of code in the place of others. */
import type { HunkLine } from '../../patch/types';
import type { CodeLine } from './code-lines';
import type { HunkView } from './view';

export interface Run {
  readonly gone: readonly CodeLine[];
  readonly come: readonly CodeLine[];
  /** The first line with code behind the run. */
  readonly next: CodeLine | null;
}

/** Lines of code taken out and put in at one place. */
export function runsOf({ now, old }: HunkView): Run[] {
  if (old === null) return [];
  const gone = new Map<number, CodeLine[]>();
  // Lines taken out stand in the mail right in front of those put in their place.
  let group: CodeLine[] = [];
  let last: HunkLine | null = null;
  for (const code of old.lines) {
    if (code.line.kind !== 'delete') continue;
    if (last !== null && code.line.line !== last.line + 1) group = [];
    group.push(code);
    gone.set(code.line.line, group);
    last = code.line;
  }
  const runs: Run[] = [];
  for (let at = 0; at < now.lines.length; at++) {
    const first = now.lines[at];
    const before = first?.line.kind === 'add' ? gone.get(first.line.line - 1) : undefined;
    if (first === undefined || before === undefined) continue;
    let end = at;
    while (now.lines[end]?.line.kind === 'add' && now.lines[end]?.line.line === first.line.line + end - at) end++;
    const next = now.lines.slice(end).find((code) => code.bare.trim() !== '') ?? null;
    runs.push({ gone: before, come: now.lines.slice(at, end), next });
    at = end - 1;
  }
  return runs;
}
