/**
 * What a patch makes of answers that userspace relies on: a refusal of unknown flags that goes, and a command that ends something, which now fails where there
 * was nothing to end. In: one function before and after the patch. Out: hits of class uapi.
 */
import type { Expression, Program, ProgramNode } from '../../code/types';
import { calleeOf, print, printShort, visit, withoutCasts } from '../../code/walk';
import { ENDING_FAILS, FLAGS_UNCHECKED } from '../catalog-uapi';
import { declaredTypes } from './integer-types';
import { isAdded, reach } from './reach';
import { bareCondition, errnoOf, operandsOf, scan } from './scan';
import type { PathRule, RuleHit } from './types';

const lastWord = (expression: Expression): string =>
  expression.kind === 'name' ? expression.name : expression.kind === 'field' ? expression.field : '';

const isFlags = (expression: Expression): boolean => /(?:^|_)flags$/.test(lastWord(expression));

const isNumber = (expression: Expression | undefined, value: number): boolean =>
  expression?.kind === 'number' && expression.value === value;

/** The flags of which a condition says that there are some, or some that are not known: `flags`, `flags != 0`, `flags & ~KNOWN`. */
function refusedIn(condition: Expression): Expression | null {
  const inner = bareCondition(condition);
  if (isFlags(inner)) return inner;
  if (inner.kind !== 'binary') return null;
  const [left, right] = [withoutCasts(inner.left), withoutCasts(inner.right)];
  if (inner.operator === '!=' && isNumber(right, 0)) return refusedIn(left);
  return inner.operator === '&' && right.kind === 'unary' && right.operator === '~' && isFlags(left) ? left : null;
}

/** Does one side of a branch fail at once? */
function failsAtOnce(program: Program, from: number): boolean {
  const node = program.nodes[from];
  if (node?.kind === 'return') {
    const value = node.value === null ? null : withoutCasts(node.value);
    return errnoOf(value) !== null || (value?.kind === 'call' && calleeOf(value) === 'ERR_PTR');
  }
  return node?.kind === 'do' && node.expression.kind === 'assign' && errnoOf(node.expression.value) !== null;
}

/** The flags that a function refuses when they are set and not known, as printed. */
function refused(program: Program): ReadonlySet<string> {
  const found = new Set<string>();
  for (const node of program.nodes) {
    if (node.kind !== 'branch' || node.loop || !failsAtOnce(program, node.then)) continue;
    for (const part of operandsOf(bareCondition(node.condition), '||')) {
      const flags = refusedIn(part);
      if (flags !== null) found.add(print(flags));
    }
  }
  return found;
}

/** Is the flags' whole value still looked at, or handed to somebody who may look at it? */
function stillAsked(program: Program, flags: string): boolean {
  const base = flags.replace(/(?:->|\.)\w+$/, '');
  let found = program.nodes.some((node) => node.kind === 'switch' && print(node.subject).includes(flags));
  for (const { expression } of scan(program)) {
    if (expression.kind === 'call')
      found ||= expression.args.some((arg) => {
        const text = print(withoutCasts(arg));
        return (
          text === flags ||
          ((text === base || text === `&${base}`) && /valid|check|verify|sanit|flags/.test(calleeOf(expression) ?? ''))
        );
      });
    if (expression.kind === 'unary' && expression.operator === '!')
      found ||= print(withoutCasts(expression.operand)) === flags;
    if (expression.kind !== 'binary') continue;
    const [left, right] = [withoutCasts(expression.left), withoutCasts(expression.right)];
    if (/^(?:[<>]=?|[!=]=)$/.test(expression.operator)) found ||= [left, right].some((side) => print(side) === flags);
    if (expression.operator === '&') {
      const other = print(left) === flags ? right : print(right) === flags ? left : null;
      // A mask in a variable, or in a name that says that it is one, may be of what is not known.
      found ||=
        other !== null &&
        ((other.kind === 'unary' && other.operator === '~') ||
          !/^_*[A-Z]/.test(print(other)) ||
          /MASK|INVALID|RESERVED|UNKNOWN|UNSUPPORTED/.test(print(other)));
    }
  }
  return (
    found ||
    program.nodes.some(
      (node) =>
        node.kind === 'branch' &&
        operandsOf(node.condition, '||')
          .flatMap((part) => operandsOf(part, '&&'))
          .some((part) => print(bareCondition(part)) === flags),
    )
  );
}

/** Where an added line acts on one flag. */
function actsOn(program: Program, flags: string): { readonly node: ProgramNode; readonly flag: string } | null {
  for (const node of program.nodes) {
    if (node.kind !== 'branch' || !isAdded(node)) continue;
    let flag: string | null = null;
    visit(node.condition, (inner) => {
      if (inner.kind !== 'binary' || inner.operator !== '&' || print(withoutCasts(inner.left)) !== flags) return;
      const right = withoutCasts(inner.right);
      if (right.kind === 'name' && /^_*[A-Z][A-Z0-9_]+$/.test(right.name)) flag = right.name;
    });
    if (flag !== null) return { node, flag };
  }
  return null;
}

/** A function of the file that the patch gives a refusal of unknown flags: it may be that of this one, moved. */
const movedTo = (program: Program, programs: ReadonlyMap<string, Program>, word: string): boolean =>
  [...programs.values()].some(
    (other) =>
      other.name !== program.name &&
      other.file === program.file &&
      other.nodes.some(
        (node) =>
          isAdded(node) &&
          node.kind === 'branch' &&
          new RegExp(`\\b${word}\\b`).test(print(node.condition)) &&
          operandsOf(node.condition, '||').some((part) => refusedIn(part) !== null),
      ),
  );

