/**
 * The bodies of functions after each patch of a series. In: a change, what was known before it, the front end. Out: what is known
 * after it: the programs of the set amended, and for each function touched how much of it is known and why.
 * Best first: whole in a blob or in the patch; whole by what earlier patches showed; the design's condensed body with the hunks
 * laid over it; the stretches alone. Knows no kernel meaning.
 */

import type { Change, FileChange, Hunk, HunkLine } from '../patch/types';
import type { Damage, Place } from '../place';
import { applyHunks, type FileImage, placeOf, sourceLineOf, UNKNOWN_FILE } from './file-image';
import { fileName } from './file-name';
import { fragmentLines, typeSection, withType } from './fragment';
import type { FrontEnd } from './front-end';
import { headsAgree } from './heads';
import { isWhole, itemAt, type Layout, layoutOf, linesOf, type PlacedItem } from './layout';
import { addedEnumerators, amendStructure, amendTable } from './partial';
import { withOrigins } from './renames';
import { splice } from './splice';
import { TableDraft } from './table-draft';
import { topLevel } from './top-level';
import { once, sourceOf, type Touched, type Vanished } from './touched';
import { treeOf } from './tree';
import type { BodySource, Evidence, Program, ProgramTable, SourceLine } from './types';
import { touchedInWhole } from './whole-bodies';
import { type Blobs, type WholeFile, type WholeOutcome, wholeChange } from './whole-file';

export type { Touched } from './touched';

/** Text of one function, as last known. */
interface Body {
  readonly lines: readonly SourceLine[];
  /** Lines of it were laid where nothing next to them surely stood. */
  readonly loose?: true;
}

/** What is known after some patches. A value. */
export interface Amended {
  readonly set: ProgramTable;
  readonly files: ReadonlyMap<string, FileImage>;
  /** By `basename:function`. */
  readonly bodies: ReadonlyMap<string, Body>;
  /** Files known in full, by path: made by the series, or a blob of the user's checkout with the series on top. */
  readonly wholes: ReadonlyMap<string, WholeFile>;
  /** What the checkouts say of the blobs the series names. */
  readonly blobs: Blobs;
  /**
   * The set with what whole files define laid over it: for rules, never executed. Programs: those the last change touched, what they
   * call and what calls them; other names are those of the set.
   */
  readonly tree: ProgramTable;
  /** The functions the last change touched, in the order of the patch. */
  readonly touched: readonly Touched[];
  /** What the last change's code has wrong in lines it adds. */
  readonly damage: readonly Damage[];
}

export interface Base {
  readonly set: ProgramTable;
  /** The design's C files: path in the kernel tree → lines. */
  readonly texts: ReadonlyMap<string, readonly SourceLine[]>;
  readonly blobs?: Blobs;
}

/** What is known before the first patch. */
export function begin(base: Base): Amended {
  const bodies = new Map<string, Body>();
  for (const [path, lines] of base.texts) {
    for (const item of topLevel(
      lines.map((line) => line.text),
      true,
    )) {
      if (item.kind !== 'function' || item.name === null || !isWhole(item)) continue;
      bodies.set(keyOf(path, item.name), { lines: lines.slice(item.first, item.last + 1) });
    }
  }
  return {
    set: base.set,
    files: new Map(),
    bodies,
    wholes: new Map(),
    blobs: base.blobs ?? null,
    tree: base.set,
    touched: [],
    damage: [],
  };
}

function keyOf(path: string, name: string): string {
  return `${fileName(path)}:${name}`;
}

/** The lines of the mail a change came in; the places of section texts are found there. */
export interface MailLines {
  readonly lines: readonly string[];
}

