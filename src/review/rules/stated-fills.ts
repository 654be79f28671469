import type { SourceLine } from '../../code/types';
import { DEED_MISSING } from '../catalog-stated';
import { statedHit } from './stated-hit';
import {
  codeOf,
  commentText,
  joined,
  parametersOf,
  type StatedFunction,
  type StatedView,
  statedFunctions,
} from './stated-text';
import type { PatchHit } from './types';

/** Values that a parameter is said to be filled with, and what lines that do so hold. */
const VALUES: readonly { readonly said: RegExp; readonly done: RegExp; readonly name: string }[] = [
  {
    said: /^(?:all )?ones$|^all bits set$|^~0|^0xff/i,
    done: /~\s*0|0x[fF]{2,}|[=(,]\s*-\s*1\b|_MAX\b|GENMASK|memset/,
    name: 'ones',
  },
  {
    said: /^(?:all )?zero(?:e?s)?$|^0$|^NULL$/i,
    done: /=\s*0\b|NULL|memset|zero|clear|=\s*\{|init/i,
    name: 'zeroes',
  },
];

const FILLS =
  /@(\w+)\s+(?:is|are|will be|gets)\s+(?:then\s+)?(?:filled|set|overwritten|initiali[sz]ed|replaced)\s+(?:with|to|by)\s+((?:all )?(?:ones|zero(?:e?s)?|bits set)|0|NULL|~0\w*|0xff\w*)\b/i;

/** The comment of a function says with what an argument is filled, and no line of the function brings such a value. */
export function statedFills(view: StatedView): PatchHit[] {
  return statedFunctions(view).flatMap((one) => ofFunction(view, one));
}

function ofFunction(view: StatedView, one: StatedFunction): PatchHit[] {
  if (!one.whole || one.comment.length === 0) return [];
  const said = FILLS.exec(commentText(one.comment).replace(/\s+/g, ' '));
  const parameter = said?.[1] ?? '';
  const value = VALUES.find((each) => each.said.test(said?.[2] ?? ''));
  if (said === null || value === undefined) return [];
  if (!parametersOf(one.headText)?.some(({ name, type }) => name === parameter && type.includes('*'))) return [];
  const code = joined(codeOf(one.body));
  // Somebody who is given all of it may fill it.
  const given = new RegExp(`\\w+\\s*\\([^;]*(?<![\\w>.])${parameter}\\s*[,)]`).test(code);
  if (value.done.test(code) || given) return [];
  const at: SourceLine | undefined = one.body.find((line) => /\breturn\b/.test(line.text)) ?? one.body[0];
  const words =
    one.comment.find((line) => line.text.includes(`@${parameter}`) && FILLS_WORD.test(line.text)) ?? one.comment[0];
  if (at === undefined || words === undefined) return [];
  return statedHit(view, {
    rule: DEED_MISSING,
    at,
    file: one.file,
    function: one.name,
    message: `@${parameter} is said to be filled with ${value.name}, and no line of ${one.name}() does that`,
    said: { text: said[0], at: words.at },
  });
}

const FILLS_WORD = /filled|set|overwritten|initiali[sz]ed|replaced/;
