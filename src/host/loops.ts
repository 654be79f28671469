/**
 * `…for_each…` loops: which macros there are, what they walk, and where each begins anew. In: the arguments as written.
 * Out: an iterator that binds the loop's variable before each turn; null for a macro nobody knows.
 */
import type { Expression, Program, ProgramNode } from '../code/types';
import { pointee } from './layout';
import { entryOf, msiListOf, nodesOf } from './links';
import { checkLive } from './memory-access';
import { entriesOf } from './primitives/xarray';
import type { StructValue, Value } from './values';
import { isStruct, newStruct, structOf } from './values';
import type { Frame, World } from './world';

/** Nodes from which a loop head is entered for the first time: reachable without passing through the head. */
const firstEntries = new WeakMap<Program, Map<number, ReadonlySet<number>>>();

export function successors(node: ProgramNode): readonly number[] {
  switch (node.kind) {
    case 'do':
    case 'declare':
    case 'unknown':
      return [node.next];
    case 'branch':
      return [node.then, node.otherwise];
    case 'each':
      return [node.body, node.next];
    case 'switch':
      return [...node.cases.map((c) => c.next), node.otherwise];
    case 'return':
      return [];
  }
}

/** Does coming from node `from` (−1: the function's start) begin the loop at `head` anew? */
export function beginsAnew(program: Program, head: number, from: number): boolean {
  if (from < 0) return true;
  let heads = firstEntries.get(program);
  if (!heads) {
    heads = new Map();
    firstEntries.set(program, heads);
  }
  let outside = heads.get(head);
  if (!outside) {
    const seen = new Set<number>();
    const open = program.entry >= 0 && program.entry !== head ? [program.entry] : [];
    while (open.length > 0) {
      const at = open.pop();
      if (at === undefined || at === head || seen.has(at)) continue;
      const node = program.nodes[at];
      if (!node) continue;
      seen.add(at);
      open.push(...successors(node));
    }
    outside = seen;
    heads.set(head, outside);
  }
  return outside.has(from);
}

type Bind = (value: Value) => void;

function memberName(of: Expression | undefined): string {
  if (of?.kind === 'name') return of.name;
  if (of?.kind === 'field') return `${memberName(of.base)}.${of.field}`;
  return '';
}

function typeOfCursor(frame: Frame, cursor: Expression | undefined): string {
  return cursor?.kind === 'name' ? pointee(frame.types.get(cursor.name) ?? '') : '';
}

/** What the cursor of a finished walk points to: no entry, so nothing in it is known but that its link is the list's head. */
function beyond(frame: Frame, cursor: Expression | undefined, head: StructValue, member: string): StructValue {
  const made = newStruct(typeOfCursor(frame, cursor), 'unknown');
  if (/^\w+$/.test(member)) made.beyond = { field: member, head };
  return made;
}

/** Starts a loop. Null when the macro is not known. */
export function startLoop(
  world: World,
  frame: Frame,
  macro: string,
  args: readonly Expression[],
): Iterator<null> | null {
  const value = (i: number): Value => {
    const of = args[i];
    return of ? world.evaluate(frame, of) : 0;
  };
  const bindTo =
    (i: number): Bind =>
    (to) => {
      const cursor = args[i];
      if (cursor) world.assign(frame, cursor, to);
    };
  const bind = bindTo(0);
  if (
    /^list_for_each_entry(_rcu|_lockless|_safe|_reverse|_safe_reverse|_from|_continue|_continue_reverse|_continue_rcu|_safe_from|_safe_continue)?$/.test(
      macro,
    )
  ) {
    const safe = macro.includes('_safe');
    const head = structOf(value(safe ? 2 : 1));
    const member = memberName(args[safe ? 3 : 2]);
    return entries(world, frame, args, head, member, macro, bind);
  }
  switch (macro) {
    case 'list_for_each':
    case 'list_for_each_prev':
      return nodes(structOf(value(1)), macro.endsWith('prev'), bind);
    case 'list_for_each_safe':
      return nodes(structOf(value(2)), false, bind);
    case 'hlist_for_each_entry':
      return entries(world, frame, args, structOf(value(1)), memberName(args[2]), macro, bind);
    case 'for_each_pci_msi_entry':
    case 'for_each_msi_entry': {
      const of = structOf(value(1));
      const list = of === null ? null : msiListOf(of);
      return entries(world, frame, args, list, 'list', macro, bind);
    }
    case 'xa_for_each':
      return indexed(entriesOf(value(0)) ?? [], bindTo(1), bindTo(2));
    case 'for_each_sg':
      return sequence(Number(value(2)) || 0, (i) => bind(i));
    case 'for_each_cpu':
    case 'for_each_online_cpu':
    case 'for_each_possible_cpu':
      return sequence(macro === 'for_each_cpu' ? 1 : world.platform.spec.cpus, (i) => bind(i));
    default:
      return null;
  }
}

/** The entries of an array by number; one that was erased on the way is still visited. */
function* indexed(items: readonly (readonly [number, Value])[], number: Bind, give: Bind): Iterator<null> {
  for (const [index, entry] of items) {
    number(index);
    give(entry);
    yield null;
  }
}

function* sequence(count: number, each: (index: number) => void): Iterator<null> {
  for (let i = 0; i < count; i++) {
    each(i);
    yield null;
  }
}

function* nodes(head: StructValue | null, backwards: boolean, bind: Bind): Iterator<null> {
  if (head === null) return;
  const items = nodesOf(head);
  for (const node of backwards ? items.reverse() : items) {
    bind(node);
    yield null;
  }
  bind(head);
}

function* entries(
  world: World,
  frame: Frame,
  args: readonly Expression[],
  head: StructValue | null,
  member: string,
  macro: string,
  bind: Bind,
): Iterator<null> {
  if (head === null) return;
  const backwards = macro.includes('reverse');
  const link = backwards ? 'prev' : 'next';
  const nextOf = (node: StructValue): StructValue | null => {
    const next = node.fields.get(link);
    return isStruct(next) ? next : null;
  };
  let node: StructValue | null = nextOf(head);
  const cursor = args[0];
  if (/_(continue|from)/.test(macro) && cursor) {
    const now = structOf(world.evaluate(frame, cursor));
    const at = now === null ? null : nodeIn(now, member);
    node = at === null ? head : macro.includes('_continue') ? nextOf(at) : at;
  }
  const safe = macro.includes('_safe');
  for (let turns = 0; node !== null && node !== head && turns < 100000; turns++) {
    const here: StructValue = node;
    bind(entryOf(here, member));
    const ahead = safe ? nextOf(here) : null;
    yield null;
    if (!safe) checkLive(world, here, frame.place);
    node = safe ? ahead : nextOf(here);
  }
  bind(beyond(frame, cursor, head, member));
}

function nodeIn(entry: StructValue, member: string): StructValue | null {
  let at: StructValue | null = entry;
  for (const name of member.split('.')) {
    const next: Value | undefined = at?.fields.get(name);
    at = isStruct(next) ? next : null;
  }
  return at;
}
