/**
 * One hunk by itself, as the front end reads it: its post-image cut into items, the cut ones mended. Says whether all of it parsed.
 * The measure of the repairs; bodies are read by `bodies.ts`.
 */
import type { Hunk } from '../patch/types';
import { applyHunks, UNKNOWN_FILE } from './file-image';
import { fragmentLines, typeSection, withType } from './fragment';
import type { FrontEnd } from './front-end';
import { isWhole, layoutOf, linesOf } from './layout';

export interface HunkUnit {
  readonly clean: boolean;
  /** What did not parse: the item's name or first line; null when all did. */
  readonly trouble: string | null;
}

/** Reads the post-image of one hunk. `message` is the index its places name. */
export function hunkUnit(frontEnd: FrontEnd, file: string, hunk: Hunk, message: number): HunkUnit {
  const at = {
    kind: 'message' as const,
    message,
    line: hunk.line,
    column: 0,
    endLine: hunk.line,
    endColumn: 0,
    added: false,
  };
  const { after } = applyHunks(UNKNOWN_FILE, [hunk], message, () => at);
  for (const item of layoutOf(after).items) {
    const named = item.kind === 'function' && item.name !== null;
    const whole = isWhole(item);
    if (!whole && !named && item.kind !== 'other') continue;
    const lines = whole
      ? named
        ? withType(linesOf(item), typeSection(item))
        : linesOf(item)
      : fragmentLines(item.name ?? 'unnamed', [item]);
    const unit = frontEnd.parse(file, lines, { evidence: whole ? 'full' : 'fragment', source: 'hunk' });
    if (!unit.clean)
      return {
        clean: false,
        trouble: `${whole ? 'whole' : 'cut'} ${item.name ?? linesOf(item)[0]?.text ?? ''}`,
      };
  }
  return { clean: true, trouble: null };
}
