/**
 * Text from a mail made safe to print: what would move the cursor, change colours or turn the direction of writing is spelled out.
 */

// C0 but tab, DEL, C1, soft hyphen and zero-width characters, bidirectional controls and isolates, line and paragraph separators, BOM.
const UNSAFE =
  /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/g;

/** The text with each unsafe character as `<U+202E>`; line feeds too, so that the result is one line. Tabs stay. */
export function printable(text: string): string {
  return text.replace(
    UNSAFE,
    (character) => `<U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}>`,
  );
}

export type Colour = 'red' | 'yellow' | 'blue' | 'green' | 'grey' | 'bold';

const CODES: Readonly<Record<Colour, string>> = {
  red: '31',
  yellow: '33',
  blue: '36',
  green: '32',
  grey: '90',
  bold: '1',
};

/** Paints, or leaves the text as it is; `text` must be printable already. */
export type Paint = (colour: Colour, text: string) => string;

export function painter(colours: boolean): Paint {
  return colours ? (colour, text) => `\u001b[${CODES[colour]}m${text}\u001b[0m` : (_, text) => text;
}

/** A text cut to `width` characters, with an ellipsis when something is gone. */
export function shortened(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(width - 1, 0)).trimEnd()}…`;
}

/** Words that begin a sentence in capitals and are no name. */
const BEGINS =
  /^(?:The|This|That|These|An?|It|Its|In|On|At|Of|By|For|From|With|Without|Between|Behind|Before|After|Until|While|When|Where|What|Who|Whoever|Whatever|Each|Every|Both|All|No|None|Nothing|Only|One|Two|Pages?|Outside|Inside|Hardware|Such|There|Then|To|As|If|Not|Is|Are)\b/;

/** A sentence as it goes on behind “because”: its first word in small letters, unless it is a name of code or of hardware. */
export function asClause(text: string): string {
  return BEGINS.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text;
}
