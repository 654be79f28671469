/** What the comment above a function says comes back, in which unit, and who frees what. In: functions with their comments, as text. Out: hits. */
import type { SourceLine } from '../../code/types';
import { OWNER_DIFFERS } from '../catalog-contracts';
import { COMMENT_RETURN } from '../catalog-described';
import { UNIT_DIFFERS } from '../catalog-stated';
import type { Rule } from '../rule';
import { statedHit } from './stated-hit';
import {
  codeOf,
  commentText,
  parametersOf,
  type StatedFunction,
  type StatedView,
  statedFunctions,
} from './stated-text';
import type { PatchHit } from './types';

function hit(
  view: StatedView,
  one: StatedFunction,
  rule: Rule,
  at: SourceLine,
  said: string,
  message: string,
): PatchHit[] {
  const words = said.trim().split(/\s+/).slice(0, 3).join(' ');
  const line = one.comment.find((each) => each.text.includes(words)) ?? one.comment[0];
  return line === undefined
    ? []
    : statedHit(view, { rule, at, file: one.file, function: one.name, message, said: { text: said, at: line.at } });
}

interface Returned {
  readonly value: string;
  readonly line: SourceLine;
}

const returnsOf = (body: readonly SourceLine[]): Returned[] =>
  body.flatMap((line) => {
    const value = /^\s*(?:\}?\s*else\s+|if\s*\(.*\)\s*)?return\s+([^;]+);\s*$/.exec(line.text)?.[1];
    return value === undefined ? [] : [{ value: value.trim(), line }];
  });

/** The sentence that says what comes back. */
const promised = (one: StatedFunction): string | null =>
  /(?:^|[.\n]\s*|\s{2,})(@?Returns?:?\s[^\n]*(?:\n(?!\s*\n|@|[A-Z][a-z]+:)[^\n]+)*)/
    .exec(commentText(one.comment))?.[1]
    ?.replace(/\s+/g, ' ') ?? null;

/** “Returns the number of entries”, and every way gives 0 or an error. */
function noNumber(view: StatedView, one: StatedFunction): PatchHit[] {
  const said = promised(one);
  if (
    said === null ||
    !one.whole ||
    !/^@?Returns?:?\s+(?:the\s+)?(?:total\s+)?(?:number|count|amount|index|length)\b/i.test(said)
  )
    return [];
  const body = codeOf(one.body);
  const returns = returnsOf(body);
  const statements = body.filter((line) => /\breturn\b/.test(line.text)).length;
  const zero = returns.filter(({ value }) => value === '0').at(-1);
  // Zero may be the number of a way that found nothing.
  if (
    zero === undefined ||
    statements !== returns.length ||
    returns.at(-1) !== zero ||
    /\b(?:0|zero) (?:on|for|if|when)\b/i.test(said)
  )
    return [];
  if (!returns.every(({ value }) => value === '0' || /^-E[A-Z]+$/.test(value))) return [];
  return hit(
    view,
    one,
    COMMENT_RETURN,
    zero.line,
    said,
    `the comment promises a number, and ${one.name}() returns 0 or an error on every way`,
  );
}

