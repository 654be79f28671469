import type { Change } from '../../patch/types';

const kept = new WeakMap<Change, ReadonlySet<string>>();

/** All words of a diff's lines and section heads: what a sentence that names something can be held against. */
export function wordsOf(change: Change): ReadonlySet<string> {
  const known = kept.get(change);
  if (known !== undefined) return known;
  const all = new Set<string>();
  for (const file of change.files)
    for (const hunk of file.hunks) {
      for (const word of hunk.section.match(/\w+/g) ?? []) all.add(word);
      for (const line of hunk.lines) for (const word of line.text.match(/\w+/g) ?? []) all.add(word);
    }
  kept.set(change, all);
  return all;
}
