/**
 * Results that tell of failure and that nobody asks for any more, or that one place of several does not ask for. In: a function of a patch, before and after
 * it, and what its surroundings define. Out: hits of class lifetime and isolation.
 */
import { successors } from '../../code/lower';
import type { Program, ProgramNode } from '../../code/types';
import { calleeOf, print } from '../../code/walk';
import { ATTACH_RESULT_DROPPED } from '../catalog-isolation';
import { RESULT_LOST } from '../catalog-lifetime';
import { doings, written } from './calls';
import { says } from './conditions';
import { isFailure } from './exits';
import { isAdded, reach } from './reach';
import { RESULT, reads } from './results';
import type { PathRule, RuleHit } from './types';

interface Stored {
  readonly index: number;
  readonly node: ProgramNode;
  readonly name: string;
  readonly variable: string;
  /** The next statement asks for it. */
  readonly tested: boolean;
}

const asks = (node: ProgramNode | undefined, variable: string): boolean =>
  node?.kind === 'branch' && says(node.condition, true, variable) !== null;

/** Results of calls stored in a variable for them, in the order of the text. */
function storedResults(program: Program): Stored[] {
  return program.nodes.flatMap((node, index): Stored[] => {
    if (node.kind !== 'do' && node.kind !== 'declare') return [];
    const doing = doings(node).at(-1);
    const variable = doing?.into?.kind === 'name' ? doing.into.name : null;
    if (doing === undefined || variable === null || !RESULT.test(variable)) return [];
    return [{ index, node, name: doing.name, variable, tested: asks(program.nodes[node.next], variable) }];
  });
}

/** Does a way from behind the node ask for the variable before it is given another value, as far as it is in sight? */
function askedBehind(program: Program, from: number, variable: string): boolean {
  const start = program.nodes[from];
  if (start === undefined) return true;
  const ends = (node: ProgramNode): boolean => written(node).includes(variable) && !reads(node, variable);
  return [...reach(program, successors(start), ends)].some((index) => {
    const node = program.nodes[index];
    return node !== undefined && reads(node, variable);
  });
}

/** `err = f(x);` with no test, where the same call's result is tested elsewhere in the function and a test stood here before. */
export const storedUntestedRule: PathRule = (program, { before }) => {
  const all = storedResults(program);
  const bare = all.filter(
    (one) => !one.tested && isAdded(one.node) && all.some((other) => other.name === one.name && other.tested),
  );
  if (bare.length === 0) return [];
  const earlier = before?.() ?? null;
  if (earlier === null) return [];
  const testedNow = all.filter((one) => one.tested).length;
  const testedThen = storedResults(earlier).filter((one) => one.tested).length;
  if (testedThen <= testedNow) return [];
  return bare.flatMap((one): RuleHit[] => {
    if (askedBehind(program, one.index, one.variable)) return [];
    const other = all.find((each) => each.name === one.name && each.tested);
    return [
      {
        rule: RESULT_LOST,
        at: one.node.at,
        message: `${one.variable} of ${one.name}() is not looked at here: a failure goes unnoticed`,
        key: `${one.variable}|${one.name}`,
        why: [
          { text: 'a test stood here before, and the same call is tested elsewhere in the function', reference: null },
        ],
        related: other === undefined ? [] : [{ at: other.node.at, message: 'tested here' }],
      },
    ];
  });
};

/** Functions that put a device or a group into a domain, and say by their result whether they did. */
const ATTACHES =
  /^_*(?:iommu_(?:deferred_)?attach_(?:device|group|device_pasid|handle)\w*|iommu_device_attach\w*|iommu_dma_deferred_attach|iommu_group_set_domain\w*|\w+_attach_(?:dev|device|group|domain|dev_pasid|pasid)(?:_\w+)?)$/;

/** Does every way from the node in sight give an error, or a variable that may hold one? */
function onlyFails(program: Program, from: number): boolean {
  const exits = [...reach(program, [from])].flatMap((index) => {
    const node = program.nodes[index];
    return node?.kind === 'return' || (node?.kind === 'unknown' && !node.gap) ? [node] : [];
  });
  return (
    exits.length > 0 &&
    exits.every(
      (node) =>
        node.kind === 'return' && node.value !== null && (isFailure(node.value) || RESULT.test(print(node.value))),
    )
  );
}

/** `attach(domain, dev);` in a function that goes on as if the device were in the domain. */
export const attachResultDroppedRule: PathRule = (program, { programs }) =>
  program.nodes.flatMap((node, index): RuleHit[] => {
    if (node.kind !== 'do' || !isAdded(node) || node.expression.kind !== 'call' || node.implicit) return [];
    const name = calleeOf(node.expression);
    if (name === null || !ATTACHES.test(name) || node.expression.args.length < 2) return [];
    const called = node.expression.target.kind === 'name' ? programs.get(name) : undefined;
    if (called?.returns === 'void' || program.returns === 'void' || onlyFails(program, index)) return [];
    // Who cleans up puts back what was, and has nobody to tell.
    if (/detach|release|remove|unwind|rollback|restore|cleanup|exit|free/.test(program.name)) return [];
    return [
      {
        rule: ATTACH_RESULT_DROPPED,
        at: node.at,
        message: `the result of ${name}() is dropped: when it fails, ${program.name}() goes on as if the device were attached`,
        key: name,
        why: [
          {
            text: 'mappings then go to a domain that does not translate for the device, which stays where it was',
            reference: 'include/linux/iommu.h: iommu_attach_device() and its like return 0 or an error',
          },
        ],
        related: [],
        local: true,
      },
    ];
  });