const AS_BYTES = /<<\s*PAGE_SHIFT\b|\*\s*PAGE_SIZE\b|\bPFN_PHYS\s*\(|^PAGE_SIZE\s*\*/;
const AS_PAGES = />>\s*PAGE_SHIFT\b|\/\s*PAGE_SIZE\b|\bPFN_(?:UP|DOWN)\s*\(/;

/** “Returns the size in pages”, and what is returned is shifted to bytes; and the other way round. */
function otherUnit(view: StatedView, one: StatedFunction): PatchHit[] {
  const said = promised(one);
  if (said === null) return [];
  const pages = /\b(?:in pages|number of pages|pages? count|in units of pages)\b/i.test(said);
  const bytes = /\b(?:in bytes|number of bytes|bytes? count)\b/i.test(said);
  if (pages === bytes) return [];
  const values = returnsOf(codeOf(one.body)).filter(({ value }) => !/^(?:-E[A-Z]+|0|-1|ret|err|rc)$/.test(value));
  const wrong = pages ? AS_BYTES : AS_PAGES;
  const right = pages ? AS_PAGES : AS_BYTES;
  const [at] = values;
  if (at === undefined || !values.every(({ value }) => wrong.test(value) && !right.test(value))) return [];
  return hit(
    view,
    one,
    UNIT_DIFFERS,
    at.line,
    said,
    `the comment promises ${pages ? 'pages' : 'bytes'}, and ${one.name}() returns ${pages ? 'bytes' : 'pages'}: ${at.value}`,
  );
}

const CALLER_FREES = (name: string): RegExp =>
  new RegExp(
    `@${name}\\b[^.@]{0,80}?\\b(?:freed|released|put|owned) by (?:the|its) caller\\b|\\bcallers? (?:must |has to |have to |should |will |is to |still |keeps? and )?(?:frees?|releases?|owns?|keeps? (?:the )?ownership of|(?:is|are|remains?) responsible for (?:freeing|releasing)) (?:of )?@${name}\\b`,
    'i',
  );
const FREES = (name: string): RegExp =>
  new RegExp(
    `\\b(?:k|kv|v)?free(?:_sensitive)?\\s*\\(\\s*${name}\\s*\\)|\\b(?:__)?free_pages?\\s*\\(\\s*(?:\\([^)]*\\)\\s*)?${name}\\b|\\b\\w+_(?:free|destroy|put)\\s*\\(\\s*${name}\\s*\\)`,
  );
const FREED_HERE = (name: string): RegExp =>
  new RegExp(
    `@${name}\\b[^.@]{0,60}?\\b(?:is|are|gets|will be) (?:freed|released|consumed) (?:here|by this function|in any case|on (?:success|failure|error))\\b|\\b(?:frees|consumes|takes (?:the )?ownership of|takes over) @${name}\\b`,
    'i',
  );

/** “@buf is freed by the caller”, and the function frees it; “frees @buf”, and nothing of it is done with it. */
function otherOwner(view: StatedView, one: StatedFunction): PatchHit[] {
  const text = commentText(one.comment).replace(/\s+/g, ' ');
  const body = codeOf(one.body);
  return (parametersOf(one.headText) ?? []).flatMap(({ name, type }): PatchHit[] => {
    if (!type.includes('*')) return [];
    const caller = CALLER_FREES(name).exec(text);
    if (caller !== null) {
      const frees = body.findIndex((line) => FREES(name).test(line.text));
      const at = body[frees];
      // It may be another object by then.
      const anew = body
        .slice(0, Math.max(frees, 0))
        .some((line) => new RegExp(`(?<![>.\\w])${name}\\s*=[^=]|&${name}\\b`).test(line.text));
      return at === undefined || anew
        ? []
        : hit(
            view,
            one,
            OWNER_DIFFERS,
            at,
            caller[0],
            `the comment leaves ${name} to the caller, and ${one.name}() frees it here`,
          );
    }
    const here = FREED_HERE(name).exec(text);
    if (here === null || !one.whole || body.length === 0) return [];
    // Whoever gets it, or keeps it, may free it.
    const used = body.filter((line) => new RegExp(`\\b${name}\\b`).test(line.text));
    const handed = used.some(
      (line) =>
        new RegExp(`[(,]\\s*&?${name}\\s*[,)]|=\\s*&?${name}\\s*[;,]|&${name}->|[(,]\\s*[^;]*$`).test(line.text) &&
        !/\bif\s*\(\s*!?\w+\s*\)/.test(line.text),
    );
    const at = one.head.at(-1);
    return handed || at === undefined
      ? []
      : hit(
          view,
          one,
          OWNER_DIFFERS,
          at,
          here[0],
          `the comment says that ${one.name}() frees ${name}, and it neither frees nor hands it on`,
        );
  });
}

export const statedResults = (view: StatedView): PatchHit[] =>
  statedFunctions(view).flatMap((one) =>
    one.comment.length === 0 ? [] : [...noNumber(view, one), ...otherUnit(view, one), ...otherOwner(view, one)],
  );