/** `if (req->flags) return -EINVAL;` goes, one flag gets a meaning, and all others are let through. */
export const flagsLetInRule: PathRule = (program, { before, programs }) => {
  if (!program.nodes.some((node) => node.kind === 'branch' && isAdded(node))) return [];
  const earlier = before?.() ?? null;
  if (earlier === null) return [];
  const hits: RuleHit[] = [];
  for (const flags of refused(earlier)) {
    const acts = actsOn(program, flags);
    if (acts === null || stillAsked(program, flags) || movedTo(program, programs, flags.replace(/^.*(?:->|\.)/, '')))
      continue;
    hits.push({
      rule: FLAGS_UNCHECKED,
      at: acts.node.at,
      message: `${flags} was refused when something unknown was set in it; now only ${acts.flag} is looked at, and every other bit is accepted`,
      key: flags,
      why: [
        {
          text: `bits that were accepted once can never get a meaning; refuse ${flags} & ~${acts.flag}`,
          reference: 'Documentation/process/botching-up-ioctls.rst, Basics',
        },
      ],
      related: [],
    });
  }
  return hits;
};

/** Names of commands that end something, as a whole word of the function's name. */
const ENDS =
  /(?:^|_)(?:deassign|unassign|disable|unset|unregister|release|clear|remove|detach|unbind|deactivate|unmap|destroy|close|free|stop)(?:_|$)/;
/** Errors that say that there was nothing. */
const NOTHING = /^(?:ENOENT|ENODEV|ENXIO|EINVAL|ESRCH|ENODATA)$/;

/** The values that leave the function at its end, and where. */
const lastReturn = (program: Program): Extract<ProgramNode, { kind: 'return' }> | null => {
  const node = program.nodes.findLast((one) => one.kind === 'return' && one.value !== null);
  return node?.kind === 'return' ? node : null;
};

/** `int ret = -ENOENT;` before a search that sets `ret = 0` where it finds something. */
function nothingAtFirst(
  program: Program,
  variable: string,
): { readonly node: ProgramNode; readonly errno: string } | null {
  let first: { readonly node: ProgramNode; readonly errno: string } | null = null;
  let cleared = false;
  for (const [index, node] of program.nodes.entries()) {
    const value =
      node.kind === 'declare' && node.variable.name === variable
        ? node.init
        : node.kind === 'do' && node.expression.kind === 'assign' && print(node.expression.target) === variable
          ? node.expression.value
          : null;
    if (value === null) continue;
    const errno = errnoOf(value);
    if (errno !== null && NOTHING.test(errno) && first === null) {
      if (isAdded(node)) first = { node, errno };
    } else if (isNumber(withoutCasts(value), 0) && insideSearch(program, index)) cleared = true;
    else return null;
  }
  return cleared ? first : null;
}

/** Is the node in the body of a loop over a list, or under a test? */
const insideSearch = (program: Program, index: number): boolean =>
  program.nodes.some(
    (node) =>
      (node.kind === 'each' && reach(program, [node.body], (one) => one === node).has(index)) ||
      (node.kind === 'branch' &&
        reach(program, [node.then]).has(index) !== reach(program, [node.otherwise]).has(index)),
  );

/** A command that ends something gave 0 where there was nothing, and gives an error now. */
export const endingFailsRule: PathRule = (program, { before }) => {
  if (!ENDS.test(program.name) || !/^(?:int|long)$/.test(program.returns)) return [];
  const end = lastReturn(program);
  if (end === null) return [];
  const earlier = before?.() ?? null;
  if (earlier === null) return [];
  const message = (errno: string): string =>
    `${program.name}() gave 0 when there was nothing to end, and gives -${errno} now`;
  const why: RuleHit['why'] = [
    {
      text: 'programs end what they have, whether or not it is still there, and take an error for a failure; what succeeded before has to succeed',
      reference: 'Documentation/process/handling-regressions.rst',
    },
  ];
  const value = end.value === null ? null : withoutCasts(end.value);
  const was = lastReturn(earlier);
  if (value?.kind === 'name' && isNumber(was === null || was.value === null ? undefined : withoutCasts(was.value), 0)) {
    const first = declaredTypes(program).get(value.name) === undefined ? null : nothingAtFirst(program, value.name);
    if (first !== null)
      return [
        {
          rule: ENDING_FAILS,
          at: first.node.at,
          message: message(first.errno),
          key: program.name,
          why,
          related: [{ at: end.at, message: 'returned here' }],
        },
      ];
  }
  // The same test led to success before.
  const succeeded = new Set(
    earlier.nodes.flatMap((node) => {
      if (node.kind !== 'branch' || node.loop) return [];
      const then = earlier.nodes[node.then];
      return then?.kind === 'return' && then.value !== null && isNumber(withoutCasts(then.value), 0)
        ? [print(node.condition)]
        : [];
    }),
  );
  for (const node of program.nodes) {
    if (node.kind !== 'branch' || node.loop || !succeeded.has(print(node.condition))) continue;
    const condition = bareCondition(node.condition);
    const asksNothing =
      (condition.kind === 'unary' && condition.operator === '!') ||
      (condition.kind === 'call' && /empty$/.test(calleeOf(condition) ?? ''));
    const then = program.nodes[node.then];
    const errno = then?.kind === 'return' ? errnoOf(then.value) : null;
    if (!asksNothing || then === undefined || errno === null || !NOTHING.test(errno) || !isAdded(then)) continue;
    return [
      {
        rule: ENDING_FAILS,
        at: then.at,
        message: `${message(errno)}: ${printShort(node.condition)}`,
        key: program.name,
        why,
        related: [{ at: node.at, message: 'tested here, as before' }],
      },
    ];
  }
  return [];
};
