/**
 * Where the lines of a reviewed text stand now, while its author types: comes in an edit, goes out a map from reviewed
 * line to current line. Knows no VS Code.
 */

/** Index: 0-based line at the time of the review. Value: its line now, or -1 once its text was touched. Null: nothing moved. */
export type LineMap = Int32Array | null;

/** One replacement, in the coordinates of the text before it; lines and columns are 0-based. */
export interface Edit {
  readonly range: {
    readonly start: { readonly line: number; readonly character: number };
    readonly end: { readonly line: number; readonly character: number };
  };
  readonly text: string;
}

/** The line now, or -1 when its text was touched since the review. */
export function lineNow(map: LineMap, line: number): number {
  return map === null ? line : (map[line] ?? -1);
}

/**
 * Applies edits in the order VS Code gives them (last one in the text first).
 * @param lines number of lines of the reviewed text
 * @param lengthNow length of a line after the edits, to tell a break at a line's end from one in its middle
 */
export function shifted(
  map: LineMap,
  lines: number,
  edits: readonly Edit[],
  lengthNow: (line: number) => number,
): LineMap {
  const moved = map === null ? Int32Array.from({ length: lines }, (_, line) => line) : map.slice();
  for (const { range, text } of edits) {
    const { start, end } = range;
    const inserted = text.split('\n');
    const delta = inserted.length - 1 - (end.line - start.line);
    const tail = inserted[inserted.length - 1] ?? '';
    const grows = inserted.length > 1 && edits.length === 1;
    const lastLineWhole = end.character === 0 && (tail === '' ? start.character === 0 || inserted.length > 1 : false);
    const firstLineWhole =
      grows &&
      start.line === end.line &&
      start.character === end.character &&
      start.character > 0 &&
      text.startsWith('\n') &&
      lengthNow(start.line + inserted.length - 1) === tail.length;
    for (let line = 0; line < moved.length; line++) {
      const now = moved[line] ?? -1;
      if (now < start.line || now < 0) continue;
      if (now > end.line) moved[line] = now + delta;
      else if (now === end.line && lastLineWhole) moved[line] = now + delta;
      else if (now === start.line && firstLineWhole) moved[line] = now;
      else moved[line] = -1;
    }
  }
  return moved;
}
