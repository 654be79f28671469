import type { PatchTag } from './types';

export interface Subject {
  /** True when the subject opens with `Re:` or one of its kin. */
  readonly reply: boolean;
  readonly tag: PatchTag | null;
  /** What is left without answer marks and tag, blanks folded. */
  readonly title: string;
}

const ANSWER = /^(?:re|aw|antw|sv|vs|res|fwd?|wg|rv|tr|回复|答复|转发)(?:\[\d+\])?\s*[:：]\s*/i;
/** Characters of a subject that are looked at. */
const MAX_SUBJECT = 2000;
const BRACKET = /^\[([^[\]]*)\]\s*/;

/**
 * Takes a decoded subject apart: `Re: [PATCH RFC v3 02/10] vfio: …`. A tag is a run of square brackets of which one holds
 * a word starting with `PATCH`, or `k/n`. Names of lists (`[iommu]`) beside a tag are kept among its words. A subject without a tag
 * keeps its brackets in the title.
 */
export function parseSubject(subject: string): Subject {
  const folded = subject.slice(0, MAX_SUBJECT).replace(/\s+/g, ' ').trim();
  let rest = folded;
  let reply = false;
  let beforeBrackets = folded;
  const words: string[] = [];
  for (;;) {
    const answer = ANSWER.exec(rest);
    if (answer) {
      reply = true;
      rest = rest.slice(answer[0].length);
      if (words.length === 0) beforeBrackets = rest;
      continue;
    }
    const bracket = BRACKET.exec(rest);
    if (!bracket) break;
    const inside = bracket[1] ?? '';
    // Brackets after a tag that are part of the title (`[PATCH 1/2] [media] …`) end it.
    if (isTag(words) && !isTag(splitWords(inside)) && !/^v\d+$/i.test(inside.trim())) break;
    words.push(...splitWords(inside));
    rest = rest.slice(bracket[0].length);
  }
  if (!isTag(words)) return { reply, tag: null, title: beforeBrackets };
  return { reply, tag: readTag(words), title: rest };
}

const COUNT = /^#?(\d{1,4})\/(\d{1,4})$/;
const VERSION = /^-?(?:patch|rfc)?[-_]?v(?:er(?:sion)?)?\.?(\d{1,3})(?:\.\d+)?$/i;

function splitWords(inside: string): string[] {
  return inside
    .replace(/(\d)\s*\/\s*(\d)/g, '$1/$2')
    .replace(/(\d)\s+of\s+(\d)/gi, '$1/$2')
    .split(/[\s,]+/)
    .flatMap((word) => {
      // `PATCHv2`, `PATCH3/8`, `v2-1/3`
      const glued = /^(patch|rfc|v\d+)-?(\d{1,4}\/\d{1,4})$/i.exec(word);
      return glued ? [glued[1] ?? '', glued[2] ?? ''] : [word];
    })
    .filter((word) => word !== '');
}

function isTag(words: readonly string[]): boolean {
  return words.some((word) => /^patch/i.test(word) || COUNT.test(word));
}

function readTag(words: readonly string[]): PatchTag {
  let version = 1;
  let index = 1;
  let total = 1;
  const kept: string[] = [];
  for (const word of words) {
    const count = COUNT.exec(word);
    const marked = VERSION.exec(word);
    if (count && Number(count[2]) > 0) {
      index = Number(count[1]);
      total = Number(count[2]);
    } else if (marked) {
      version = Number(marked[1]);
      if (/^-?(patch|rfc)/i.test(word)) kept.push(/^-?rfc/i.test(word) ? 'RFC' : 'PATCH');
    } else if (!count) kept.push(word);
  }
  return { words: kept, version: Math.max(version, 1), index, total };
}
