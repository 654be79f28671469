/** Text blanked and overwritten in place: every offset stays. */

/** As many blanks; line ends stay. */
export function blank(text: string): string {
  if (!text.includes('\n')) return ' '.repeat(text.length);
  return text
    .split('\n')
    .map((line) => ' '.repeat(line.length))
    .join('\n');
}

/** Ranges to blank or to overwrite in place, in any text of the length they were found in. */
export class Patchwork {
  private readonly pieces: { start: number; end: number; text: string | null }[] = [];
  blank(start: number, end: number): void {
    if (end > start) this.pieces.push({ start, end, text: null });
  }
  /** `replacement` is filled up with blanks to the length of the range. */
  overwrite(start: number, end: number, replacement: string): void {
    this.pieces.push({ start, end, text: replacement.padEnd(end - start).slice(0, end - start) });
  }
  /** Of two overlapping pieces the first in the text wins for what both cover; of two that are one range, the one that writes. */
  result(text: string): string {
    if (this.pieces.length === 0) return text;
    const sorted = [...this.pieces].sort(
      (a, b) => a.start - b.start || b.end - a.end || Number(a.text === null) - Number(b.text === null),
    );
    let out = '';
    let at = 0;
    for (const piece of sorted) {
      if (piece.end <= at) continue;
      const from = Math.max(piece.start, at);
      out += text.slice(at, from);
      out += piece.text === null ? blank(text.slice(from, piece.end)) : piece.text.slice(from - piece.start);
      at = piece.end;
    }
    return out + text.slice(at);
  }
}
