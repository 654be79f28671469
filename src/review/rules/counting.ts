/** Counting vectors and entries: where a loop starts and ends, what its rollback leaves out, what advances with it, and which of two is taken. */
import { successors } from '../../code/lower';
import type { Expression, Program } from '../../code/types';
import {
  type CallExpression,
  calleeOf,
  callsOf,
  expressionsOf,
  namesIn,
  print,
  printShort,
  visit,
  withoutCasts,
} from '../../code/walk';
import type { Place } from '../../place';
import { COUNT_AS_END, MIN_FOR_MAX, ROLLBACK_START, UNEVEN_STEP } from '../catalog-arith';
import { integerType, writtenType } from './integer-types';
import { localHit, scan } from './scan';
import type { PathRule, RuleHit } from './types';

const START = /^(?:start|first|base|from)$|_(?:start|first|base)$|^(?:start|first|base)_/;
const COUNT = /^(?:count|nvec|nr|num|cnt|npages|nr_pages)$|_(?:count|nvec|cnt)$|^(?:nr|num)_/;

const wordOf = (expression: Expression): string => {
  const inner = withoutCasts(expression);
  return inner.kind === 'name' ? inner.name : inner.kind === 'field' ? inner.field : '';
};

/** The values a plain name is given before anything counts it. */
function givenTo(program: Program, name: string): { readonly value: Expression; readonly at: Place }[] {
  return program.nodes.flatMap((node) => {
    if (node.kind === 'declare' && node.variable.name === name && node.init !== null)
      return [{ value: node.init, at: node.at }];
    return expressionsOf(node).flatMap((expression) => {
      const found: { readonly value: Expression; readonly at: Place }[] = [];
      visit(expression, (inner) => {
        if (inner.kind === 'assign' && inner.operator === '=' && print(inner.target) === name)
          found.push({ value: inner.value, at: node.at });
      });
      return found;
    });
  });
}

/** The nodes that a loop's condition leads to and that lead back to it. */
function bodyOf(program: Program, head: number): ReadonlySet<number> {
  const node = program.nodes[head];
  const seen = new Set<number>();
  if (node?.kind !== 'branch') return seen;
  const work = [node.then];
  for (let at = work.pop(); at !== undefined; at = work.pop()) {
    const inner = program.nodes[at];
    if (inner === undefined || at === head || at === node.otherwise || seen.has(at)) continue;
    seen.add(at);
    work.push(...successors(inner));
  }
  return seen;
}

function stepsBy(program: Program, body: ReadonlySet<number>, name: string): '++' | '--' | null {
  for (const at of body) {
    const node = program.nodes[at];
    if (node === undefined) continue;
    for (const expression of expressionsOf(node)) {
      let found: '++' | '--' | null = null;
      visit(expression, (inner) => {
        if (inner.kind === 'update' && print(inner.target) === name) found = inner.operator;
      });
      if (found !== null) return found;
    }
  }
  return null;
}

/** `for (i = start; i < count; i++)`: the range is start + count long. */
export const countAsEndRule: PathRule = (program) => {
  const parameters = new Set(program.parameters.map((one) => one.name));
  return program.nodes.flatMap((node, head): RuleHit[] => {
    if (node.kind !== 'branch' || !node.loop) return [];
    const condition = withoutCasts(node.condition);
    if (condition.kind !== 'binary' || condition.operator !== '<' || condition.left.kind !== 'name') return [];
    const counter = condition.left.name;
    const bound = withoutCasts(condition.right);
    if (!COUNT.test(wordOf(bound)) || stepsBy(program, bodyOf(program, head), counter) !== '++') return [];
    const given = givenTo(program, counter).filter((one) => START.test(wordOf(one.value)));
    const start = given[0] === undefined ? null : withoutCasts(given[0].value);
    if (start === null || givenTo(program, counter).length !== 1) return [];
    // Both come from the caller, or from one request: a start and how many.
    const together =
      (start.kind === 'name' && bound.kind === 'name' && parameters.has(start.name) && parameters.has(bound.name)) ||
      (start.kind === 'field' &&
        bound.kind === 'field' &&
        print(start.base) === print(bound.base) &&
        /^(?:start|first)$/.test(start.field) &&
        bound.field === 'count');
    if (!together) return [];
    return [
      localHit(
        COUNT_AS_END,
        node.at,
        `the loop starts at ${print(start)} and ends at ${print(bound)}, which is how many there are: the end is ${print(start)} + ${print(bound)}`,
        'with a start of 0 it is right, with any other the last ones are left out',
      ),
    ];
  });
};

