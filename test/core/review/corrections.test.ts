import { beforeAll, describe, expect, it } from 'vitest';
import { reviewJson } from '../../../src/report/json';
import { reviewText } from '../../../src/report/text';
import { dismissalOf, parseCorrections } from '../../../src/review/corrections';
import { addDismissal, removeDismissal } from '../../../src/review/corrections-file';
import { createReviewer, type Reviewer, type ReviewOptions } from '../../../src/review/review';
import type { Review } from '../../../src/review/types';
import { frontEnd } from './c';
import { type MailPart, seriesOf } from './series-mails';

let reviewer: Reviewer;
beforeAll(async () => {
  reviewer = createReviewer(await frontEnd());
});

const FILE = 'x.mbox.doorbell.json';

async function review(parts: readonly MailPart[], corrections: unknown = null, alone = true): Promise<Review> {
  const text = typeof corrections === 'string' ? corrections : JSON.stringify(corrections);
  const options: ReviewOptions = corrections === null ? {} : { corrections: [{ name: FILE, text, alone }] };
  return reviewer.review(await seriesOf(parts), options);
}

const part = (lines: string, subject = 'win: Clear it'): MailPart => ({
  subject,
  files: [
    {
      path: 'drivers/iommu/win.c',
      text: `@@ static int win_open(struct win *w)\n \tint ret;\n \n${lines} \treturn ret;\n`,
    },
  ],
});
const BROKEN = '+\tmemset(w, 0, sizeof(*w);\n';
const DISMISSAL = {
  rule: 'unbalanced-statement',
  patch: 'win: Clear it',
  function: 'win_open',
  line: 'memset(w, 0, sizeof(*w);',
  reason: 'a macro closes it',
};
const rules = (one: Review) => one.findings.map((finding) => finding.rule);
const codes = (one: Review) => one.damage.map((damage) => `${damage.code} ${damage.message}`);

describe('dismissed findings', () => {
  it('are taken out with their reason, in the review, the text and the JSON', async () => {
    const one = await review([part(BROKEN)], { dismissed: [DISMISSAL] });
    expect(rules(await review([part(BROKEN)]))).toEqual(['unbalanced-statement']);
    expect(rules(one)).toEqual([]);
    expect(one.corrections?.dismissed.map(({ finding, reason }) => [finding.rule, reason])).toEqual([
      ['unbalanced-statement', 'a macro closes it'],
    ]);
    expect(reviewText(one, { colours: false })).toMatch(
      /dismissed unbalanced-statement {2}patch 1 .*: a macro closes it/,
    );
    expect(reviewJson(one).dismissed?.map(({ rule, reason }) => [rule, reason])).toEqual([
      ['unbalanced-statement', 'a macro closes it'],
    ]);
    expect(codes(one)).toEqual([]);
  });
  it('are found again when lines move, patches are reordered, and the patch has another title', async () => {
    const moved = await review(
      [part('+\tfirst();\n', 'win: First'), part(`+\tw->a = 1;\n+\tw->b = 2;\n${BROKEN.replace('\t', '\t\t')}`)],
      {
        dismissed: [DISMISSAL],
      },
    );
    expect(rules(moved)).toEqual([]);
    expect(rules(await review([part(BROKEN, 'win: Clear the window')], { dismissed: [DISMISSAL] }))).toEqual([]);
  });
  it('stay when rule, function or line is another', async () => {
    for (const other of [{ rule: 'leak-on-exit' }, { function: 'win_close' }, { line: 'memset(w, 1, sizeof(*w);' }])
      expect(rules(await review([part(BROKEN)], { dismissed: [{ ...DISMISSAL, ...other }] }))).toEqual([
        'unbalanced-statement',
      ]);
  });
  it('tell two of the same text apart by their occurrence', async () => {
    const twice = part(`${BROKEN}+\tmiddle();\n${BROKEN}`);
    const both = await review([twice]);
    const [, second] = both.findings;
    if (second === undefined) throw new Error('one finding only');
    const written = dismissalOf(both.series, both.findings, second, 'the second only');
    expect(written?.occurrence).toBe(2);
    const one = await review([twice], { dismissed: [written] });
    expect(one.findings.map((finding) => finding.at.line)).toEqual([both.findings[0]?.at.line]);
    expect(rules(await review([twice], { dismissed: [DISMISSAL] }))).toEqual([]);
  });
  it('are said when they meet nothing any more, and only where they are meant', async () => {
    const mended = [part('+\tmemset(w, 0, sizeof(*w));\n')];
    const stale = await review(mended, `{\n  // kept\n  "dismissed": [\n    ${JSON.stringify(DISMISSAL)}\n  ]\n}`);
    expect(codes(stale)).toEqual([
      `correction-unused ${FILE}:4:5: no finding unbalanced-statement is left at “memset(w, 0, sizeof(*w);” in win_open(): it was repaired, or its line was rewritten.`,
    ]);
    const another = { ...DISMISSAL, patch: 'of another series' };
    expect(codes(await review(mended, { dismissed: [another] }, false))).toEqual([]);
    expect(codes(await review(mended, { dismissed: [another] }, true)).length).toBe(1);
  });
});

