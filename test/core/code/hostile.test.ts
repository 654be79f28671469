import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mendEdges } from '../../../src/code/edges';
import { enumeratePaths } from '../../../src/code/paths';
import { successors } from '../../../src/code/program-builder';
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

/** Well-formed statements, nested at will: what every construct of the lowering can stand in. */
const { statement: nestedC } = fc.letrec<{ statement: string; block: string; test: string; value: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, depthIdentifier: 'value' },
    fc.constantFrom('a', 'ret', 'p->x', 'f(a)', '-EINVAL', 'no_free_ptr(p)', 'ERR_PTR(ret)'),
    fc.tuple(tie('test'), tie('value'), tie('value')).map(([test, one, two]) => `(${test} ? ${one} : ${two})`),
  ),
  test: fc.oneof(
    { maxDepth: 4, depthIdentifier: 'test' },
    fc.constantFrom('a', '!p', 'take(p)', 'IS_ERR(p)', '(ret = g(a)) < 0', 'WARN_ON(!a)', 'unlikely(ret)', 'a++ < 3'),
    fc.tuple(tie('test'), fc.constantFrom('&&', '||', '=='), tie('test')).map(([a, op, b]) => `(${a} ${op} ${b})`),
    tie('test').map((one) => `!(${one})`),
  ),
  block: fc.array(tie('statement'), { maxLength: 4, depthIdentifier: 'block' }).map((all) => `{ ${all.join(' ')} }`),
  statement: fc.oneof(
    { maxDepth: 6, depthIdentifier: 'block' },
    fc.constantFrom(
      'g();',
      'ret = f(a);',
      'break;',
      'continue;',
      'goto out;',
      'goto again;',
      ';',
      'BUG();',
      'BUG_ON(a);',
    ),
    fc.constantFrom(
      'guard(mutex)(&l);',
      'T *q __free(kfree) = f();',
      'CLASS(fd, c)(a);',
      'return_ptr(p);',
      'x ? g() : h();',
    ),
    tie('value').map((one) => `return ${one};`),
    tie('value').map((one) => `p = ${one};`),
    fc.tuple(tie('test'), tie('block'), tie('block')).map(([test, one, two]) => `if (${test}) ${one} else ${two}`),
    fc.tuple(tie('test'), tie('statement')).map(([test, one]) => `if (${test}) ${one}`),
    fc.tuple(tie('test'), tie('block')).map(([test, one]) => `while (${test}) ${one}`),
    fc.tuple(tie('block'), tie('test')).map(([one, test]) => `do ${one} while (${test});`),
    fc.tuple(tie('test'), tie('block')).map(([test, one]) => `for (int i = 0; ${test}; i++) ${one}`),
    tie('block').map((one) => `list_for_each_entry(p, &l, n) ${one}`),
    tie('block').map((one) => `scoped_guard(spinlock_irqsave, &l) ${one}`),
    fc
      .tuple(tie('block'), tie('block'))
      .map(([one, two]) => `switch (a) { case 1: ${one} case 2 ... 4: break; default: ${two} }`),
    fc.tuple(tie('block'), tie('block')).map(([one, two]) => `\n#ifdef CONFIG_A\n${one}\n#else\n${two}\n#endif\n`),
  ),
}));

describe('any nesting of statements', () => {
  it('is lowered to nodes that lead somewhere, and walked within its budget', async () => {
    const reader = await frontEnd();
    fc.assert(
      fc.property(fc.array(nestedC, { maxLength: 12 }), (statements) => {
        const source = `int f(int a)\n{\n\tint ret;\nagain:\n${statements.map((one) => `\t${one}`).join('\n')}\nout:\n\treturn ret;\n}`;
        const lines = linesOf(source);
        const { programs } = reader.parse('a.c', lines, { evidence: 'full', source: 'patch' });
        expect(programs).toHaveLength(1);
        for (const program of programs) {
          for (const node of program.nodes) {
            inside(node.at, lines);
            for (const next of successors(node)) expect(next).toBeLessThan(program.nodes.length);
          }
          const budget = { paths: 60, steps: 3000 };
          const outcome = enumeratePaths(program, budget);
          expect(outcome.paths.length).toBeLessThanOrEqual(budget.paths);
          for (const path of outcome.paths) {
            const last = path.steps.at(-1);
            if (path.exit === 'return' && last !== undefined) expect(program.nodes[last.node]?.kind).toBe('return');
          }
        }
      }),
      { numRuns: 250 },
    );
  });

  it('says so when the budget of paths or steps was not enough', async () => {
    const many = `int f(int a)\n{\n${Array.from({ length: 14 }, (_, i) => `\tif (g(${i}))\n\t\th(${i});`).join('\n')}\n\treturn 0;\n}`;
    const { programs } = (await frontEnd()).parse('a.c', linesOf(many), { evidence: 'full', source: 'patch' });
    expect(enumeratePaths(programs[0]!, { paths: 100, steps: 100_000 })).toMatchObject({
      incomplete: 'more than 100 paths',
    });
    expect(enumeratePaths(programs[0]!, { paths: 100_000, steps: 500 })).toMatchObject({
      incomplete: 'more than 500 steps',
    });
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
