/** Builds changes for the tests of bodies from short texts, and the base they apply to. */
import { type Amended, amend, begin } from '../../../src/code/bodies';
import type { ProgramTable } from '../../../src/code/types';
import type { Change, FileChange, Hunk, HunkLine } from '../../../src/patch/types';
import { frontEnd } from './reading';

export interface Mail {
  readonly change: Change;
  readonly lines: readonly string[];
}

/**
 * A mail whose lines are a diff: `diff PATH OLD..NEW` (blob ids, may be left out), `new PATH`, `gone PATH`, then `@@ -a,b +c,d @@ section` and hunk lines.
 * Good hunks only: the reader of real diffs is tested elsewhere.
 */
export function mail(message: number, text: string): Mail {
  const lines = text.split('\n');
  const files: FileChange[] = [];
  let hunks: Hunk[] = [];
  let body: HunkLine[] = [];
  let oldLine = 0;
  let newLine = 0;
  lines.forEach((line, index) => {
    const file = /^(diff|new|gone) (\S+)(?: (\w+)\.\.(\w+))?$/.exec(line);
    const head = /^@@ -(\d+),(\d+) \+(\d+),(\d+) @@ ?(.*)$/.exec(line);
    if (file !== null) {
      hunks = [];
      files.push({
        kind: file[1] === 'new' ? 'add' : file[1] === 'gone' ? 'delete' : 'modify',
        oldPath: file[1] === 'new' ? null : file[2]!,
        newPath: file[1] === 'gone' ? null : file[2]!,
        path: file[2]!,
        oldMode: null,
        newMode: null,
        oldBlob: file[3] ?? null,
        newBlob: file[4] ?? null,
        similarity: null,
        binary: false,
        combined: false,
        hunks,
        added: 0,
        deleted: 0,
        line: index + 1,
        endLine: lines.length,
      });
    } else if (head !== null) {
      body = [];
      oldLine = Number(head[1]);
      newLine = Number(head[3]);
      hunks.push({
        line: index + 1,
        oldStart: oldLine,
        oldCount: Number(head[2]),
        newStart: newLine,
        newCount: Number(head[4]),
        section: head[5]!,
        lines: body,
        complete: true,
      });
    } else if (/^[ +-]/.test(line)) {
      const kind = line[0] === '+' ? 'add' : line[0] === '-' ? 'delete' : 'context';
      body.push({
        kind,
        text: line.slice(1),
        line: index + 1,
        oldLine: kind === 'add' ? null : oldLine++,
        newLine: kind === 'delete' ? null : newLine++,
        noNewline: false,
      });
    }
  });
  for (const hunk of files.flatMap((file) => file.hunks)) {
    const old = hunk.lines.filter((line) => line.kind !== 'add').length;
    const now = hunk.lines.filter((line) => line.kind !== 'delete').length;
    if (old !== hunk.oldCount || now !== hunk.newCount) throw new Error(`line ${hunk.line}: ${old},${now}`);
  }
  return { change: { message, files, damage: [], diffLine: 1 }, lines };
}

/** A new file's hunk. */
export function added(path: string, text: string): string {
  const lines = text.split('\n');
  return [`new ${path}`, `@@ -0,0 +1,${lines.length} @@`, ...lines.map((line) => `+${line}`)].join('\n');
}

export async function baseOf(files: Readonly<Record<string, string>>): Promise<Amended> {
  const reader = await frontEnd();
  const set = { name: 'base', programs: new Map(), tables: new Map(), structures: new Map(), constants: new Map() };
  const texts = new Map(
    Object.entries(files).map(([path, text]) => [
      path,
      text
        .split('\n')
        .map((line, index) => ({ text: line, at: { kind: 'design' as const, file: path, line: index + 1 } })),
    ]),
  );
  for (const [path, lines] of texts) {
    const unit = reader.parse(path, lines, { evidence: 'full', source: 'design' });
    for (const one of unit.programs) set.programs.set(one.name, one);
    for (const one of unit.tables) set.tables.set(one.name, one);
    for (const one of unit.structures) set.structures.set(one.name, one);
    for (const one of unit.constants) set.constants.set(one.name, one.value);
  }
  return begin({ set: set satisfies ProgramTable, texts });
}

/** The states after each mail, the base first. */
export async function after(base: Amended, ...texts: readonly string[]): Promise<Amended[]> {
  const reader = await frontEnd();
  const states = [base];
  texts.forEach((text, index) => {
    const { change, lines } = mail(index, text);
    states.push(amend(states.at(-1)!, change, { lines }, reader, `base+${index + 1}`));
  });
  return states;
}
