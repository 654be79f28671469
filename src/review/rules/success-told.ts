/**
 * A step fails, and the function says by its result that all went well. In: whole functions. Out: hits of class described where the result a common
 * exit gives is that of another step, which had succeeded.
 */
import type { Expression, Program } from '../../code/types';
import { calleeOf, namesIn, print, withoutCasts } from '../../code/walk';
import { SUCCESS_TOLD } from '../catalog-contracts';
import { doings, written } from './calls';
import { says, saysFailed } from './conditions';
import { integerType } from './integer-types';
import { isAdded } from './reach';
import { tidyExit } from './tidy-exits';
import type { PathRule, RuleHit } from './types';

/** Calls whose result is a number that says nothing of failure. */
const NO_VERDICT =
  /^(?:atomic\w*|refcount\w*|test_\w+|is_\w+|\w+_is_\w+|has_\w+|\w+_has_\w+|strcmp|strncmp|memcmp|min\w*|max\w*|read[bwlq]|ioread\w+|find_\w+|\w+_(?:empty|pending|count|busy|supported|enabled))$/;

/** What a returned expression hangs on, and what makes it a success. */
interface Answer {
  readonly subject: string;
  readonly kind: 'pointer' | 'number';
}

/** `PTR_ERR_OR_ZERO(p)`, `IS_ERR(p) ? PTR_ERR(p) : 0`, or a plain variable of a type with a sign. */
function answerOf(value: Expression, program: Program): Answer | null {
  const inner = withoutCasts(value);
  if (inner.kind === 'conditional') {
    const test = withoutCasts(inner.condition);
    if (test.kind !== 'call' || calleeOf(test) !== 'IS_ERR') return null;
    const zero = withoutCasts(inner.otherwise);
    return zero.kind === 'number' && zero.value === 0 && test.args[0] !== undefined
      ? { subject: print(withoutCasts(test.args[0])), kind: 'pointer' }
      : null;
  }
  if (inner.kind === 'call')
    return calleeOf(inner) === 'PTR_ERR_OR_ZERO' && inner.args[0] !== undefined
      ? { subject: print(withoutCasts(inner.args[0])), kind: 'pointer' }
      : null;
  if (inner.kind !== 'name') return null;
  const declared = program.nodes.find((node) => node.kind === 'declare' && node.variable.name === inner.name);
  const type = declared?.kind === 'declare' ? integerType(declared.variable.type) : null;
  return type?.signed === true ? { subject: inner.name, kind: 'number' } : null;
}

/** The test after which the subject is known to be good on every way to `target`, its last value being the one tested; null where there is none. */
function knownGood(program: Program, target: number, answer: Answer): number | null {
  const { subject } = answer;
  const seen = new Set<number>();
  let tested: number | null = null;
  // From the entry, and from behind each node that sets the subject, without passing a test that says it is good.
  const work = [program.entry];
  for (const [index, node] of program.nodes.entries())
    if (written(node).includes(subject) && 'next' in node) work.push(node.next, index);
  for (let at = work.pop(); at !== undefined; at = work.pop()) {
    const node = program.nodes[at];
    if (node === undefined || seen.has(at)) continue;
    seen.add(at);
    if (node.kind === 'unknown') return null;
    if (node.kind === 'branch') {
      for (const taken of [true, false]) {
        const said = says(node.condition, taken, subject);
        const good =
          said?.sure === true && (said.said === 'good' || (answer.kind === 'number' && said.said === 'zero'));
        if (good) tested = at;
        else work.push(taken ? node.then : node.otherwise);
      }
    } else if (node.kind === 'each') work.push(node.body, node.next);
    else if (node.kind === 'switch') work.push(node.otherwise, ...node.cases.map((one) => one.next));
    else if (node.kind !== 'return') work.push(node.next);
  }
  return seen.has(target) ? null : tested;
}

/** `ret = step(); if (ret) goto out; … out: return PTR_ERR_OR_ZERO(other);` */
export const successToldRule: PathRule = (program) => {
  if (program.evidence === 'fragment') return [];
  const hits: RuleHit[] = [];
  for (const [index, branch] of program.nodes.entries()) {
    if (branch.kind !== 'branch' || branch.loop || branch.implicit === true) continue;
    for (const [from, node] of program.nodes.entries()) {
      if (!('next' in node) || node.next !== index) continue;
      const step = doings(node).find(({ into, name }) => into?.kind === 'name' && !NO_VERDICT.test(name));
      if (step?.into?.kind !== 'name') continue;
      const result = step.into.name;
      for (const [side, taken] of [
        [branch.then, true],
        [branch.otherwise, false],
      ] as const) {
        const said = says(branch.condition, taken, result);
        const failed =
          said?.sure === true && said.said !== 'other' && said.said !== 'positive' && saysFailed(said, 'err');
        const bad = said?.sure === true && (said.said === 'error' || said.said === 'absent');
        if (!failed && !bad) continue;
        const exit = tidyExit(program, side);
        const end = exit === null ? undefined : program.nodes[exit.index];
        if (exit === null || end?.kind !== 'return' || end.value === null || namesIn(end.value).has(result)) continue;
        const answer = answerOf(end.value, program);
        if (answer === null || answer.subject === result) continue;
        // The way that goes on must do something the caller is told of.
        const other = tidyExit(program, taken ? branch.otherwise : branch.then);
        if (other !== null) continue;
        const good = knownGood(program, index, answer);
        const test = good === null ? undefined : program.nodes[good];
        if (test === undefined || ![node, branch, end, test].some(isAdded)) continue;
        hits.push({
          rule: SUCCESS_TOLD,
          at: end.at,
          message: `where ${step.name}() fails, the function returns what says that all went well: ${answer.subject} was found to be good before, and ${result} is not looked at`,
          key: `${step.name}|${answer.subject}`,
          why: [
            {
              text: `${result} holds the failure, and no way from its test to the return hands it on`,
              reference: null,
            },
          ],
          related: [
            { at: program.nodes[from]?.at ?? branch.at, message: `${step.name}() is called here` },
            { at: test.at, message: `${answer.subject} is found to be good here` },
          ],
        });
      }
    }
  }
  return hits;
};
