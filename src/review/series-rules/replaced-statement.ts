import { indentOf } from '../../code/edges';
import { UNBALANCED } from '../catalog';
import type { CodeLine } from './code-lines';
import { oddText } from './odd-text';
import { type Run, runsOf } from './runs';
import type { SeriesHit, SeriesRule } from './types';

const text = (lines: readonly CodeLine[]): string => lines.map((one) => one.bare).join('\n');

const open = (code: string): number => code.split('(').length - code.split(')').length;

const CONTROL = /^(?:if|for|while|switch|do|else|return|sizeof|case|default)\b|for_each|^(?:list|hlist)_for/;
/** What can only stand where a statement begins. */
const BEGINS = /^\s*(?:return\b|goto\b|break\s*;|continue\s*;|if\s*\(|\}|[a-z_]\w*(?:(?:->|\.)\w+)*\s*[-+|&]?=[^=])/;

/** What the lines put in lack although the lines they stand for had it; null when nothing is wrong. */
function lacking({ gone, come, next }: Run): string | null {
  const before = text(gone).trimEnd();
  const after = text(come).trimEnd();
  if (!before.endsWith(';') || open(before) !== 0) return null;
  if (after.endsWith(';') && open(after) > 0 && !/\bfor\w*\s*\(/.test(after)) return 'ends while a bracket is open';
  const rest = after.slice(Math.max(after.lastIndexOf(';'), after.lastIndexOf('{'), after.lastIndexOf('}')) + 1);
  const call = /^\s*([a-z_]\w*)\s*\([\s\S]*\)$/.exec(rest);
  if (call === null || CONTROL.test(call[1] ?? '') || open(rest) !== 0 || next === null) return null;
  const own = rest.split('\n').find((line) => line.trim() !== '') ?? '';
  if (indentOf(own) === 0 || indentOf(next.bare) > indentOf(own) || !BEGINS.test(next.bare)) return null;
  return 'has no semicolon at its end';
}

/** A statement put in the place of a whole one that is none: a bracket or the semicolon is missing. */
export const replacedStatement: SeriesRule = (view) =>
  view.hunks.flatMap((hunk) =>
    runsOf(hunk).flatMap((run): SeriesHit[] => {
      const at = run.come.at(-1);
      if (at === undefined || [...run.gone, ...run.come].some((code) => code.directive || code.head)) return [];
      if (at.inside === null || oddText(run.come)) return [];
      const wrong = lacking(run);
      if (wrong === null) return [];
      return [
        {
          rule: UNBALANCED,
          at: { patch: hunk.patch, file: hunk.file, line: at.line.line },
          function: at.inside,
          message: `This statement ${wrong}: the file does not compile`,
          why: [{ text: 'the lines it replaces were whole', reference: null }],
          related: [],
          fixedBy: null,
        },
      ];
    }),
  );
