/** Lists and red-black trees. */
import { initialise, insertAfter, insertBefore, isEmpty, nodesOf, unlink } from '../links';
import type { StructValue, Value } from '../values';
import { embedded, isStruct, newStruct, newUnknown, structOf } from '../values';
import type { Call, Primitive } from '../world';
import { containerOf, memberOf, writeThrough } from './language';

const node = (call: Call, i: number): StructValue | null => structOf(call.args[i]);

const insert =
  (place: (at: StructValue, what: StructValue) => void): Primitive =>
  (call) => {
    const what = node(call, 0);
    const at = node(call, 1);
    if (what !== null && at !== null) place(at, what);
    return 0;
  };

const remove: Primitive = (call) => {
  const what = node(call, 0);
  if (what !== null) {
    unlink(what);
    if (call.name.endsWith('_init')) initialise(what);
  }
  return 0;
};

const move =
  (place: (at: StructValue, what: StructValue) => void): Primitive =>
  (call) => {
    const what = node(call, 0);
    const at = node(call, 1);
    if (what === null || at === null) return 0;
    unlink(what);
    place(at, what);
    return 0;
  };

function entry(call: Call, of: StructValue | null | undefined, member: number): Value {
  return of === null || of === undefined ? 0 : containerOf(of, memberOf(call.expressions[member]));
}

function neighbour(call: Call, link: 'next' | 'prev'): Value {
  const member = memberOf(call.expressions[1]);
  let at = structOf(call.args[0]);
  for (const name of member.split('.')) {
    const inner = at?.fields.get(name);
    at = isStruct(inner) ? inner : null;
  }
  const next = at?.fields.get(link);
  return isStruct(next) ? containerOf(next, member) : newUnknown(`${call.name}()`);
}

const splice =
  (tail: boolean): Primitive =>
  (call) => {
    const from = node(call, 0);
    const to = node(call, 1);
    if (from === null || to === null) return 0;
    const moved = nodesOf(from);
    for (const one of tail ? moved : moved.reverse()) {
      unlink(one);
      if (tail) insertBefore(to, one);
      else insertAfter(to, one);
    }
    initialise(from);
    return 0;
  };

/** A walk longer than this goes round in a ring that wrong links made. */
const DEEPEST_TREE = 10000;

/** A tree is kept as C keeps it, without balance: `rb_left`, `rb_right`, the parent beside them. */
function outermost(from: Value | undefined, side: 'rb_left' | 'rb_right'): Value {
  let at = structOf(from);
  if (at === null) return 0;
  for (let turns = 0; turns < DEEPEST_TREE; turns++) {
    const next: Value | undefined = at.fields.get(side);
    if (!isStruct(next)) return at;
    at = next;
  }
  return newUnknown('a tree with a ring in it');
}

function step(of: Value | undefined, to: 'rb_left' | 'rb_right', back: 'rb_left' | 'rb_right'): Value {
  let at = structOf(of);
  if (at === null) return 0;
  const down = at.fields.get(to);
  if (isStruct(down)) return outermost(down, back);
  for (let turns = 0; turns < DEEPEST_TREE; turns++) {
    const up: Value | undefined = at.fields.get('__parent');
    if (!isStruct(up)) return 0;
    if (up.fields.get(back) === at) return up;
    at = up;
  }
  return newUnknown('a tree with a ring in it');
}

function replaceChild(root: StructValue, old: StructValue, by: Value): void {
  const up = old.fields.get('__parent');
  if (isStruct(up)) up.fields.set(up.fields.get('rb_left') === old ? 'rb_left' : 'rb_right', by);
  else root.fields.set('rb_node', by);
  if (isStruct(by)) by.fields.set('__parent', up ?? 0);
}

function eraseNode(root: StructValue, old: StructValue): void {
  const left = old.fields.get('rb_left');
  const right = old.fields.get('rb_right');
  if (!isStruct(left)) replaceChild(root, old, right ?? 0);
  else if (!isStruct(right)) replaceChild(root, old, left);
  else {
    const heir = structOf(outermost(right, 'rb_left'));
    if (heir === null) return;
    eraseNode(root, heir);
    replaceChild(root, old, heir);
    for (const side of ['rb_left', 'rb_right']) {
      const child = old.fields.get(side);
      heir.fields.set(side, child ?? 0);
      if (isStruct(child)) child.fields.set('__parent', heir);
    }
  }
  for (const key of ['rb_left', 'rb_right', '__parent']) old.fields.set(key, 0);
}

