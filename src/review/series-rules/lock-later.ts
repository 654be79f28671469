import type { HunkLine } from '../../patch/types';
import { LOCK_LATER } from '../catalog-contracts';
import type { SeriesHit, SeriesRule } from './types';
import type { Definition, HunkView, SeriesView } from './view';

/** Takes a lock: the expression of the lock is the last group that is there. */
const TAKES =
  /\b(?:mutex_lock(?:_nested|_interruptible|_killable)?|(?:raw_)?spin_lock(?:_irq|_irqsave|_bh)?|down_(?:read|write)|(?:read|write)_lock\w*)\s*\(\s*&?([\w.>-]+)|\bguard\s*\(\s*(?:mutex|(?:raw_)?spinlock\w*|rwsem_\w+)\s*\)\s*\(\s*&?([\w.>-]+)|\bscoped_guard\s*\(\s*(?:mutex|(?:raw_)?spinlock\w*|rwsem_\w+)\s*,\s*&?([\w.>-]+)/g;

interface Taking {
  /** `param->lock` */
  readonly lock: string;
  /** `lock`, the member. */
  readonly member: string;
  /** `param`, what the lock belongs to; '' for a lock of its own. */
  readonly base: string;
}

function takings(text: string): Taking[] {
  return [...text.matchAll(TAKES)].map((match) => {
    const lock = match[1] ?? match[2] ?? match[3] ?? '';
    const cut = Math.max(lock.lastIndexOf('->') + 1, lock.lastIndexOf('.'));
    return {
      lock,
      member: cut <= 0 ? lock : lock.slice(cut + 1),
      base: cut <= 0 ? '' : lock.slice(0, lock.lastIndexOf('->') === cut - 1 ? cut - 1 : cut),
    };
  });
}

/** Is the lock taken on a line that was there before the series, as far as patch `until` shows it? */
function takenBefore(view: SeriesView, member: string, until: number, except: string): HunkLine | null {
  const added = new Set<string>();
  for (const hunk of view.hunks) {
    if (hunk.patch > until) continue;
    for (const code of [...(hunk.old ?? hunk.now).lines, ...hunk.now.lines]) {
      const text = code.bare.trim();
      if (!takings(text).some((one) => one.member === member)) continue;
      if (code.line.kind === 'add') added.add(text);
      else if (code.inside !== except && !added.has(text)) return code.line;
    }
  }
  return null;
}

/** How often functions other than `except` take the lock less than before in this patch: they may have held it around the calls. */
function givenUpElsewhere(hunks: readonly HunkView[], member: string, except: string): boolean {
  let balance = 0;
  for (const hunk of hunks) {
    const count = (code: HunkView['now'], kind: HunkLine['kind']): number =>
      code.lines
        .filter((one) => one.line.kind === kind && one.inside !== except)
        .flatMap((one) => takings(one.bare))
        .filter((one) => one.member === member).length;
    balance += count(hunk.now, 'add') - (hunk.old === null ? 0 : count(hunk.old, 'delete'));
  }
  return balance < 0;
}

/**
 * A function that the series adds with no lock around what it touches, and that a later patch of the series lets take the lock which others take already:
 * between the two it races with them.
 */
export const lockLater: SeriesRule = (view) => {
  const hits: SeriesHit[] = [];
  for (const [name, all] of view.definitions) {
    const born = all.find((one) => one.kind === 'function' && one.state === 'added');
    if (born === undefined || !whole(born) || /lockdep_assert|_locked\b/.test(`${born.body} ${name}`)) continue;
    if (all.some((one) => one.kind === 'function' && one.state !== 'added' && one.patch <= born.patch)) continue;
    if (takings(born.body).length > 0 || /\b(?:guard|scoped_guard)\s*\(|_lock\w*\s*\(/.test(born.body)) continue;
    const later = view.hunks.filter((hunk) => hunk.patch > born.patch && hunk.file.path === born.file.path);
    for (const hunk of later) {
      const inside = hunk.now.lines.filter((code) => code.inside === name);
      const taken = inside
        .filter((code) => code.line.kind === 'add')
        .flatMap((code) => takings(code.bare).map((taking) => ({ code, taking })))[0];
      if (taken === undefined) continue;
      const { base, member } = taken.taking;
      // What it touches then is what it touched before: members of the same object.
      const touched =
        base !== '' && new RegExp(`\\b${base.replace(/[.>-]/g, '\\$&')}(?:->|\\.)(?!${member}\\b)\\w+`).exec(born.body);
      if (!touched) continue;
      const same = view.hunks.filter((one) => one.patch === hunk.patch);
      if (givenUpElsewhere(same, member, name)) break;
      const other = takenBefore(view, member, hunk.patch, name);
      if (other === null) break;
      hits.push({
        rule: LOCK_LATER,
        at: { patch: hunk.patch, file: hunk.file, line: taken.code.line.line },
        function: name,
        message: `${name}() of patch ${view.label(born.patch)} takes ${taken.taking.lock} only from here on: until then it touches ${touched[0]} without the lock that others take`,
        why: [
          {
            text: 'this patch repairs a race that an earlier one of the series brings; the lock belongs into that one',
            reference: 'Documentation/process/submitting-patches.rst: each patch is to be right by itself',
          },
        ],
        related: [{ patch: born.patch, file: born.file, line: born.line.line, message: 'added here without it' }],
        fixedBy: null,
      });
      break;
    }
  }
  return hits;
};

const whole = (one: Definition): boolean => one.body.trim() !== '' && one.file.path.endsWith('.c');
