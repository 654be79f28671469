/** Kconfig and Makefile lines of a series: options and objects, with the patch that adds them. */
import type { Change, FileChange, HunkLine } from '../../patch/types';

export interface KconfigOption {
  readonly name: string;
  readonly patch: number;
  readonly file: FileChange;
  readonly line: HunkLine;
  /** `config NAME` stands on a line the patch adds. */
  readonly added: boolean;
  readonly type: 'bool' | 'tristate' | null;
  /** The user is asked: the type or a `prompt` line carries a text. */
  readonly prompt: boolean;
  /** Whole expressions. */
  readonly depends: readonly { readonly text: string; readonly line: HunkLine }[];
  readonly selects: readonly { readonly name: string; readonly condition: string | null; readonly line: HunkLine }[];
  /** All of it is in sight, and nothing encloses it that could be a condition (`if`, `menu`) in sight. */
  readonly whole: boolean;
  /** One of a `choice`: the one that is left when no other was taken needs no line of code. */
  readonly choice: boolean;
}

export interface ObjectLine {
  /** Path of the object without its ending: `drivers/vfio/foo`. */
  readonly path: string;
  readonly patch: number;
  readonly file: FileChange;
  readonly line: HunkLine;
  readonly state: 'added' | 'removed' | 'kept';
  /** The option of `obj-$(CONFIG_X)`, or null. */
  readonly option: string | null;
  /** The name left of `-y`, `-objs`: a composite object; null for `obj-…`. */
  readonly part: string | null;
}

export interface BuildFiles {
  readonly options: readonly KconfigOption[];
  readonly objects: readonly ObjectLine[];
  /** Names of all `CONFIG_` options that occur in lines of Makefiles after a patch. */
  readonly makefileWords: readonly { readonly name: string; readonly patch: number }[];
  /** Words of Kconfig lines other than `config NAME`. */
  readonly kconfigWords: readonly { readonly name: string; readonly patch: number }[];
}

const STATES = { add: 'added', delete: 'removed', context: 'kept' } as const;

function folder(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? '' : path.slice(0, slash + 1);
}

export function readBuildFiles(changes: readonly Change[]): BuildFiles {
  const options: KconfigOption[] = [];
  const objects: ObjectLine[] = [];
  const makefileWords: { name: string; patch: number }[] = [];
  const kconfigWords: { name: string; patch: number }[] = [];
  for (const [patch, change] of changes.entries())
    for (const file of change.files) {
      const base = file.path.slice(file.path.lastIndexOf('/') + 1);
      if (/^Kconfig/.test(base)) {
        for (const hunk of file.hunks) {
          options.push(...optionsOf(hunk.lines, hunk.newStart <= 1, patch, file));
          for (const line of hunk.lines)
            if (line.kind !== 'delete' && !/^\s*(?:menu)?config\s/.test(line.text))
              for (const [name] of line.text.matchAll(/\b[A-Z0-9_]{2,}\b/g)) kconfigWords.push({ name, patch });
        }
      } else if (/^(?:Makefile|Kbuild)/.test(base) || /\.mk$/.test(base)) {
        for (const hunk of file.hunks)
          for (const line of hunk.lines)
            if (line.kind !== 'delete')
              for (const [, name = ''] of line.text.matchAll(/\bCONFIG_(\w+)/g)) makefileWords.push({ name, patch });
        objects.push(...objectsOf(file, patch));
      }
    }
  return { options, objects, makefileWords, kconfigWords };
}