/** `LIST_HEAD(name);` among the declarations of a function. */
const declare: Primitive = (call) => {
  const of = call.expressions[0];
  if (of?.kind !== 'name' || call.frame === null) return 0;
  const head = newStruct('struct list_head', 'zero');
  initialise(head);
  call.frame.locals.set(of.name, head);
  return 0;
};

export const lists: Readonly<Record<string, Primitive>> = {
  LIST_HEAD: declare,
  INIT_LIST_HEAD: (call) => {
    const head = node(call, 0);
    if (head !== null) initialise(head);
    return 0;
  },
  list_add: insert(insertAfter),
  list_add_tail: insert(insertBefore),
  list_add_rcu: insert(insertAfter),
  list_add_tail_rcu: insert(insertBefore),
  list_del: remove,
  list_del_init: remove,
  list_del_rcu: remove,
  list_move: move(insertAfter),
  list_move_tail: move(insertBefore),
  list_splice: splice(false),
  list_splice_init: splice(false),
  list_splice_tail: splice(true),
  list_splice_tail_init: splice(true),
  list_empty: (call) => {
    const head = node(call, 0);
    return head === null ? newUnknown('list_empty()') : isEmpty(head) ? 1 : 0;
  },
  list_empty_careful: (call) => {
    const head = node(call, 0);
    return head === null ? newUnknown('list_empty()') : isEmpty(head) ? 1 : 0;
  },
  list_is_singular: (call) => {
    const head = node(call, 0);
    return head === null ? newUnknown('list_is_singular()') : nodesOf(head).length === 1 ? 1 : 0;
  },
  list_is_last: (call) => (node(call, 0)?.fields.get('next') === node(call, 1) ? 1 : 0),
  list_is_first: (call) => (node(call, 0)?.fields.get('prev') === node(call, 1) ? 1 : 0),
  list_entry: (call) => containerOf(call.args[0], memberOf(call.expressions[2])),
  list_first_entry: (call) => {
    const head = node(call, 0);
    return head === null ? newUnknown('list_first_entry()') : entry(call, nodesOf(head)[0] ?? head, 2);
  },
  list_last_entry: (call) => {
    const head = node(call, 0);
    return head === null ? newUnknown('list_last_entry()') : entry(call, nodesOf(head).at(-1) ?? head, 2);
  },
  list_first_entry_or_null: (call) => {
    const head = node(call, 0);
    return head === null ? newUnknown('list_first_entry_or_null()') : entry(call, nodesOf(head)[0], 2);
  },
  list_next_entry: (call) => neighbour(call, 'next'),
  list_prev_entry: (call) => neighbour(call, 'prev'),
  rb_entry: (call) => containerOf(call.args[0], memberOf(call.expressions[2])),
  rb_entry_safe: (call) => (call.args[0] === 0 ? 0 : containerOf(call.args[0], memberOf(call.expressions[2]))),
  rb_first: (call) => outermost(node(call, 0)?.fields.get('rb_node'), 'rb_left'),
  rb_last: (call) => outermost(node(call, 0)?.fields.get('rb_node'), 'rb_right'),
  rb_next: (call) => step(call.args[0], 'rb_right', 'rb_left'),
  rb_prev: (call) => step(call.args[0], 'rb_left', 'rb_right'),
  rb_link_node: (call) => {
    const what = node(call, 0);
    if (what === null) return 0;
    what.fields.set('__parent', call.args[1] ?? 0);
    what.fields.set('rb_left', 0);
    what.fields.set('rb_right', 0);
    writeThrough(call.args[2], what);
    return 0;
  },
  rb_insert_color: () => 0,
  rb_erase: (call) => {
    const what = node(call, 0);
    const root = node(call, 1);
    if (what !== null && root !== null) eraseNode(root, what);
    return 0;
  },
  RB_EMPTY_ROOT: (call) => (isStruct(node(call, 0)?.fields.get('rb_node')) ? 0 : 1),
  RB_CLEAR_NODE: () => 0,
  RB_EMPTY_NODE: (call) => (node(call, 0)?.fields.get('__parent') === undefined ? 1 : 0),
  INIT_HLIST_HEAD: (call) => {
    const head = node(call, 0);
    if (head !== null) embedded(head, 'first');
    return 0;
  },
};
