import { type Sentence, sentences } from '../../prose/sentences';
import type { Message } from '../../series/types';

/**
 * The author's own sentences of a commit message: what stands above the `---` line. What stands below it, between that line and the
 * diff, is left out of the commit: mostly what changed since an earlier version, which this diff does not show.
 * `diffLine`: 1-based line at which the diff begins; null for a mail without one.
 */
export function commitSentences(message: Message, diffLine: number | null): Sentence[] {
  const last = (diffLine ?? message.lines.length + 1) - 1;
  const cut = message.lines.findIndex((line, i) => i + 1 >= message.bodyLine && i < last && /^---\s*$/.test(line));
  return sentences(message, message.bodyLine, cut < 0 ? last : cut).filter((sentence) => sentence.depth === 0);
}
