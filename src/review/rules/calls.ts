/** The calls of a node with what becomes of their results. */
import { remembered } from '../../code/remembered';
import type { Expression, ProgramNode } from '../../code/types';
import { type CallExpression, calleeOf, callsOf, expressionsOf, print, visit, withoutCasts } from '../../code/walk';

export interface Doing {
  readonly call: CallExpression;
  /** Of the function called, or of the field it is called through. */
  readonly name: string;
  readonly direct: boolean;
  /** The place its result is stored in at once, casts aside; null when it is not. */
  readonly into: Expression | null;
}

/** All calls in the order they are made. */
export const doings = remembered((node: ProgramNode): readonly Doing[] => {
  const calls = callsOf(node);
  if (calls.length === 0) return [];
  const stored = new Map<CallExpression, Expression>();
  if (node.kind === 'declare' && node.init !== null) {
    const init = withoutCasts(node.init);
    if (init.kind === 'call') stored.set(init, { kind: 'name', name: node.variable.name });
  }
  for (const expression of expressionsOf(node))
    visit(expression, (inner) => {
      if (inner.kind !== 'assign' || inner.operator !== '=') return;
      const value = withoutCasts(inner.value);
      if (value.kind === 'call') stored.set(value, withoutCasts(inner.target));
    });
  return calls.flatMap((call) => {
    const name = calleeOf(call);
    return name === null ? [] : [{ call, name, direct: call.target.kind === 'name', into: stored.get(call) ?? null }];
  });
});

/** The text of what an argument names: `&x->lock` and `x->lock` alike, casts aside. */
export function named(expression: Expression | undefined): string {
  if (expression === undefined) return '';
  let inner = withoutCasts(expression);
  while (inner.kind === 'unary' && inner.operator === '&') inner = withoutCasts(inner.operand);
  return print(inner);
}

/** The names a node writes, and the texts of the other places it writes. `each` macros write their cursors. */
export const written = remembered((node: ProgramNode): readonly string[] => {
  const out: string[] = [];
  if (node.kind === 'declare') out.push(node.variable.name);
  if (node.kind === 'each') for (const arg of node.args) if (arg.kind === 'name') out.push(arg.name);
  for (const expression of expressionsOf(node))
    visit(expression, (inner) => {
      if (inner.kind === 'assign' || inner.kind === 'update') out.push(print(withoutCasts(inner.target)));
    });
  return out;
});

/** Does a text like `dev->lock` read a place whose name is `place` or that lies in it? */
export function readsPlace(text: string, place: string): boolean {
  if (text === place) return true;
  for (let at = text.indexOf(place); at >= 0; at = text.indexOf(place, at + 1)) {
    const before = text[at - 1] ?? ' ';
    const after = text[at + place.length] ?? ' ';
    if (!/[\w.>]/.test(before) && !/\w/.test(after)) return true;
  }
  return false;
}

/** Names by which a function undoes, ends or gives back something. */
export const UNDOES =
  /(?:^|_)(?:free|release|put|destroy|remove|cleanup|clean|teardown|unwind|undo|disable|exit|fini|finish|unregister|unmap|unpin|detach|close|stop|rollback|abort|del|delete|drop|deinit|uninit|unbind|unset|clear|kill|shutdown|dispose|unref|dec|evict|flush|reset|error|fail|revert|discard|drain|reap|unlink|erase|unlock|done|end)\w*$|^un[a-z]+_/;

/** Calls that only tell of something: messages, warnings, trace points. */
export const TELLS =
  /^(?:pr_\w+|dev_(?:err|warn|info|dbg|notice|crit|alert|emerg|printk)\w*|pci_(?:err|warn|info|dbg|notice)\w*|printk\w*|WARN\w*|dump_stack|trace_\w+|kvm_(?:err|info|debug)\w*)$/;
