/** What an expression reads through: the pointers whose target it touches. */
import { remembered } from '../../code/remembered';
import type { Expression, ProgramNode } from '../../code/types';
import { calleeOf, expressionsOf, partsOf, print, withoutCasts } from '../../code/walk';

/** Takes the address or the size of what is written in it, and touches nothing. */
const UNTOUCHED =
  /^(?:offsetof|container_of|sizeof|typeof|ARRAY_SIZE|struct_size|FIELD_SIZEOF|sizeof_field|list_entry)$/;

/** Reads or writes what its first argument points to, or a part of it. */
const TOUCHES =
  /^(?:mem(?:set|cpy|move)|str(?:n|l|s)?cpy|INIT_\w+|(?:raw_)?spin_lock_init|mutex_init|mutex_lock|spin_lock\w*|kref_(?:init|get|put)|list_\w+)$/;

/** The texts of all pointers a node reads or writes through: `p` of `p->x`, `*p`, `p[i]`; `&p->x` only where a call that touches gets it. */
export const touched = remembered((node: ProgramNode): ReadonlySet<string> => {
  const out = new Set<string>();
  for (const expression of expressionsOf(node)) collect(expression, out);
  return out;
});

/** The same of one expression. */
export function touchedIn(expression: Expression): ReadonlySet<string> {
  const out = new Set<string>();
  collect(expression, out);
  return out;
}

function collect(expression: Expression, out: Set<string>): void {
  switch (expression.kind) {
    case 'sizeof':
      return;
    case 'call': {
      const name = calleeOf(expression) ?? '';
      if (UNTOUCHED.test(name)) return;
      collect(expression.target, out);
      expression.args.forEach((arg, index) => {
        collect(arg, out);
        if (index !== 0 || !TOUCHES.test(name)) return;
        const bare = withoutCasts(arg);
        if (bare.kind === 'unary' && bare.operator === '&') partOf(bare.operand, out);
        else if (/^(?:mem|str)/.test(name) && bare.kind === 'name') out.add(bare.name);
      });
      return;
    }
    case 'unary':
      if (expression.operator === '&') {
        address(expression.operand, out);
        return;
      }
      if (expression.operator === '*') out.add(print(withoutCasts(expression.operand)));
      break;
    case 'field':
      if (expression.arrow) out.add(print(withoutCasts(expression.base)));
      break;
    case 'index':
      out.add(print(withoutCasts(expression.base)));
      break;
    default:
      break;
  }
  for (const part of partsOf(expression)) collect(part, out);
}

/** `&a->b->c` touches a, not a->b; `&a->b` nothing. */
function address(operand: Expression, out: Set<string>): void {
  const inner = withoutCasts(operand);
  if (inner.kind === 'field') {
    if (inner.arrow) collect(inner.base, out);
    else address(inner.base, out);
  } else if (inner.kind === 'index') {
    collect(inner.base, out);
    collect(inner.index, out);
  } else collect(inner, out);
}

function partOf(operand: Expression, out: Set<string>): void {
  let inner = withoutCasts(operand);
  while (inner.kind === 'field') {
    if (inner.arrow) {
      out.add(print(withoutCasts(inner.base)));
      return;
    }
    inner = withoutCasts(inner.base);
  }
}

/** The texts whose truth or equality a node asks anywhere: of `p ? p->a : 0`, `p && p->a`, `WARN_ON(!p)`, `IS_ERR(p)`: `p`. */
export const askedIn = remembered((node: ProgramNode): ReadonlySet<string> => {
  const out = new Set<string>();
  for (const expression of expressionsOf(node)) questions(expression, out, node.kind === 'branch');
  return out;
});

function questions(expression: Expression, out: Set<string>, truth: boolean): void {
  const inner = withoutCasts(expression);
  if (truth) out.add(print(inner));
  switch (inner.kind) {
    case 'unary':
      questions(inner.operand, out, inner.operator === '!');
      return;
    case 'binary': {
      const logical = inner.operator === '&&' || inner.operator === '||';
      const compares = /^(?:[=!]=|[<>]=?)$/.test(inner.operator);
      questions(inner.left, out, logical || compares);
      questions(inner.right, out, logical || compares);
      return;
    }
    case 'conditional':
      questions(inner.condition, out, true);
      questions(inner.then, out, false);
      questions(inner.otherwise, out, false);
      return;
    case 'call': {
      const asks =
        /^(?:IS_ERR\w*|PTR_ERR_OR_ZERO|WARN\w*|BUG_ON|(?:un)?likely|VM_BUG_ON\w*|KVM_BUG_ON|dma_mapping_error|xa_is_err)$/.test(
          calleeOf(inner) ?? '',
        );
      for (const arg of inner.args) questions(arg, out, asks);
      return;
    }
    case 'assign':
      if (truth) out.add(print(withoutCasts(inner.target)));
      questions(inner.value, out, false);
      return;
    default:
      for (const part of partsOf(inner)) questions(part, out, false);
  }
}
