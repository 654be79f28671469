/**
 * A function whose result changes its meaning, and a caller that still tests the old one. In: a patch and the functions in sight. Out: hits of class
 * described at tests that the patch left as they were.
 */
import type { Expression, Program, ProgramNode } from '../../code/types';
import { calleeOf, callsIn, expressionsOf, print, printShort, visit, withoutCasts } from '../../code/walk';
import { RESULT_TURNED } from '../catalog-contracts';
import { doings } from './calls';
import { isFailure } from './exits';
import { bareCondition, operandsOf } from './scan';
import type { PatchHit, PatchRule, PatchView } from './types';

/** How a result tells success. `truth`: true. `errno`: 0. `null`: not NULL. `error`: no error pointer. */
type Meaning = 'truth' | 'errno' | 'null' | 'error';

interface Turned {
  readonly program: Program;
  readonly was: Meaning;
  readonly is: Meaning;
}

function returned(program: Program): Expression[] {
  return program.nodes.flatMap((node) => {
    if (node.kind !== 'return' || node.value === null) return [];
    const value = withoutCasts(node.value);
    return value.kind === 'conditional' ? [withoutCasts(value.then), withoutCasts(value.otherwise)] : [value];
  });
}

const numberOf = (value: Expression | undefined): number | null => {
  if (value?.kind === 'number') return value.value;
  return value?.kind === 'name' && /^(?:true|false)$/.test(value.name) ? Number(value.name === 'true') : null;
};

function meaningOf(program: Program): Meaning | null {
  const values = returned(program);
  const last = numberOf(values.at(-1));
  if (program.returns.endsWith('*')) {
    const nulls = values.some((one) => one.kind === 'number' && one.value === 0);
    const errors = values.some((one) => one.kind === 'call' && calleeOf(one) === 'ERR_PTR');
    return nulls === errors ? null : nulls ? 'null' : 'error';
  }
  if (/^(?:bool|_Bool)$/.test(program.returns)) return last === 1 ? 'truth' : null;
  if (!/^(?:int|long|ssize_t)$/.test(program.returns) || last === null) return null;
  if (values.some(isFailure)) return last === 0 ? 'errno' : null;
  return last === 1 && values.every((one) => [0, 1].includes(numberOf(one) ?? -1)) ? 'truth' : null;
}

const OPPOSITE: Readonly<Record<Meaning, Meaning>> = { truth: 'errno', errno: 'truth', null: 'error', error: 'null' };

/** Is the whole of a condition's operand the expression, negated or compared with 0 or not? */
function truthOf(operand: Expression, is: (inner: Expression) => boolean): boolean {
  const inner = bareCondition(operand);
  if (is(inner)) return true;
  if (inner.kind === 'unary' && inner.operator === '!') return truthOf(inner.operand, is);
  if (inner.kind !== 'binary' || !/^[!=]=$/.test(inner.operator)) return false;
  const other = withoutCasts(inner.right);
  return numberOf(other) === 0 && truthOf(inner.left, is);
}

/** Asks `IS_ERR(p)`, or whether a pointer is NULL, or both. */
function asks(condition: Expression, pointer: string): 'error' | 'null' | 'both' | null {
  let [error, nothing] = [false, false];
  for (const part of operandsOf(condition, '||').flatMap((one) => operandsOf(one, '&&'))) {
    visit(part, (inner) => {
      if (inner.kind !== 'call' || inner.args[0] === undefined || print(withoutCasts(inner.args[0])) !== pointer)
        return;
      const name = calleeOf(inner) ?? '';
      if (/^IS_ERR(?:_OR_NULL)?$/.test(name)) error = true;
      if (name === 'IS_ERR_OR_NULL') nothing = true;
    });
    if (truthOf(part, (inner) => print(withoutCasts(inner)) === pointer)) nothing = true;
  }
  return error && nothing ? 'both' : error ? 'error' : nothing ? 'null' : null;
}

interface Test {
  readonly node: ProgramNode;
  /** What the test is, as text: the same before the patch means it was left as it was. */
  readonly text: string;
}

