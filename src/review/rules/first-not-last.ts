/**
 * What is begun with the first of several users only, and ended with each of them. In: a patch, and the functions it touches. Out: hits of class described
 * at the end that nothing guards.
 */
import type { Expression, Program, ProgramNode } from '../../code/types';
import { calleeOf, expressionsOf, print, visit, withoutCasts } from '../../code/walk';
import { FIRST_NOT_LAST } from '../catalog-contracts';
import { doings, named } from './calls';
import { isAdded } from './reach';
import { bareCondition } from './scan';
import type { PatchHit, PatchRule } from './types';

/** Words of the begin and the end of one thing. */
const PAIRS: readonly (readonly [string, string])[] = [
  ['start', 'end'],
  ['start', 'stop'],
  ['begin', 'end'],
  ['enable', 'disable'],
  ['register', 'unregister'],
  ['get', 'put'],
  ['attach', 'detach'],
  ['map', 'unmap'],
  ['init', 'exit'],
  ['setup', 'teardown'],
  ['install', 'uninstall'],
  ['open', 'close'],
  ['acquire', 'release'],
  ['alloc', 'free'],
];

/** The names that may end what a function begins: one word exchanged. */
function endsOf(name: string): readonly string[] {
  return PAIRS.flatMap(([begin, end]) => {
    const pattern = new RegExp(`(^|_)${begin}(?=_|$)`);
    return pattern.test(name) ? [name.replace(pattern, `$1${end}`)] : [];
  });
}

/** Asks whether there is a user: the list, or the counter. */
interface Asked {
  readonly text: string;
  readonly field: string;
}

function fieldOf(text: string): string {
  return /(\w+)$/.exec(text)?.[1] ?? text;
}

/** `list_empty(&x->users)`, `!x->users++`, `x->users++ == 0`, `++x->users == 1`. */
function firstOf(condition: Expression): Asked | null {
  const inner = bareCondition(condition);
  if (inner.kind === 'call' && calleeOf(inner) === 'list_empty' && inner.args[0] !== undefined) {
    const text = named(inner.args[0]);
    return { text, field: fieldOf(text) };
  }
  const counter = (one: Expression, prefix: boolean): Asked | null => {
    const bare = withoutCasts(one);
    if (bare.kind !== 'update' || bare.operator !== '++' || bare.prefix !== prefix) return null;
    const text = print(bare.target);
    return { text, field: fieldOf(text) };
  };
  if (inner.kind === 'unary' && inner.operator === '!') return counter(inner.operand, false);
  if (inner.kind !== 'binary' || inner.operator !== '==') return null;
  const right = withoutCasts(inner.right);
  if (right.kind !== 'number') return null;
  return right.value === 0 ? counter(inner.left, false) : right.value === 1 ? counter(inner.left, true) : null;
}

/** Calls that only the first user makes: the straight lines behind the test. */
function begunByFirst(program: Program): { readonly name: string; readonly asked: Asked; readonly at: ProgramNode }[] {
  return program.nodes.flatMap((branch) => {
    if (branch.kind !== 'branch' || branch.loop) return [];
    const asked = firstOf(branch.condition);
    if (asked === null) return [];
    // A list is one of users when the function adds to it behind the test.
    const joins =
      !/^list/.test(calleeName(branch.condition)) ||
      program.nodes.some((node) =>
        doings(node).some((one) => /^list_add/.test(one.name) && named(one.call.args[1]) === asked.text),
      );
    if (!joins) return [];
    const found: { name: string; asked: Asked; at: ProgramNode }[] = [];
    for (let at = branch.then, hops = 0; at !== branch.otherwise && hops < 6; hops++) {
      const node = program.nodes[at];
      if (node === undefined || node.kind === 'return' || !('next' in node)) break;
      for (const one of doings(node)) if (one.direct) found.push({ name: one.name, asked, at: node });
      at = node.next;
    }
    return found;
  });
}

const calleeName = (condition: Expression): string => {
  const inner = bareCondition(condition);
  return inner.kind === 'call' ? (calleeOf(inner) ?? '') : '';
};

/** Does anything in the function ask for the last user: the list or the counter by its member, or `list_is_singular()`? */
function asksForLast(program: Program, field: string): boolean {
  return program.nodes.some(
    (node) =>
      node.kind === 'branch' &&
      expressionsOf(node).some((one) => {
        let found = false;
        visit(one, (inner) => {
          if (inner.kind === 'field' && inner.field === field) found = true;
          if (inner.kind === 'call' && /^list_(?:is_singular|empty)/.test(calleeOf(inner) ?? '')) found = true;
          if (inner.kind === 'update' && inner.operator === '--') found = true;
          if (inner.kind === 'call' && /dec_and_test|dec_return|_put\b/.test(calleeOf(inner) ?? '')) found = true;
        });
        return found;
      }),
  );
}

/** Does the function let one user go: `list_del()`, `x->users--`? */
const letsGo = (program: Program, asked: Asked): boolean =>
  program.nodes.some(
    (node) =>
      doings(node).some((one) => /^list_(?:del|move)/.test(one.name)) ||
      expressionsOf(node).some((one) => {
        let found = false;
        visit(one, (inner) => {
          if (inner.kind === 'update' && inner.operator === '--' && fieldOf(print(inner.target)) === asked.field)
            found = true;
        });
        return found;
      }),
  );

export const firstNotLastRule: PatchRule = ({ after }) => {
  const programs = after.touched.flatMap((one) =>
    one.program === null || one.removed ? [] : [{ ...one, program: one.program }],
  );
  const hits: PatchHit[] = [];
  for (const { program, file } of programs)
    for (const begun of begunByFirst(program)) {
      const ends = endsOf(begun.name);
      if (ends.length === 0) continue;
      const enders = programs.filter(
        (one) =>
          one.file === file && one.program.nodes.some((node) => doings(node).some((each) => ends.includes(each.name))),
      );
      // One that asks for the last, or is known in part, may end it as it should.
      if (
        enders.length === 0 ||
        enders.some((one) => one.evidence === 'fragment' || asksForLast(one.program, begun.asked.field))
      )
        continue;
      const ender = enders.find((one) => one.program !== program && letsGo(one.program, begun.asked));
      const end = ender?.program.nodes.find((node) => doings(node).some((one) => ends.includes(one.name)));
      const name = end === undefined ? undefined : doings(end).find((one) => ends.includes(one.name))?.name;
      if (ender === undefined || end === undefined || name === undefined || !(isAdded(end) || isAdded(begun.at)))
        continue;
      hits.push({
        rule: FIRST_NOT_LAST,
        at: end.at,
        message: `${name}() is called for every user that goes, and ${begun.name}() only for the first that comes (${begun.asked.text})`,
        key: `${begun.name}|${name}`,
        why: [
          { text: 'the first to go ends it for the others, and the last ends what is ended already', reference: null },
        ],
        related: [{ at: begun.at.at, message: `${begun.name}() for the first only` }],
        file: ender.file,
        function: ender.name,
      });
    }
  return hits;
};
