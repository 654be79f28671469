import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Layout, layoutAfter, layoutOfWhole } from '../../../src/code/layout';
import { linesOf } from './reading';

const piece = fc.constantFrom(
  'int f(int a)\n{\n\tg(a);\n\tif (a)\n\t\th();\n}',
  'static void s(struct x *x,\n\t\tint b)\n{\n}',
  'struct s {\n\tint a;\n};',
  'static const struct ops o = {\n\t.a = f,\n};',
  '#define A 1',
  '#define B(x) \\\n\t(x)',
  '/* a remark\n * of two lines */',
  'EXPORT_SYMBOL(f);',
  'int v;',
  '',
);
const lineOf = fc.constantFrom('\tg(1);', 'int w;', '}', '{', '', 'int k(void)', '/* x */', '#endif', '\treturn 0;');

const told = (layout: Layout): string[] =>
  layout.items.map(
    (one) => `${one.kind} ${one.name} ${one.from}-${one.to} ${one.first}-${one.last} ${one.open} ${one.ended}`,
  );

describe('items after a change', () => {
  it('are those that a reading of all lines finds, where they can be told from the items before', () => {
    let reused = 0;
    fc.assert(
      fc.property(
        fc.array(piece, { minLength: 6, maxLength: 14 }),
        fc.nat(60),
        fc.nat(3),
        fc.array(lineOf, { maxLength: 4 }),
        (pieces, where, gone, added) => {
          const old = pieces.join('\n\n').split('\n');
          const at = Math.min(where, old.length);
          const removed = old.slice(at, at + gone);
          // What reaches beyond its lines is not asked for.
          fc.pre(!removed.some((line) => /\/\*|\*\/|\\$/.test(line)) && !/\\$/.test(old[at - 1] ?? ''));
          const text = [...old.slice(0, at), ...added, ...old.slice(at + gone)];
          const lines = linesOf(text.join('\n'));
          const before = layoutOfWhole(linesOf(old.join('\n')));
          const now = layoutAfter(before, lines, {
            first: at,
            last: at + removed.length + 1,
            grown: text.length - old.length,
          });
          if (now === null) return;
          reused++;
          expect(told(now)).toEqual(told(layoutOfWhole(lines)));
        },
      ),
      { numRuns: 800 },
    );
    expect(reused).toBeGreaterThan(100);
  });
});