/** Applies one change. `name` is that of the set which comes out: `v4.5+3`. */
export function amend(known: Amended, change: Change, message: MailLines, frontEnd: FrontEnd, name: string): Amended {
  const draft = new TableDraft(known.set);
  const files = new Map(known.files);
  const bodies = new Map(known.bodies);
  const wholes = new Map(known.wholes);
  const touched: Touched[] = [];
  const damage: Damage[] = [];
  const kept = new Set<string>();
  const vanished: Vanished[] = [];
  for (const file of change.files) {
    const work: FileWork = { known, change, message, frontEnd, draft, bodies, touched: [], damage, kept, vanished: [] };
    const whole = amendWhole(known, file, change.message, wholes);
    amendFile(work, file, files);
    // A file that the series made shows itself whole in the mails.
    if (whole.kind === 'whole' && (whole.change.before?.checkout ?? false)) {
      const seen = touchedInWhole(whole.change, file, change.message, frontEnd, work.touched);
      touched.push(...seen.touched);
      vanished.push(...seen.vanished);
      for (const one of seen.kept) kept.add(one);
    } else {
      touched.push(...work.touched.map((one) => withReason(one, whole.kind === 'unknown' ? whole.why : null)));
      vanished.push(...work.vanished);
    }
  }
  const removed: Touched[] = [];
  for (const gone of vanished) {
    // Moved to another file of the same change: not gone.
    if (kept.has(gone.name)) continue;
    draft.removeProgram(gone.file, gone.name);
    bodies.delete(keyOf(gone.file, gone.name));
    removed.push({
      file: gone.file,
      name: gone.name,
      evidence: 'full',
      source: 'patch',
      modelled: null,
      reason: null,
      removed: true,
      program: null,
      before: gone.before,
      at: gone.at,
    });
  }
  const all = [...withOrigins(touched, vanished), ...removed];
  const set = draft.result(name);
  const checkout = [...wholes.values()].some((whole) => whole.checkout);
  const tree = checkout ? treeOf(set, wholes, change, all, frontEnd) : set;
  return { set, files, bodies, wholes, blobs: known.blobs, tree, touched: all, damage };
}

/** Says why a function that is not known in full is not found in a checkout, where one was named. */
function withReason(touched: Touched, why: string | null): Touched {
  if (why === null || touched.reason === null) return touched;
  return { ...touched, reason: `${touched.reason}, and ${why}` };
}

/** Brings the files known in full up to this change. */
function amendWhole(known: Amended, file: FileChange, message: number, wholes: Map<string, WholeFile>): WholeOutcome {
  const outcome: WholeOutcome =
    !/\.[ch]$/.test(file.path) || file.binary || file.combined
      ? { kind: 'unknown', why: null }
      : wholeChange(known.wholes, known.blobs, file, message);
  if (file.kind !== 'copy') wholes.delete(file.oldPath ?? file.path);
  if (outcome.kind === 'whole' && outcome.change.after !== null) wholes.set(file.path, outcome.change.after);
  return outcome;
}

interface FileWork {
  readonly known: Amended;
  readonly change: Change;
  readonly message: MailLines;
  readonly frontEnd: FrontEnd;
  readonly draft: TableDraft;
  readonly bodies: Map<string, Body>;
  readonly touched: Touched[];
  readonly damage: Damage[];
  /** Functions that stand somewhere after the change. */
  readonly kept: Set<string>;
  readonly vanished: Vanished[];
}

function amendFile(work: FileWork, file: FileChange, files: Map<string, FileImage>): void {
  const from = file.oldPath ?? file.path;
  const image = file.kind === 'add' ? UNKNOWN_FILE : (files.get(from) ?? UNKNOWN_FILE);
  if (file.kind === 'rename' || file.kind === 'delete') files.delete(from);
  if (!/\.[ch]$/.test(file.path) || file.binary || file.combined) return;
  const { message } = work.change;
  const applied = applyHunks(image, file.hunks, message, (hunk) => sectionPlace(hunk, message, work.message));
  if (file.kind !== 'delete') files.set(file.path, applied.after);
  const before = layoutOf(applied.before);
  const after = file.kind === 'delete' ? { items: [] } : layoutOf(applied.after);
  for (const item of after.items)
    if (item.kind === 'function' && item.name !== null && item.started) work.kept.add(item.name);

  const groups = groupLines(file.hunks, before, after);
  for (const group of groups.values()) {
    const { item } = group;
    if (item.kind === 'function' && item.name !== null)
      touchFunction(work, file, item.name, group, before, after, applied.contradicted);
    else touchOther(work, file, group, after);
  }
  newcomers(work, file, after, groups);
  looseDefines(work, file, after);
}

