import { placeOf } from '../../code/file-image';
import { print } from '../../code/walk';
import { TAKEN_NUMBERS } from '../../kernel/user-numbers';
import type { FileChange, Hunk, HunkLine } from '../../patch/types';
import type { Place } from '../../place';
import { NUMBER_CONFLICT, UAPI_GROWN } from '../catalog-uapi';
import type { Rule } from '../rule';
import type { PatchHit, PatchRule, PatchView } from './types';
import { isUserHeader } from './uapi-text';

function hit(rule: Rule, file: FileChange, line: HunkLine, view: PatchView, message: string, text: string): PatchHit {
  const at: Place = placeOf(line, view.change.message);
  return {
    rule,
    at,
    message,
    why: [{ text, reference: 'Documentation/process/botching-up-ioctls.rst' }],
    related: [],
    file: file.path,
    function: null,
    local: true,
  };
}

interface Define {
  readonly name: string;
  readonly value: string;
  readonly line: HunkLine;
}

function defineOf(line: HunkLine): Define | null {
  const match = /^\s*#\s*define\s+([A-Z_][A-Z0-9_]*)\s+(\S.*)$/.exec(line.text);
  const value = (match?.[2] ?? '').replace(/\/\*.*$|\/\/.*$/, '').trim();
  return match === null || value === '' ? null : { name: match[1] ?? '', value, line };
}

/** What a value stands for, so that equal ones compare equal: a number, a bit, an ioctl; null for anything else. */
function meaning(value: string): string | null {
  const bare = value.replace(/^\((.*)\)$/, '$1').trim();
  const ioctl = /^_IO[RW]*\s*\(\s*(\w+)\s*,\s*([\w\s+]+?)\s*(?:,.*)?\)$/.exec(bare);
  if (ioctl !== null) return `ioctl ${ioctl[1]} ${(ioctl[2] ?? '').replace(/\s+/g, '')}`;
  if (/^(?:0x[0-9a-fA-F]+|\d+)[uUlL]*$/.test(bare)) return `number ${Number(bare.replace(/[uUlL]+$/, ''))}`;
  const bit = /^(?:1[uUlL]*\s*<<\s*(\d+)|_?BIT(?:ULL|_ULL|UL)?\((\d+)\))$/.exec(bare);
  return bit === null ? null : `bit ${bit[1] ?? bit[2]}`;
}

/** Stands for a line that no mail shows. */
const NOWHERE: HunkLine = { kind: 'context', text: '', line: 0, oldLine: null, newLine: null, noNewline: false };

const NO_NUMBER = /(?:MASK|ALL|MAX|LAST|NUM|SHIFT|SIZE|BASE|COUNT|LEN|VERSION|OFFSET|DEFAULT|NONE|BITS|WIDTH)(?:_|$)/;

/** The names among which numbers are unique: `VFIO_REGION_TYPE_GFX` gives `VFIO_REGION_TYPE`; null where nobody says that they are. */
function family(name: string, what: string): string | null {
  if (NO_NUMBER.test(name)) return null;
  const words = name.split('_');
  if (what.startsWith('ioctl')) return words.slice(0, 2).join('_');
  if (!/_(?:TYPE|SUBTYPE|FLAGS?|CAP|FEATURE|ID|CMD|OP)_/.test(name)) return null;
  const prefix = words.slice(0, -1).join('_');
  return /_(?:TYPE|SUBTYPE|FLAGS?|CAP|FEATURE|ID|CMD|OP)$/.test(prefix) || what.startsWith('bit') ? prefix : null;
}

