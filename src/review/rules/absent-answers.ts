/**
 * What a function answers where there is nothing to ask. In: its comment, and its program. Out: a comment that tells another answer than the
 * code gives where the pointer it asks is NULL.
 */
import type { Program } from '../../code/types';
import { calleeOf, print, withoutCasts } from '../../code/walk';
import type { Place } from '../../place';
import { ABSENT_ANSWER } from '../catalog-stated';
import { says } from './conditions';
import { bareCondition } from './scan';
import { statedHit } from './stated-hit';
import { commentText, statedFunctions } from './stated-text';
import type { PatchHit, PatchRule } from './types';
import { assignment } from './window-search';

const WITHOUT =
  /\b(?:without|with no|(?:if|when) (?:there is|it has|the \w+ has) no|that has no|has no)\s+(?:an?\s+|any\s+)?(\w+(?:[ -]\w+){0,2})/i;
const ANSWER =
  /\b(?:result|answer|return value)\s+is\s+(true|false)\b|\breturns?\s+(true|false)\b|\b(?:counts? as|is (?:taken|treated|considered|regarded) (?:as|to be))\s+(not (?:isolated|safe|capable)|un(?:isolated|safe)|isolated|safe|capable|true|false)\b/i;

/** In front of what is told: then it is the contrary. */
const DENIED = /\b(?:not|never|no longer|cannot|hardly)\s*$/i;

/** Sentences of a comment that tell the answer for nothing: of what, and which. */
function toldOf(
  comment: string,
): { readonly nouns: readonly string[]; readonly answer: boolean; readonly text: string }[] {
  return comment
    .replace(/\s+/g, ' ')
    .split(/(?<=\.)\s+/)
    .flatMap((text) => {
      const without = WITHOUT.exec(text);
      const answer = ANSWER.exec(text);
      const value = answer?.slice(1).find((one) => one !== undefined);
      return without === null || value === undefined || answer === null || answer.index < without.index
        ? []
        : [
            {
              nouns: (without[1] ?? '').toLowerCase().split(/[ -]/),
              answer: !/^(?:false|not|un)/i.test(value) !== DENIED.test(text.slice(0, answer.index)),
              text,
            },
          ];
    });
}

/** What comes back where `subject` is NULL: a truth, or the call that decides; null where it cannot be told. */
function answerFor(
  program: Program,
  subject: string,
  programs: ReadonlyMap<string, Program>,
  depth: number,
): { readonly value: boolean | string; readonly at: Place } | null {
  let at = program.entry;
  for (let steps = 0; steps < 40; steps++) {
    const node = program.nodes[at];
    if (node === undefined) return null;
    if (node.kind === 'return') {
      const value = node.value === null ? null : bareCondition(node.value);
      if (value?.kind === 'number') return { value: value.value !== 0, at: node.at };
      if (value?.kind === 'name' && /^(?:true|false)$/.test(value.name))
        return { value: value.name === 'true', at: node.at };
      if (value?.kind !== 'call') return null;
      const index = value.args.findIndex((arg) => print(withoutCasts(arg)) === subject);
      const name = calleeOf(value) ?? '';
      if (index < 0) return name === '' ? null : { value: `${name}()`, at: node.at };
      const helper = programs.get(name);
      const parameter = helper?.parameters[index]?.name;
      if (helper === undefined || parameter === undefined || depth > 1 || helper.evidence === 'fragment') return null;
      const inner = answerFor(helper, parameter, programs, depth + 1);
      return inner === null ? null : { value: inner.value, at: node.at };
    }
    if (node.kind === 'branch') {
      const said = says(node.condition, true, subject);
      const condition = bareCondition(node.condition);
      const read = condition.kind === 'binary' && condition.operator === '&&' ? null : said;
      if (read === null) return null;
      if (read.said === 'zero' || read.said === 'absent') at = node.then;
      else if (read.said === 'nonzero' || read.said === 'good') at = node.otherwise;
      else return null;
    } else if (node.kind === 'do' || node.kind === 'declare') {
      const given = assignment(node);
      if (
        given?.target === subject &&
        steps > 0 &&
        node.kind === 'do' &&
        given.field === null &&
        program.parameters.some((one) => one.name === subject)
      )
        return null;
      at = node.next;
    } else return null;
  }
  return null;
}

/** The pointer of a function that the noun of a comment means: the one variable with the word in its name. */
function subjectOf(program: Program, noun: string): string | null {
  const names = [
    ...program.nodes.flatMap((node) =>
      node.kind === 'declare' && node.variable.type.includes('*') ? [node.variable.name] : [],
    ),
  ].filter((name) => name.toLowerCase().includes(noun));
  return names.length === 1 ? (names[0] ?? null) : null;
}

/** “Without a domain the result is false.” above a function that answers otherwise for NULL. */
export const absentAnswerRule: PatchRule = ({ change, message, after }) => {
  const view = { change, message, after };
  return statedFunctions(view).flatMap((one): PatchHit[] => {
    if (!one.whole || one.comment.length === 0) return [];
    const program = after.set.programs.get(one.name);
    if (program === undefined || program.file !== one.file || program.evidence === 'fragment') return [];
    return toldOf(commentText(one.comment)).flatMap((told) => {
      const noun = told.nouns.find((word) => word.length > 3 && subjectOf(program, word) !== null) ?? '';
      const subject = noun === '' ? null : subjectOf(program, noun);
      const answer = subject === null ? null : answerFor(program, subject, after.set.programs, 0);
      if (answer === null || answer.value === told.answer) return [];
      const place = answer.at;
      const at =
        place.kind === 'message'
          ? [...one.body].find((line) => line.at.kind === 'message' && line.at.line === place.line)
          : undefined;
      const words = one.comment.find((line) => /\bwith(?:out| no)\b|\bno\b/i.test(line.text)) ?? one.comment[0];
      if (at === undefined || words === undefined) return [];
      return statedHit(view, {
        rule: ABSENT_ANSWER,
        at,
        file: one.file,
        function: one.name,
        message: `without a ${noun} the comment tells ${told.answer}, and ${one.name}() gives ${typeof answer.value === 'string' ? `what ${answer.value} says` : answer.value}`,
        said: { text: told.text, at: words.at },
      });
    });
  });
};