/** `#define`s added where the hunk shows no item they belong to: inside a structure or a function whose head is out of sight. */
function looseDefines(work: FileWork, file: FileChange, after: Layout): void {
  const { message } = work.change;
  const lines = file.hunks
    .flatMap((hunk) => hunk.lines)
    .filter(
      (line) => line.kind === 'add' && /^\s*#\s*define\b/.test(line.text) && itemAt(after, line.newLine ?? -1) === null,
    )
    .map((line) => sourceLineOf(line, message));
  if (lines.length > 0)
    work.draft.addUnit(work.frontEnd.parse(file.path, lines, { evidence: 'fragment', source: 'hunk' }));
}

function sectionPlace(hunk: Hunk, message: number, mail: MailLines): Place {
  const text = mail.lines[hunk.line - 1] ?? '';
  const column = Math.max(text.lastIndexOf(hunk.section), 0);
  return {
    kind: 'message',
    message,
    line: hunk.line,
    column,
    endLine: hunk.line,
    endColumn: column + hunk.section.length,
    added: false,
  };
}

interface Group {
  readonly item: PlacedItem;
  readonly pieces: HunkLine[][];
  /** The first added or deleted line. */
  first: HunkLine | null;
  /** The old head was deleted. */
  headDeleted: boolean;
}

/** The lines of the hunks by the item they belong to; only items that lose or gain a line. */
function groupLines(hunks: readonly Hunk[], before: Layout, after: Layout): Map<string, Group> {
  const groups = new Map<string, Group>();
  for (const hunk of hunks) {
    let last: Group | null = null;
    for (const line of hunk.lines) {
      const item = line.kind === 'delete' ? itemAt(before, line.oldLine ?? -1) : itemAt(after, line.newLine ?? -1);
      if (item === null) continue;
      const key =
        item.name === null
          ? `${item.kind}@${line.kind === 'delete' ? 'old' : ''}${item.from}`
          : `${item.kind}:${item.name}`;
      let group = groups.get(key);
      if (group === undefined) {
        group = { item, pieces: [], first: null, headDeleted: false };
        groups.set(key, group);
      }
      if (group !== last || group.pieces.length === 0) group.pieces.push([]);
      last = group;
      group.pieces.at(-1)?.push(line);
      if (line.kind !== 'context') group.first ??= line;
      if (line.kind === 'delete' && item.started && (line.oldLine ?? 0) === item.from) group.headDeleted = true;
    }
  }
  for (const [key, group] of groups) if (group.first === null) groups.delete(key);
  return groups;
}

/** The item that shows its function whole; of both arms of an `#ifdef` the longer one: the other is a stub. */
function wholeOf(items: readonly PlacedItem[]): PlacedItem | undefined {
  const [first, ...others] = items.filter(isWhole);
  return others.reduce(
    (best, one) => (best !== undefined && best.to - best.from >= one.to - one.from ? best : one),
    first,
  );
}

