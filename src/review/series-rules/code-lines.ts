/**
 * The lines of a hunk as C text: comments and strings blanked, with what encloses each and the `#if`s in sight above it. By layout
 * alone: kernel code opens what it defines in column 0. What stands above the hunk is not known, and nothing is said of it.
 */
import { functionName, maskLines, sectionItem } from '../../code/top-level';
import type { Hunk, HunkLine } from '../../patch/types';

export type DefinitionKind =
  | 'function'
  | 'prototype'
  | 'macro'
  | 'type'
  | 'typedef'
  | 'field'
  | 'enumerator'
  | 'variable';

/** What a head in a hunk says, before it is known whether the patch adds it. */
export interface Head {
  readonly kind: DefinitionKind;
  readonly name: string;
  /** The line the name stands on. */
  readonly line: HunkLine;
  /** All lines of the head. */
  readonly lines: readonly HunkLine[];
  /** The structure, union or enum it belongs to; null at file scope, and where its head is out of sight. */
  readonly owner: string | null;
  readonly static: boolean;
  readonly inline: boolean;
  /** What stands in front of the name, blanks folded. */
  readonly before: string;
  /** As written, one each; null when there is no list, or its end is out of sight. */
  readonly parameters: readonly string[] | null;
  /** Conditions in sight around it, outermost first: `CONFIG_X`, `!CONFIG_X`; `?` for one whose text is out of sight. */
  readonly guards: readonly string[];
  /** Body of a function that stands on the lines in sight, blanked; '' for others. */
  readonly body: string;
}

/** A macro called at file scope: `EXPORT_SYMBOL_GPL(name);`. */
export interface Invocation {
  readonly macro: string;
  readonly args: readonly string[];
  readonly line: HunkLine;
}

export interface CodeLine {
  readonly line: HunkLine;
  /** Without comments and strings. */
  readonly bare: string;
  /** The function or type around it; null when there is none, or nobody can tell. */
  readonly inside: string | null;
  readonly guards: readonly string[];
  /** Part of a `#define`, or of another directive. */
  readonly directive: boolean;
  /** Part of the head of a definition or of a prototype. */
  readonly head: boolean;
}

export interface HunkCode {
  readonly lines: readonly CodeLine[];
  readonly heads: readonly Head[];
  readonly invocations: readonly Invocation[];
}

interface Enclosing {
  readonly kind: 'function' | 'type' | 'table' | 'other';
  readonly name: string | null;
  readonly enum: boolean;
}

