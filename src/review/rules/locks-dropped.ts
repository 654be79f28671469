/** Locks that a patch takes away. In: a function before and after. Out: a list that was walked under a lock and is walked without it now. */
import { placeOf } from '../../code/file-image';
import type { Program, ProgramNode } from '../../code/types';
import { print, withoutCasts } from '../../code/walk';
import type { Place } from '../../place';
import { LOCK_DROPPED } from '../catalog-lifetime';
import { doings, named } from './calls';
import type { PatchHit, PatchRule } from './types';

const TAKES =
  /^(?:mutex_lock|spin_lock|spin_lock_irqsave|spin_lock_irq|spin_lock_bh|raw_spin_lock\w*|down_read|down_write|read_lock\w*|write_lock\w*)$/;
/** The same on a line of text: a lock taken by a call, or by a guard. */
const TAKEN =
  /\b(?:mutex_lock|(?:raw_)?spin_lock(?:_irq(?:save)?|_bh)?|down_(?:read|write)|(?:read|write)_lock\w*)\(&?([\w.>-]+)|\b(?:scoped_)?guard\(\w+(?:\)\(|, *)&?([\w.>-]+)/;
const ASSERTS = /^(?:lockdep_assert_held\w*|lockdep_is_held|rcu_dereference_protected|WARN_ON)$/;

/** The locks a node takes or says to be held, as printed: `ctx->lock`. */
const locksAt = (node: ProgramNode): string[] =>
  doings(node)
    .flatMap(({ name, call }) => (TAKES.test(name) || ASSERTS.test(name) ? call.args.map(named) : []))
    .filter((text) => text !== '');

const locksOf = (program: Program): ReadonlySet<string> => new Set(program.nodes.flatMap(locksAt));

/** The lists that a function walks, by what names them. */
function walksOf(program: Program): ReadonlyMap<string, Place> {
  return new Map(
    program.nodes.flatMap((node) =>
      node.kind === 'each' && /^list_for_each_entry(?:_safe|_reverse)?$/.test(node.macro)
        ? [[named(node.args[node.macro.includes('_safe') ? 2 : 1]), node.at] as const]
        : [],
    ),
  );
}

/** The holder of a place: `ictx` of `ictx->list`. */
const holderOf = (text: string): string => /^(.*)(?:->|\.)\w+$/.exec(text)?.[1] ?? '';

/** The lock beside a list is taken no more, nobody else of the patch takes it, and the list is still walked. */
export const lockDroppedRule: PatchRule = ({ change, after }) => {
  const hits: PatchHit[] = [];
  const taken = change.files.flatMap((file) =>
    file.hunks.flatMap((hunk) => hunk.lines.filter((line) => line.kind === 'add').map((line) => line.text)),
  );
  for (const touched of after.touched) {
    const { program } = touched;
    const before = touched.removed ? null : touched.before();
    if (program === null || before === null) continue;
    const now = locksOf(program);
    const deleted = deletedLocks(touched.file);
    const walks = walksOf(program);
    const walked = walksOf(before);
    // The design's function may know nothing of a lock that the mail's has: the deleted line tells.
    for (const lock of new Set([...locksOf(before), ...deleted.keys()])) {
      if (now.has(lock) || !/lock|mutex|sem/.test(lock)) continue;
      const last = /\w+$/.exec(lock)?.[0] ?? lock;
      const gone = deleted.get(lock);
      if (gone === undefined) continue;
      // Taken or said to be held elsewhere in the patch, by another name maybe: then it went there.
      if (taken.some((line) => /lock|guard|lockdep|sem|rcu/.test(line) && !/unlock|locked/.test(line))) continue;
      const list = [...walks.keys()].find(
        (one) => walked.has(one) && holderOf(one) !== '' && holderOf(one) === holderOf(lock),
      );
      const at = list === undefined ? undefined : walks.get(list);
      if (list === undefined || at === undefined || program.nodes.some((node) => mentions(node, last))) continue;
      hits.push({
        rule: LOCK_DROPPED,
        at: gone,
        message: `${program.name}() walks ${list} without ${lock}, which it took before`,
        why: [
          {
            text: 'who adds an entry or takes one away meanwhile leaves the walk with a pointer that is none any more',
            reference: 'Documentation/core-api/list.rst; Documentation/locking/',
          },
        ],
        related: [{ at, message: 'walked here' }],
        file: touched.file,
        function: touched.name,
      });
    }
  }
  return hits;

  /** The locks that lines which the patch deletes from a file take. What is known of a function before may be another tree's. */
  function deletedLocks(path: string): ReadonlyMap<string, Place> {
    const lines = change.files
      .filter((file) => file.path === path)
      .flatMap((file) => file.hunks.flatMap((hunk) => hunk.lines.filter((line) => line.kind === 'delete')));
    return new Map(
      lines.flatMap((line) => {
        const lock = TAKEN.exec(line.text)
          ?.slice(1)
          .find((text) => text !== undefined);
        return lock === undefined ? [] : [[lock, placeOf(line, change.message)] as const];
      }),
    );
  }
};

const mentions = (node: ProgramNode, word: string): boolean =>
  doings(node).some(({ call }) => call.args.some((arg) => print(withoutCasts(arg)).includes(word)));
