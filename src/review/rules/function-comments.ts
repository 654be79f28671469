import type { FileImage } from '../../code/file-image';
import type { Program, SourceLine } from '../../code/types';

/** The comment that stands directly above a function. */
export interface FunctionComment {
  /** From the line that opens it to the line that closes it. */
  readonly lines: readonly SourceLine[];
  /** Opened by `/**`. */
  readonly isKernelDoc: boolean;
}

/** The comment above a function's head, when the whole of it is known; null when there is none in sight. */
export function commentAbove(image: FileImage | undefined, program: Program): FunctionComment | null {
  const { at } = program;
  for (const run of image?.runs ?? []) {
    const head = run.lines.findIndex(
      (line) =>
        line.at.kind === at.kind &&
        line.at.line === at.line &&
        (line.at.kind !== 'message' || at.kind !== 'message' || line.at.message === at.message),
    );
    if (head < 1 || !/\*\/\s*$/.test(run.lines[head - 1]?.text ?? '')) continue;
    let first = head - 1;
    while (first >= 0 && !/^\s*\/\*/.test(run.lines[first]?.text ?? '')) {
      if (first < head - 1 && /\*\/\s*$/.test(run.lines[first]?.text ?? '')) return null;
      first--;
    }
    if (first < 0) return null;
    const lines = run.lines.slice(first, head);
    return { lines, isKernelDoc: /^\s*\/\*\*(?!\*)/.test(lines[0]?.text ?? '') };
  }
  return null;
}

/** The text of a comment's line without stars and slashes. */
export function bareLine(line: SourceLine): string {
  return line.text
    .replace(/^\s*\/?\*+\/?/, '')
    .replace(/\*\/\s*$/, '')
    .trim();
}
