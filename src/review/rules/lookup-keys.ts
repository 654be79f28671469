/**
 * What an entry of a list is found by. In: one function, and the one it was before the patch. Out: walks that find an entry by less than before, or by less than it is
 * kept under, and keys that are compared as they came where they were compared cut down to their page.
 */
import type { Expression, Program } from '../../code/types';
import { print, printShort, withoutCasts } from '../../code/walk';
import type { Place } from '../../place';
import { KEY_DROPPED, KEY_UNALIGNED } from '../catalog-window';
import { bareCondition, localHit, operandsOf, scan } from './scan';
import type { PathRule, RuleHit } from './types';
import { assignment, cutDown } from './window-search';

/** Walks of lists whose entries stand for addresses of messages or ranges of IOVAs. */
const ABOUT_WINDOWS = /msi|iova|window|doorbell/;
/** What tells one such entry from another. */
const KEY = /start|base|addr|phys|domain|window|iova|cookie|(?:^|_)dev$|asid|granule/;

interface Lookup {
  readonly cursor: string;
  readonly list: string;
  readonly head: number;
  /** Fields that hold what the caller asked for wherever the entry is given out: field → what it is compared with. */
  readonly keys: ReadonlyMap<string, string>;
  /** Where it is given out; a line that the patch adds to the walk, where it does not add that one. */
  readonly found: Place;
}

/** `cur->f == k` as a key of the cursor; null for anything else. `holds`: the condition came out true. */
function keysOf(condition: Expression, holds: boolean, cursor: string): [string, string][] {
  const bare = bareCondition(condition);
  if (bare.kind === 'unary' && bare.operator === '!') return keysOf(bare.operand, !holds, cursor);
  if (bare.kind !== 'binary') return [];
  if (bare.operator === (holds ? '&&' : '||'))
    return operandsOf(bare, bare.operator).flatMap((part) => keysOf(part, holds, cursor));
  if (bare.operator !== (holds ? '==' : '!=')) return [];
  for (const [side, other] of [
    [bare.left, bare.right],
    [bare.right, bare.left],
  ] as const) {
    const inner = withoutCasts(side);
    if (inner.kind === 'field' && print(inner.base) === cursor) return [[inner.field, print(withoutCasts(other))]];
  }
  return [];
}

/** The walks of a function that give out the entry they found. */
function lookups(program: Program): Lookup[] {
  return program.nodes.flatMap((head, index): Lookup[] => {
    if (head.kind !== 'each' || !/^list_for_each_entry/.test(head.macro)) return [];
    const cursor = head.args[0] === undefined ? null : withoutCasts(head.args[0]);
    const list = head.args[1] === undefined ? '' : print(withoutCasts(head.args[1]));
    if (cursor?.kind !== 'name') return [];
    const ways: { keys: Map<string, string>; at: Place }[] = [];
    const seen = new Set<string>();
    const asked: Place[] = [];
    const walk = (at: number, keys: ReadonlyMap<string, string>): void => {
      const node = program.nodes[at];
      const state = `${at}|${[...keys.keys()].join()}`;
      if (node === undefined || at === index || seen.has(state) || seen.size > 400) return;
      seen.add(state);
      if (givesOut(node, cursor.name)) {
        ways.push({ keys: new Map(keys), at: node.at });
        return;
      }
      if (node.kind === 'branch') {
        if (keysOf(node.condition, true, cursor.name).length > 0) asked.push(node.at);
        for (const [next, holds] of [
          [node.then, true],
          [node.otherwise, false],
        ] as const)
          walk(next, new Map([...keys, ...keysOf(node.condition, holds, cursor.name)]));
      } else if ((node.kind === 'do' || node.kind === 'declare') && node.next !== head.next) walk(node.next, keys);
    };
    walk(head.body, new Map());
    const [first, ...others] = ways;
    if (first === undefined) return [];
    const keys = new Map([...first.keys].filter(([field]) => others.every((way) => way.keys.has(field))));
    const fresh = [first.at, ...asked].find((at) => at.kind === 'message' && at.added);
    return [{ cursor: cursor.name, list, head: index, keys, found: fresh ?? first.at }];
  });
}

function givesOut(node: Program['nodes'][number], cursor: string): boolean {
  if (node.kind === 'return') return node.value !== null && print(withoutCasts(node.value)) === cursor;
  return (
    node.kind === 'do' &&
    node.expression.kind === 'assign' &&
    node.expression.operator === '=' &&
    node.expression.target.kind === 'name' &&
    print(withoutCasts(node.expression.value)) === cursor
  );
}

function hit(at: Place, message: string, related: RuleHit['related'], key: string): RuleHit {
  return {
    rule: KEY_DROPPED,
    at,
    message,
    key,
    why: [
      {
        text: 'an entry that agrees in the rest alone stands for another window or domain: its IOVA is not one that was kept free there',
        reference: 'invariants I5 and I6',
      },
    ],
    related,
  };
}