describe('facts and choices', () => {
  const leaking: MailPart = {
    files: [
      {
        path: 'drivers/iommu/win.c',
        text: `@@ struct a\n };\n \n+int win_add(struct list *l)\n+{\n+\tstruct item *it;\n+\tint ret;\n+\n+\tit = kzalloc(sizeof(*it), GFP_KERNEL);\n+\tif (!it)\n+\t\treturn -ENOMEM;\n+\tret = setup(it, l);\n+\tif (ret)\n+\t\treturn ret;\n+\tgive_away(l, it);\n+\treturn 0;\n+}\n+int win_find(struct list *l)\n+{\n+\tstruct item *it;\n+\n+\tit = find_item(l);\n+\tif (!it)\n+\t\treturn -ENOENT;\n+\treturn 0;\n+}\n \n`,
      },
    ],
  };
  it('change what a function is known to do, for this review only', async () => {
    const leaks = async (facts: readonly unknown[]) =>
      (await review([leaking], { facts })).findings.filter((finding) => finding.rule === 'leak-on-exit').length;
    expect(await leaks([])).toBe(1);
    expect(await leaks([{ function: 'setup', releases: 1 }])).toBe(0);
    expect(await leaks([{ function: 'setup', releases: 2 }])).toBe(1);
    expect(await leaks([])).toBe(1);
  });
  it('say a fact about a function that no mail names', async () => {
    expect(codes(await review([part(BROKEN)], { facts: [{ function: 'never_called', sleeps: true }] }))).toEqual([
      `correction-unused ${FILE}:1:11: no mail of the series names never_called().`,
    ]);
  });
  it('choose design and machines', async () => {
    const one = await review([part(BROKEN)], { design: 'cookie', machines: ['arm64-smmuv3-its'] });
    expect(one.choices.find((choice) => choice.what === 'design')?.value).toBe('cookie');
  });
});

describe('a file with mistakes', () => {
  const problems = (text: string) =>
    parseCorrections({ name: FILE, text }).problems.map(({ at, message }) => `${at.line}:${at.column + 1} ${message}`);
  it('names line and column, and what can be read of it holds', async () => {
    const text = `{\n  "dismissed": [\n    ${JSON.stringify(DISMISSAL)},\n    { "rule": "x" },\n  ],\n  "design": "v9"\n}`;
    expect(problems(text)).toEqual([
      '4:5 a dismissed finding needs “line”',
      '4:5 a dismissed finding needs “reason”',
      expect.stringMatching(/^6:13 “design” must be one of v4\.5, /),
    ]);
    const one = await review([part(BROKEN)], text);
    expect(rules(one)).toEqual([]);
    expect(codes(one).length).toBe(3);
    expect(codes(one)[0]).toContain(`correction-invalid ${FILE}:4:5: `);
  });
  it('reads what stands in front of an error of syntax', async () => {
    const text = `{\n  "dismissed": [${JSON.stringify(DISMISSAL)}]\n  "facts": []\n}`;
    expect(problems(text)).toEqual(['3:3 not JSON with comments: comma expected']);
    expect(rules(await review([part(BROKEN)], text))).toEqual([]);
    expect(problems('')).toEqual(['1:1 not JSON with comments: value expected']);
    expect(problems('[]')).toEqual(['1:1 a corrections file must be an object']);
    expect(problems('{ "facts": [{ "function": "f" }] }')).toEqual([
      '1:13 a fact says one of “sleeps”, “takes”, “releases”, “returns”',
    ]);
  });
});

describe('writing the file', () => {
  const dismissal = { ...DISMISSAL, occurrence: null };
  const OLD = `{
  // why we do this
  "dismissed": [
    // the first
    { "rule": "a", "line": "b", "reason": "c" } // behind it
  ],
  "design": "cookie" /* chosen by hand */
}
`;
  it('keeps comments and other entries, and takes back what it added', () => {
    const added = addDismissal(OLD, FILE, dismissal);
    if (added.kind !== 'edits') throw new Error(added.why);
    for (const kept of [
      '// why we do this',
      '// the first',
      '{ "rule": "a", "line": "b", "reason": "c" }',
      '// behind it',
      '/* chosen by hand */',
    ])
      expect(added.text).toContain(kept);
    expect(parseCorrections({ name: FILE, text: added.text })).toMatchObject({
      problems: [],
      design: 'cookie',
      dismissals: [{ rule: 'a' }, DISMISSAL],
    });
    const back = removeDismissal(added.text, FILE, dismissal);
    if (back.kind !== 'edits') throw new Error(back.why);
    expect(parseCorrections({ name: FILE, text: back.text }).dismissals.map((one) => one.rule)).toEqual(['a']);
    expect(back.text).toBe(OLD);
  });
  it('begins a file, and a list where there is none', () => {
    for (const text of ['', '{\n  // only a design\n  "design": "cookie"\n}\n']) {
      const added = addDismissal(text, FILE, dismissal);
      if (added.kind !== 'edits') throw new Error(added.why);
      expect(parseCorrections({ name: FILE, text: added.text })).toMatchObject({
        problems: [],
        dismissals: [DISMISSAL],
      });
    }
  });
  it('writes nothing into a file it cannot read', () => {
    expect(addDismissal('{ "dismissed": [ ', FILE, dismissal)).toMatchObject({
      kind: 'refused',
      why: expect.stringContaining(`${FILE}:1:`),
    });
    expect(addDismissal('{ "dismissed": 3 }', FILE, dismissal)).toMatchObject({ kind: 'refused' });
    expect(removeDismissal('{ "dismissed": [] }', FILE, dismissal)).toMatchObject({ kind: 'refused' });
  });
});
