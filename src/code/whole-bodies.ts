/**
 * The functions a change touches in a file that is known in full, before and after. In: both images. Out: the functions with
 * both programs, each read when first asked for or needed. What the mail alone shows of them stays what scenarios execute.
 */
import type { FileChange, HunkLine } from '../patch/types';
import { placeOf } from './file-image';
import { withType } from './fragment';
import type { FrontEnd } from './front-end';
import { isWhole, itemAt, type Layout, layoutOfWhole, linesOf, type PlacedItem } from './layout';
import { once, sourceOf, type Touched, type Vanished } from './touched';
import type { Program } from './types';
import type { WholeChange } from './whole-file';

export interface SeenInWhole {
  readonly touched: readonly Touched[];
  readonly vanished: readonly Vanished[];
  /** Functions that stand in the file after the change. */
  readonly kept: readonly string[];
}

const NOTHING: Layout = { items: [] };

/** `mail` is what the mail alone says of the same functions. */
export function touchedInWhole(
  change: WholeChange,
  file: FileChange,
  message: number,
  frontEnd: FrontEnd,
  mail: readonly Touched[],
): SeenInWhole {
  const before = change.before === null ? NOTHING : layoutOfWhole(change.before.lines);
  const after = change.after === null ? NOTHING : layoutOfWhole(change.after.lines);
  const oldFile = file.oldPath ?? file.path;
  const touched: Touched[] = [];
  const vanished: Vanished[] = [];
  for (const [name, { first, old, now }] of functionsIn(file, before, after)) {
    const at = placeOf(first, message);
    const earlier = old ?? functionItem(before, name);
    const beforeProgram = once(() => (earlier === null ? null : readItem(frontEnd, oldFile, name, earlier, message)));
    const current = now ?? functionItem(after, name);
    if (current === null) {
      vanished.push({ file: oldFile, name, at, before: beforeProgram });
      continue;
    }
    const told = mail.find((one) => one.name === name);
    const program = readItem(frontEnd, file.path, name, current, message);
    if (program === null) {
      touched.push(
        told ?? {
          file: file.path,
          name,
          evidence: 'fragment',
          source: 'hunk',
          modelled: null,
          reason: 'its text could not be read as C',
          removed: false,
          program: null,
          before: beforeProgram,
          at,
        },
      );
      continue;
    }
    touched.push({
      file: file.path,
      name,
      evidence: 'full',
      source: program.source,
      modelled: told?.modelled ?? null,
      reason: null,
      removed: false,
      program,
      before: beforeProgram,
      at,
    });
  }
  const kept = after.items.flatMap((item) => (item.kind === 'function' && item.name !== null ? [item.name] : []));
  return { touched, vanished, kept };
}

interface Lines {
  readonly first: HunkLine;
  old: PlacedItem | null;
  now: PlacedItem | null;
}

/** The functions that lose or gain a line, in the order of the patch. */
function functionsIn(file: FileChange, before: Layout, after: Layout): Map<string, Lines> {
  const found = new Map<string, Lines>();
  for (const hunk of file.hunks)
    for (const line of hunk.lines) {
      if (line.kind === 'context') continue;
      const item = line.kind === 'add' ? itemAt(after, line.newLine ?? -1) : itemAt(before, line.oldLine ?? -1);
      if (item === null || item.kind !== 'function' || item.name === null || !isWhole(item)) continue;
      const known = found.get(item.name) ?? { first: line, old: null, now: null };
      if (line.kind === 'add') known.now ??= item;
      else known.old ??= item;
      found.set(item.name, known);
    }
  return found;
}

/** Of two functions of one name (both arms of an `#ifdef`) the longer one: the other is a stub. */
export function functionItem(layout: Layout, name: string): PlacedItem | null {
  let found: PlacedItem | null = null;
  for (const item of layout.items) {
    if (item.kind !== 'function' || item.name !== name || !isWhole(item)) continue;
    if (found === null || item.to - item.from > found.to - found.from) found = item;
  }
  return found;
}

/** The function of an item; null when its text is no C. */
export function readItem(
  frontEnd: FrontEnd,
  path: string,
  name: string,
  item: PlacedItem,
  message: number,
): Program | null {
  const lines = withType(linesOf(item));
  const unit = frontEnd.parse(path, lines, { evidence: 'full', source: sourceOf(lines, message) });
  return unit.programs.find((one) => one.name === name) ?? null;
}