/** Two names of one family get one number. */
export const numberConflictRule: PatchRule = (view) =>
  view.change.files.flatMap((file) => {
    if (!isUserHeader(file.path)) return [];
    const taken = new Map<string, Define>();
    const shown = file.hunks.flatMap((hunk) => hunk.lines).filter((line) => line.kind !== 'delete');
    const earlier = (view.before.files.get(file.oldPath ?? file.path)?.runs ?? []).flatMap((run) =>
      run.lines.map(
        (line): HunkLine => ({
          kind: 'context',
          text: line.text,
          line: 0,
          oldLine: null,
          newLine: null,
          noNewline: false,
        }),
      ),
    );
    const gone = new Set(
      file.hunks.flatMap((hunk) =>
        hunk.lines.flatMap((line) => (line.kind === 'delete' ? (defineOf(line)?.name ?? []) : [])),
      ),
    );
    const month = view.message.date === null ? '' : new Date(view.message.date).toISOString().slice(0, 7);
    for (const one of TAKEN_NUMBERS)
      if (one.since <= month)
        taken.set(`${one.family}|number ${one.number}`, { name: one.name, value: `${one.number}`, line: NOWHERE });
    // What the base's own headers define.
    for (const [name, value] of view.before.set.constants) {
      const what = meaning(print(value));
      const group = what === null ? null : family(name, what);
      if (group !== null && !gone.has(name))
        taken.set(`${group}|${what}`, { name, value: print(value), line: NOWHERE });
    }
    const hits: PatchHit[] = [];
    const lines = [
      ...earlier,
      ...shown.filter((line) => line.kind === 'context'),
      ...shown.filter((line) => line.kind === 'add'),
    ];
    for (const line of lines) {
      const define = defineOf(line);
      const what = define === null ? null : meaning(define.value);
      const group = define === null || what === null ? null : family(define.name, what);
      if (define === null || what === null || group === null) continue;
      const key = `${group}|${what}`;
      const other = taken.get(key);
      if (other === undefined || line.kind !== 'add' || gone.has(other.name)) {
        if (other === undefined) taken.set(key, define);
        continue;
      }
      if (other.name !== define.name)
        hits.push(
          hit(
            NUMBER_CONFLICT,
            file,
            line,
            view,
            `${define.name} and ${other.name} are both ${define.value}`,
            'userspace cannot tell one from the other',
          ),
        );
    }
    return hits;
  });

const FIELD =
  /^\t(?:const\s+)?(?:__(?:u|s|le|be)\d+|__aligned_u64|(?:struct|enum|union)\s+\w+|char|int|unsigned\s+\w+|long|void|[us]\d+|bool|size_t)\s+\**(\w+)(\[[^\]]*\])?\s*;/;
const ENUMERATOR = /^\t([A-Z_][A-Z0-9_]*)\s*(=\s*[^,]+)?,/;
const SENTINEL = /(?:^|_)(?:MAX|NUM|LAST|NR|COUNT|END|CNT|__)(?:_|$)|^__/;

/** The head of what a hunk line stands in: the nearest head above it in the hunk, or the hunk's section. */
function headAbove(
  hunk: Hunk,
  index: number,
): { readonly kind: 'struct' | 'enum'; readonly name: string; readonly isNew: boolean } | null {
  for (let i = index; i >= 0; i--) {
    const line = hunk.lines[i];
    if (line === undefined || line.kind === 'delete') continue;
    if (/^}/.test(line.text)) return null;
    const match = /^(struct|enum)\s+(\w+)?\s*\{/.exec(line.text);
    if (match !== null)
      return { kind: match[1] === 'enum' ? 'enum' : 'struct', name: match[2] ?? '', isNew: line.kind === 'add' };
  }
  const match = /^(struct|enum)\s+(\w+)/.exec(hunk.section);
  return match === null ? null : { kind: match[1] === 'enum' ? 'enum' : 'struct', name: match[2] ?? '', isNew: false };
}

/** A member or an enumerator put in front of older ones: what stands behind it moves. */
export const userGrownRule: PatchRule = (view) => {
  const hits: PatchHit[] = [];
  for (const file of view.change.files) {
    if (isUserHeader(file.path) && file.kind === 'modify')
      hits.push(...onceForAll(file.hunks.flatMap((hunk) => grownIn(view, file, hunk))));
    if (/\.c$/.test(file.path)) hits.push(...minimumRaised(view, file));
  }
  return hits;
};

