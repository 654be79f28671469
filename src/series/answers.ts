/**
 * What a mail that answers another says to which of its lines. In: the answer and the mail it answers. Out: remarks, each with
 * the line of the answered mail it stands under. It follows quotes as people make them: trimmed, with `[...]` between, nested in
 * older quotes. Knows no patches.
 */
import type { Message } from './types';

/** As much of a message as quotes need. */
type Text = Pick<Message, 'lines' | 'bodyLine'>;

/** A run of new text in an answer. */
export interface Remark {
  /** 1-based line of the answered mail quoted last above the text; null when nothing of it was quoted yet. */
  readonly at: number | null;
  /** 1-based first and last line of the text in the answer. */
  readonly line: number;
  readonly endLine: number;
  /** Its lines, blank ones inside kept. */
  readonly text: readonly string[];
}

/** Depth of quoting and what is quoted: `> > text` is depth 2. */
function unquoted(line: string): { depth: number; text: string } {
  const prefix = /^(?:> ?)*/.exec(line)?.[0] ?? '';
  const depth = prefix.replaceAll(' ', '').length;
  // Only one blank belongs to each mark; the next ones are the text's own.
  return { depth, text: line.slice(prefix.length) };
}

const same = (a: string, b: string) => a.trimEnd() === b.trimEnd();
const isGap = (text: string) => /^\[?(?:\.\.\.|…|snip|trimmed)\]?$/i.test(text.trim());
/** Marks where text of the answer ends: a signature. */
const isSignature = (line: string) => line === '-- ' || line === '--';
/** A footer that a mailing list puts below a mail: a rule, and within the next lines the list's address or page. */
function isFooter(lines: readonly string[], index: number): boolean {
  if (!/^_{20,}\s*$/.test(lines[index] ?? '')) return false;
  const below = lines.slice(index + 1).filter((line) => line.trim() !== '');
  return below.length > 0 && below.length <= 4 && below.some((line) => /^\S+@\S+$|^https?:\/\/\S+$/.test(line.trim()));
}
const isAttribution = (line: string) => /\b(?:wrote|writes|schrieb|écrit)\s*:\s*$/.test(line) || /^On .+,$/.test(line);

/** Where in `lines`, from `from` on, the longest run of `block`'s head stands: 0-based start and length in lines. */
function longestRun(
  block: readonly string[],
  lines: readonly string[],
  from: number,
): { start: number; length: number } {
  let best = { start: -1, length: 0 };
  for (let start = from; start < lines.length; start++) {
    let length = 0;
    while (
      length < block.length &&
      start + length < lines.length &&
      same(block[length] ?? '', lines[start + length] ?? '')
    )
      length++;
    if (length > best.length) best = { start, length };
    if (best.length === block.length) break;
  }
  return best;
}

/** How much of `lines` lies before what a block of quoted lines ends with; `from` when none of it is found after `from`. */
function after(block: readonly string[], lines: readonly string[], from: number): number {
  let at = from;
  let rest = block;
  while (rest.length > 0) {
    const run = longestRun(rest, lines, at);
    // A blank line says nothing of where it stands.
    const tells = rest.slice(0, run.length).some((line) => line.trim() !== '');
    if (run.length > 0 && tells) at = run.start + run.length;
    rest = rest.slice(Math.max(1, run.length));
  }
  return at;
}

/** What `answer` says, run by run, each under the line of `answered` it quotes last. Attributions, the signature and a list's footer are left out. */
export function remarks(answer: Text, answered: Text): Remark[] {
  const found: Remark[] = [];
  const first = answered.bodyLine - 1;
  const original = answered.lines.map((line) => unquoted(line).text);
  let cursor = first;
  let block: string[] = [];
  let text: { line: number; lines: string[] } | null = null;
  const endText = () => {
    if (text === null) return;
    const lines = [...text.lines];
    while (lines.at(-1)?.trim() === '') lines.pop();
    if (lines.length > 0 && !(lines.length <= 2 && isAttribution(lines.at(-1) ?? '')))
      found.push({
        at: cursor > first ? cursor : null,
        line: text.line,
        endLine: text.line + lines.length - 1,
        text: lines,
      });
    text = null;
  };
  const endBlock = () => {
    cursor = after(block, original, cursor);
    block = [];
  };
  for (const [index, raw] of answer.lines.entries()) {
    if (index < answer.bodyLine - 1) continue;
    const { depth, text: inner } = unquoted(raw);
    if (depth > 0) {
      endText();
      if (isGap(inner)) endBlock();
      else block.push(inner);
      continue;
    }
    if (isSignature(raw) || isFooter(answer.lines, index)) break;
    endBlock();
    if (text !== null) text.lines.push(raw);
    else if (raw.trim() !== '' && !isGap(raw)) text = { line: index + 1, lines: [raw] };
  }
  endText();
  return found;
}
