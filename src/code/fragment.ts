/**
 * A function of which only stretches are known → lines the front end can read: the stretches as blocks of their own, and a
 * statement for what lies between them.
 */
import type { Place } from '../place';
import { mendEdges } from './edges';
import { UNSEEN } from './expressions';
import { linesOf, type PlacedItem } from './layout';
import { maskLines } from './top-level';
import type { SourceLine } from './types';

/** Stretches of one function in the order of the file. Gives whole, balanced text. */
export function fragmentLines(name: string, stretches: readonly PlacedItem[]): SourceLine[] {
  const out: SourceLine[] = [];
  const first = stretches[0];
  if (first === undefined) return out;
  let open = false;
  for (const stretch of stretches) {
    const lines = linesOf(stretch);
    const at = lines[0]?.at ?? first.run.lines[0]?.at;
    if (at === undefined) continue;
    let from = 0;
    if (!open) {
      const head = stretch.started ? headOf(stretch, lines, name) : sectionHead(name, stretch, at);
      out.push(...withType(head.lines, stretch.started ? typeSection(stretch) : null));
      from = head.from;
      open = true;
      if (!stretch.started) out.push(unseen(at));
    } else {
      out.push(unseen(at));
      if (stretch.open >= 0) from = stretch.open - stretch.first + 1;
    }
    const to = stretch.ended && (lines.at(-1)?.text.startsWith('}') ?? false) ? lines.length - 1 : lines.length;
    const part = lines.slice(from, to);
    const mended = mendEdges(part.map((line) => line.text));
    if (mended.prefix !== '') out.push({ text: mended.prefix, at: empty(part[0]?.at ?? at) });
    out.push(...part.map((line, index) => ({ text: mended.lines[index] ?? '', at: line.at })));
    const last = part.at(-1)?.at ?? at;
    out.push({ text: mended.suffix, at: empty(last) });
    if (!stretch.ended) out.push(unseen(last));
  }
  const end = stretches.at(-1);
  const closing = end?.ended ? linesOf(end).at(-1) : undefined;
  out.push(
    closing?.text.startsWith('}')
      ? { text: '}', at: closing.at }
      : { text: '}', at: empty(out.at(-1)?.at ?? { kind: 'design', file: '', line: 1 }) },
  );
  return out;
}

/** A line that holds a type and nothing else. */
const TYPE_ALONE = /^(?:[A-Za-z_]\w*\s+)*[A-Za-z_]\w*\s*\**\s*$/;

/**
 * A head whose type stood in a line out of sight gets one, so that the grammar takes it for a function: the one that the section of its hunk tells, else one of ours.
 * `section`: of the hunk that begins with these lines, null for others.
 */
export function withType(lines: readonly SourceLine[], section: SourceLine | null = null): readonly SourceLine[] {
  const first = lines[0];
  if (first === undefined || !/^[A-Za-z_]\w*\s*\(/.test(first.text)) return lines;
  const told = section !== null && TYPE_ALONE.test(section.text.trim()) ? section : null;
  return [told ?? { text: 'int', at: empty(first.at) }, ...lines];
}

/** The section that may tell the type of a head: that of its run, where the head is the run's first line. */
export const typeSection = (item: PlacedItem): SourceLine | null => (item.first === 0 ? item.run.section : null);

/** A place that no text stands at: the start of the line. */
function empty(at: Place): Place {
  return at.kind === 'message' ? { ...at, endLine: at.line, endColumn: at.column, added: false } : at;
}

function unseen(at: Place): SourceLine {
  return { text: `${UNSEEN};`, at: empty(at) };
}

/** The head's lines up to the opening brace; closed by ourselves when the brace is out of sight. */
function headOf(
  stretch: PlacedItem,
  lines: readonly SourceLine[],
  name: string,
): { lines: SourceLine[]; from: number } {
  const brace = stretch.open - stretch.first;
  if (stretch.open >= 0) {
    const line = lines[brace];
    const text = line?.text ?? '';
    const bare = maskLines([text])[0] ?? '';
    // `foo(void) { first(); …`: what stands behind the brace is lost; heads of the kernel end with it.
    const cut = text.slice(0, bare.indexOf('{') + 1);
    return {
      lines: [...lines.slice(0, brace), ...(line === undefined ? [] : [{ text: cut, at: line.at }])],
      from: brace + 1,
    };
  }
  const at = lines[0]?.at;
  return { lines: at === undefined ? [] : [{ text: closedHead(lines[0]?.text ?? '', name), at }], from: lines.length };
}

function sectionHead(name: string, stretch: PlacedItem, at: Place): { lines: SourceLine[]; from: number } {
  const section = stretch.run.section;
  const head: SourceLine = { text: closedHead(section?.text ?? '', name), at: section?.at ?? empty(at) };
  return { lines: [head], from: stretch.open >= 0 ? stretch.open - stretch.first + 1 : 0 };
}

/** `static int foo(struct bar *b,` → `static int foo() {`; a head whose parameters are all there keeps them. */
function closedHead(text: string, name: string): string {
  const open = text.indexOf('(');
  if (open < 0) return `int ${name}() {`;
  let depth = 0;
  for (let i = open; i < text.length; i++) {
    if (text[i] === '(') depth++;
    else if (text[i] === ')' && --depth === 0) return `${text.slice(0, i + 1)} {`;
  }
  const before = text.slice(0, open);
  return /\w\s+\**\s*\w+\s*$/.test(before) ? `${before}() {` : `int ${name}() {`;
}
