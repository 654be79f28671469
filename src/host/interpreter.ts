/**
 * Runs programs: nodes, calls, loops, and what a call of an unknown function means. In: a program and its arguments.
 * Out: what it returned. Knows C's control flow; what primitives do stands under `primitives/`.
 */
import type { Expression, Program } from '../code/types';
import type { Primitive as KernelFact } from '../kernel/primitives';
import { isCorrected, primitive as kernelFact } from '../kernel/primitives';
import type { Place } from '../place';
import { ERRNO, GFP_MAY_SLEEP } from './constants';
import { convert } from './conversion';
import { type Evaluator, evaluatorOf } from './evaluate';
import { initialValue } from './globals';
import { isStructType } from './layout';
import { store } from './locations';
import { beginsAnew, startLoop } from './loops';
import { nullDereference } from './memory-access';
import { plainName } from './names';
import { comparison, truth } from './operators';
import { isQuiet, runsUnknown } from './quiet-calls';
import { textOf } from './static-types';
import type { Value } from './values';
import { copyStruct, isStruct, newStruct, newUnknown } from './values';
import type { Call, Frame, World } from './world';
import { announce, Halt, injected, mightSleep } from './world';

/** Calls nested deeper than this are given up. */
const DEEPEST = 60;

/** A program made ready to run: programs are shared by many runs. */
interface Code {
  /** Declared types of parameters and locals. */
  readonly types: ReadonlyMap<string, string>;
  /** For each parameter the structure it points to, or null. */
  readonly pointers: readonly (string | null)[];
  /** What a node evaluates (a statement's expression, a condition, what is returned), by node index; made when it is first reached. */
  readonly evaluators: (Evaluator | undefined)[];
}

const codes = new WeakMap<Program, Code>();

function codeOf(program: Program): Code {
  let code = codes.get(program);
  if (!code) {
    const types = new Map<string, string>();
    for (const parameter of program.parameters)
      types.set(parameter.name, parameter.array === null ? parameter.type : `${parameter.type} *`);
    for (const node of program.nodes) {
      if (node.kind === 'declare')
        types.set(node.variable.name, node.variable.array === null ? node.variable.type : `${node.variable.type} []`);
    }
    const pointers = program.parameters.map((parameter) => POINTER.exec(parameter.type)?.[1] ?? null);
    code = { types, pointers, evaluators: new Array(program.nodes.length) };
    codes.set(program, code);
  }
  return code;
}

const POINTER = /^(?:const )?(struct \w+)(?: const)? ?\*$/;

/**
 * What C would not compile: an argument too few or too many, or a structure of one type where a pointer to another is taken. It shows
 * that caller and callee are of different trees, so that nothing that follows means anything. Null when the call fits.
 */
function misfitOf(program: Program, wants: readonly (string | null)[], args: readonly Value[]): string | null {
  const { parameters } = program;
  if (args.length !== parameters.length && parameters.at(-1)?.type !== '...')
    return `${program.name}() is called with ${args.length} argument${args.length === 1 ? '' : 's'} and takes ${parameters.length}: caller and callee are of different trees`;
  for (let i = 0; i < wants.length; i++) {
    const arg = args[i];
    const wanted = wants[i] ?? null;
    if (wanted === null || !isStruct(arg) || arg.type === wanted || !arg.type.startsWith('struct ')) continue;
    return `${program.name}() takes a ${wanted} as ${parameters[i]?.name} and gets a ${arg.type}: caller and callee are of different trees`;
  }
  return null;
}

/** Enters a program. */
export function invoke(world: World, program: Program, args: readonly Value[], at: Place | null): Value {
  const caller = world.frame;
  const depth = caller === null ? 0 : caller.depth + 1;
  if (depth > DEEPEST) throw new Halt(`calls nest deeper than ${DEEPEST} at ${program.name}()`);
  const code = codeOf(program);
  const misfit = misfitOf(program, code.pointers, args);
  if (misfit !== null) throw new Halt(misfit);
  const frame: Frame = {
    program,
    locals: new Map(),
    types: code.types,
    loops: null,
    caller,
    at,
    depth,
    announced: -1,
    place: program.at,
  };
  for (let i = 0; i < program.parameters.length; i++) {
    const parameter = program.parameters[i];
    if (!parameter) continue;
    const arg = args[i] ?? newUnknown(parameter.name);
    if (isStruct(arg) && isStructType(parameter.type)) {
      const copy = newStruct(arg.type, arg.fill);
      copyStruct(arg, copy);
      frame.locals.set(parameter.name, copy);
    } else frame.locals.set(parameter.name, convert(arg, parameter.type));
  }
  world.executed.add(program.name);
  if (program.source !== 'design' || program.evidence !== 'full') world.patched = true;
  world.frame = frame;
  // A call on a line that was added is told even when nothing comes of it: that may be what is wrong with it.
  if (at?.kind === 'message' && at.added && !world.muted) announce(world, frame);
  try {
    return run(world, frame, code.evaluators);
  } finally {
    world.frame = caller;
  }
}

