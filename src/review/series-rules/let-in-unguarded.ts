import type { FileChange, Hunk, HunkLine } from '../../patch/types';
import { GUARD_GAP } from '../catalog';
import type { SeriesHit, SeriesRule } from './types';

/** Asks who it is that asks: a capability, or a security module. */
const ASKS_WHO =
  /!\s*(?:file_)?(?:ns_)?capable\s*\(|\bperfmon_capable\s*\(|\b(?:file_ns_|ns_)?capable\s*\([^)]*\)\s*(?:==\s*false|\?)/;
/** What says which objects a line speaks of: a predicate called, or a flag of the object. */
const PREDICATE = /\b([a-z]\w*_(?:is|has|needs|supports)_\w+)\s*\(|(?:->|\.)(\w+)\b/g;

interface Line {
  readonly patch: number;
  readonly file: FileChange;
  readonly hunk: Hunk;
  readonly line: HunkLine;
  readonly at: number;
}

/** The predicates of the condition a line holds; those of capabilities left out. */
function predicates(text: string): readonly string[] {
  const condition = /\bif\s*\((.*)/.exec(text)?.[1];
  if (condition === undefined) return [];
  return [...condition.matchAll(PREDICATE)]
    .map((match) => match[1] ?? match[2] ?? '')
    .filter((name) => name.length > 6 && !/capable|^(?:flags|device|private|argsz|index|count)$/.test(name));
}

const inside = (hunk: Hunk): string | null => /(\w+)\s*\(/.exec(hunk.section)?.[1] ?? null;

/**
 * A patch that lets in what a test kept out, while the question whether the caller may do so comes only with a later patch: between the two everybody may.
 */
export const letInUnguarded: SeriesRule = (view) => {
  const lines: Line[] = view.changes.flatMap((change, patch) =>
    change.files.flatMap((file) =>
      /\.[ch]$/.test(file.path)
        ? file.hunks.flatMap((hunk) => hunk.lines.map((line, at) => ({ patch, file, hunk, line, at })))
        : [],
    ),
  );
  const hits: SeriesHit[] = [];
  for (const asked of lines) {
    if (asked.line.kind !== 'add' || !ASKS_WHO.test(asked.line.text)) continue;
    const next = asked.hunk.lines.slice(asked.at + 1, asked.at + 3).map((one) => one.text);
    if (!next.some((text) => /\breturn\s+-E(?:PERM|ACCES)\b/.test(text) || /=\s*-E(?:PERM|ACCES)\b/.test(text)))
      continue;
    for (const name of predicates(asked.line.text)) {
      const word = new RegExp(`\\b${name}\\b`);
      // The test that kept them out: removed with the way out behind it.
      const removed = lines.find(
        (one) =>
          one.patch < asked.patch &&
          one.line.kind === 'delete' &&
          /\bif\s*\(/.test(one.line.text) &&
          word.test(one.line.text) &&
          /^\s*return\b|^\s*goto\b/.test(one.hunk.lines[one.at + 1]?.text ?? '') &&
          one.hunk.lines[one.at + 1]?.kind === 'delete' &&
          !one.hunk.lines.some(
            (other) => other.kind === 'add' && /\bif\s*\(/.test(other.text) && word.test(other.text),
          ),
      );
      if (removed === undefined) continue;
      // Somebody asks before, or the question moved.
      const before = lines.some(
        (one) =>
          one.patch <= removed.patch &&
          one.line.kind !== 'context' &&
          ASKS_WHO.test(one.line.text) &&
          word.test(one.line.text),
      );
      const moved = lines.some(
        (one) =>
          one.patch === asked.patch &&
          one.line.kind === 'delete' &&
          ASKS_WHO.test(one.line.text) &&
          word.test(one.line.text),
      );
      if (before || moved) continue;
      hits.push({
        rule: GUARD_GAP,
        at: { patch: removed.patch, file: removed.file, line: removed.line.line },
        function: inside(removed.hunk),
        message: `What ${name} kept out is let in here, and who may use it is asked only with patch ${view.label(asked.patch)}: in between everybody may`,
        why: [
          {
            text: 'a tree of the middle of the series hands out to anyone what needs a capability',
            reference: 'Documentation/process/submitting-patches.rst: each patch is to be right by itself',
          },
        ],
        related: [
          { patch: asked.patch, file: asked.file, line: asked.line.line, message: 'the capability is asked for here' },
        ],
        fixedBy: asked.patch,
      });
      break;
    }
  }
  return hits;
};
