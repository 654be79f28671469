/**
 * What the rules on a series read: the definitions that each patch adds, removes and shows, where their names are used, and what
 * the build files say. Built once for a series; only names that the series itself adds or removes are looked up.
 */
import type { Change, FileChange, HunkLine } from '../../patch/types';
import type { Series } from '../../series/types';
import { type BuildFiles, readBuildFiles } from './build-files';
import { type CodeLine, type Head, type HunkCode, type Invocation, readHunk } from './code-lines';

export interface Definition extends Head {
  /** Position in `Series.patches`. */
  readonly patch: number;
  readonly file: FileChange;
  /** `kept`: shown as context. A head of which another line changed than the one with the name is `kept` and `changed`. */
  readonly state: 'added' | 'removed' | 'kept';
  readonly changed: boolean;
}

export interface Mention {
  readonly name: string;
  readonly patch: number;
  readonly file: FileChange;
  readonly line: HunkLine;
  readonly column: number;
  /** Called, a member behind `.` or `->`, or anything else. */
  readonly role: 'call' | 'member' | 'other';
  readonly code: CodeLine;
  /** The lines of the same image of the hunk, and where in them this one stands. */
  readonly lines: readonly CodeLine[];
  readonly index: number;
}

export interface FileCall extends Invocation {
  readonly patch: number;
  readonly file: FileChange;
  readonly state: Definition['state'];
}

export interface HunkView {
  readonly patch: number;
  readonly file: FileChange;
  readonly now: HunkCode;
  /** Null when the hunk removes nothing: then both images are the same but for what is added. */
  readonly old: HunkCode | null;
}

export interface SeriesView {
  readonly series: Series;
  readonly changes: readonly Change[];
  /** All parts of the series are there. */
  readonly complete: boolean;
  readonly hunks: readonly HunkView[];
  readonly definitions: ReadonlyMap<string, readonly Definition[]>;
  /** Of the names in `definitions` that the series adds, removes or changes. */
  readonly mentions: ReadonlyMap<string, readonly Mention[]>;
  readonly calls: readonly FileCall[];
  readonly build: BuildFiles;
  /** `3/7`. */
  label(patch: number): string;
}

const STATES = { add: 'added', delete: 'removed', context: 'kept' } as const;
/** A call is looked at for so many lines. */
const ARGUMENT_LINES = 20;
const CODE = /\.[ch]$/;

export function viewOf(series: Series, changes: readonly Change[]): SeriesView {
  const hunks: HunkView[] = [];
  const definitions = new Map<string, Definition[]>();
  const calls: FileCall[] = [];
  for (const [patch, change] of changes.entries())
    for (const file of change.files) {
      if (!CODE.test(file.path) || file.binary || file.combined) continue;
      for (const hunk of file.hunks) {
        const now = readHunk(hunk, 'new');
        const old = hunk.lines.some((line) => line.kind === 'delete') ? readHunk(hunk, 'old') : null;
        hunks.push({ patch, file, now, old });
        for (const head of now.heads) note(definitions, { ...head, patch, file, ...stateOf(head) });
        // What stands in both images is noted once, from the new one, unless its head changed.
        for (const head of old?.heads ?? [])
          if (head.lines.some((line) => line.kind === 'delete'))
            note(definitions, { ...head, patch, file, state: 'removed', changed: head.line.kind !== 'delete' });
        for (const call of now.invocations) calls.push({ ...call, patch, file, state: STATES[call.line.kind] });
        for (const call of old?.invocations ?? [])
          if (call.line.kind === 'delete') calls.push({ ...call, patch, file, state: 'removed' });
      }
    }
  const wanted = new Set<string>();
  for (const [name, all] of definitions) if (all.some((one) => one.state !== 'kept' || one.changed)) wanted.add(name);
  return {
    series,
    changes,
    complete: series.patches.length >= series.total && series.damage.every((one) => one.code !== 'missing-part'),
    hunks,
    definitions,
    mentions: mentionsOf(hunks, wanted),
    calls,
    build: readBuildFiles(changes),
    label: (patch) => `${series.patches[patch]?.index ?? patch + 1}/${Math.max(series.total, series.patches.length)}`,
  };
}

function stateOf(head: Head): Pick<Definition, 'state' | 'changed'> {
  return { state: STATES[head.line.kind], changed: head.lines.some((line) => line.kind !== 'context') };
}

