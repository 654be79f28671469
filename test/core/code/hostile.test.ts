import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mendEdges } from '../../../src/code/edges';
import { enumeratePaths } from '../../../src/code/paths';
import { repair } from '../../../src/code/repair';
import { topLevel } from '../../../src/code/top-level';
import type { SourceLine } from '../../../src/code/types';
import { callsOf } from '../../../src/code/walk';
import type { Place } from '../../../src/place';
import { frontEnd, linesOf } from './reading';
import { after, baseOf } from './series';

const word = fc.constantFrom(
  'int',
  'static',
  'struct',
  'foo',
  'bar',
  'if',
  'else',
  'for',
  'while',
  'do',
  'switch',
  'case',
  'default',
  'return',
  'goto',
  'break',
  'out',
  'list_for_each_entry',
  '(',
  ')',
  '{',
  '}',
  '[',
  ']',
  ';',
  ',',
  ':',
  '?',
  '=',
  '==',
  '->',
  '.',
  '*',
  '&',
  '&&',
  '||',
  '!',
  '+',
  '0x10',
  '7',
  '"s"',
  '"',
  "'",
  '/*',
  '*/',
  '//',
  '#ifdef A',
  '#else',
  '#endif',
  '#define X',
  '\\',
  'container_of',
  'sizeof',
  '__iomem',
  '...',
  'ä€',
  '𝕏',
);
const line = fc.array(word, { maxLength: 9 }).map((words) => words.join(' '));
const indented = fc.tuple(fc.constantFrom('', '\t', '\t\t'), line).map(([tabs, text]) => tabs + text);
const cLike = fc.array(indented, { maxLength: 25 }).map((lines) => lines.join('\n'));
const text = fc.oneof(
  cLike,
  fc.string({ maxLength: 300 }),
  cLike.map((inner) => `int f(int a)\n{\n${inner}\n}`),
);

function inside(place: Place, lines: readonly SourceLine[]): void {
  if (place.kind !== 'message') throw new Error('a place out of the text');
  expect(place.line).toBeGreaterThanOrEqual(1);
  expect(place.endLine).toBeLessThanOrEqual(lines.length);
  expect(place.endLine).toBeGreaterThanOrEqual(place.line);
  expect(place.column).toBeGreaterThanOrEqual(1);
  expect(place.column).toBeLessThanOrEqual(1 + lines[place.line - 1]!.text.length);
  expect(place.endColumn).toBeLessThanOrEqual(1 + lines[place.endLine - 1]!.text.length);
  if (place.line === place.endLine) expect(place.endColumn).toBeGreaterThanOrEqual(place.column);
}

describe('any text', () => {
  it('is read without an exception, every place inside it', async () => {
    const reader = await frontEnd();
    fc.assert(
      fc.property(text, (source) => {
        const lines = linesOf(source);
        const unit = reader.parse('a.c', lines, { evidence: 'full', source: 'patch' });
        for (const program of unit.programs) {
          inside(program.at, lines);
          inside(program.end, lines);
          for (const node of program.nodes) {
            inside(node.at, lines);
            for (const call of callsOf(node)) inside(call.at, lines);
          }
          enumeratePaths(program, { paths: 50, steps: 2000 });
        }
        for (const one of [...unit.tables, ...unit.structures, ...unit.constants]) inside(one.at, lines);
      }),
      { numRuns: 300 },
    );
  });

  it('keeps its length through every repair', () => {
    fc.assert(
      fc.property(text, (source) => {
        const repaired = repair(source).text;
        expect(repaired.length).toBe(source.length);
        const lines = source.split('\n');
        const mended = mendEdges(lines).lines;
        expect(mended.map((one) => one.length)).toEqual(lines.map((one) => one.length));
      }),
      { numRuns: 500 },
    );
  });

  it('is cut into items that do not overlap', () => {
    fc.assert(
      fc.property(text, fc.boolean(), (source, opened) => {
        const lines = source.split('\n');
        let at = 0;
        for (const item of topLevel(lines, opened)) {
          expect(item.first).toBeGreaterThanOrEqual(at);
          expect(item.last).toBeGreaterThanOrEqual(item.first);
          expect(item.last).toBeLessThan(lines.length);
          at = item.last + 1;
        }
      }),
      { numRuns: 500 },
    );
  });

  it('may stand in a hunk, over a design', async () => {
    const base = await baseOf({ 'a.c': 'int f(int a)\n{\n\tfoo(a);\n\tbar(a);\n\treturn 0;\n}' });
    const hunk = fc.array(
      fc.tuple(
        fc.constantFrom(' ', '+', '-'),
        fc.oneof(indented, fc.constantFrom('\tfoo(a);', '\tbar(a);', '\treturn 0;', '}')),
      ),
      { minLength: 1, maxLength: 15 },
    );
    await fc.assert(
      fc.asyncProperty(
        hunk,
        fc.constantFrom('int f(int a)', 'static int g(struct x *y,', 'struct s {', ''),
        async (lines, section) => {
          const old = lines.filter(([sign]) => sign !== '+').length;
          const now = lines.filter(([sign]) => sign !== '-').length;
          const states = await after(
            base,
            `diff a.c\n@@ -10,${old} +10,${now} @@ ${section}\n${lines.map(([sign, one]) => sign + one).join('\n')}`,
          );
          for (const touched of states[1]!.touched) touched.before();
        },
      ),
      { numRuns: 200 },
    );
  });

  it('is given up in time when it is deep or long', async () => {
    const reader = await frontEnd();
    for (const source of [
      `int f(void)\n{\n\treturn ${'('.repeat(20_000)};\n}`,
      `int f(void)\n{\n\treturn ${'a + '.repeat(20_000)}a;\n}`,
      `int f(void)\n{\n${'\tif (a) {\n'.repeat(3000)}}`,
      `int f(void)\n{\n${'\tif (a)\n\t\tg();\n\telse '.repeat(2000)}\n\t\th();\n}`,
      `int f(void)\n{\n${'\tg(a, b);\n'.repeat(20_000)}}`,
    ]) {
      const unit = reader.parse('a.c', linesOf(source), { evidence: 'full', source: 'patch' });
      expect(unit.programs.length).toBeLessThanOrEqual(1);
      for (const program of unit.programs) expect(enumeratePaths(program).paths.length).toBeLessThanOrEqual(512);
    }
  });
});

describe('an added line that is no C', () => {
  it('is said, with its place', async () => {
    const unit = (await frontEnd()).parse('a.c', linesOf('int f(void)\n{\n\tg(;\n\treturn 0;\n}'), {
      evidence: 'full',
      source: 'patch',
    });
    expect(unit.clean).toBe(false);
    expect(unit.damage).toMatchObject([{ code: 'code-not-read', at: { message: 0, line: 3 } }]);
    const context = (await frontEnd()).parse('a.c', linesOf('int f(void)\n{\n\tg(;\n\treturn 0;\n}', 0, false), {
      evidence: 'full',
      source: 'patch',
    });
    expect(context.damage).toEqual([]);
  });
});
