/**
 * Names of file scope: two files may define a static function or table of one name. The plain name belongs to one of them,
 * the other's stands under `path:name` (`code/table-draft.ts`). In: a name and the file that uses it. Out: the key.
 */
import { fileKey } from '../code/table-draft';
import type { ProgramSet } from './types';
import { namesAsked, unwatched } from './watched';

const shared = new WeakMap<ProgramSet, ReadonlySet<string>>();

/** The set asked for last: a run asks for the same one all the time. */
let last: {
  readonly set: ProgramSet;
  readonly names: ReadonlySet<string>;
  /** Of a watched set: the names that were asked about. */
  readonly asked: Set<string> | null;
} | null = null;

/** Names that more than one file defines. */
export function sharedNames(set: ProgramSet): ReadonlySet<string> {
  const of = unwatched(set);
  let names = shared.get(of);
  if (!names) {
    const found = new Set<string>();
    for (const map of [of.programs, of.tables]) {
      for (const key of map.keys()) {
        const at = key.lastIndexOf(':');
        if (at >= 0) found.add(key.slice(at + 1));
      }
    }
    names = found;
    shared.set(of, names);
  }
  return names;
}

/** The key under which a file's use of a name finds its program or table. */
export function keyFor(set: ProgramSet, name: string, file: string): string {
  if (file === '') return name;
  if (last?.set !== set) last = { set, names: sharedNames(set), asked: namesAsked(set) };
  last.asked?.add(name);
  if (!last.names.has(name)) return name;
  const own = fileKey(file, name);
  return set.programs.has(own) || set.tables.has(own) ? own : name;
}

/** The file a key names, or '' for a plain name. */
export function fileOfKey(key: string): string {
  const at = key.lastIndexOf(':');
  return at < 0 ? '' : key.slice(0, at);
}

/** The name without its file. */
export function plainName(key: string): string {
  const at = key.lastIndexOf(':');
  return at < 0 ? key : key.slice(at + 1);
}
