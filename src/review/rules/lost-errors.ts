import { successors } from '../../code/lower';
import type { Expression, Program, ProgramNode } from '../../code/types';
import { calleeOf, callsOf, expressionsOf, partsOf, print, printShort, withoutCasts } from '../../code/walk';
import { ERROR_LOST } from '../catalog-uapi';
import { integerType } from './integer-types';
import { bareCondition, errnoOf, localHit } from './scan';
import type { PathRule, RuleHit } from './types';

const RESULT = /^(?:ret|err|error|rc|r|result|retval|status|ret_val)$/;

/** Does the node read the variable, write it, or neither? A node that does both reads first. */
function access(node: ProgramNode, name: string): 'read' | 'write' | null {
  let write = node.kind === 'declare' && node.variable.name === name;
  let read = node.kind === 'unknown';
  const look = (expression: Expression): void => {
    if (
      expression.kind === 'assign' &&
      expression.operator === '=' &&
      print(withoutCasts(expression.target)) === name
    ) {
      look(expression.value);
      write = true;
      return;
    }
    if (expression.kind === 'name' && expression.name === name) read = true;
    for (const part of partsOf(expression)) look(part);
  };
  for (const expression of expressionsOf(node)) look(expression);
  return read ? 'read' : write ? 'write' : null;
}

/** Where the value a node writes is overwritten or dropped on every way on; null when some way reads it or leads out of sight. */
function overwritten(program: Program, from: number, name: string): number | null {
  const start = program.nodes[from];
  if (start === undefined) return null;
  const seen = new Set<number>();
  const work = [...successors(start)];
  let end: number | null = null;
  while (work.length > 0) {
    const index = work.pop() ?? -1;
    const node = program.nodes[index];
    if (node === undefined) return null;
    if (seen.has(index)) continue;
    seen.add(index);
    const how = access(node, name);
    if (how === 'read') return null;
    if (how === 'write') {
      end ??= index;
      continue;
    }
    if (node.kind === 'return') return null;
    work.push(...successors(node));
  }
  return end;
}

/** Calls whose result says nothing that has to be heeded. */
const HARMLESS =
  /^(?:snprintf|sprintf|scnprintf|atomic_\w+|refcount_\w+|test_and_\w+|cancel_\w+|del_timer\w*|wake_up\w*|readl\w*|ioread\w+|min|max|PTR_ERR|pm_runtime_\w+)$/;

function callOf(expression: Expression | null): string | null {
  const inner = expression === null ? null : withoutCasts(expression);
  const callee = inner?.kind === 'call' ? calleeOf(inner) : null;
  return callee === null || HARMLESS.test(callee) ? null : callee;
}

/** A result that is overwritten before anything reads it: `ret = a(); ret = b(); if (ret) …`. */
export const overwrittenErrorRule: PathRule = (program) => {
  if (program.evidence === 'fragment') return [];
  const hits: RuleHit[] = [];
  for (const [index, node] of program.nodes.entries()) {
    if (node.kind !== 'do' || node.expression.kind !== 'assign' || node.expression.operator !== '=') continue;
    const { target, value } = node.expression;
    const callee = callOf(value);
    if (callee === null || target.kind !== 'name' || !RESULT.test(target.name)) continue;
    const end = overwritten(program, index, target.name);
    const over = end === null ? undefined : program.nodes[end];
    if (over === undefined || end === index) continue;
    hits.push({
      ...localHit(
        ERROR_LOST,
        node.at,
        `what ${callee}() returns is overwritten before anything looks at it`,
        'its failure goes unnoticed, and the function goes on as if it had succeeded',
      ),
      related: [{ at: over.at, message: `${target.name} is overwritten here` }],
    });
  }
  return hits;
};

const SAYS_ERROR =
  /^(?:pr_err|dev_err|pr_crit|dev_crit|pr_alert|iommu_err|vfio_err|netdev_err|kvm_err)(?:_ratelimited|_once)?$|^pci_err$/;
const TIDIES = /unlock|_put$|^put_|free|exit|disable|release|^iounmap$|^up_(?:read|write)$|cpu_relax|local_irq_restore/;

/** The return that is reached from a node by nothing but tidying up; null when something else is done on the way. */
function tidyExit(program: Program, from: number): number | null {
  let index = from;
  for (let hops = 0; hops < 24; hops++) {
    const node = program.nodes[index];
    if (node === undefined) return null;
    if (node.kind === 'return') return index;
    if (node.kind !== 'do') return null;
    const { expression } = node;
    // What stands in the arguments of an unlock names the lock.
    const calls = expression.kind === 'call' ? [expression] : callsOf(node);
    if (calls.some((call) => !TIDIES.test(calleeOf(call) ?? ''))) return null;
    if (expression.kind === 'assign' && RESULT.test(print(expression.target))) return null;
    index = node.next;
  }
  return null;
}

const isZero = (expression: Expression | null): boolean => {
  const inner = expression === null ? null : withoutCasts(expression);
  return inner?.kind === 'number' && inner.value === 0;
};

/** An error is printed, the function jumps to its end, and returns 0 there although it can fail. */
export const printedErrorRule: PathRule = (program) => {
  if (program.evidence === 'fragment') return [];
  const type = integerType(program.returns);
  if (type === null || !type.signed) return [];
  const fails = program.nodes.some((node) => node.kind === 'return' && errnoOf(node.value) !== null);
  if (!fails) return [];
  const hits: RuleHit[] = [];
  for (const node of program.nodes) {
    if (node.kind !== 'branch' || node.loop) continue;
    const first = program.nodes[node.then];
    if (first?.kind !== 'do' || first.expression.kind !== 'call' || !SAYS_ERROR.test(calleeOf(first.expression) ?? ''))
      continue;
    // It jumps: what follows is not what follows when all is well.
    if (first.next === node.otherwise) continue;
    const exit = tidyExit(program, first.next);
    const end = exit === null ? undefined : program.nodes[exit];
    if (end?.kind !== 'return' || !isZero(end.value)) continue;
    hits.push({
      ...localHit(
        ERROR_LOST,
        first.at,
        'the failure is printed, and the function returns 0 as if it had succeeded',
        'the caller goes on with a result that was never made',
      ),
      related: [{ at: end.at, message: 'returns 0 here' }],
    });
  }
  return hits;
};

/** `if (!ret) return ret; … return 0;`: the test is the wrong way round, and every failure ends as success. */
export const invertedErrorRule: PathRule = (program) => {
  const hits: RuleHit[] = [];
  for (const [index, node] of program.nodes.entries()) {
    if (node.kind !== 'branch' || node.loop) continue;
    const condition = bareCondition(node.condition);
    const tested =
      condition.kind === 'unary' && condition.operator === '!'
        ? print(withoutCasts(condition.operand))
        : condition.kind === 'binary' && condition.operator === '==' && isZero(condition.right)
          ? print(condition.left)
          : null;
    if (tested === null || !RESULT.test(tested)) continue;
    const then = program.nodes[node.then];
    if (then?.kind !== 'return' || then.value === null || print(withoutCasts(then.value)) !== tested) continue;
    const set = program.nodes.some(
      (one) =>
        one.kind === 'do' &&
        one.next === index &&
        one.expression.kind === 'assign' &&
        callOf(one.expression.value) !== null,
    );
    const rest = program.nodes[node.otherwise];
    if (set && rest?.kind === 'return' && isZero(rest.value))
      hits.push(
        localHit(
          ERROR_LOST,
          node.at,
          `${printShort(condition)} returns early when all went well, and 0 is returned when it did not`,
          'the test is the wrong way round: the failure is reported as success',
        ),
      );
  }
  return hits;
};
