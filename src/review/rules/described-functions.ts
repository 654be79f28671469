import type { Touched } from '../../code/bodies';
import type { Expression, Program, SourceLine } from '../../code/types';
import { calleeOf, withoutCasts } from '../../code/walk';
import { COMMENT_RETURN } from '../catalog-described';
import type { Rule } from '../rule';
import { bareLine, commentAbove, type FunctionComment } from './function-comments';
import { errnoOf } from './scan';
import type { PatchHit, PatchRule } from './types';

const KERNEL_DOC = 'Documentation/doc-guide/kernel-doc.rst, Function documentation';

function hit(
  rule: Rule,
  touched: Touched,
  line: SourceLine,
  program: Program,
  message: string,
  text: string,
): PatchHit {
  return {
    rule,
    at: line.at,
    message,
    why: [{ text, reference: KERNEL_DOC }],
    related: [{ at: program.at, message: `${program.name}() stands here` }],
    file: touched.file,
    function: touched.name,
  };
}

const isAdded = (line: SourceLine, message: number): boolean =>
  line.at.kind === 'message' && line.at.added && line.at.message === message;

interface Results {
  readonly errnos: boolean;
  readonly nulls: boolean;
  readonly errorPointers: boolean;
  /** A positive number is returned. */
  readonly positive: number | null;
  /** Something is returned whose value is not plain here. */
  readonly open: boolean;
}

function resultsOf(program: Program): Results {
  let [errnos, nulls, errorPointers, open] = [false, false, false, false];
  let positive: number | null = null;
  const look = (value: Expression): void => {
    const inner = withoutCasts(value);
    if (inner.kind === 'conditional') {
      look(inner.then);
      look(inner.otherwise);
    } else if (inner.kind === 'number') {
      if (inner.text === 'NULL') nulls = true;
      else if (inner.value > 0) positive = inner.value;
    } else if (errnoOf(inner) !== null) errnos = true;
    else if (inner.kind === 'call' && /^ERR_(?:PTR|CAST)$/.test(calleeOf(inner) ?? '')) errorPointers = true;
    else open = true;
  };
  for (const node of program.nodes) if (node.kind === 'return' && node.value !== null) look(node.value);
  return { errnos, nulls, errorPointers, positive, open };
}

/** Where the comment says what comes back, and in which words. */
function returnText(comment: FunctionComment): { readonly line: SourceLine; readonly text: string } | null {
  const start = comment.lines.findIndex((line) => /\b(?:Returns?|returns)\b/.test(bareLine(line)));
  const line = comment.lines[start];
  if (line === undefined) return null;
  const rest: string[] = [];
  for (const one of comment.lines.slice(start, start + 6)) {
    const text = bareLine(one);
    if (text === '' && rest.length > 0) break;
    rest.push(text);
  }
  return { line, text: rest.join(' ') };
}

/** What the words of a comment and the returns of a function contradict each other in; null when they do not. */
function contradiction(text: string, program: Program): string | null {
  const results = resultsOf(program);
  const pointer = program.returns.endsWith('*');
  const says = (pattern: RegExp): boolean => pattern.test(text);
  if (program.returns === 'void' && says(/\bReturns?:?\s+(?:%?-E[A-Z]+|0|zero|%?NULL|%?true|an? error)\b/))
    return `the comment promises a result, and ${program.name}() returns none`;
  const isBool = /^(?:bool|_Bool)$/.test(program.returns);
  if (isBool && says(/\b0 on success\b|negative (?:errno|error)|-E[A-Z]{3,}/i) && !says(/\btrue|false\b/i))
    return `the comment promises 0 or an error, and ${program.name}() returns bool`;
  if (
    program.returns === 'int' &&
    results.errnos &&
    says(/\bReturns?:?\s+%?true\b/i) &&
    !says(/errno|error|-E[A-Z]{3,}|negative|\b0\b/i)
  )
    return `the comment promises true or false, and ${program.name}() returns negative errors, which are true`;
  if (
    pointer &&
    results.errorPointers &&
    !results.nulls &&
    !results.open &&
    says(/\bNULL (?:on|if|when|otherwise)\b|or NULL\b/) &&
    !says(/ERR_PTR|error pointer|errno|PTR_ERR/i)
  )
    return `the comment promises NULL on failure, and ${program.name}() returns error pointers`;
  if (
    pointer &&
    results.nulls &&
    !results.errorPointers &&
    !results.open &&
    says(/ERR_PTR|error pointer|PTR_ERR/i) &&
    !says(/NULL/)
  )
    return `the comment promises an error pointer on failure, and ${program.name}() returns NULL`;
  if (
    program.returns === 'int' &&
    results.positive !== null &&
    says(/\b(?:0|zero) (?:on|for|if) success/i) &&
    !says(/positive|[1-9]|\bone\b|number|count|> ?0/i)
  )
    return `the comment promises 0 on success or an error, and ${program.name}() returns ${results.positive} too`;
  return null;
}

/** A comment that says what a function returns, and every return that contradicts it. */
export const commentReturnRule: PatchRule = ({ change, after }) =>
  after.touched.flatMap((touched): PatchHit[] => {
    const { program } = touched;
    if (program === null || program.evidence !== 'full') return [];
    const comment = commentAbove(after.files.get(touched.file), program);
    const said = comment === null ? null : returnText(comment);
    // Kernel-doc is held against the function where text is read.
    if (comment === null || said === null || comment.isKernelDoc) return [];
    const wrong = contradiction(said.text, program);
    if (wrong === null) return [];
    const before = touched.before();
    const isOld = before !== null && before.evidence === 'full' && contradiction(said.text, before) !== null;
    if (isOld && !isAdded(said.line, change.message)) return [];
    return [hit(COMMENT_RETURN, touched, said.line, program, wrong, 'callers are written by what the comment says')];
  });
