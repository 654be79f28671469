/**
 * What whole files define, laid over a program set: the functions that a change touches, what they call and what calls them, and
 * the structures, tables and constants of the files. Everything is read when it is first asked for.
 */
import type { Change } from '../patch/types';
import { withType } from './fragment';
import type { FrontEnd, ParsedUnit } from './front-end';
import { LayeredMap, type Makers } from './layered-map';
import { isWhole, type Layout, layoutOfWhole, linesOf, type PlacedItem } from './layout';
import { fileKey } from './table-draft';
import { once, sourceOf, type Touched } from './touched';
import type { Expression, ProgramTable } from './types';
import { readItem } from './whole-bodies';
import type { WholeFile } from './whole-file';

/** How many calls from a touched function its callees may lie away. */
const DEPTH = 3;
/** Most functions around the touched ones. */
const AROUND = 96;

interface File {
  readonly path: string;
  readonly layout: Layout;
  readonly functions: ReadonlyMap<string, PlacedItem>;
}

/** Of two functions of one name (both arms of an `#ifdef`) the longer one: the other is a stub. */
function functionsOf(layout: Layout): Map<string, PlacedItem> {
  const functions = new Map<string, PlacedItem>();
  for (const item of layout.items) {
    if (item.kind !== 'function' || item.name === null || !isWhole(item)) continue;
    const other = functions.get(item.name);
    if (other === undefined || item.to - item.from > other.to - other.from) functions.set(item.name, item);
  }
  return functions;
}

/** `change` and `touched` are those of the last patch: its files come first where two files define one name. */
export function treeOf(
  set: ProgramTable,
  wholes: ReadonlyMap<string, WholeFile>,
  change: Change,
  touched: readonly Touched[],
  frontEnd: FrontEnd,
): ProgramTable {
  const files = once((): File[] => {
    const changed = new Set(change.files.map((file) => file.path));
    return [...wholes]
      .filter(([, whole]) => whole.checkout)
      .sort(([a], [b]) => Number(changed.has(b)) - Number(changed.has(a)))
      .map(([path, whole]) => {
        const layout = layoutOfWhole(whole.lines);
        return { path, layout, functions: functionsOf(layout) };
      });
  });
  const { message } = change;
  const parse = (path: string, item: PlacedItem): ParsedUnit => {
    const lines = item.kind === 'function' ? withType(linesOf(item)) : linesOf(item);
    return frontEnd.parse(path, lines, { evidence: 'full', source: sourceOf(lines, message) });
  };
  const named = <V>(kind: PlacedItem['kind'], read: (unit: ParsedUnit, name: string) => V | undefined): Makers<V> => {
    const makers = new Map<string, () => V | null>();
    for (const { path, layout } of files())
      for (const item of layout.items) {
        const { name } = item;
        if (item.kind !== kind || name === null || makers.has(name)) continue;
        makers.set(name, () => read(parse(path, item), name) ?? null);
      }
    return makers;
  };
  return {
    ...set,
    programs: new LayeredMap(set.programs, () => {
      const makers = new Map<string, () => Touched['program']>();
      for (const { path, name, item } of around(files(), touched)) {
        const known = touched.find((one) => one.file === path && one.name === name && one.evidence === 'full');
        const make = once(() => known?.program ?? readItem(frontEnd, path, name, item, message));
        if (!makers.has(name)) makers.set(name, make);
        makers.set(fileKey(path, name), make);
      }
      return makers;
    }),
    structures: new LayeredMap(set.structures, () =>
      named('type', (unit, name) => unit.structures.find((one) => one.name === name)),
    ),
    tables: new LayeredMap(set.tables, () =>
      named('table', (unit, name) => unit.tables.find((one) => one.name === name)),
    ),
    constants: new LayeredMap(set.constants, () => constantsOf(files(), parse)),
  };
}

/** Enumerators and plain `#define`s of all files. */
function constantsOf(
  files: readonly File[],
  parse: (path: string, item: PlacedItem) => ParsedUnit,
): Makers<Expression> {
  const makers = new Map<string, () => Expression>();
  for (const { path, layout } of files)
    for (const item of layout.items) {
      const text = item.run.lines[item.first]?.text ?? '';
      const wanted =
        item.kind === 'type' ? /^(?:typedef\s+)?enum\b/.test(text) : /^\s*#\s*define\s+\w+\s+\S/.test(text);
      if (!wanted) continue;
      for (const one of parse(path, item).constants) if (!makers.has(one.name)) makers.set(one.name, () => one.value);
    }
  return makers;
}

interface Around {
  readonly path: string;
  readonly name: string;
  readonly item: PlacedItem;
}

/** The touched functions of whole files, what they call, up to a depth, and their callers. */
function around(files: readonly File[], touched: readonly Touched[]): Around[] {
  const found: Around[] = [];
  const seen = new Set<string>();
  const take = (file: File, name: string): Around | null => {
    const key = fileKey(file.path, name);
    if (found.length >= AROUND || !file.functions.has(name) || seen.has(key)) return null;
    seen.add(key);
    const item = file.functions.get(name);
    if (item === undefined) return null;
    const one = { path: file.path, name, item };
    found.push(one);
    return one;
  };
  let level: Around[] = [];
  for (const file of files)
    for (const one of touched) {
      const item = one.file === file.path && !one.removed ? take(file, one.name) : null;
      if (item !== null) level.push(item);
    }
  const names = new Set(level.map((one) => one.name));
  for (let depth = 0; depth < DEPTH && level.length > 0; depth++) {
    const next: Around[] = [];
    for (const one of level)
      for (const name of namedIn(one.item))
        for (const file of files) {
          const item = take(file, name);
          if (item !== null) next.push(item);
        }
    level = next;
  }
  for (const file of files)
    for (const item of file.layout.items)
      if (item.kind === 'function' && item.name !== null && namedIn(item).some((name) => names.has(name)))
        take(file, item.name);
  return found;
}

const NAME = /[A-Za-z_]\w*/g;
const NAMED = new WeakMap<PlacedItem, readonly string[]>();

/** All words of the function's text: what it calls and what it hands on as a callback is among them. */
function namedIn(item: PlacedItem): readonly string[] {
  const known = NAMED.get(item);
  if (known !== undefined) return known;
  const names = new Set<string>();
  for (const line of linesOf(item)) for (const match of line.text.matchAll(NAME)) names.add(match[0]);
  const list = [...names];
  NAMED.set(item, list);
  return list;
}
