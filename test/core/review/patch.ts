import { amend, begin } from '../../../src/code/bodies';
import type { FrontEnd } from '../../../src/code/front-end';
import { patchHits } from '../../../src/review/rules';
import type { PatchHit } from '../../../src/review/rules/types';
import type { Message } from '../../../src/series/types';
import { mail } from '../code/series';

/**
 * What the rules on whole patches say of a mail whose lines are a diff (see `mail`), after other such mails.
 */
export function hitsOfPatch(
  front: FrontEnd,
  texts: readonly string[],
  date = Date.UTC(2024, 0, 1),
  subject = '',
): PatchHit[] {
  const set = { name: 'none', programs: new Map(), tables: new Map(), structures: new Map(), constants: new Map() };
  let before = begin({ set, texts: new Map() });
  let hits: PatchHit[] = [];
  texts.forEach((text, index) => {
    const { change, lines } = mail(index, text);
    const message: Message = {
      index,
      id: `${index}@example.org`,
      subject,
      tag: null,
      from: { name: '', address: '' },
      to: [],
      cc: [],
      date,
      inReplyTo: null,
      references: [],
      lines,
      bodyLine: 1,
      decoded: false,
      rawLines: null,
      source: 0,
      sourceLine: 0,
    };
    const after = amend(before, change, message, front, `after ${index}`);
    hits = patchHits({ change, message, before, after });
    before = after;
  });
  return hits;
}

/** `rule@line`. */
export function named(hits: readonly PatchHit[]): string[] {
  return hits.map((hit) => `${hit.rule.id}@${hit.at.line}`);
}
