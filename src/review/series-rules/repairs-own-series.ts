import { REPAIRS_OWN_SERIES } from '../catalog';
import type { SeriesHit, SeriesRule } from './types';

/** A patch whose `Fixes:` tag, or whose `fixup!` subject, names an earlier patch of the same series. */
export const repairsOwnSeries: SeriesRule = (view) => {
  const hits: SeriesHit[] = [];
  const { series } = view;
  // Patches of a pull request are applied as they are.
  if (series.messages.some((message) => /^\[[^\]]*\bPULL\b/i.test(message.subject))) return [];
  const titles = series.patches.map((patch) => normal(patch.title));
  for (const [at, patch] of series.patches.entries()) {
    const message = series.messages[patch.message];
    if (message === undefined) continue;
    const end = (view.changes[at]?.diffLine ?? message.lines.length + 1) - 1;
    const named: { title: string; line: number }[] = [];
    const squash = /^(?:fixup|squash|amend)!\s*(.+)$/i.exec(patch.title)?.[1];
    if (squash !== undefined)
      named.push({ title: squash, line: Math.max(1, message.lines.findIndex((text) => /^Subject:/i.test(text)) + 1) });
    for (let line = message.bodyLine; line <= end; line++) {
      const text = message.lines[line - 1] ?? '';
      const tag = /^\s*Fixes:\s*(?:commit\s+)?[0-9a-f]{6,40}\s*\(?["'“](.+?)["'”]?\)?\s*$/i.exec(text)?.[1];
      if (tag !== undefined) named.push({ title: tag, line });
    }
    for (const { title, line } of named) {
      const earlier = titles.indexOf(normal(title));
      const target = series.patches[earlier];
      if (target === undefined || earlier >= at) continue;
      hits.push({
        rule: REPAIRS_OWN_SERIES,
        at: { patch: at, file: null, line },
        function: null,
        message: `This repairs patch ${view.label(earlier)} of the same series (“${target.title}”): between the two the tree is broken`,
        why: [
          {
            text: 'a bisection may stop at the broken half, and a backport may take it alone',
            reference: 'Documentation/process/submitting-patches.rst',
          },
        ],
        related: [
          {
            patch: earlier,
            file: null,
            line: Math.max(
              1,
              (series.messages[target.message]?.lines.findIndex((text) => /^Subject:/i.test(text)) ?? 0) + 1,
            ),
            message: 'the patch that is repaired',
          },
        ],
        fixedBy: null,
      });
    }
  }
  return hits;
};

function normal(title: string): string {
  return title.replace(/\s+/g, ' ').trim().toLowerCase();
}
