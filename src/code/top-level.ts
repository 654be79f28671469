/**
 * Lines of C → what stands at file scope, found by layout alone: kernel code opens a definition in column 0 and closes it with
 * a brace in column 0. Works on cut text too: what precedes the first definition and what has no end is said to be so.
 */
import { mask } from './repair';

export interface Item {
  readonly kind: 'function' | 'type' | 'table' | 'other';
  /** The function's, structure's or table's name; null when none was found or the head is out of sight. */
  readonly name: string | null;
  /** 0-based, inclusive. */
  readonly first: number;
  readonly last: number;
  /** The line that holds the opening brace; −1 when the head is out of sight or there is no brace. */
  readonly open: number;
  /** The head is in sight. */
  readonly started: boolean;
  /** The end is in sight. */
  readonly ended: boolean;
}

const DIRECTIVE = /^\s*#/;
const LABEL = /^[A-Za-z_]\w*\s*:(?!:)/;
const KEYWORDS = /^(?:if|for|while|switch|return|do|else|case|default|goto|sizeof|break|continue)$/;

/** The items in order; lines of no item (blank ones, comments) are in none. `opened` false: the text may start within an item. */
export function topLevel(lines: readonly string[], opened: boolean): Item[] {
  const bare = maskLines(lines);
  const items: Item[] = [];
  let at = 0;
  if (!opened) at = lead(bare, items);
  while (at < bare.length) {
    const line = bare[at] ?? '';
    if (line.trim() === '') {
      at++;
      continue;
    }
    if (DIRECTIVE.test(line)) {
      let last = at;
      while (/\\\s*$/.test(bare[last] ?? '') && last + 1 < bare.length) last++;
      items.push({ kind: 'other', name: null, first: at, last, open: -1, started: true, ended: true });
      at = last + 1;
      continue;
    }
    const item = definition(bare, at);
    items.push(item);
    at = item.last + 1;
  }
  return items;
}

/** Comments and strings blanked, line by line; a comment that began above the text is blanked too. */
export function maskLines(lines: readonly string[]): string[] {
  const text = lines.join('\n');
  const bare = mask(text, false);
  const close = text.indexOf('*/');
  const open = text.indexOf('/*');
  const masked = bare.split('\n');
  if (close >= 0 && (open < 0 || close < open)) {
    const last = text.slice(0, close).split('\n').length - 1;
    for (let i = 0; i < last; i++) masked[i] = '';
    const line = lines[last] ?? '';
    const column = line.indexOf('*/') + 2;
    masked[last] = ' '.repeat(column) + mask(line.slice(column), false);
  } else {
    for (let i = 0; i < masked.length && /^\s*\*(?:\s|$)/.test(lines[i] ?? ''); i++) masked[i] = '';
  }
  return masked;
}

/** The part that belongs to a definition opened above the text. Gives the line behind it. */
function lead(bare: readonly string[], items: Item[]): number {
  let depth = 0;
  let seen = false;
  // The rest of a macro's definition.
  let skipped = 0;
  while (/\\\s*$/.test(bare[skipped] ?? '')) skipped++;
  if (skipped > 0) skipped++;
  for (let i = skipped; i < bare.length; i++) {
    const line = bare[i] ?? '';
    if (line.startsWith('}')) {
      const kind = /^\}\s*(?:\w[\w\s()]*)?;/.test(line) ? 'table' : 'other';
      items.push({ kind, name: null, first: skipped, last: i, open: -1, started: false, ended: true });
      return i + 1;
    }
    if (/^[A-Za-z_]/.test(line) && !LABEL.test(line)) {
      if (seen)
        items.push({ kind: 'other', name: null, first: skipped, last: i - 1, open: -1, started: false, ended: true });
      return i;
    }
    if (line.startsWith('{') && depth === 0) {
      // The rest of a head, then its body.
      const end = endOf(bare, i);
      items.push({
        kind: 'other',
        name: null,
        first: skipped,
        last: end.last,
        open: i,
        started: false,
        ended: end.ended,
      });
      return end.last + 1;
    }
    if (/^\s/.test(line) && line.trim() !== '' && !DIRECTIVE.test(line)) seen = true;
    depth += count(line);
  }
  if (seen)
    items.push({
      kind: 'other',
      name: null,
      first: skipped,
      last: bare.length - 1,
      open: -1,
      started: false,
      ended: false,
    });
  return bare.length;
}

function count(line: string): number {
  let depth = 0;
  for (let i = 0; i < line.length; i++) {
    const unit = line.charCodeAt(i);
    if (unit === 123) depth++;
    else if (unit === 125) depth--;
  }
  return depth;
}

