import { DEFAULT_DIFFERS } from '../catalog-stated';
import { valuesAgainst } from '../rules/stated-values';
import { spanOf } from '../spans';
import { commitSentences } from './above-cut';
import type { DescribedHit, DescribedRule } from './types';

/** What the cover letter says of sizes, addresses and defaults, against the patch of the series that writes them. */
export const coverValues: DescribedRule = ({ series, changes }) => {
  const cover = series.cover === null ? undefined : series.messages[series.cover];
  if (cover === undefined) return [];
  // What changed since an earlier version tells of numbers that are no more.
  const history = cover.lines.findIndex(
    (line, i) =>
      i >= cover.bodyLine - 1 &&
      /^\W*(?:changes?(?:log)?\b|history\b|since v\d|v\d+\b|(?:rfc )?v\d+ ?(?:->|→))/i.test(line),
  );
  const own = commitSentences(cover, null).filter(
    (sentence) => (history < 0 || sentence.at.line <= history) && !/\bPATCH\b|\bpatch \d/i.test(sentence.text),
  );
  const words = own.map((sentence) => ({
    text: sentence.text,
    at: { kind: 'message' as const, added: false, ...sentence.at },
  }));
  if (words.length === 0) return [];
  const hits = changes.flatMap((change): DescribedHit[] => {
    const message = series.messages[change.message];
    if (message === undefined) return [];
    return valuesAgainst({ change, message, after: { files: new Map() } }, words).flatMap((hit) => {
      const at = spanOf(hit.at);
      // The parameter's own description is held against it where the patch is read.
      return at === null || hit.related.every((one) => one.at.kind !== 'message' || one.at.message !== cover.index)
        ? []
        : [
            {
              rule: hit.rule,
              at,
              file: hit.file,
              function: hit.function,
              message: hit.message.replace('the message', 'the cover letter'),
              why: hit.why,
            },
          ];
    });
  });
  // “The option is off by default” of a cover letter is of one switch: with several it is not told which.
  return hits.filter(
    (hit) => hit.rule !== DEFAULT_DIFFERS || hits.filter((other) => other.rule === DEFAULT_DIFFERS).length === 1,
  );
};
