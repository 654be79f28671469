/**
 * Hits of the rules that look at a patch as a whole, as findings; and which hits of one expression are the patch's own.
 */
import type { Amended } from '../code/bodies';
import type { Change } from '../patch/types';
import type { MessagePlace } from '../place';
import type { Series } from '../series/types';
import { shorten } from './breakage';
import { hitsOfPatch, type KeptReading } from './kept-reading';
import type { RuleHit } from './rules/types';
import { hunkLineAt, patchOf, spanOf } from './spans';
import type { Finding } from './types';

const bare = (text: string): string => text.replace(/\s+/g, ' ').trim();

/**
 * Is what one expression proves the patch's own: does the patch add a line of it that it does not also delete elsewhere?
 * A line that only moved had the defect before.
 */
export function isOwn(hit: RuleHit, change: Change): boolean {
  if (hit.local === undefined || hit.local === false) return true;
  const { at } = hit;
  if (at.kind !== 'message' || at.message !== change.message) return false;
  const deleted = new Set<string>();
  const added: string[] = [];
  for (const file of change.files)
    for (const hunk of file.hunks)
      for (const line of hunk.lines) {
        if (line.kind === 'delete') deleted.add(bare(line.text));
        if (line.kind === 'add' && line.line >= at.line && line.line <= at.endLine) added.push(bare(line.text));
      }
  return added.some((text) => !deleted.has(text)) && !(hit.local === 'expression' && movedWhole(at, change));
}

/** Does the text the hit stands on, whatever its lines, stand in what one file of the change loses? Then it was wrapped anew, or moved. */
function movedWhole(at: MessagePlace, change: Change): boolean {
  const tight = (lines: readonly string[]): string => lines.join('').replace(/\s+/g, '');
  for (const file of change.files)
    for (const hunk of file.hunks) {
      const own = hunk.lines.filter(
        (line) => line.kind !== 'delete' && line.line >= at.line && line.line <= at.endLine,
      );
      if (own.length === 0) continue;
      const text = own.map((line, index) => {
        // The line's first character is the diff's own.
        const end = index === own.length - 1 ? Math.max(at.endColumn - 1, 0) : undefined;
        return line.text.slice(index === 0 ? Math.max(at.column - 1, 0) : 0, end);
      });
      const gone = file.hunks
        .flatMap((one) => one.lines.filter((line) => line.kind === 'delete'))
        .map((line) => line.text);
      if (tight(text).length > 20 && tight(gone).includes(tight(text))) return true;
    }
  return false;
}

/** Findings of the rules that look at each patch as a whole. */
export function patchFindings(
  series: Series,
  changes: readonly Change[],
  amended: readonly Amended[],
  kept: KeptReading,
): Finding[] {
  const findings: Finding[] = [];
  for (const [i, change] of changes.entries()) {
    const message = series.messages[change.message];
    const before = amended[i];
    const after = amended[i + 1];
    if (message === undefined || before === undefined || after === undefined || before === after) continue;
    for (const hit of hitsOfPatch(kept, { change, message, before, after })) {
      const at = spanOf(hit.at);
      if (at === null || !isOwn(hit, change)) continue;
      const patch = patchOf(series, at.message);
      findings.push({
        id: `${hit.rule.id}:${patch}:${at.line}`,
        rule: hit.rule.id,
        title: hit.rule.title,
        class: hit.rule.class,
        severity: hit.rule.severity,
        message: hit.message,
        short: shorten(hit.message),
        patch,
        file: hit.file,
        function: hit.function,
        fileLine: hunkLineAt(change, at.line)?.hunkLine.newLine ?? null,
        at,
        related: hit.related.flatMap((one) => {
          const span = spanOf(one.at);
          return span === null ? [] : [{ at: span, patch: patchOf(series, span.message), message: one.message }];
        }),
        why: hit.why,
        state: null,
        trace: null,
        introducedBy: series.patches[i]?.index ?? i + 1,
        fixedBy: null,
        evidence: 'full',
      });
    }
  }
  return findings;
}
