import { expect, it } from 'vitest';
import { joined } from '../../../src/review/joined';
import type { Finding } from '../../../src/review/types';

const place = (line: number) => ({ message: 1, line, column: 1, endLine: line, endColumn: 9 });
const cause = (line: number) => ({ kind: 'message', added: true, ...place(line) }) as const;

function leak(line: number, what: string, change: Partial<Finding> = {}): Finding {
  return {
    id: `leak-on-exit:1:${line}`,
    rule: 'leak-on-exit',
    title: 'Leak',
    class: 'lifetime',
    severity: 'warning',
    message: `${what} is lost`,
    short: what,
    patch: 1,
    file: 'a.c',
    function: 'f',
    fileLine: line,
    at: place(line),
    related: [],
    why: [],
    state: null,
    trace: null,
    introducedBy: 1,
    fixedBy: null,
    evidence: 'full',
    ...change,
  };
}

it('tells one acquisition once, and the other exits with it', () => {
  const [one, ...more] = joined([
    { finding: leak(30, 'pdev'), cause: cause(10) },
    { finding: leak(20, 'pdev'), cause: cause(10) },
  ]);
  expect(more).toEqual([]);
  expect(one?.at.line).toBe(20);
  expect(one?.related.map((other) => [other.at.line, other.message])).toEqual([[30, 'and: pdev is lost']]);
});

it('tells one exit once, whatever is lost at it', () => {
  const all = joined([
    { finding: leak(20, 'pdev'), cause: cause(10) },
    { finding: leak(20, 'memory'), cause: cause(12) },
    { finding: leak(30, 'memory'), cause: cause(12) },
  ]);
  expect(all).toHaveLength(1);
  expect(all[0]?.related).toHaveLength(2);
});

it('keeps apart what has no cause, other acquisitions at other exits, other functions, and what a later patch repairs', () => {
  const all = [
    { finding: leak(20, 'pdev'), cause: cause(10) },
    { finding: leak(30, 'memory'), cause: cause(12) },
    { finding: leak(31, 'pdev', { function: 'g' }), cause: cause(10) },
    { finding: leak(32, 'pdev', { fixedBy: 3 }), cause: cause(10) },
    { finding: leak(33, 'pdev'), cause: null },
    { finding: leak(33, 'pdev'), cause: null },
  ];
  expect(joined(all)).toEqual(all.map((one) => one.finding));
});