/** The same member put into several structures in the same way is one decision: the first tells of it, and of the others. */
function onceForAll(hits: readonly PatchHit[]): PatchHit[] {
  const decision = (one: PatchHit): string => one.message.replace(/^struct \w+ /, '');
  return hits
    .filter((one, index) => hits.findIndex((other) => decision(other) === decision(one)) === index)
    .map((one) => ({
      ...one,
      related: hits
        .filter((other) => other !== one && decision(other) === decision(one))
        .map((other) => ({ at: other.at, message: `and: ${other.message}` })),
    }));
}

function grownIn(view: PatchView, file: FileChange, hunk: Hunk): PatchHit[] {
  const hits: PatchHit[] = [];
  const said = new Set<string>();
  for (const [index, line] of hunk.lines.entries()) {
    if (line.kind !== 'add') continue;
    const head = headAbove(hunk, index);
    if (head === null || head.isNew || said.has(head.name)) continue;
    const known = head.kind === 'struct' ? view.before.set.structures.get(head.name) : undefined;
    // Made by this series: nobody uses it yet.
    if (known?.at.kind === 'message') continue;
    const pattern = head.kind === 'struct' ? FIELD : ENUMERATOR;
    const own = pattern.exec(line.text);
    if (own === null) continue;
    const rest = hunk.lines.slice(index + 1);
    const close = rest.findIndex((one) => /^}/.test(one.text));
    const inside = close < 0 ? rest : rest.slice(0, close);
    // Room that was kept is used, or the member only moved.
    if (hunk.lines.some((one) => one.kind === 'delete' && (pattern.test(one.text) || /^\t[A-Z_]+\s*$/.test(one.text))))
      continue;
    const behind = inside.find((one) => one.kind === 'context' && pattern.test(one.text));
    const next = behind === undefined ? null : pattern.exec(behind.text);
    if (behind === undefined || next === null) continue;
    if (head.kind === 'struct') {
      if (next[2] !== undefined && /^\[(?:0?)\]$/.test(next[2])) continue;
      said.add(head.name);
      hits.push(
        hit(
          UAPI_GROWN,
          file,
          line,
          view,
          `struct ${head.name} gets ${own[1]} in front of ${next[1]}: what older programs pass moves`,
          'new members go behind the last one, or into room that was reserved',
        ),
      );
    } else if (own[2] === undefined && next[2] === undefined && !SENTINEL.test(next[1] ?? '')) {
      said.add(head.name);
      hits.push(
        hit(
          UAPI_GROWN,
          file,
          line,
          view,
          `${own[1]} is put in front of ${next[1]}, whose number grows by one`,
          'programs built before pass the old number; new enumerators go to the end',
        ),
      );
    }
  }
  return hits;
}

/** `minsz = offsetofend(struct X, old)` becomes `offsetofend(struct X, new)`: programs that pass the old size are refused. */
function minimumRaised(view: PatchView, file: FileChange): PatchHit[] {
  const hits: PatchHit[] = [];
  const pattern = /^\s*(\w*minsz)\s*=\s*offsetofend\(\s*struct\s+(\w+)\s*,\s*(\w+)\s*\)/;
  for (const hunk of file.hunks)
    for (const line of hunk.lines) {
      const now = line.kind === 'add' ? pattern.exec(line.text) : null;
      if (now === null) continue;
      const old = hunk.lines.find((one) => one.kind === 'delete' && pattern.exec(one.text)?.[2] === now[2]);
      const then = old === undefined ? null : pattern.exec(old.text);
      if (then === null || then[3] === now[3]) continue;
      // Made by this series: nobody uses it yet.
      if (view.before.set.structures.get(now[2] ?? '')?.at.kind === 'message') continue;
      const field = view.after.set.structures.get(now[2] ?? '')?.fields.find((one) => one.name === now[3]);
      if (field === undefined || field.at.kind !== 'message' || !field.at.added) continue;
      hits.push(
        hit(
          UAPI_GROWN,
          file,
          line,
          view,
          `the least size of struct ${now[2]} now reaches to ${now[3]}, which older programs do not pass`,
          'they are refused with -EINVAL; read the new member only when argsz covers it',
        ),
      );
    }
  return hits;
}