/** The closing line of the braces opened on line `open`: on that line, or the first with a brace in column 0. */
function endOf(bare: readonly string[], open: number): { last: number; ended: boolean } {
  if (count(bare[open] ?? '') === 0) return { last: open, ended: true };
  for (let i = open + 1; i < bare.length; i++) {
    const line = bare[i] ?? '';
    if (!line.startsWith('}')) continue;
    // `};` or `} __packed name;` may go on.
    let last = i;
    while (
      !/[;}]\s*$/.test(bare[last] ?? '') &&
      !/^\s*$/.test(bare[last + 1] ?? '') &&
      last - i < 4 &&
      last + 1 < bare.length &&
      /^}\s*[\w*]/.test(line)
    )
      last++;
    return { last, ended: true };
  }
  return { last: bare.length - 1, ended: false };
}

function definition(bare: readonly string[], first: number): Item {
  let head = '';
  let depth = 0;
  for (let i = first; i < bare.length; i++) {
    const line = bare[i] ?? '';
    if (i > first && DIRECTIVE.test(line)) continue;
    for (let column = 0; column < line.length; column++) {
      const unit = line[column];
      if (unit === '(') depth++;
      else if (unit === ')') depth--;
      else if (unit === ';' && depth <= 0) {
        return {
          kind: /^\s*(?:typedef\b|enum\b)/.test(head) ? 'type' : 'other',
          name: null,
          first,
          last: i,
          open: -1,
          started: true,
          ended: true,
        };
      } else if (unit === '{') {
        head += ` ${line.slice(0, column)}`;
        const end = endOf(bare, i);
        return { ...classify(head), first, last: end.last, open: i, started: true, ended: end.ended };
      }
    }
    head += ` ${line}`;
    // A macro call without a semicolon is an item of its own.
    if (
      depth === 0 &&
      /\)\s*$/.test(line) &&
      /^[A-Z_0-9]+\s*\(/.test(head.trim()) &&
      !/^\s*[{[]/.test(bare[i + 1] ?? '')
    ) {
      return { kind: 'other', name: null, first, last: i, open: -1, started: true, ended: true };
    }
  }
  return { ...classify(head), first, last: bare.length - 1, open: -1, started: true, ended: false };
}

function classify(head: string): Pick<Item, 'kind' | 'name'> {
  const table = /(\w+)\s*(?:\[[^\]]*\]\s*)*(?:__\w+(?:\([^)]*\))?\s*)*=\s*(?:\([^)]*\)\s*)?$/.exec(head);
  if (table !== null) return { kind: 'table', name: table[1] ?? null };
  const name = functionName(head);
  if (name !== null) return { kind: 'function', name };
  const type = /\b(?:struct|union|enum)\s+(?:__\w+\s+)*(\w+)?\s*$/.exec(head);
  if (type !== null) return { kind: 'type', name: type[1] ?? null };
  return { kind: /\b(?:struct|union|enum)\b/.test(head) ? 'type' : 'other', name: null };
}

const ANNOTATION =
  /\b(?:__printf|__scanf|__acquires|__releases|__must_hold|__aligned|__attribute__|__section|__alloc_size|__cond_acquires)\s*\((?:[^()]|\([^()]*\))*\)/g;

/** The function a head names: `static int foo(struct bar *b` gives `foo`. The head may be cut off behind the name. Null when it names none. */
export function functionName(head: string): string | null {
  const plain = head.replace(ANNOTATION, ' ');
  if (/^\s*(?:typedef)\b/.test(plain) || plain.includes('=')) return null;
  const match = /([A-Za-z_]\w*)\s*\(/.exec(plain);
  const name = match?.[1];
  if (name === undefined || KEYWORDS.test(name)) return null;
  return name;
}

/** The label that the text behind the second `@@` of a hunk names; null when it names anything else. */
export function labelNamed(section: string): string | null {
  const label = /^([A-Za-z_]\w*)\s*:(?!:)\s*(?:\/\*.*)?$/.exec(section)?.[1];
  return label === undefined || KEYWORDS.test(label) ? null : label;
}

/** What the text behind the second `@@` of a hunk names: the item that encloses the hunk's start. */
export function sectionItem(section: string): Pick<Item, 'kind' | 'name'> {
  const text = mask(section, false)
    .replace(/\{\s*$/, '')
    .trimEnd();
  if (text === '' || LABEL.test(text)) return { kind: 'other', name: null };
  if (/=\s*$/.test(text)) return classify(text);
  const type = /^(?:typedef\s+)?(?:struct|union|enum)\s+(\w+)\s*$/.exec(text);
  if (type !== null) return { kind: 'type', name: type[1] ?? null };
  const name = functionName(text);
  return name === null ? { kind: 'other', name: null } : { kind: 'function', name };
}