function evaluatorAt(evaluators: (Evaluator | undefined)[], at: number, of: Expression): Evaluator {
  let evaluator = evaluators[at];
  if (evaluator === undefined) {
    evaluator = evaluatorOf(of);
    evaluators[at] = evaluator;
  }
  return evaluator;
}

function run(world: World, frame: Frame, evaluators: (Evaluator | undefined)[]): Value {
  const { program } = frame;
  const { nodes } = program;
  let at = program.entry;
  let from = -1;
  for (;;) {
    const node = nodes[at];
    if (!node) return 0;
    if (++world.steps > world.options.budget)
      throw new Halt(`the budget of ${world.options.budget} steps is spent in ${program.name}()`);
    frame.place = node.at;
    let next: number;
    switch (node.kind) {
      case 'do':
        evaluatorAt(evaluators, at, node.expression)(world, frame);
        next = node.next;
        break;
      case 'declare': {
        const { variable, init } = node;
        if (init !== null || variable.array !== null || isStructType(variable.type))
          frame.locals.set(variable.name, initialValue(world, frame, variable.type, variable.array, init));
        else frame.locals.delete(variable.name);
        next = node.next;
        break;
      }
      case 'branch':
        next = truth(world, evaluatorAt(evaluators, at, node.condition)(world, frame), node.at, node.condition)
          ? node.then
          : node.otherwise;
        break;
      case 'each':
        next = turn(world, frame, at, from, node.macro, node.args) ? node.body : node.next;
        break;
      case 'switch':
        next = choose(world, frame, node);
        break;
      case 'return': {
        const value = node.value === null ? 0 : evaluatorAt(evaluators, at, node.value)(world, frame);
        world.returns.set(program.name, node.at);
        return convert(value, program.returns);
      }
      case 'unknown':
        if (runsUnknown(node.text)) world.undecided.add(`not understood in ${program.name}(): ${node.text}`);
        next = node.next;
        break;
    }
    from = at;
    at = next;
  }
}

function turn(
  world: World,
  frame: Frame,
  head: number,
  from: number,
  macro: string,
  args: readonly Expression[],
): boolean {
  let loop = beginsAnew(frame.program, head, from) ? undefined : frame.loops?.get(head);
  if (!loop) {
    const started = startLoop(world, frame, macro, args);
    if (started === null) {
      world.undecided.add(`unknown loop: ${macro}()`);
      for (const arg of args.slice(0, 1))
        if (arg.kind === 'name') store(world, frame, arg, newUnknown(arg.name), false);
      return (
        world.options.chooser.decide(`${macro}(…) has another item`, frame.place) &&
        beginsAnew(frame.program, head, from)
      );
    }
    loop = started;
    frame.loops ??= new Map();
    frame.loops.set(head, loop);
  }
  if (loop.next().done !== true) return true;
  frame.loops?.delete(head);
  return false;
}

function choose(world: World, frame: Frame, node: Extract<Program['nodes'][number], { kind: 'switch' }>): number {
  const subject = evaluatorOf(node.subject)(world, frame);
  for (const one of node.cases) {
    if (one.value.kind === 'unknown') {
      world.undecided.add(`not understood: case ${one.value.text}`);
      continue;
    }
    const equal = comparison('==', subject, evaluatorOf(one.value)(world, frame), () => false);
    if (truth(world, equal, node.at)) return one.next;
  }
  return node.otherwise;
}