/** A rollback that counts down to 0 over what it did not do, or that never ends because its start has no sign. */
export const rollbackStartRule: PathRule = (program, around) =>
  program.nodes.flatMap((node, head): RuleHit[] => {
    if (node.kind !== 'branch' || !node.loop) return [];
    const condition = withoutCasts(node.condition);
    if (condition.kind !== 'binary' || !/^>=?$/.test(condition.operator)) return [];
    const left = withoutCasts(condition.left);
    const right = withoutCasts(condition.right);
    const counter =
      left.kind === 'name' ? left.name : left.kind === 'update' && left.operator === '--' ? print(left.target) : null;
    if (counter === null) return [];
    const body = bodyOf(program, head);
    if (left.kind !== 'update' && stepsBy(program, body, counter) !== '--') return [];
    if (right.kind === 'number' && right.value === 0) {
      const outside = givenTo(program, counter).filter((one) => START.test(wordOf(one.value)));
      const start = outside[0];
      const counted = program.nodes.some(
        (one, at) => !body.has(at) && expressionsOf(one).some((expression) => updates(expression, counter, '++')),
      );
      if (start === undefined || !counted) return [];
      return [
        localHit(
          ROLLBACK_START,
          node.at,
          `${counter} began at ${print(withoutCasts(start.value))}, and the rollback goes down to 0: what lies before was not done here`,
          'entries that were in use before the call are undone too',
        ),
      ];
    }
    if (condition.operator !== '>=' || condition.right.kind === 'cast' || right.kind !== 'name') return [];
    const written = writtenType(right, program, around);
    const type = written === null ? null : integerType(written);
    if (type === null || type.signed || type.bits < 32 || !program.parameters.some((one) => one.name === right.name))
      return [];
    return [
      localHit(
        ROLLBACK_START,
        node.at,
        `${right.name} is ${written}: when it is 0, ${printShort(condition)} always holds and ${counter} runs below 0`,
        'the comparison is made without a sign; cast the start, or count upwards',
        'C11 6.3.1.8: the usual arithmetic conversions',
      ),
    ];
  });

function updates(expression: Expression, name: string, operator: '++' | '--'): boolean {
  let found = false;
  visit(expression, (inner) => {
    if (inner.kind === 'update' && inner.operator === operator && print(inner.target) === name) found = true;
  });
  return found;
}

/** Take a Linux interrupt and a hardware interrupt that belong together; where they stand in the arguments. */
const PAIRS: Readonly<Record<string, readonly [number, number]>> = {
  irq_domain_set_hwirq_and_chip: [1, 2],
  irq_domain_set_info: [1, 2],
  irq_domain_associate: [1, 2],
};

/** In a loop one of two numbers that go together advances, and the other stays. */
export const unevenStepRule: PathRule = (program) => {
  const hits: RuleHit[] = [];
  if (!program.nodes.some((node) => callsOf(node).some((call) => PAIRS[calleeOf(call) ?? ''] !== undefined)))
    return hits;
  for (const [head, node] of program.nodes.entries()) {
    if (node.kind !== 'branch' || !node.loop) continue;
    const body = bodyOf(program, head);
    const changing = new Set<string>();
    for (const at of body)
      for (const expression of expressionsOf(program.nodes[at] ?? node))
        visit(expression, (inner) => {
          if (inner.kind === 'update' || inner.kind === 'assign')
            for (const name of namesIn(inner.target)) changing.add(name);
        });
    for (const at of body)
      for (const call of callsOf(program.nodes[at] ?? node)) {
        const pair = PAIRS[calleeOf(call) ?? ''];
        if (pair === undefined) continue;
        const moves = pair.map((index) => advances(call, index, changing));
        if (moves[0] === moves[1]) continue;
        const still = call.args[moves[0] === true ? pair[1] : pair[0]];
        if (still === undefined || still.kind === 'call' || withoutCasts(still).kind !== 'name') continue;
        hits.push(
          localHit(
            UNEVEN_STEP,
            call.at,
            `${printShort(still)} is the same in each round of the loop, and its partner in ${calleeOf(call) ?? ''}() advances`,
            'all the interrupts of the range end up on one number',
            'include/linux/irqdomain.h',
          ),
        );
      }
  }
  return hits;
};

