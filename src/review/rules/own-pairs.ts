/**
 * Steps that the code itself pairs with their undoing: `group_claim(g)` beside `group_release(g)`, `unit_charge(u)` beside `unit_uncharge(u)`. In: the images of a
 * function and what its surroundings define. Out: for each such step what `kernel/primitives.ts` would say of it. Names that are known there are left to it.
 */
import type { Program, ProgramNode } from '../../code/types';
import { expressionsOf, print, visit, withoutCasts } from '../../code/walk';
import { type Argument, type Primitive, primitive, type ReturnShape } from '../../kernel/primitives';
import { type Doing, doings, named } from './calls';
import { reach } from './reach';

/** Resources of such steps; `COUNTS` where the step refuses by itself, so that nobody but the function can take it back. */
export const OWN = 'own';
export const COUNTS = 'own count';

/** Is it a step that the code itself pairs with its undoing? */
export const isOwn = ({ acquires }: Primitive): boolean =>
  acquires !== null && (acquires.resource === OWN || acquires.resource === COUNTS);

/** The word of a name that takes, and the words by which others give back. `un…` and `de…` in front of any of them do so too. */
const GIVES: Readonly<Record<string, readonly string[]>> = {
  get: ['put'],
  grab: ['put', 'drop', 'release'],
  take: ['put', 'drop', 'release', 'give'],
  hold: ['drop', 'release', 'unhold'],
  claim: ['release', 'unclaim'],
  acquire: ['release', 'drop', 'put'],
  reserve: ['release', 'unreserve', 'free'],
  request: ['free', 'release'],
  alloc: ['free', 'release', 'destroy'],
  create: ['destroy', 'free', 'remove'],
  add: ['remove', 'del', 'delete'],
  insert: ['remove', 'erase', 'del'],
  register: ['unregister', 'deregister'],
  attach: ['detach'],
  bind: ['unbind'],
  enable: ['disable'],
  activate: ['deactivate'],
  start: ['stop'],
  begin: ['end'],
  open: ['close'],
  connect: ['disconnect'],
  prepare: ['unprepare'],
  map: ['unmap'],
  pin: ['unpin'],
  charge: ['uncharge'],
  account: ['unaccount'],
  assign: ['unassign', 'deassign'],
  link: ['unlink'],
  block: ['unblock'],
  freeze: ['unfreeze', 'thaw'],
  suspend: ['resume'],
  inc: ['dec'],
  init: ['fini', 'exit', 'deinit', 'uninit', 'cleanup', 'destroy'],
  setup: ['teardown', 'cleanup', 'unset'],
  install: ['uninstall', 'remove'],
};

/** Contexts and locks have rules of their own, and what is only said, asked or counted is not held. */
const OTHERS =
  /(?:^|_)(?:un)?lock(?:ed|s)?(?:_|$)|^(?:rcu|srcu|preempt|local|lockdep|trace|might|list|hlist|rb|raw)_|^(?:dev|dma|pci)m_/;

/** Names by which the undoing of a step is called; empty for names that take nothing. */
export function undoingsOf(name: string): readonly string[] {
  if (OTHERS.test(name)) return [];
  const words = name.split('_');
  return words.flatMap((word, at) =>
    (GIVES[word] ?? []).map((other) => [...words.slice(0, at), other, ...words.slice(at + 1)].join('_')),
  );
}

/** Does a node call anything that an undoing would go with? */
export const mayPair = (node: ProgramNode): boolean =>
  doings(node).some(({ direct, name }) => direct && primitive(name) === null && undoingsOf(name).length > 0);

/** The steps of a function's images that have their undoing in them, on the same object, or count up what a helper of the same name counts down; by their names. */
export function ownPairs(
  images: readonly Program[],
  programs: ReadonlyMap<string, Program>,
): ReadonlyMap<string, Primitive> {
  const calls = images.flatMap((image) =>
    image.nodes.flatMap((node, at) => doings(node).map((doing) => ({ image, node, at, doing }))),
  );
  const pairs = new Map<string, Primitive>();
  for (const { image, node, at, doing } of calls) {
    const { name } = doing;
    if (!doing.direct || pairs.has(name) || primitive(name) !== null) continue;
    const undoings = undoingsOf(name);
    if (undoings.length === 0) continue;
    const body = programs.get(name);
    const undone = calls.flatMap((other) => {
      const by = other.doing.direct && undoings.includes(other.doing.name) ? heldBy(doing, other.doing) : null;
      return by === null ? [] : [{ ...other, by, release: other.doing.name, counts: false }];
    });
    // Done anew behind its undoing, or in its stead, it is no step that a failure takes back.
    const own = undone.filter((other) => other.image === image);
    if (own.some((other) => reach(image, [other.at]).has(at))) continue;
    if (own.length > 0 && !own.some((other) => reach(image, [at]).has(other.at))) continue;
    const beside = undone[0];
    const found = beside ?? countedDown(doing, body, undoings, programs);
    if (found === null) continue;
    pairs.set(name, {
      name,
      kind: 'acquire',
      returns: shapeOf(doing, node, body, found.by, images),
      fails: [],
      acquires: { resource: found.counts ? COUNTS : OWN, by: found.by },
      releases: null,
      transfers: null,
      maySleep: false,
      mustHold: [],
      pairsWith: [found.release],
      since: null,
      until: null,
      changed: [],
      area: '',
      note: '',
    });
  }
  return pairs;
}

