import { UNBALANCED } from '../catalog';
import type { CodeLine } from './code-lines';
import { oddText } from './odd-text';
import type { SeriesHit, SeriesRule } from './types';

/**
 * An added statement that ends while a bracket is open, or closes one that none opened: it cannot compile. Only statements whose
 * lines are all in sight and that no preprocessor line cuts.
 */
export const unbalanced: SeriesRule = (view) => {
  const hits: SeriesHit[] = [];
  for (const { patch, file, now } of view.hunks) {
    let depth = 0;
    let lines: CodeLine[] = [];
    /** False until a statement's end was seen: what stands above the hunk may have opened brackets. */
    let sure = false;
    for (const code of now.lines) {
      if (code.directive) {
        sure = false;
        depth = 0;
        lines = [];
        continue;
      }
      if (code.bare.trim() === '') continue;
      lines.push(code);
      let ended = false;
      let wrong: string | null = null;
      for (const unit of code.bare) {
        if (unit === '(') depth++;
        else if (unit === ')') {
          depth--;
          if (depth < 0 && sure) wrong = 'closes a bracket that it did not open';
        } else if (unit === ';') {
          if (depth > 0 && sure && !/\bfor\w*\s*\(|\{/.test(text(lines))) wrong = 'ends while a bracket is open';
          ended = depth <= 0 || wrong !== null;
        } else if (unit === '{' || unit === '}') ended = depth <= 0;
        else if (unit !== ' ' && unit !== '\t') ended = false;
      }
      if (wrong !== null && lines.every((one) => one.line.kind === 'add') && !oddText(lines))
        hits.push({
          rule: UNBALANCED,
          at: { patch, file, line: code.line.line },
          function: code.inside,
          message: `This statement ${wrong}: the file does not compile`,
          why: [],
          related: [],
          fixedBy: null,
        });
      if (ended || wrong !== null) {
        depth = 0;
        lines = [];
        sure = true;
      }
    }
  }
  return hits;
};

function text(lines: readonly CodeLine[]): string {
  return lines.map((one) => one.bare).join(' ');
}