/** The tests of what a function gives that read it the old way. */
function oldTests(caller: Program, { program, was }: Turned): Test[] {
  const { name } = program;
  const found: Test[] = [];
  const isCall = (inner: Expression): boolean =>
    inner.kind === 'call' && inner.target.kind === 'name' && inner.target.name === name;
  const pointers = was === 'null' || was === 'error';
  for (const node of caller.nodes) {
    if (!pointers && node.kind === 'branch')
      for (const part of operandsOf(bareCondition(node.condition), '||').flatMap((one) => operandsOf(one, '&&')))
        if (truthOf(part, isCall)) found.push({ node, text: print(part) });
    if (!pointers && node.kind === 'return' && node.value !== null && meaningTaken(caller, was)) {
      const value = withoutCasts(node.value);
      if (truthOf(value, isCall)) found.push({ node, text: `return ${print(value)}` });
    }
    for (const doing of doings(node)) {
      if (!doing.direct || doing.name !== name || doing.into === null) continue;
      const into = print(doing.into);
      const next = 'next' in node ? caller.nodes[node.next] : undefined;
      if (next?.kind !== 'branch') continue;
      if (pointers) {
        const asked = asks(next.condition, into);
        const elsewhere = caller.nodes.some(
          (one) => one !== next && one.kind === 'branch' && asks(one.condition, into) !== null,
        );
        if (asked === was && !elsewhere)
          found.push({ node: next, text: `${into} = ${name}: ${print(next.condition)}` });
      } else if (truthOf(next.condition, (inner) => print(withoutCasts(inner)) === into))
        found.push({ node: next, text: `${into} = ${name}: ${print(next.condition)}` });
    }
  }
  return found;
}

/** Does a caller that returns the result as it is give its own callers the old meaning by its type? */
const meaningTaken = (caller: Program, was: Meaning): boolean =>
  was === 'truth'
    ? /^(?:bool|_Bool)$/.test(caller.returns)
    : /^(?:int|long)$/.test(caller.returns) && returned(caller).some(isFailure);

const WORDS: Readonly<Record<Meaning, string>> = {
  truth: 'true on success',
  errno: '0 on success and a negative error',
  null: 'NULL on failure',
  error: 'an error pointer on failure',
};

const calls = (program: Program, name: string): boolean =>
  program.nodes.some((node) => expressionsOf(node).some((one) => callsIn(one).some((call) => calleeOf(call) === name)));

function turnedIn(view: PatchView): Turned[] {
  return view.after.touched.flatMap((touched): Turned[] => {
    const { program } = touched;
    const before = program === null ? null : touched.before();
    if (program === null || before === null) return [];
    const was = meaningOf(before);
    const is = meaningOf(program);
    return was !== null && is !== null && is === OPPOSITE[was] ? [{ program, was, is }] : [];
  });
}

/** `bool f()` becomes `int f()`, which gives 0 or an error, and `if (!f()) return -ENOMEM;` stays. */
export const resultTurnedRule: PatchRule = (view) => {
  const { after } = view;
  const hits: PatchHit[] = [];
  for (const turned of turnedIn(view)) {
    const { program, was, is } = turned;
    const callers = new Map<Program, Program | null>();
    for (const touched of after.touched) if (touched.program !== null) callers.set(touched.program, touched.before());
    for (const other of after.tree.programs.values())
      if (
        other.at.kind !== 'design' &&
        !after.touched.some((one) => one.file === other.file && one.name === other.name)
      )
        callers.set(other, other);
    for (const [caller, before] of callers) {
      if (caller.name === program.name || (program.static && caller.file !== program.file)) continue;
      if (before === null || !calls(caller, program.name)) continue;
      const old = new Set(oldTests(before, turned).map((one) => one.text));
      const left = oldTests(caller, turned).find((one) => old.has(one.text));
      if (left === undefined) continue;
      const shown = left.node.kind === 'branch' ? printShort(left.node.condition) : left.text;
      hits.push({
        rule: RESULT_TURNED,
        at: left.node.at,
        message: `${caller.name}() still tests ${shown}, and ${program.name}() now gives ${WORDS[is]}, not ${WORDS[was]}`,
        key: `${program.name}|${left.text}`,
        why: [{ text: 'the test compiles as before and now takes success for failure', reference: null }],
        related: [{ at: program.at, message: `${program.name}() changes what it returns` }],
        file: caller.file,
        function: caller.name,
      });
    }
  }
  return hits;
};