/** Calls a function by value: a program of the design, a primitive, or something known only from the kernel's facts. */
export function callValue(
  world: World,
  target: Value,
  args: readonly Value[],
  expressions: readonly Expression[],
  at: Place,
  field: string | null,
): Value {
  if (typeof target === 'number')
    nullDereference(world, field === null ? 'a function' : `the callback ${field}`, target, at, null);
  if (typeof target !== 'object' || target.kind !== 'function') {
    world.undecided.add(`unknown call${field === null ? '' : `: ${field}()`}`);
    return newUnknown(`${field ?? 'call'}()`);
  }
  const program = world.set.programs.get(target.name);
  if (program && program.evidence !== 'fragment') return invoke(world, program, args, at);
  const name = plainName(target.name);
  if (++world.steps > world.options.budget) throw new Halt(`the budget of ${world.options.budget} steps is spent`);
  const call: Call = { name, args, expressions, at, frame: world.frame, world };
  const { fact, quiet } = meaningOf(name);
  const known = world.primitives.get(name) ?? (field === null ? undefined : world.primitives.get(`->${field}`));
  if (known || quiet) {
    if (fact && sleeps(fact, call)) mightSleep(call);
    return known ? known(call) : 0;
  }
  if (fact && !program) return byFact(call, fact);
  if (world.globals.has(name)) {
    const value = world.globals.get(name);
    if (value !== undefined && typeof value === 'object' && value.kind === 'function' && value.name !== name)
      return callValue(world, value, args, expressions, at, field);
  }
  // Its result would be another one if it were known: what becomes of it bears on this run.
  world.executed.add(name);
  world.undecided.add(program ? `only a part of ${name}() is known` : `unknown call: ${name}()`);
  forget(call);
  return newUnknown(`${name}()`);
}

interface Meaning {
  readonly fact: KernelFact | null;
  readonly quiet: boolean;
}

const meanings = new Map<string, Meaning>();

/** What is known of a function by name alone. */
function meaningOf(name: string): Meaning {
  if (isCorrected(name)) return { fact: kernelFact(name), quiet: isQuiet(name) };
  let meaning = meanings.get(name);
  if (!meaning) {
    meaning = { fact: kernelFact(name), quiet: isQuiet(name) };
    meanings.set(name, meaning);
  }
  return meaning;
}

/** A function nobody knows may have written to every local it was given the address of. */
function forget(call: Call): void {
  const { frame } = call;
  if (frame === null) return;
  for (const of of call.expressions) {
    if (of.kind !== 'unary' || of.operator !== '&' || of.operand.kind !== 'name') continue;
    const { name } = of.operand;
    if (!frame.types.has(name)) continue;
    const now = frame.locals.get(name);
    if (isStruct(now) && now.parent === null && !now.fields.has('next')) {
      now.fields.clear();
      now.fill = 'unknown';
    } else if (!isStruct(now)) frame.locals.set(name, newUnknown(name));
  }
}

function sleeps(fact: KernelFact, call: Call): boolean {
  if (fact.maySleep === 'gfp')
    return call.args.some(
      (arg, i) => typeof arg === 'number' && isGfp(call.expressions[i]) && (arg & GFP_MAY_SLEEP) !== 0,
    );
  return fact.maySleep;
}

const flags = new WeakMap<Expression, boolean>();

function isGfp(of: Expression | undefined): boolean {
  if (of === undefined) return false;
  let answer = flags.get(of);
  if (answer === undefined) {
    answer = /GFP_|gfp/.test(textOf(of));
    flags.set(of, answer);
  }
  return answer;
}

/** What the kernel's facts say of a function nobody models: may it sleep, may it fail, what comes back. */
function byFact(call: Call, fact: KernelFact): Value {
  if (sleeps(fact, call)) mightSleep(call);
  // A question that is answered by NULL has not failed: what it answers is the state's, not chance's.
  const canBeMadeToFail =
    fact.fails.length > 0 ||
    (fact.kind !== 'query' && (fact.returns === 'err' || fact.returns === 'ptr_err' || fact.returns === 'ptr_null'));
  const failed = canBeMadeToFail ? injected(call) : null;
  switch (fact.returns) {
    case 'void':
      return 0;
    case 'err':
      return failed ?? 0;
    case 'ptr_null':
      return failed === null ? newStruct('', 'unknown') : 0;
    case 'ptr_err':
      return failed === null ? newStruct('', 'unknown') : failed === 0 ? -(ERRNO.ENOMEM ?? 12) : failed;
    default:
      if (failed !== null) return failed;
      call.world.undecided.add(`unknown result: ${fact.name}()`);
      return newUnknown(`${fact.name}()`);
  }
}
