/**
 * What a run reads of its programs, so that its result can be taken again for a set that answers all of it alike. In: a set and a run on
 * it. Out: the run's result with every question it asked and the answer. Knows nothing of patches.
 */
import { fieldsAsked, typesOf } from './layout';
import { sharedNames } from './names';
import { windowFlagNames } from './stages';
import type { ProgramSet } from './types';
import { type FieldQuestion, type Kind, watched } from './watched';
import { answerAbout } from './writers';

/**
 * One question asked of a set. `value`: what stands under a name · `presence`: whether something does · `names`: those that are looked for
 * among all · `fields`: the types of a structure's fields, of which only those in `among` count · the others are about a field,
 * with its structure in `struct`.
 */
export interface Read {
  readonly ask: 'value' | 'presence' | 'names' | 'whole' | 'fields' | FieldQuestion['ask'];
  readonly kind: Kind;
  readonly name: string;
  readonly struct: string;
  /** Of `fields`, and of `names` of programs: what was asked for, all else does not count. */
  readonly among: ReadonlySet<string> | null;
  /** Equal for the run when it is the same; values may be equal without being the same. */
  readonly answer: unknown;
}

const KINDS: readonly Kind[] = ['programs', 'tables', 'structures', 'constants', 'globals'];

/** The answer of another set to the same question. */
export function answerOf(set: ProgramSet, { ask, kind, name, struct, among }: Omit<Read, 'answer'>): unknown {
  switch (ask) {
    case 'value':
      return set[kind]?.get(name);
    case 'presence':
      return set[kind]?.has(name) ?? false;
    case 'names':
      return kind === 'programs' ? namesShared(set, among ?? NOTHING) : windowFlagNames(set).join();
    case 'fields':
      return typesOf(set, name);
    case 'whole':
      return set[kind];
    case 'written':
    case 'initialised':
    case 'null from the start':
    case 'designed':
      return answerAbout(set, { ask, struct, field: name });
  }
}

const NOTHING: ReadonlySet<string> = new Set();

function namesShared(set: ProgramSet, among: ReadonlySet<string>): string {
  return [...sharedNames(set)]
    .filter((name) => among.has(name))
    .sort()
    .join();
}

/** Is another set's answer to a question about fields the same for each field that was asked for? */
export function sameFields({ among, answer }: Read, other: unknown): boolean {
  const typeIn = (types: unknown, field: string): unknown => (types instanceof Map ? types.get(field) : undefined);
  for (const field of among ?? NOTHING) if (typeIn(answer, field) !== typeIn(other, field)) return false;
  return true;
}

/** The same questions, answered by another set. */
export function answeredAnew(set: ProgramSet, reads: readonly Read[]): Read[] {
  return reads.map((read) => readOf(read, answerOf(set, read)));
}

/** Questions with their answers, each once: most runs ask the same of the same design. */
const byAnswer = new WeakMap<object, Read[]>();
const plain = new Map<string, Read>();

function readOf(question: Omit<Read, 'answer'>, answer: unknown): Read {
  const { ask, kind, name, struct, among } = question;
  if (among !== null) return { ...question, answer };
  if (typeof answer === 'object' && answer !== null) {
    const known = byAnswer.get(answer) ?? [];
    byAnswer.set(answer, known);
    let read = known.find((one) => one.ask === ask && one.kind === kind && one.name === name);
    if (read === undefined) {
      read = { ...question, answer };
      known.push(read);
    }
    return read;
  }
  const key = `${ask}|${kind}|${struct}|${name}|${answer}`;
  let read = plain.get(key);
  if (read === undefined) {
    read = { ...question, answer };
    plain.set(key, read);
  }
  return read;
}

/** Does `run` on a watched set. Layouts of structures are kept for a set, so what any run asked of them counts for all. */
export function takingReads<T>(
  set: ProgramSet,
  run: (set: ProgramSet) => T,
): { readonly result: T; readonly reads: Read[] } {
  const seen = watched(set);
  seen.questions.clear();
  seen.shared.clear();
  for (const kind of KINDS) if (kind !== 'structures') seen[kind].forget();
  const result = run(seen);
  const reads: Read[] = [];
  const add = (ask: Read['ask'], kind: Kind, name: string, struct = '', among: Read['among'] = null): void => {
    const question = { ask, kind, name, struct, among };
    reads.push(readOf(question, answerOf(set, question)));
  };
  for (const kind of KINDS) {
    const { asked, sought, whole } = seen[kind];
    for (const name of asked.keys()) add('value', kind, name);
    for (const name of sought.keys()) if (!asked.has(name)) add('presence', kind, name);
    if (whole) add('whole', kind, '');
  }
  for (const { ask, struct, field } of seen.questions.values()) add(ask, 'programs', field, struct);
  for (const [type, { asked }] of fieldsAsked(seen)) add('fields', 'structures', type, '', asked);
  add('names', 'programs', '', '', new Set(seen.shared));
  add('names', 'constants', '');
  return { result, reads };
}
