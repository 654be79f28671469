/**
 * Tables, structures and enumerations of which a hunk shows a part: the lines it adds and deletes are laid over what is known of
 * them. What is not in sight stays as it was.
 */
import type { HunkLine } from '../patch/types';
import { sourceLineOf } from './file-image';
import type { FrontEnd, ParsedUnit } from './front-end';
import type { Expression, ProgramTable, SourceLine, Structure, Table } from './types';

/** A wrapped piece: its lines between a head and an end of our own, read as C. */
function parsed(
  frontEnd: FrontEnd,
  file: string,
  head: string,
  piece: readonly SourceLine[],
  end: string,
): ParsedUnit | null {
  const at = piece[0]?.at;
  if (at === undefined) return null;
  return frontEnd.parse(file, [{ text: head, at }, ...piece, { text: end, at }], {
    evidence: 'fragment',
    source: 'hunk',
  });
}

/** The lines of some kinds, but for the head and the end, which the wrapping replaces. */
function select(lines: readonly HunkLine[], kinds: readonly HunkLine['kind'][], message: number): SourceLine[] {
  return lines
    .filter((line) => kinds.includes(line.kind) && !/^[A-Za-z_{]/.test(line.text) && !/^}/.test(line.text))
    .map((line) => sourceLineOf(line, message));
}

type Items = Extract<Expression, { kind: 'initializer' }>['items'];

function itemsOf(unit: ParsedUnit | null): Items {
  const init = unit?.tables[0]?.init;
  return init?.kind === 'initializer' ? init.items : [];
}

/** The table with the hunk's `.field = value` lines put in or taken out. `type` is used when the table was not known before. */
export function amendTable(
  frontEnd: FrontEnd,
  file: string,
  name: string,
  type: string,
  known: Table | null,
  lines: readonly HunkLine[],
  message: number,
): Table | null {
  const head = `static int ${name}[] = {`;
  const added = itemsOf(parsed(frontEnd, file, head, select(lines, ['add'], message), '};')).filter(
    (item) => item.field !== null,
  );
  const deleted = itemsOf(parsed(frontEnd, file, head, select(lines, ['delete'], message), '};')).filter(
    (item) => item.field !== null,
  );
  if (added.length === 0 && deleted.length === 0) return null;
  let base: Items;
  if (known !== null && known.init.kind === 'initializer') base = known.init.items;
  else
    base = itemsOf(parsed(frontEnd, file, head, select(lines, ['context'], message), '};')).filter(
      (item) => item.field !== null,
    );
  const gone = new Set([...added, ...deleted].map((item) => item.field));
  const first = lines.find((line) => line.kind === 'add') ?? lines[0];
  const at = known?.at ?? (first === undefined ? null : sourceLineOf(first, message).at);
  if (at === null) return null;
  return {
    name,
    type: known?.type ?? type,
    init: { kind: 'initializer', items: [...base.filter((item) => !gone.has(item.field)), ...added] },
    at,
  };
}

/** The structure with the hunk's fields put in or taken out. */
export function amendStructure(
  frontEnd: FrontEnd,
  file: string,
  name: string,
  known: Structure | null,
  lines: readonly HunkLine[],
  message: number,
): Structure | null {
  const fields = (kinds: readonly HunkLine['kind'][]): Structure['fields'] =>
    parsed(frontEnd, file, `struct ${name} {`, select(lines, kinds, message), '};')?.structures.find(
      (one) => one.name === name,
    )?.fields ?? [];
  const added = fields(['add']);
  const deleted = fields(['delete']);
  if (added.length === 0 && deleted.length === 0) return null;
  const base = known?.fields ?? fields(['context']);
  const gone = new Set([...added, ...deleted].map((field) => field.name));
  const first = lines.find((line) => line.kind === 'add') ?? lines[0];
  const at = known?.at ?? (first === undefined ? null : sourceLineOf(first, message).at);
  if (at === null) return null;
  return { name, fields: [...base.filter((field) => !gone.has(field.name)), ...added], at };
}

/** Enumerators that the hunk adds. Those whose value hangs on what is out of sight are left out. */
export function addedEnumerators(
  frontEnd: FrontEnd,
  file: string,
  table: ProgramTable,
  lines: readonly HunkLine[],
  message: number,
): { name: string; value: Expression }[] {
  const shown = select(lines, ['context', 'add'], message);
  const unit = parsed(frontEnd, file, 'enum {', shown, '};');
  const isNew = new Set(lines.filter((line) => line.kind === 'add').map((line) => line.line));
  const found: { name: string; value: Expression }[] = [];
  let known = Number.NaN;
  for (const one of unit?.constants ?? []) {
    const written = one.at.kind === 'message' && /=/.test(lineText(shown, one.at.line));
    const old = table.constants.get(one.name);
    if (written) known = one.value.kind === 'number' ? one.value.value : Number.NaN;
    else if (old?.kind === 'number' && !(one.at.kind === 'message' && isNew.has(one.at.line))) known = old.value;
    else known += 1;
    if (one.at.kind !== 'message' || !isNew.has(one.at.line)) continue;
    if (written) found.push({ name: one.name, value: one.value });
    else if (!Number.isNaN(known))
      found.push({ name: one.name, value: { kind: 'number', value: known, text: String(known) } });
  }
  return found;
}

function lineText(lines: readonly SourceLine[], line: number): string {
  return lines.find((one) => one.at.kind === 'message' && one.at.line === line)?.text ?? '';
}
