import { amend, begin } from '../../../src/code/bodies';
import type { FrontEnd } from '../../../src/code/front-end';
import { isOwn } from '../../../src/review/patch-findings';
import { patchHits, pathHits } from '../../../src/review/rules';
import type { Message } from '../../../src/series/types';
import { mail } from '../code/series';

/**
 * One text, two patches. The first character of each line says where it stands: blank in all, `-` before the patch, `+` after it,
 * `!` after the defective one, `=` after the corrected one. A line `@@`, with a function’s head behind it, begins another hunk four lines further down.
 */
export interface Pair {
  readonly path: string;
  readonly text: string;
  /** The hunk stands within this function, whose head is out of sight. */
  readonly section?: string;
}

/** A pair that one rule is to speak of, and a name for the test. */
export interface RulePair extends Pair {
  readonly rule: string;
  readonly says: string;
}

function patchOf({ path, text, section }: Pair, twin: boolean): string {
  const lines = text
    .split('\n')
    .filter((line) => line !== '')
    .flatMap((line) => {
      const [mark, rest] = [line[0], line.slice(1)];
      if (mark === ' ' || mark === '-' || mark === '+' || mark === '@') return [line];
      return (mark === '=') === twin ? [`+${rest}`] : [];
    });
  const hunks: string[][] = [[]];
  const sections = [section === undefined ? '' : ` ${section}`];
  for (const line of lines)
    if (line.startsWith('@@')) {
      hunks.push([]);
      sections.push(line.slice(2));
    } else hunks.at(-1)?.push(line);
  let [old, now] = section === undefined ? [1, 1] : [101, 101];
  const shown = hunks.flatMap((hunk, index) => {
    const before = hunk.filter((line) => !line.startsWith('+')).length;
    const after = hunk.filter((line) => !line.startsWith('-')).length;
    const head = `@@ -${old},${before} +${now},${after} @@${sections[index] ?? ''}`;
    old += before + 4;
    now += after + 4;
    return [head, ...hunk];
  });
  return [`diff ${path}`, ...shown].join('\n');
}

/** Ids of all rules on paths and patches that speak, in order, each once. */
export function rulesOn(front: FrontEnd, pair: Pair, twin: boolean, subject = ''): string[] {
  const set = { name: 'none', programs: new Map(), tables: new Map(), structures: new Map(), constants: new Map() };
  const before = begin({ set, texts: new Map() });
  const { change, lines } = mail(0, patchOf(pair, twin));
  const message: Message = {
    index: 0,
    id: '0@example.org',
    subject,
    tag: null,
    from: { name: '', address: '' },
    to: [],
    cc: [],
    date: Date.UTC(2024, 0, 1),
    inReplyTo: null,
    references: [],
    lines,
    bodyLine: 1,
    decoded: false,
    rawLines: null,
    source: 0,
    sourceLine: 0,
  };
  const after = amend(before, change, message, front, 'after');
  const hits = [
    ...after.touched.flatMap((one) =>
      one.program === null || one.removed ? [] : pathHits(one.program, one.before, after.set),
    ),
    ...patchHits({ change, message, before, after }),
  ];
  return [...new Set(hits.filter((hit) => isOwn(hit, change)).map((hit) => hit.rule.id))];
}
