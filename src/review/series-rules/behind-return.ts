import { LOCK_HELD } from '../catalog-lifetime';
import type { SeriesHit, SeriesRule } from './types';

const GIVES_BACK = /^(\t+)(\w*(?:unlock\w*|_end|_exit|_leave)|up_(?:read|write)|up)\([^;{}]*\);\s*$/;

/** The call that gives a lock back stands right behind a return: nothing comes there, and the lock stays held. */
export const behindReturn: SeriesRule = (view) => {
  const hits: SeriesHit[] = [];
  for (const hunk of view.hunks) {
    const lines = hunk.now.lines.filter((code) => code.bare.trim() !== '');
    for (const [index, code] of lines.entries()) {
      const call = GIVES_BACK.exec(code.bare);
      const before = lines[index - 1];
      const above = lines[index - 2];
      if (call === null || before === undefined || code.directive) continue;
      if (before.line.kind !== 'add' && code.line.kind !== 'add') continue;
      // A return of one line, at the depth of the call, that no condition above it governs.
      const back = /^(\t+)return\b[^;]*;\s*$/.exec(before.bare);
      if (back === null || back[1] !== call[1]) continue;
      if (
        above !== undefined &&
        /^\s*(?:if|else|for|while|case|default|switch|do)\b|^#|,\s*$|[|&(]\s*$/.test(above.bare) &&
        !above.bare.trim().endsWith('{')
      )
        continue;
      hits.push({
        rule: LOCK_HELD,
        at: { patch: hunk.patch, file: hunk.file, line: code.line.line },
        function: code.inside,
        message: `${call[2]}() stands behind a return, where nothing comes`,
        why: [{ text: 'what it should give back stays held', reference: null }],
        related: [{ patch: hunk.patch, file: hunk.file, line: before.line.line, message: 'the function returns here' }],
        fixedBy: null,
      });
    }
  }
  return hits;
};
