/**
 * Structures of userspace headers, read from their text: members with types, array lengths and bit widths, nested ones included,
 * and how two ABIs lay them out. In: the lines of one file as known after a patch. Out: structures with members at their places.
 * Knows no rule.
 */
import type { FileImage } from '../../code/file-image';
import type { SourceLine } from '../../code/types';
import type { Place } from '../../place';

export interface Member {
  readonly name: string;
  /** As written: `__u32`, `struct foo`, `enum bar`, `unsigned long`; '' for a nested structure or union. */
  readonly type: string;
  readonly pointer: boolean;
  readonly bits: boolean;
  /** Product of the array lengths; 1 for no array, 0 for a flexible one, null when a length is no number. */
  readonly length: number | null;
  readonly nested: { readonly kind: 'struct' | 'union'; readonly members: readonly Member[] } | null;
  readonly at: Place;
}

export interface UserStructureText {
  readonly name: string;
  readonly members: readonly Member[];
  /** Packed, or aligned by hand: the layout is not left to the compiler. */
  readonly attributes: boolean;
  readonly at: Place;
}

/** Is the file a header that userspace includes? */
export function isUserHeader(path: string): boolean {
  return /(?:^|\/)include\/uapi\/.*\.h$/.test(path);
}

interface Token {
  readonly text: string;
  readonly at: Place;
}