/** An entry was found by two things and is found by one of them now; or it is kept under two and found by one. */
export const keyDroppedRule: PathRule = (program, { before }) => {
  const now = lookups(program).filter((one) => ABOUT_WINDOWS.test(program.name) || ABOUT_WINDOWS.test(one.list));
  if (now.length === 0) return [];
  const earlier = before?.() ?? null;
  const past = earlier === null ? [] : lookups(earlier);
  return now.flatMap((one): RuleHit[] => {
    const was = past.filter((other) => other.list === one.list);
    const [old] = was;
    if (old !== undefined && was.length === 1 && now.filter((other) => other.list === one.list).length === 1) {
      const gone = [...old.keys].find(
        ([field, value]) => KEY.test(field) && !one.keys.has(field) && one.keys.size > 0 && isAskedFor(program, value),
      );
      if (gone !== undefined)
        return [
          hit(
            one.found,
            `${program.name}() finds an entry of ${one.list} whatever its ${gone[0]} is; it had to be ${gone[1]} before`,
            [{ at: old.found, message: 'found so before' }],
            `${one.list}|${gone[0]}`,
          ),
        ];
    }
    const kept = keptUnder(program, one);
    const left = kept.find(({ field }) => !one.keys.has(field) && KEY.test(field));
    if (left === undefined || one.keys.size === 0 || !kept.some(({ field }) => one.keys.has(field))) return [];
    return [
      hit(
        one.found,
        `${program.name}() finds an entry of ${one.list} whatever its ${left.field} is, and entries are kept for the ${left.value} that was asked for`,
        [{ at: left.at, message: 'kept so' }],
        `${one.list}|${left.field}`,
      ),
    ];
  });
};

/** Is it still something the caller gives? */
const isAskedFor = (program: Program, value: string): boolean =>
  program.parameters.some((one) => value === one.name || value.startsWith(`${one.name}->`)) ||
  scan(program).some(({ expression }) => print(expression) === value);

/** What a new entry of the list gets straight from the parameters. */
function keptUnder(program: Program, one: Lookup): { field: string; value: string; at: Place }[] {
  const parameters = new Set(program.parameters.map((parameter) => parameter.name));
  const entries = new Set(
    scan(program).flatMap(({ expression }) => {
      if (expression.kind !== 'call' || !/^list_add(?:_tail)?(?:_rcu)?$/.test(print(expression.target))) return [];
      const [entry, list] = expression.args.map((arg) => withoutCasts(arg));
      const of = entry?.kind === 'unary' && entry.operator === '&' ? withoutCasts(entry.operand) : null;
      return of?.kind === 'field' && list !== undefined && print(list) === one.list ? [print(of.base)] : [];
    }),
  );
  return program.nodes.flatMap((node) => {
    const given = assignment(node);
    const value = given === null ? null : withoutCasts(given.value);
    if (given?.field == null || value?.kind !== 'name' || !parameters.has(value.name)) return [];
    const entry = given.target.slice(0, given.target.length - given.field.length).replace(/(?:->|\.)$/, '');
    return entries.has(entry) ? [{ field: given.field, value: value.name, at: given.at }] : [];
  });
}

/** The key was cut down to its page before it was looked for; now it is looked for as it came. */
export const keyAsItCameRule: PathRule = (program, { before }) => {
  const raws = cutValues(program);
  if (raws.size === 0) return [];
  const compared = comparedWith(program).filter((one) => raws.has(one.key) && !raws.get(one.key)?.has(one.key));
  if (compared.length === 0) return [];
  const earlier = before?.() ?? null;
  if (earlier === null) return [];
  const cutBefore = new Set([...cutValues(earlier).values()].flatMap((cut) => [...cut]));
  const past = comparedWith(earlier);
  return compared.flatMap(({ field, key, text, at }): RuleHit[] => {
    const was = past.filter((other) => other.field === field);
    if (was.length !== 1 || !cutBefore.has(was[0]?.key ?? '')) return [];
    return [
      localHit(
        KEY_UNALIGNED,
        at,
        `${text} looks for ${key} as it came, and the start of its page was looked for before`,
        'an entry is not found again: each doorbell register of one page takes an IOVA of its own, and the window runs out',
        'iommu_dma_get_msi_page() in drivers/iommu/dma-iommu.c; invariant I6: one IOVA a page',
      ),
    ];
  });
};

/** Values that a function cuts down to their page: what came → the variables that hold the start of its page. */
function cutValues(program: Program): ReadonlyMap<string, ReadonlySet<string>> {
  const values = new Map<string, Set<string>>();
  const note = (raw: string, cut: string): void => {
    values.set(raw, (values.get(raw) ?? new Set()).add(cut));
  };
  for (const node of program.nodes) {
    const one = assignment(node);
    const raw = one === null ? null : cutDown(one.value);
    if (one !== null && raw !== null) note(raw, one.target);
    if (node.kind === 'do' && node.expression.kind === 'assign' && node.expression.operator === '&=') {
      const mask = withoutCasts(node.expression.value);
      const target = print(node.expression.target);
      if ((mask.kind === 'unary' && mask.operator === '~') || /_MASK$/.test(print(mask))) note(target, target);
    }
  }
  return values;
}

/** `entry->field == key` inside walks of lists. */
function comparedWith(program: Program): { field: string; key: string; text: string; at: Place }[] {
  const cursors = new Set(
    program.nodes.flatMap((node) =>
      node.kind === 'each' && /^list_for_each_entry/.test(node.macro) && node.args[0] !== undefined
        ? [print(node.args[0])]
        : [],
    ),
  );
  return scan(program).flatMap(({ expression, at }) => {
    if (expression.kind !== 'binary' || expression.operator !== '==') return [];
    const [left, right] = [withoutCasts(expression.left), withoutCasts(expression.right)];
    const [field, key] = left.kind === 'field' ? [left, right] : [right, left];
    if (field.kind !== 'field' || !cursors.has(print(field.base))) return [];
    return [{ field: field.field, key: print(key), text: printShort(expression), at }];
  });
}

export const LOOKUP_KEY_RULES: readonly PathRule[] = [keyDroppedRule, keyAsItCameRule];