/** A step that counts up and may refuse to, and a helper that counts the same down whatever it meets. */
function countedDown(
  doing: Doing,
  body: Program | undefined,
  undoings: readonly string[],
  programs: ReadonlyMap<string, Program>,
): { by: Argument; release: string; counts: true } | null {
  if (body === undefined || body.evidence === 'fragment' || body.returns === 'void') return null;
  const ups = countedBy(body, COUNTS_UP, '++');
  if (ups.length !== 1 || named(doing.call.args[0]) === '') return null;
  for (const release of undoings) {
    const other = programs.get(release);
    if (other === undefined || other.evidence === 'fragment' || other.nodes.some((node) => node.kind === 'branch'))
      continue;
    if (countedBy(other, COUNTS_DOWN, '--').includes(ups[0] ?? '')) return { by: 'arg0', release, counts: true };
  }
  return null;
}

const COUNTS_UP = /^atomic(?:64|_long)?_(?:inc|add)(?:_\w+)?$/;
const COUNTS_DOWN = /^atomic(?:64|_long)?_(?:dec|sub)$/;

/** The fields of its first parameter that a helper counts up or down: `->irqfds.nr`. */
function countedBy({ nodes, parameters }: Program, calls: RegExp, operator: '++' | '--'): string[] {
  const owner = parameters[0]?.name;
  const counted = nodes.flatMap((node) => [
    ...doings(node).flatMap(({ name, call }) => (calls.test(name) ? call.args.map(named) : [])),
    ...expressionsOf(node).flatMap((expression) => {
      const texts: string[] = [];
      visit(expression, (inner) => {
        if (inner.kind === 'update' && inner.operator === operator) texts.push(named(inner.target));
      });
      return texts;
    }),
  ]);
  return owner === undefined
    ? []
    : counted.filter((text) => text.startsWith(`${owner}->`)).map((text) => text.slice(owner.length));
}

const ERROR = /^(?:ret\w*|err\w*|rc|r|rv|res|result|status)$/;

/** What both calls name: an argument of the step, or its result. */
function heldBy(doing: Doing, undoing: Doing): 'result' | Argument | null {
  const given = new Set(undoing.call.args.map(named).filter((text) => text !== ''));
  if (doing.into !== null && given.has(print(doing.into))) return 'result';
  // What is kept besides an error is what was taken: a pointer, a number.
  if (doing.into !== null && !(doing.into.kind === 'name' && ERROR.test(doing.into.name))) return null;
  const index = doing.call.args.findIndex((arg) => given.has(named(arg)));
  return index < 0 ? null : `arg${index}`;
}

/** How the step tells of failure: by its type where that is in sight, otherwise by how it is asked. */
function shapeOf(
  doing: Doing,
  node: ProgramNode,
  body: Program | undefined,
  by: 'result' | Argument,
  images: readonly Program[],
): ReturnShape {
  if (by === 'result') return isNumber(doing.into, images) ? 'count' : 'ptr_null';
  if (body !== undefined) {
    if (body.returns === 'void') return 'void';
    if (body.returns === 'bool') return 'bool';
    return 'err';
  }
  if (doing.into !== null) return 'err';
  if (node.kind !== 'branch') return 'void';
  const test = withoutCasts(node.condition);
  if (test.kind === 'unary') return test.operator === '!' ? 'bool' : 'err';
  return test.kind === 'binary' && test.operator === '==' && /^(?:0|NULL)$/.test(print(test.right)) ? 'bool' : 'err';
}

/** Is it a variable of a type that no pointer has? */
function isNumber(into: Doing['into'], images: readonly Program[]): boolean {
  if (into?.kind !== 'name') return false;
  const { name } = into;
  const type = images
    .flatMap(({ nodes }) => nodes)
    .flatMap((node) => (node.kind === 'declare' && node.variable.name === name ? [node.variable.type] : []))[0];
  return type !== undefined && !type.includes('*');
}