function tokens(lines: readonly SourceLine[]): Token[] {
  const found: Token[] = [];
  let comment = false;
  for (const line of lines) {
    let text = line.text;
    if (/^\s*#/.test(text) && !comment) continue;
    let out = '';
    while (text !== '') {
      if (comment) {
        const end = text.indexOf('*/');
        if (end < 0) break;
        text = text.slice(end + 2);
        comment = false;
        continue;
      }
      const start = text.indexOf('/*');
      const slashes = text.indexOf('//');
      if (slashes >= 0 && (start < 0 || slashes < start)) {
        out += text.slice(0, slashes);
        break;
      }
      if (start < 0) {
        out += text;
        break;
      }
      out += `${text.slice(0, start)} `;
      text = text.slice(start + 2);
      comment = true;
    }
    for (const word of out.match(/\w+|[^\s\w]/g) ?? []) found.push({ text: word, at: line.at });
  }
  return found;
}

/** The structures that are whole in what is known of a file. */
export function userStructuresOf(image: FileImage): UserStructureText[] {
  return image.runs.flatMap((run) => structuresIn(tokens(run.lines)));
}

function structuresIn(all: readonly Token[]): UserStructureText[] {
  const found: UserStructureText[] = [];
  for (let i = 0; i + 2 < all.length; i++) {
    const [word, name, brace] = [all[i], all[i + 1], all[i + 2]];
    if (word?.text !== 'struct' || name === undefined || brace?.text !== '{' || !/^[A-Za-z_]/.test(name.text)) continue;
    const body = members(all, i + 3);
    if (body === null) continue;
    let end = body.next;
    while (all[end] !== undefined && all[end]?.text !== ';') end++;
    found.push({ name: name.text, members: body.members, attributes: end > body.next, at: word.at });
    i = end;
  }
  return found;
}

/** The members up to the closing brace; null when it is not in sight or something else than members stands there. */
function members(all: readonly Token[], from: number): { readonly members: Member[]; readonly next: number } | null {
  const found: Member[] = [];
  let i = from;
  for (;;) {
    const first = all[i];
    if (first === undefined) return null;
    if (first.text === '}') return { members: found, next: i + 1 };
    if (first.text === ';') {
      i++;
      continue;
    }
    const kind = first.text === 'struct' || first.text === 'union' ? first.text : null;
    const opens = kind === null ? -1 : all[i + 1]?.text === '{' ? i + 1 : all[i + 2]?.text === '{' ? i + 2 : -1;
    if (kind !== null && opens >= 0) {
      const inner = members(all, opens + 1);
      if (inner === null) return null;
      const end = statementEnd(all, inner.next);
      if (end === null) return null;
      const tail = all.slice(inner.next, end).map((token) => token.text);
      found.push({
        name: tail.find((text) => /^[A-Za-z]\w*$/.test(text)) ?? '',
        type: '',
        pointer: false,
        bits: false,
        length: lengthOf(tail),
        nested: { kind, members: inner.members },
        at: first.at,
      });
      i = end + 1;
      continue;
    }
    const end = statementEnd(all, i);
    if (end === null) return null;
    found.push(...declared(all.slice(i, end), first.at));
    i = end + 1;
  }
}

function statementEnd(all: readonly Token[], from: number): number | null {
  for (let i = from; i < all.length; i++) {
    if (all[i]?.text === ';') return i;
    if (all[i]?.text === '{' || all[i]?.text === '}') return null;
  }
  return null;
}

function lengthOf(texts: readonly string[]): number | null {
  let length: number | null = 1;
  for (let i = 0; i < texts.length; i++) {
    if (texts[i] !== '[') continue;
    const close = texts.indexOf(']', i);
    const inner = texts.slice(i + 1, close < 0 ? texts.length : close);
    if (inner.length === 0) length = 0;
    else {
      const value: number = inner.length === 1 ? Number(inner[0]) : Number.NaN;
      length = length === null || Number.isNaN(value) ? null : length * value;
    }
  }
  return length;
}

/** `__u32 a, b[4]` as members. */
function declared(statement: readonly Token[], at: Place): Member[] {
  const texts = statement.map((token) => token.text);
  const parts: string[][] = [[]];
  for (const text of texts) {
    if (text === ',') parts.push([]);
    else parts.at(-1)?.push(text);
  }
  const head = parts[0] ?? [];
  const cut = head.findIndex((text) => text === '[' || text === ':');
  const plain = cut < 0 ? head : head.slice(0, cut);
  const type = plain
    .slice(0, -1)
    .filter((text) => text !== '*' && text !== 'const' && text !== '__user')
    .join(' ');
  return parts.map((part) => {
    const end = part.findIndex((text) => text === '[' || text === ':');
    const name = (end < 0 ? part : part.slice(0, end)).at(-1) ?? '';
    return {
      name,
      type,
      pointer: part.includes('*'),
      bits: part.includes(':'),
      length: lengthOf(part),
      nested: null,
      at,
    };
  });
}

export interface Slot {
  readonly member: Member;
  readonly offset: number;
  /** Bytes of hole in front of it. */
  readonly hole: number;
}

export interface Layout {
  readonly slots: readonly Slot[];
  readonly size: number;
  readonly align: number;
  /** Bytes of hole behind the last member. */
  readonly tail: number;
}

const SIZES: Readonly<Record<string, number>> = {
  __u8: 1,
  __s8: 1,
  char: 1,
  'unsigned char': 1,
  __u16: 2,
  __s16: 2,
  __le16: 2,
  __be16: 2,
  __u32: 4,
  __s32: 4,
  __le32: 4,
  __be32: 4,
  int: 4,
  'unsigned int': 4,
  float: 4,
  __u64: 8,
  __s64: 8,
  __le64: 8,
  __be64: 8,
  __aligned_u64: 8,
  'long long': 8,
  'unsigned long long': 8,
};

/** How an ABI lays members out; `wide` is the alignment of 64-bit numbers (4 on i386, else 8). Null when a type or a length is not known. */
export function layout(
  list: readonly Member[],
  wide: 4 | 8,
  known: ReadonlyMap<string, UserStructureText>,
  union = false,
  depth = 0,
): Layout | null {
  const slots: Slot[] = [];
  let offset = 0;
  let size = 0;
  let align = 1;
  for (const member of list) {
    if (member.bits || member.pointer || member.length === null || depth > 8) return null;
    let unit: { readonly size: number; readonly align: number } | null = null;
    if (member.nested !== null) {
      unit = layout(member.nested.members, wide, known, member.nested.kind === 'union', depth + 1);
    } else {
      const bytes = SIZES[member.type];
      const other = /^struct (\w+)$/.exec(member.type)?.[1];
      const structure = other === undefined ? undefined : known.get(other);
      if (bytes !== undefined)
        unit = { size: bytes, align: bytes === 8 && member.type !== '__aligned_u64' ? wide : bytes };
      else if (structure !== undefined && !structure.attributes)
        unit = layout(structure.members, wide, known, false, depth + 1);
    }
    if (unit === null) return null;
    const start = union ? 0 : Math.ceil(offset / unit.align) * unit.align;
    slots.push({ member, offset: start, hole: start - (union ? 0 : offset) });
    offset = start + unit.size * member.length;
    size = Math.max(size, offset);
    align = Math.max(align, unit.align);
  }
  const whole = Math.ceil(size / align) * align;
  return { slots, size: whole, align, tail: whole - size };
}