function note(definitions: Map<string, Definition[]>, definition: Definition): void {
  const known = definitions.get(definition.name);
  if (known === undefined) definitions.set(definition.name, [definition]);
  else known.push(definition);
}

function mentionsOf(hunks: readonly HunkView[], wanted: ReadonlySet<string>): ReadonlyMap<string, readonly Mention[]> {
  const found = new Map<string, Mention[]>();
  if (wanted.size === 0) return found;
  // A name on the line where it is defined is no use of it.
  const heads = new Set<string>();
  const look = ({ patch, file }: HunkView, lines: readonly CodeLine[], only: HunkLine['kind'] | null): void => {
    for (const [at, code] of lines.entries()) {
      if (only !== null && code.line.kind !== only) continue;
      for (const match of code.bare.matchAll(/[A-Za-z_]\w*/g)) {
        const [name] = match;
        if (!wanted.has(name)) continue;
        const before = code.bare.slice(0, match.index);
        if (code.head && heads.has(`${code.line.line} ${name}`)) continue;
        if (code.directive && /^\s*#\s*define\s+$/.test(before)) continue;
        const role = code.head
          ? 'other'
          : /(?:->|(?<![\w.])\.|[\w\])]\s*\.)\s*$/.test(before)
            ? 'member'
            : /^\s*\(/.test(code.bare.slice(match.index + name.length))
              ? 'call'
              : 'other';
        const mention: Mention = {
          name,
          patch,
          file,
          line: code.line,
          column: match.index,
          role,
          code,
          lines,
          index: at,
        };
        const known = found.get(name);
        if (known === undefined) found.set(name, [mention]);
        else known.push(mention);
      }
    }
  };
  for (const hunk of hunks) {
    heads.clear();
    for (const head of [...hunk.now.heads, ...(hunk.old?.heads ?? [])]) heads.add(`${head.line.line} ${head.name}`);
    look(hunk, hunk.now.lines, null);
    if (hunk.old !== null) look(hunk, hunk.old.lines, 'delete');
  }
  return found;
}

/** Programs of their own, built apart from the kernel: a name there is another than in the kernel. */
export function realm(path: string): string {
  const apart = /^(?:(?:tools|samples|scripts|usr|Documentation)\/|arch\/arm64\/kvm\/hyp\/nvhe\/)/.exec(path);
  return apart === null ? 'kernel' : path.slice(0, path.lastIndexOf('/'));
}

/** `arch/x86`; '' for what belongs to no architecture. */
export function architecture(path: string): string {
  return /^arch\/[^/]+/.exec(path)?.[0] ?? '';
}

/**
 * Was the name there before the series came? It was when a patch up to `patch` shows it as context or removes it, other than in
 * lines that the series added before.
 */
export function existedBefore(view: SeriesView, name: string, patch: number): boolean {
  const added = new Map<string, number>();
  const seen: { readonly patch: number; readonly line: HunkLine }[] = [];
  for (const one of [...(view.mentions.get(name) ?? []), ...(view.definitions.get(name) ?? [])]) {
    const text = one.line.text.trim();
    if (one.line.kind === 'add') added.set(text, Math.min(one.patch, added.get(text) ?? one.patch));
    else if (one.patch <= patch) seen.push(one);
  }
  return seen.some((one) => (added.get(one.line.text.trim()) ?? one.patch) >= one.patch);
}

/** How many arguments a call has; null when its end is out of sight. */
export function argumentsOf(mention: Mention): readonly string[] | null {
  let text = mention.code.bare.slice(mention.column + mention.name.length);
  for (let i = mention.index + 1; i < Math.min(mention.lines.length, mention.index + ARGUMENT_LINES); i++)
    text += ` ${mention.lines[i]?.bare ?? ''}`;
  const open = /^\s*\(/.exec(text);
  if (open === null) return null;
  let depth = 0;
  let start = open[0].length;
  const parts: string[] = [];
  for (let i = open[0].length - 1; i < text.length; i++) {
    const unit = text[i];
    if (unit === ';' && depth === 1) return null;
    if (unit === '(' || unit === '[' || unit === '{') depth++;
    else if (unit === ',' && depth === 1) {
      parts.push(text.slice(start, i).trim());
      start = i + 1;
    } else if (unit === ')' || unit === ']' || unit === '}') {
      depth--;
      if (depth === 0) {
        const last = text.slice(start, i).trim();
        return last === '' && parts.length === 0 ? [] : [...parts, last];
      }
    }
  }
  return null;
}
