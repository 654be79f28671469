/**
 * Statements that a patch takes out in one place and puts in at another, and that differ in one token. For patches that say they change nothing.
 * In: the hunks of a change. Out: pairs. By tokens alone: names of variables may change with the place, what decides may not.
 */
import { placeOf } from '../../code/file-image';
import type { Change, HunkLine } from '../../patch/types';
import type { Place } from '../../place';

interface Statement {
  readonly tokens: readonly string[];
  readonly text: string;
  readonly file: string;
  readonly line: HunkLine;
}

export interface MovedStatement {
  readonly file: string;
  readonly at: Place;
  readonly before: Place;
  /** What stands there instead of what: `>` for `>=`; '' for nothing. */
  readonly now: string;
  readonly then: string;
  readonly text: string;
}

const TOKEN = /"(?:[^"\\]|\\.)*"|\w+|->|<<=|>>=|<=|>=|==|!=|&&|\|\||<<|>>|[-+*/%&|^]=|\+\+|--|\S/g;

/** Statements of lines of one kind: up to `;`, `{` or `}`; a condition without braces goes with what it guards. */
function statementsIn(lines: readonly HunkLine[], file: string): Statement[] {
  const found: Statement[] = [];
  let tokens: string[] = [];
  let first: HunkLine | null = null;
  let texts: string[] = [];
  let comment = false;
  const flush = (): void => {
    if (first !== null && tokens.length > 0) found.push({ tokens, text: texts.join(' '), file, line: first });
    tokens = [];
    first = null;
    texts = [];
  };
  let last = -1;
  for (const line of lines) {
    // Lines that do not follow each other belong to different statements.
    if (last >= 0 && line.line !== last + 1) flush();
    last = line.line;
    let text = line.text.replace(/\/\*.*?\*\//g, ' ').replace(/\/\/.*$/, '');
    if (comment) {
      if (!text.includes('*/')) continue;
      text = text.slice(text.indexOf('*/') + 2);
      comment = false;
    }
    if (text.includes('/*')) {
      comment = true;
      text = text.slice(0, text.indexOf('/*'));
    }
    if (/^\s*(?:\*|#)/.test(text)) continue;
    const words = text.match(TOKEN) ?? [];
    if (words.length === 0) {
      flush();
      continue;
    }
    first ??= line;
    texts.push(text.trim());
    let depth = 0;
    for (const word of words) {
      if (word === '(') depth += 1;
      if (word === ')') depth -= 1;
      if (word === '{' || word === '}') continue;
      tokens.push(word);
    }
    if (/[;{}:]\s*$/.test(text) && depth <= 0) flush();
  }
  flush();
  return found;
}

const OPERATOR = /^(?:<|>|<=|>=|==|!=|&&|\|\||&|\||<<|>>|\+|-|!|~)$/;
const CONSTANT = /^_{0,2}[A-Z][A-Z0-9_]{2,}$/;
const NUMBER = /^(?:0x[0-9a-fA-F]+|\d+)[uUlL]*$/;

/** Tokens with `vdev->region[i].size` put down as `size`: where a value stands may change with the move. */
function folded(tokens: readonly string[]): string[] {
  const out: string[] = [];
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i] ?? '';
    if ((token === '->' || token === '.') && /^\w+$/.test(tokens[i + 1] ?? '') && /^[\w\]]/.test(out.at(-1) ?? '')) {
      if (out.at(-1) === ']') {
        let depth = 0;
        while (out.length > 0) {
          const gone = out.pop();
          if (gone === ']') depth += 1;
          if (gone === '[') depth -= 1;
          if (depth === 0) break;
        }
      }
      out.pop();
      out.push(tokens[i + 1] ?? '');
      i += 1;
    } else out.push(token);
  }
  return out;
}

interface Difference {
  readonly now: string;
  readonly then: string;
}

/** The one stretch in which two lists differ; null when they are equal. */
function difference(
  then: readonly string[],
  now: readonly string[],
): { readonly then: readonly string[]; readonly now: readonly string[] } | null {
  let start = 0;
  while (start < then.length && start < now.length && then[start] === now[start]) start++;
  let end = 0;
  while (end < then.length - start && end < now.length - start && then.at(-1 - end) === now.at(-1 - end)) end++;
  if (start === then.length && start === now.length) return null;
  return { then: then.slice(start, then.length - end), now: now.slice(start, now.length - end) };
}