function objectsOf(file: FileChange, patch: number): ObjectLine[] {
  const found: ObjectLine[] = [];
  for (const hunk of file.hunks) {
    let target = '';
    let open = false;
    for (const line of hunk.lines) {
      const text = line.text.replace(/#.*$/, '');
      const assignment = /^\s*([\w.$()-]+)\s*[:+?]?=\s*(.*)$/.exec(text);
      if (assignment !== null) target = assignment[1] ?? '';
      else if (!open && !/^\s/.test(text)) target = '';
      open = /\\\s*$/.test(text);
      const option = /\$\(CONFIG_(\w+)\)/.exec(target)?.[1] ?? null;
      const part = /^(?:obj|lib)-/.test(target)
        ? null
        : (/^(.+?)-(?:y|objs|m|\$\(CONFIG_\w+\))$/.exec(target)?.[1] ?? null);
      for (const [, name = ''] of (assignment?.[2] ?? text).matchAll(/(?<![\w/.$(-])([\w/.-]+)\.o\b/g))
        found.push({ path: folder(file.path) + name, patch, file, line, state: STATES[line.kind], option, part });
    }
  }
  return found;
}

function optionsOf(hunkLines: readonly HunkLine[], fromTop: boolean, patch: number, file: FileChange): KconfigOption[] {
  const found: KconfigOption[] = [];
  const lines = hunkLines.filter((line) => line.kind !== 'delete');
  for (const [at, line] of lines.entries()) {
    const name = /^\s*(?:menu)?config\s+(\w+)\s*$/.exec(line.text)?.[1];
    if (name === undefined) continue;
    let type: KconfigOption['type'] = null;
    let prompt = false;
    let ended = false;
    const depends: { text: string; line: HunkLine }[] = [];
    const selects: { name: string; condition: string | null; line: HunkLine }[] = [];
    for (let i = at + 1; i < lines.length; i++) {
      const next = lines[i];
      if (next === undefined) break;
      if (
        /^\s*(?:(?:menu)?config|menu|endmenu|choice|endchoice|if|endif|source|comment|help|---help---)\b/.test(
          next.text,
        )
      ) {
        ended = true;
        break;
      }
      const kind = /^\s*(?:def_)?(bool|tristate)\b\s*(.*)$/.exec(next.text);
      if (kind !== null) {
        type = kind[1] === 'bool' ? 'bool' : 'tristate';
        prompt ||= /["']/.test(kind[2] ?? '');
      }
      if (/^\s*prompt\b/.test(next.text)) prompt = true;
      const needs = /^\s*depends on\s+(.+)$/.exec(next.text)?.[1];
      if (needs !== undefined) depends.push({ text: needs.trim(), line: next });
      const chosen = /^\s*select\s+(\w+)(?:\s+if\s+(.+))?\s*$/.exec(next.text);
      if (chosen?.[1] !== undefined) selects.push({ name: chosen[1], condition: chosen[2] ?? null, line: next });
    }
    const above = lines.slice(0, at).map((one) => one.text);
    const enclosed =
      !fromTop && above.some((text) => /^\s*(?:if|endif|menu|endmenu)\b/.test(text))
        ? true
        : above.filter((text) => /^\s*if\b/.test(text)).length >
          above.filter((text) => /^\s*endif\b/.test(text)).length;
    found.push({
      name,
      patch,
      file,
      line,
      added: line.kind === 'add',
      type,
      prompt,
      depends,
      selects,
      whole: ended && !enclosed,
      choice:
        above.filter((text) => /^\s*choice\b/.test(text)).length >
        above.filter((text) => /^\s*endchoice\b/.test(text)).length,
    });
  }
  return found;
}

/**
 * From which patch on the compiler sees a file of the series: 0 for one that was there before, its object line's (and that of its
 * option, when the series adds it) for one that the series adds, null when no line for its object is in sight.
 */
export function builtFrom(build: BuildFiles, changes: readonly Change[], path: string): number | null {
  const born = changes.findIndex((change) =>
    change.files.some((file) => file.newPath === path && (file.kind === 'add' || file.kind === 'copy')),
  );
  if (born < 0) return 0;
  if (!path.endsWith('.c')) return born;
  const object = path.replace(/\.c$/, '');
  const lines = build.objects.filter((one) => one.path === object && one.state !== 'removed');
  let from: number | null = null;
  for (const line of lines) {
    const option =
      line.option === null ? undefined : build.options.find((one) => one.added && one.name === line.option);
    let since = Math.max(born, line.patch, option?.patch ?? 0);
    if (line.part !== null) {
      const whole = build.objects.find(
        (one) => one.state === 'added' && one.part === null && one.path === folder(path) + line.part,
      );
      if (whole !== undefined) since = Math.max(since, whole.patch);
    }
    from = from === null ? since : Math.min(from, since);
  }
  return from;
}
