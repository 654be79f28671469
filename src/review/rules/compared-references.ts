/**
 * References taken by a call whose result nobody keeps: inside a comparison or a test. In: one function. Out: calls after which some
 * way ends with the reference still counted.
 */
import type { Expression, ProgramNode } from '../../code/types';
import { type CallExpression, calleeOf, expressionsOf, print, visit, withoutCasts } from '../../code/walk';
import { primitive } from '../../kernel/primitives';
import { LEAK_ON_EXIT } from '../catalog-lifetime';
import { doings } from './calls';
import { says } from './conditions';
import { reach } from './reach';
import type { PathRule, RuleHit } from './types';

/** These give back what they were given, which its name can still put. */
const GIVES_ITS_ARGUMENT =
  /^(?:get_device|pci_dev_get|of_node_get|kobject_get\w*|fwnode_handle_get|bus_get|cdev_get|get_driver|get_task_struct|get_pid|get_file|get_cred|mmgrab|mmget\w*|try_\w+|\w+_tryget\w*|\w+_get_unless_zero|kref_\w+|refcount_\w+)$/;

/** Is the call an operand of a comparison, or all that a test asks? */
function askedOnly(condition: Expression, call: CallExpression): boolean {
  let asked = false;
  const look = (expression: Expression): void => {
    const inner = withoutCasts(expression);
    if (inner === call) asked = true;
    else if (inner.kind === 'unary' && inner.operator === '!') look(inner.operand);
    else if (inner.kind === 'binary' && /^(?:[=!]=|&&|\|\|)$/.test(inner.operator)) {
      look(inner.left);
      look(inner.right);
    } else if (inner.kind === 'call' && /^(?:(?:un)?likely|IS_ERR\w*|WARN_ON\w*)$/.test(calleeOf(inner) ?? ''))
      for (const arg of inner.args) look(arg);
  };
  look(condition);
  return asked;
}

/** A counted object looked up only to be compared. */
export const comparedReferenceRule: PathRule = (program) => {
  const hits: RuleHit[] = [];
  for (const node of program.nodes) {
    if (node.kind !== 'branch' || node.loop) continue;
    for (const top of expressionsOf(node))
      visit(top, (inner) => {
        if (inner.kind !== 'call' || inner.target.kind !== 'name') return;
        const name = inner.target.name;
        const known = primitive(name);
        if (known?.acquires?.by !== 'result' || known.kind !== 'refcount' || GIVES_ITS_ARGUMENT.test(name)) return;
        if (!/^ptr_/.test(known.returns) || !askedOnly(node.condition, inner)) return;
        const puts = new Set(known.pairsWith);
        const lost = ([node.then, node.otherwise] as const).filter((side, at) => {
          if (says(node.condition, at === 0, print(inner))?.said === 'zero') return false;
          const met = reach(program, [side], (one) => gives(one, puts));
          const nodes = [...met].map((one) => program.nodes[one] as ProgramNode);
          return !nodes.some((one) => one.kind === 'unknown') && nodes.some((one) => one.kind === 'return');
        });
        if (lost.length === 0) return;
        hits.push({
          rule: LEAK_ON_EXIT,
          at: inner.at,
          message: `${print(inner)} takes a reference, and its result is only compared: ${[...puts][0] ?? 'a put'}() is not called on every way from here`,
          key: `compared|${name}`,
          why: [{ text: 'nothing keeps the pointer by which it could be given back', reference: null }],
          related: [],
          local: true,
        });
      });
  }
  return hits;
};

function gives(node: ProgramNode, puts: ReadonlySet<string>): boolean {
  return doings(node).some((doing) => puts.has(doing.name));
}