function touchFunction(
  work: FileWork,
  file: FileChange,
  name: string,
  group: Group,
  before: Layout,
  after: Layout,
  contradicted: boolean,
): void {
  const { message } = work.change;
  const at = placeOf(group.first ?? ({ line: 1, text: '', kind: 'context' } as HunkLine), message);
  const oldItems = before.items.filter((item) => item.kind === 'function' && item.name === name);
  const newItems = after.items.filter((item) => item.kind === 'function' && item.name === name);
  const oldFile = file.oldPath ?? file.path;
  const previous = work.known.set.programs.get(name);
  const previousHere = previous !== undefined && fileName(previous.file) === fileName(oldFile) ? previous : null;
  const oldWhole = wholeOf(oldItems);
  const found = newItems.length === 0 ? null : bodyOf(work, file, name, group, newItems, contradicted);
  const beforeProgram = once(
    (): Program | null =>
      (oldWhole === undefined ? null : whole(work, oldFile, name, oldWhole, message)) ??
      // What was known before lacks what this hunk shows: stretches are held against stretches.
      (found?.evidence === 'fragment' && oldItems.length > 0 ? null : previousHere) ??
      (oldItems.length === 0
        ? null
        : read(work.frontEnd, oldFile, name, fragmentLines(name, oldItems), 'fragment', 'hunk')),
  );

  if (found === null) {
    if (file.kind === 'delete' || group.headDeleted)
      work.vanished.push({ file: oldFile, name, at, before: beforeProgram });
    return;
  }
  const isNew = oldItems.length === 0 && !work.known.bodies.has(keyOf(oldFile, name));
  work.touched.push({
    file: file.path,
    name,
    evidence: found.evidence,
    source: found.source,
    modelled: found.program === null ? null : found.evidence,
    reason: found.reason,
    removed: false,
    program: found.program,
    before: isNew ? () => null : beforeProgram,
    at,
  });
  if (found.program === null) return;
  // A fragment never takes the place of a body that is known: it cannot be run.
  if (found.evidence === 'fragment' && work.draft.hasProgram(file.path, name)) return;
  work.draft.setProgram(file.path, found.program);
  if (found.evidence !== 'fragment')
    work.bodies.set(keyOf(file.path, name), {
      lines: found.lines,
      ...(found.program.loose === true ? { loose: true } : {}),
    });
}

interface Found {
  readonly evidence: Evidence;
  readonly source: BodySource;
  readonly reason: string | null;
  readonly program: Program | null;
  readonly lines: readonly SourceLine[];
}

function bodyOf(
  work: FileWork,
  file: FileChange,
  name: string,
  group: Group,
  items: readonly PlacedItem[],
  contradicted: boolean,
): Found {
  const { message } = work.change;
  const complete = wholeOf(items);
  if (complete !== undefined) {
    const lines = withType(linesOf(complete), typeSection(complete));
    const unit = work.frontEnd.parse(file.path, lines, { evidence: 'full', source: sourceOf(lines, message) });
    work.damage.push(...unit.damage);
    const program = unit.programs.find((one) => one.name === name) ?? null;
    if (program !== null) return { evidence: 'full', source: program.source, reason: null, program, lines };
  }
  const body = work.bodies.get(keyOf(file.path, name)) ?? work.bodies.get(keyOf(file.oldPath ?? file.path, name));
  let reason = contradicted
    ? 'the hunks do not fit what earlier patches showed of the file'
    : complete !== undefined
      ? 'its text could not be read as C'
      : 'only a part of it is in the mail';
  if (body !== undefined) {
    for (const prefer of ['nearest', 'behind', 'before'] as const) {
      const laid = splice(body.lines, group.pieces, message, prefer);
      if (laid === null) {
        reason = `${reason}, and no line of the hunk is in the design's ${name}()`;
        break;
      }
      const { lines } = laid;
      const plain = read(work.frontEnd, file.path, name, lines, 'spliced', 'design');
      const shown = group.pieces.flat().flatMap((line) => (line.kind === 'add' ? [] : [line.text]));
      const agree = headsAgree(
        shown,
        body.lines.map((line) => line.text),
        name,
      );
      const loose = laid.loose || body.loose === true || !agree;
      const program: Program | null = plain !== null && loose ? { ...plain, loose: true } : plain;
      const because = 'its hunks were laid over the design';
      if (program !== null) return { evidence: 'spliced', source: 'design', reason: because, program, lines };
      if (prefer === 'before') reason = `${reason}, and the hunk laid over the design's ${name}() is no whole function`;
    }
  }
  const lines = fragmentLines(name, items);
  return {
    evidence: 'fragment',
    source: 'hunk',
    reason,
    program: read(work.frontEnd, file.path, name, lines, 'fragment', 'hunk'),
    lines,
  };
}