function advances(call: CallExpression, index: number, changing: ReadonlySet<string>): boolean {
  const arg = call.args[index];
  return (
    arg !== undefined &&
    (arg.kind === 'call' || [...namesIn(arg)].some((name) => changing.has(name)) || arg.kind === 'update')
  );
}

/** The places a value is made from, as they print: `a->b` and `a` for `a->b + 1`. */
function places(value: Expression): string[] {
  const out: string[] = [];
  visit(value, (inner) => {
    if (inner.kind === 'name' || inner.kind === 'field' || inner.kind === 'index') out.push(print(inner));
  });
  return out;
}

/** Somebody gets its address and may write it. */
const handedOut = (program: Program, target: string): boolean =>
  [...scan(program)].some(
    ({ expression }) =>
      expression.kind === 'unary' && expression.operator === '&' && print(expression.operand) === target,
  );

const PICKS = /^(min|max)(?:_t|3|_not_zero)?$/;

/** `most = min(most, x)` from 0 on, `n = max(n, LIMIT_MAX)`. */
export const minForMaxRule: PathRule = (program) => {
  const hits: RuleHit[] = [];
  for (const { expression, at } of scan(program)) {
    if (expression.kind !== 'assign' || expression.operator !== '=') continue;
    const value = withoutCasts(expression.value);
    const which = value.kind === 'call' ? PICKS.exec(calleeOf(value) ?? '')?.[1] : undefined;
    if (value.kind !== 'call' || which === undefined) continue;
    const target = print(expression.target);
    const args = value.args
      .filter((arg) => arg.kind !== 'type')
      .map(withoutCasts)
      .slice(-2);
    const own = args.findIndex((arg) => print(arg) === target);
    const other = args[1 - own];
    if (args.length !== 2 || own < 0 || other === undefined) continue;
    const first = givenTo(program, target).filter(
      (one) => one.value !== expression.value && !places(one.value).includes(target),
    );
    const starts =
      first.length === 1 && first[0] !== undefined && !handedOut(program, target)
        ? print(withoutCasts(first[0].value))
        : null;
    const zero = starts === '0' && which === 'min';
    const top =
      starts !== null &&
      /^(?:U?LL?ONG_MAX|U(?:INT|8|16|32|64)_MAX|U?INT_MAX|SIZE_MAX|-1|~0\w*|PHYS_ADDR_MAX)$/.test(starts) &&
      which === 'max';
    if (zero || top)
      hits.push(
        localHit(
          MIN_FOR_MAX,
          at,
          `${target} starts at ${starts ?? ''}, and ${printShort(value)} never changes it`,
          `the other of min() and max() was meant`,
        ),
      );
    const word = wordOf(other);
    if (
      which === 'max' &&
      /(?:^|_)MAX(?:_|$)/.test(word) &&
      /^[A-Z_0-9]+$/.test(word) &&
      !/^(?:U|S|LL?)?(?:LONG|INT|U?\d+)_MAX$/.test(word)
    )
      hits.push(
        localHit(
          MIN_FOR_MAX,
          at,
          `${printShort(value)} makes ${target} at least ${word}, which is the most it may be`,
          'min() was meant',
        ),
      );
    if (which === 'min' && /(?:^|_)MIN(?:_|$)/.test(word) && /^[A-Z_0-9]+$/.test(word))
      hits.push(
        localHit(
          MIN_FOR_MAX,
          at,
          `${printShort(value)} makes ${target} at most ${word}, which is the least it may be`,
          'max() was meant',
        ),
      );
  }
  return hits;
};
