/** Copies between kernel and user memory. User memory is an object of the caller's; a copy may be made to fault. */
import type { StructValue, UserValue, Value } from '../values';
import { copyArray, copyStruct, isStruct, newArray, newUnknown, structOf } from '../values';
import type { Call, Primitive } from '../world';
import { injected } from '../world';
import { writeThrough } from './language';

function user(value: Value | undefined): UserValue | null {
  return typeof value === 'object' && value.kind === 'user' ? value : null;
}

/** The user data behind a header: `arg + minsz`. */
function tail(from: UserValue): Value {
  if (from.target.kind === 'array') return from.target;
  return from.offset === 0 ? from.target : (from.target.fields.get('data') ?? from.target);
}

function copyIn(into: Value | undefined, from: Value): void {
  const target = structOf(into);
  if (isStruct(from) && target !== null) {
    const before = target.type;
    copyStruct(from, target);
    target.type = before || from.type;
  } else if (typeof from === 'object' && from.kind === 'array' && typeof into === 'object' && into.kind === 'array')
    for (const [key, value] of copyArray(from).items) into.items.set(key, value);
  else writeThrough(into, from);
}

const fromUser: Primitive = (call) => {
  const from = user(call.args[1]);
  if (injected(call) !== null) return call.args[2] ?? 1;
  if (from === null) {
    const target: StructValue | null = structOf(call.args[0]);
    if (target !== null && isStruct(call.args[1])) copyIn(target, call.args[1]);
    return 0;
  }
  copyIn(call.args[0], tail(from));
  return 0;
};

const toUser: Primitive = (call) => {
  const to = user(call.args[0]);
  if (injected(call) !== null) return call.args[2] ?? 1;
  const from = call.args[1];
  if (to !== null && isStruct(from) && to.target.kind === 'struct' && to.offset === 0)
    for (const [key, value] of from.fields) to.target.fields.set(key, value);
  return 0;
};

const duplicate: Primitive = (call: Call) => {
  const failed = injected(call);
  if (failed !== null) return failed || -12;
  const from = user(call.args[0]);
  const source = from === null ? (call.args[0] ?? 0) : tail(from);
  if (typeof source === 'object' && source.kind === 'array') {
    const made = copyArray(source);
    made.heap = true;
    call.world.live.add(made);
    return made;
  }
  return isStruct(source) ? source : newArray('', null, 'unknown', true);
};

export const uaccess: Readonly<Record<string, Primitive>> = {
  copy_from_user: fromUser,
  copy_to_user: toUser,
  memdup_user: duplicate,
  vmemdup_user: duplicate,
  access_ok: () => 1,
  get_user: (call) => {
    const target = call.expressions[0];
    if (target && call.frame) call.world.assign(call.frame, target, newUnknown('user value'));
    return 0;
  },
  put_user: () => 0,
};