function whole(work: FileWork, file: string, name: string, item: PlacedItem, message: number): Program | null {
  const lines = withType(linesOf(item), typeSection(item));
  return read(work.frontEnd, file, name, lines, 'full', sourceOf(lines, message));
}

/** The one function in the lines; null when there is none of that name, or when spliced text is no whole function. */
function read(
  frontEnd: FrontEnd,
  file: string,
  name: string,
  lines: readonly SourceLine[],
  evidence: Evidence,
  source: BodySource,
): Program | null {
  const unit = frontEnd.parse(file, lines, { evidence, source });
  if (evidence === 'spliced' && (!unit.clean || unit.programs.length !== 1)) return null;
  return (
    unit.programs.find((one) => one.name === name) ??
    (unit.programs.length === 1 && evidence === 'fragment' ? (unit.programs[0] ?? null) : null)
  );
}

/** Structures, tables, constants and variables a hunk touches. */
function touchOther(work: FileWork, file: FileChange, group: Group, after: Layout): void {
  const { message } = work.change;
  const { draft, frontEnd } = work;
  const current = after.items.find(
    (item) =>
      item.kind === group.item.kind &&
      item.name === group.item.name &&
      (item.name !== null || item.from === group.item.from),
  );
  if (current === undefined) {
    if (group.item.name !== null && group.headDeleted && group.item.kind === 'table')
      draft.removeTable(file.oldPath ?? file.path, group.item.name);
    return;
  }
  if (isWhole(current)) {
    const lines = linesOf(current);
    const unit = frontEnd.parse(file.path, lines, { evidence: 'full', source: sourceOf(lines, message) });
    work.damage.push(...unit.damage);
    draft.addUnit(unit);
    for (const program of unit.programs)
      if (!draft.hasProgram(file.path, program.name)) draft.setProgram(file.path, program);
    return;
  }
  const lines = group.pieces.flat();
  const { name } = current;
  if (current.kind === 'table' && name !== null) {
    const table = amendTable(frontEnd, file.path, name, '', draft.table(file.path, name), lines, message);
    if (table !== null) draft.setTable(file.path, table);
  } else if (current.kind === 'type') {
    if (/\benum\b/.test(current.started ? (linesOf(current)[0]?.text ?? '') : (current.run.section?.text ?? ''))) {
      for (const one of addedEnumerators(frontEnd, file.path, draft.view(), lines, message))
        draft.setConstant(one.name, one.value);
    } else if (name !== null) {
      const structure = amendStructure(frontEnd, file.path, name, draft.structure(name), lines, message);
      if (structure !== null) draft.setStructure(structure);
    }
  }
  const defines = lines
    .filter((line) => line.kind === 'add' && /^\s*#\s*define\b/.test(line.text))
    .map((line) => sourceLineOf(line, message));
  if (defines.length > 0) draft.addUnit(frontEnd.parse(file.path, defines, { evidence: 'fragment', source: 'hunk' }));
}

/** Functions that stand whole in the context of a hunk and that no one knew yet. */
function newcomers(work: FileWork, file: FileChange, after: Layout, groups: ReadonlyMap<string, Group>): void {
  for (const item of after.items) {
    if (item.kind !== 'function' || item.name === null || !isWhole(item) || groups.has(`function:${item.name}`))
      continue;
    if (work.draft.hasProgram(file.path, item.name)) continue;
    const program = whole(work, file.path, item.name, item, work.change.message);
    if (program !== null) work.draft.setProgram(file.path, program);
  }
}
