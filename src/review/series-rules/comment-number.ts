import { COMMENT_NUMBER } from '../catalog-described';
import { runsOf } from './runs';
import type { SeriesHit, SeriesRule } from './types';

const NUMBER = /(?<![\w.])(?:0x[0-9a-fA-F]+|\d+)(?![\w.])/g;

/** `A = 5,  /* 5 and more *\/` → its code and its comment; null for a line that has none behind its code. */
function parts(text: string): { readonly code: string; readonly comment: string } | null {
  const match = /^(.*\S)\s*(\/\*.*\*\/|\/\/.*)\s*$/.exec(text);
  return match === null ? null : { code: match[1] ?? '', comment: match[2] ?? '' };
}

const numbers = (text: string): string[] => text.match(NUMBER) ?? [];

/** The value of a line changes, and the comment behind it goes on telling of the old one. */
export const commentNumber: SeriesRule = (view) =>
  view.hunks.flatMap((hunk) =>
    runsOf(hunk).flatMap(({ gone, come }): SeriesHit[] =>
      come.flatMap((code): SeriesHit[] => {
        const now = parts(code.line.text);
        if (now === null) return [];
        for (const old of gone) {
          const then = parts(old.line.text);
          if (then === null || then.comment !== now.comment) continue;
          if (then.code.replace(NUMBER, '#') !== now.code.replace(NUMBER, '#')) continue;
          const [before, after] = [numbers(then.code), numbers(now.code)];
          const changed = before.findIndex((one, at) => one !== after[at]);
          const [was, is] = [before[changed], after[changed]];
          if (was === undefined || is === undefined) continue;
          const told = numbers(now.comment);
          if (!told.includes(was) || told.includes(is)) continue;
          return [
            {
              rule: COMMENT_NUMBER,
              at: { patch: hunk.patch, file: hunk.file, line: code.line.line },
              function: code.inside,
              message: `The value is ${is} now, and the comment behind it still says ${was}`,
              why: [{ text: `the patch changes ${was} to ${is} in this line`, reference: null }],
              related: [],
              fixedBy: null,
            },
          ];
        }
        return [];
      }),
    ),
  );