const HEAD_LINES = 14;
/** Annotations behind the name of a variable. */
const VARIABLE_NOTE =
  /\b__(?:iomem|rcu|percpu|user|ro_after_init|read_mostly|initdata|initconst|maybe_unused|used|cacheline_aligned\w*|(?:aligned|section|attribute__)\s*\((?:[^()]|\([^()]*\))*\))(?![\w(])/g;
const LABEL = /^[A-Za-z_]\w*\s*:(?!:)/;

/** One image of a hunk: what stands after the patch (`new`), or what stood before it (`old`). */
export function readHunk(hunk: Hunk, image: 'new' | 'old'): HunkCode {
  const lines = hunk.lines.filter((line) => line.kind !== (image === 'new' ? 'delete' : 'add'));
  const bare = maskLines(lines.map((line) => line.text));
  const reader = new HunkReader(lines, bare);
  reader.read(hunk);
  return reader;
}

class HunkReader implements HunkCode {
  readonly lines: CodeLine[] = [];
  readonly heads: Head[] = [];
  readonly invocations: Invocation[] = [];
  private guards: string[] = [];
  private inside: Enclosing;

  constructor(
    private readonly source: readonly HunkLine[],
    private readonly bare: readonly string[],
  ) {
    this.inside = OUTSIDE;
  }

  read(hunk: Hunk): void {
    const first = this.bare.findIndex((text) => text.trim() !== '' && !text.startsWith('#'));
    const section = hunk.section === '' || hunk.newStart <= 1 ? null : sectionItem(hunk.section);
    if (section !== null && first >= 0 && /^[\s}{]/.test(this.bare[first] ?? ''))
      this.inside = { ...section, enum: /\benum\b/.test(hunk.section) };
    let at = 0;
    while (at < this.bare.length) at = this.step(at);
  }

  private push(index: number, directive: boolean, head: boolean): void {
    const line = this.source[index];
    if (line === undefined) return;
    this.lines.push({
      line,
      bare: this.bare[index] ?? '',
      inside: this.inside.name,
      guards: this.guards,
      directive,
      head,
    });
  }

  private step(at: number): number {
    const text = this.bare[at] ?? '';
    if (/^\s*#/.test(text)) return this.directive(at);
    if (text.startsWith('}')) {
      // `} name;` behind a structure's body declares a variable, or names a type.
      const name = /^\}\s*(\w+)\s*(?:\[[^\]]*\]\s*)?[;=]/.exec(text)?.[1];
      const line = this.source[at];
      if (name !== undefined && line !== undefined) this.add('variable', name, [line], '', '', null);
      this.push(at, false, false);
      this.inside = OUTSIDE;
      return at + 1;
    }
    if (/^[A-Za-z_]/.test(text) && !LABEL.test(text)) {
      this.inside = OUTSIDE;
      return this.definition(at);
    }
    if (this.inside.kind === 'type') this.member(at, text);
    this.push(at, false, false);
    return at + 1;
  }

  private directive(at: number): number {
    let last = at;
    while (/\\\s*$/.test(this.bare[last] ?? '') && last + 1 < this.bare.length) last++;
    const text = this.bare.slice(at, last + 1).join(' ');
    const word = /^\s*#\s*(\w+)\s*(.*)$/.exec(text);
    const rest = (word?.[2] ?? '').trim();
    const line = this.source[at];
    switch (word?.[1]) {
      case 'ifdef':
        this.guards = [...this.guards, rest];
        break;
      case 'ifndef':
        this.guards = [...this.guards, `!${rest}`];
        break;
      case 'if':
        this.guards = [...this.guards, positive(rest)];
        break;
      case 'elif':
        this.guards = [...this.guards.slice(0, -1), positive(rest)];
        break;
      case 'else':
        this.guards = [...this.guards.slice(0, -1), negated(this.guards.at(-1))];
        break;
      case 'endif':
        this.guards = this.guards.slice(0, -1);
        break;
      case 'define': {
        const macro = /^(\w+)(\(([^)]*)\))?/.exec(rest);
        if (macro?.[1] === undefined || line === undefined) break;
        this.heads.push({
          kind: 'macro',
          name: macro[1],
          line,
          lines: this.source.slice(at, last + 1),
          owner: null,
          static: false,
          inline: false,
          before: '',
          parameters: macro[2] === undefined ? null : splitArguments(macro[3] ?? ''),
          guards: this.guards,
          body: rest.slice(macro[0].length),
        });
        break;
      }
    }
    for (let i = at; i <= last; i++) this.push(i, true, false);
    return last + 1;
  }

  /** Fields and enumerators. */
  private member(at: number, text: string): void {
    const line = this.source[at];
    if (line === undefined) return;
    const owner = this.inside.name;
    const add = (kind: DefinitionKind, name: string, before: string): void => {
      this.heads.push({
        kind,
        name,
        line,
        lines: [line],
        owner,
        static: false,
        inline: false,
        before,
        parameters: null,
        guards: this.guards,
        body: '',
      });
    };
    if (this.inside.enum) {
      const name = /^\s+([A-Za-z_]\w*)\s*(?:=[^=].*|,.*)?$/.exec(text)?.[1];
      if (name !== undefined) add('enumerator', name, '');
      return;
    }
    const pointer = /\(\s*\*\s*(\w+)\s*\)\s*\(/.exec(text)?.[1];
    if (pointer !== undefined) {
      add('field', pointer, 'function pointer');
      return;
    }
    const declaration = /^\s+((?:[A-Za-z_]\w*\s+|\*\s*)+?)([\w\s*,[\]:+()-]+);\s*$/.exec(
      text.replace(/__\w+\s*\([^()]*\)|\b__(?:aligned|packed|rcu|iomem|user|percpu)\b/g, ' '),
    );
    if (declaration === null) return;
    for (const part of splitArguments(declaration[2] ?? '')) {
      const name = /(\w+)\s*(?:\[.*|:.*)?$/.exec(part.trim())?.[1];
      if (name !== undefined && /^[A-Za-z_]/.test(name)) add('field', name, (declaration[1] ?? '').trim());
    }
  }

  private definition(at: number): number {
    let head = '';
    let depth = 0;
    for (let i = at; i < Math.min(this.bare.length, at + HEAD_LINES); i++) {
      const text = this.bare[i] ?? '';
      if (i > at && (/^\s*#/.test(text) || text.startsWith('}'))) break;
      for (let column = 0; column < text.length; column++) {
        const unit = text[column];
        if (unit === '(') depth++;
        else if (unit === ')') depth--;
        else if (depth <= 0 && (unit === ';' || unit === '{' || unit === '='))
          return this.ended(at, i, `${head} ${text.slice(0, column)}`, unit);
      }
      head += ` ${text}`;
      // A macro call without a semicolon.
      if (
        depth === 0 &&
        /\)\s*$/.test(text) &&
        /^\s*[A-Z_0-9]+\s*\(/.test(head) &&
        !/^\s*\{/.test(this.bare[i + 1] ?? '')
      )
        return this.ended(at, i, head, ';');
    }
    // Cut: a function's name may be in sight.
    const name = functionName(head);
    if (name !== null) this.inside = { kind: 'function', name, enum: false };
    this.push(at, false, true);
    return at + 1;
  }

  private ended(first: number, last: number, text: string, end: ';' | '{' | '='): number {
    const folded = text.replace(/\s+/g, ' ').trim();
    const lines = this.source.slice(first, last + 1);
    const line = lines[0];
    for (let i = first; i <= last; i++) this.push(i, false, end !== '=' || i < last);
    if (line === undefined) return last + 1;
    const type = /^(?:typedef )?(?:static |const )*(struct|union|enum)(?: __\w+)*(?: (\w+))?$/.exec(folded);
    if (end === '{' && type !== null) {
      if (type[2] !== undefined) this.add('type', type[2], lines, folded, '', null);
      this.inside = { kind: 'type', name: type[2] ?? null, enum: type[1] === 'enum' };
      return this.close(last);
    }
    const name = functionName(text);
    if (name !== null && end !== '=') {
      const open = folded.indexOf(`${name}`);
      const before = folded.slice(0, open).trim();
      const list = folded.slice(open + name.length);
      if (before === '' || /^[A-Z][A-Z0-9_]*$/.test(name)) {
        const args = /^\s*\((.*)\)/.exec(list)?.[1];
        this.invocations.push({ macro: name, args: splitArguments(args ?? ''), line });
        if (end === '{') this.inside = { kind: 'function', name: null, enum: false };
        return end === '{' ? this.close(last) : last + 1;
      }
      const parameters = parametersOf(list);
      if (end === '{') {
        const body = this.bodyFrom(last);
        this.add('function', name, lines, before, body, parameters);
        this.inside = { kind: 'function', name, enum: false };
        return this.close(last);
      }
      // `struct x y(z)` in a function cannot stand in column 0; a cast or a function pointer gives no name.
      if (!/[=(]/.test(before))
        this.add(/^typedef\b/.test(before) ? 'typedef' : 'prototype', name, lines, before, '', parameters);
      return last + 1;
    }
    const variable = /(\w+)\s*(?:\[[^\]]*\]\s*)*$/.exec(folded.replace(VARIABLE_NOTE, ' ').trimEnd());
    if (variable?.[1] !== undefined && end !== '{') {
      const before = folded.slice(0, variable.index).trim();
      if (before !== '' && !/^(?:struct|union|enum)$/.test(before))
        this.add(/^typedef\b/.test(before) ? 'typedef' : 'variable', variable[1], lines, before, '', null);
    }
    if (end === '=') this.inside = { kind: 'table', name: variable?.[1] ?? null, enum: false };
    return last + 1;
  }

  /** The rest of a definition's text on the line of its brace is over when the braces are. */
  private close(last: number): number {
    const text = this.bare[last] ?? '';
    if (count(text, '{') > 0 && count(text, '{') === count(text, '}')) this.inside = OUTSIDE;
    return last + 1;
  }

  private bodyFrom(open: number): string {
    const first = this.bare[open] ?? '';
    if (count(first, '{') === count(first, '}')) return first.slice(first.indexOf('{'));
    const out: string[] = [];
    for (let i = open; i < this.bare.length && out.length < 200; i++) {
      out.push(this.bare[i] ?? '');
      if (i > open && (this.bare[i] ?? '').startsWith('}')) break;
    }
    return out.join('\n');
  }

  private add(
    kind: DefinitionKind,
    name: string,
    lines: readonly HunkLine[],
    before: string,
    body: string,
    parameters: readonly string[] | null,
  ): void {
    const word = new RegExp(`\\b${name}\\b`);
    const line = lines.find((one) => word.test(one.text)) ?? lines[0];
    if (line === undefined) return;
    this.heads.push({
      kind,
      name,
      line,
      lines,
      owner: null,
      static: /\bstatic\b/.test(before),
      inline: /\b(?:__)?(?:always_)?inline(?:__)?\b/.test(before),
      before,
      parameters,
      guards: this.guards,
      body,
    });
  }
}

const OUTSIDE: Enclosing = { kind: 'other', name: null, enum: false };

function count(text: string, unit: string): number {
  return text.split(unit).length - 1;
}

/** `defined(CONFIG_X)` and `IS_ENABLED(CONFIG_X)` are `CONFIG_X`; other conditions stay as written. */
function positive(condition: string): string {
  const simple = /^(!?)\s*(?:defined|IS_ENABLED|IS_BUILTIN|IS_REACHABLE)\s*\(?\s*(\w+)\s*\)?$/.exec(condition);
  return simple === null ? condition : `${simple[1]}${simple[2]}`;
}

function negated(condition: string | undefined): string {
  if (condition === undefined) return '?';
  if (condition.startsWith('!') && /^!\w+$/.test(condition)) return condition.slice(1);
  return /^\w+$/.test(condition) ? `!${condition}` : '?';
}

/** Splits at commas outside brackets; '' gives none. */
export function splitArguments(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text[i];
    if (unit === '(' || unit === '[' || unit === '{') depth++;
    else if (unit === ')' || unit === ']' || unit === '}') depth--;
    else if (unit === ',' && depth === 0) {
      parts.push(text.slice(start, i).trim());
      start = i + 1;
    }
  }
  const last = text.slice(start).trim();
  if (last !== '' || parts.length > 0) parts.push(last);
  return parts;
}

/** The text between the bracket `text` opens with (blanks before it) and its partner; null when there is none. */
export function bracketed(text: string): string | null {
  const open = text.search(/\S/);
  if (text[open] !== '(') return null;
  let depth = 0;
  for (let i = open; i < text.length; i++) {
    if (text[i] === '(') depth++;
    else if (text[i] === ')' && --depth === 0) return text.slice(open + 1, i);
  }
  return null;
}

function parametersOf(list: string): readonly string[] | null {
  const inner = bracketed(list);
  if (inner === null) return null;
  const parts = splitArguments(inner);
  return parts.length === 1 && parts[0] === 'void' ? [] : parts;
}
