/**
 * A mail copied from a web archive: a title, `From:` and `Date:` lines, blank lines, the text. No Message-ID, no Subject header, and often the
 * wounds of a page read in the wrong charset.
 */
export interface WebCopy {
  readonly title: string;
  readonly from: string;
  readonly date: string;
  /** 0-based index of the first line of the text. */
  readonly bodyIndex: number;
}

const FIELD = /^(From|Date|To|Cc|Subject|Message-ID|In-Reply-To|Reply-To|Newsgroups|Sent)\s*:\s*(.*)$/i;

/** Recognises a web copy by its first lines; null when they look otherwise. */
export function readWebCopy(lines: readonly string[]): WebCopy | null {
  let index = 0;
  while (index < lines.length && (lines[index] ?? '').trim() === '') index++;
  const title = (lines[index] ?? '').trim();
  if (title === '' || title.length > 400 || FIELD.test(title)) return null;
  let from: string | null = null;
  let date: string | null = null;
  let last = index;
  let inFields = false;
  for (let i = index + 1; i < Math.min(lines.length, index + 16); i++) {
    const line = (lines[i] ?? '').trim();
    const match = FIELD.exec(line);
    if (match) {
      inFields = true;
      last = i;
      if (/^from$/i.test(match[1] ?? '')) from ??= match[2] ?? '';
      if (/^(date|sent)$/i.test(match[1] ?? '')) date ??= match[2] ?? '';
    } else if (line !== '' || inFields) break;
  }
  if (from === null || date === null) return null;
  let bodyIndex = last + 1;
  while (bodyIndex < lines.length && (lines[bodyIndex] ?? '').trim() === '') bodyIndex++;
  return { title, from, date, bodyIndex };
}

/** Windows-1252 characters of the bytes 80h to 9Fh, where they differ from Latin-1. */
const WESTERN = new Map(
  [...'€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ'].map(
    (character, i) => [character, 0x80 + i] as const,
  ),
);
const strict = new TextDecoder('utf-8', { fatal: true });

/**
 * Mends text whose UTF-8 was read as Latin-1 or windows-1252: `Ã¼` → `ü`, `â€™` → `’`, and `Â` left over from a no-break space → a blank. A lone `Â`
 * is touched only when the same text shows one where no word could have it. Lines stay lines. Gives the same array when nothing was mended.
 */
export function mendMojibake(lines: readonly string[]): readonly string[] {
  const orphan = lines.some((line) => /ÂÂ|Â\u00a0|(?:^|[\s>.,;:!?)])Â(?=\s|$)/.test(line));
  let mended = false;
  const out = lines.map((line) => {
    if (!/[\u0080-\uffff]/.test(line)) return line;
    let text = line.replace(
      /[\u00c2-\u00f4][\u0080-\u00ff€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]+/g,
      (run) => decodeTwice(run) ?? run,
    );
    if (orphan)
      text = text.replace(/Â\u00a0?/g, (match, at: number) =>
        isLetter(text[at - 1]) && isLetter(text[at + match.length]) ? match : ' ',
      );
    text = text.replace(/\u00a0/g, ' ');
    if (text !== line) mended = true;
    return text;
  });
  return mended ? out : lines;
}

function decodeTwice(run: string): string | null {
  const bytes: number[] = [];
  for (const character of run) {
    const code = character.charCodeAt(0);
    const byte = WESTERN.get(character) ?? (code <= 0xff ? code : -1);
    if (byte < 0) return null;
    bytes.push(byte);
  }
  try {
    return strict.decode(new Uint8Array(bytes));
  } catch {
    return null;
  }
}

function isLetter(character: string | undefined): boolean {
  return character !== undefined && /\p{L}/u.test(character) && character !== 'Â';
}