/** The one token that decides and is another; null when more differs, or what differs may. */
function oneToken(a: Statement, b: Statement): Difference | null {
  const [then, now] = [folded(a.tokens), folded(b.tokens)];
  if (Math.min(then.length, now.length) < 6 || then[0] !== now[0]) return null;
  const different = difference(then, now);
  if (different === null) return null;
  const [was, is] = [different.then, different.now];
  if (was.length === 1 && is.length === 1) {
    const [x, y] = [was[0] ?? '', is[0] ?? ''];
    const alike =
      (OPERATOR.test(x) && OPERATOR.test(y)) ||
      (NUMBER.test(x) && NUMBER.test(y)) ||
      (CONSTANT.test(x) && CONSTANT.test(y));
    // Of what has no sign, “not zero” and “more than zero” are the same.
    const positive = [x, y].sort().join(' ') === '!= >' && then[then.indexOf(x) + 1] === '0';
    return alike && !positive ? { then: x, now: y } : null;
  }
  // A flag left out, or put in.
  const [more, less] = was.length > is.length ? [was, is] : [is, was];
  if (less.length > 0) return null;
  if (more.length === 1 && more[0] === '!') return { then: was.join(' '), now: is.join(' ') };
  if (more.length === 2 && more.includes('|') && more.some((token) => CONSTANT.test(token)))
    return { then: was.join(' '), now: is.join(' ') };
  return null;
}

/** Statements that moved and are not the same. Each side has one partner only. */
export function movedStatements(change: Change): MovedStatement[] {
  const gone: Statement[] = [];
  const fresh: Statement[] = [];
  for (const file of change.files) {
    if (file.combined || !/\.[ch]$/.test(file.path)) continue;
    for (const hunk of file.hunks) {
      gone.push(
        ...statementsIn(
          hunk.lines.filter((line) => line.kind === 'delete'),
          file.path,
        ),
      );
      fresh.push(
        ...statementsIn(
          hunk.lines.filter((line) => line.kind === 'add'),
          file.path,
        ),
      );
    }
  }
  const key = (one: Statement): string => folded(one.tokens).join(' ');
  const shape = (one: Statement): string =>
    folded(one.tokens)
      .filter((token) => !OPERATOR.test(token) && !CONSTANT.test(token) && !NUMBER.test(token))
      .join(' ');
  const oldKeys = new Map<string, number>();
  for (const one of gone) oldKeys.set(key(one), (oldKeys.get(key(one)) ?? 0) + 1);
  const newKeys = new Map<string, number>();
  for (const one of fresh) newKeys.set(key(one), (newKeys.get(key(one)) ?? 0) + 1);
  const left = gone.filter((one) => (newKeys.get(key(one)) ?? 0) === 0);
  const right = fresh.filter((one) => (oldKeys.get(key(one)) ?? 0) === 0);
  const pairs: MovedStatement[] = [];
  const swaps = new Map<string, number>();
  for (const now of right) {
    const alike = left.filter((one) => shape(one) === shape(now));
    const [then] = alike;
    if (then === undefined || alike.length !== 1 || right.filter((one) => shape(one) === shape(now)).length !== 1)
      continue;
    const token = oneToken(then, now);
    if (token === null) continue;
    swaps.set(`${token.then}>${token.now}`, (swaps.get(`${token.then}>${token.now}`) ?? 0) + 1);
    pairs.push({
      file: now.file,
      at: placeOf(now.line, change.message),
      before: placeOf(then.line, change.message),
      ...token,
      text: now.text,
    });
  }
  // What the lines before the patch knew: a constant that comes with the patch is another name for an old one.
  const old = new Set<string>();
  for (const file of change.files)
    for (const hunk of file.hunks)
      for (const line of hunk.lines)
        if (line.kind !== 'add') for (const word of line.text.match(/\b[A-Z]\w+/g) ?? []) old.add(word);
  const general = /^(?:E[A-Z0-9]+|_*GFP_\w+)$/;
  return pairs.filter(
    ({ then, now }) =>
      // Exchanged once, and not as everywhere else; neither a longer form of the other.
      (swaps.get(`${then}>${now}`) ?? 0) === 1 &&
      (!CONSTANT.test(now) ||
        !CONSTANT.test(then) ||
        general.test(now) ||
        (old.has(now) && !now.startsWith(then) && !then.startsWith(now))),
  );
}
