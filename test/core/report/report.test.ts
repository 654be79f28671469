import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { reviewJson } from '../../../src/report/json';
import { asClause, printable } from '../../../src/report/plain';
import { reviewText } from '../../../src/report/text';
import { sampleReview } from './reviews';

describe('JSON', () => {
  it('has the keys that other tools rely on, and no others', async () => {
    const json = reviewJson(await sampleReview());
    expect(Object.keys(json)).toEqual(['series', 'findings', 'claims', 'windows', 'matrix', 'coverage', 'traces']);
    expect(Object.keys(json.series)).toEqual(['subject', 'version', 'patches', 'damage']);
    expect(Object.keys(json.findings[0]!)).toEqual([
      'rule',
      'class',
      'severity',
      'message',
      'patch',
      'messageId',
      'file',
      'function',
      'fileLine',
      'mailLine',
      'related',
      'trace',
      'introducedBy',
      'fixedBy',
      'evidence',
    ]);
    expect(Object.keys(json.windows[0]!)).toEqual([
      'scenario',
      'patch',
      'base',
      'size',
      'granule',
      'pagesUsed',
      'pagesNeeded',
      'events',
    ]);
  });

  it('speaks of raw mail lines, also in an encoded mail', async () => {
    const json = reviewJson(await sampleReview());
    expect(json.findings[0]).toMatchObject({ messageId: '1@x', mailLine: 13, fileLine: 6, fixedBy: 2 });
    // Five header lines and a blank one; the added line starts at byte 112 of the decoded body, 57 bytes a line.
    expect(json.findings[1]).toMatchObject({ messageId: '2@x', mailLine: 8, fileLine: 6 });
    expect(json.findings[0]!.related).toEqual([{ mailLine: 8, patch: 2, message: 'given back here' }]);
    expect(json.claims).toMatchObject([
      { kind: 'unmap-on-disable', polarity: 'affirms', patch: 2, mailLine: 8, text: 'It unmaps.' },
    ]);
    expect(json.traces.t!.events[0]!.at).toEqual({ patch: 2, messageId: '2@x', mailLine: 8 });
  });

  it('counts files, authors, coverage, and the gravest verdict of a scenario', async () => {
    const json = reviewJson(await sampleReview());
    expect(json.series.patches).toEqual([
      {
        index: 1,
        total: 2,
        subject: 'part 1',
        messageId: '1@x',
        author: 'A Author <a@example.org>',
        files: [{ path: 'x.c', oldPath: 'x.c', added: 1, deleted: 0 }],
      },
      {
        index: 2,
        total: 2,
        subject: 'part 2',
        messageId: '2@x',
        author: 'Real Author <real@example.org>',
        files: [{ path: 'x.c', oldPath: 'x.c', added: 1, deleted: 0 }],
      },
    ]);
    expect(json.coverage).toMatchObject({
      functions: 2,
      full: 1,
      spliced: 0,
      fragment: 1,
      executed: 1,
      sources: { patch: 1, hunk: 1 },
      reasons: { 'no body': 1 },
      byFunction: [
        { patch: 1, function: 'f', evidence: 'full', source: 'patch', executed: true, reason: null },
        { patch: 2, function: 'g', evidence: 'fragment', source: 'hunk', executed: false, reason: 'no body' },
      ],
    });
    expect(json.matrix).toEqual([
      { scenario: 's', prefix: 0, verdict: 'holds' },
      { scenario: 's', prefix: 1, verdict: 'violated' },
    ]);
    expect(json.series.damage).toEqual([
      { code: 'odd', message: 'Something is odd.', messageId: null, mailLine: null },
    ]);
  });
});

describe('text', () => {
  it('gives a finding its place, its line, its reasons and its related lines', async () => {
    const lines = reviewText(await sampleReview(), { colours: false }).split('\n');
    const at = lines.indexOf('patch 1/2 x.c:6  error window-leak  The page is not given back.');
    expect(lines.slice(at + 1, at + 6)).toEqual([
      '    13 | +\tiommu_map(d);',
      '      because it stays mapped  [VFIO manual]',
      '      see patch 2 line 8: given back here',
      '          | +\tiommu_map(d);',
      '      fixed by patch 2',
    ]);
    expect(lines).toContain('  s on m  + !');
    expect(lines.join('\n')).toContain('after patch 2  2 of 2 pages used, 3 needed');
    expect(lines).toContain('1 error, 1 warning');
  });

  it('tells of a window only where the series moves it, equal figures together', async () => {
    const review = await sampleReview();
    const [window] = review.windows;
    const at = (patch: number, machine: string, pagesUsed: number) => ({ ...window!, patch, machine, pagesUsed });
    const windows = [
      ...['m', 'n', 'o'].map((machine) => at(0, machine, 1)),
      ...['m', 'n', 'o'].map((machine) => at(1, machine, 1)),
      ...['m', 'n'].map((machine) => at(2, machine, 2)),
      at(2, 'o', 1),
    ];
    const text = reviewText({ ...review, windows }, { colours: false });
    expect(text.match(/after patch .*/g)).toEqual([
      'after patch 2  2 of 2 pages used, 3 needed  at 0x8000000, 8 KiB in pages of 4 KiB  s on m and 1 more',
    ]);
    const still = reviewText({ ...review, windows: windows.slice(0, 6) }, { colours: false });
    expect(still).not.toContain('MSI IOVA window');
  });

  it('lets nothing from a mail steer the terminal', async () => {
    const text = reviewText(await sampleReview(), { colours: false });
    expect(text).toContain('Colour <U+001B>[31mred<U+001B>[0m and <U+202E>back<U+000A>line');
    expect(text).not.toMatch(/[\u001b\u202e]/);
  });

  it('paints only when told', async () => {
    expect(reviewText(await sampleReview(), { colours: true })).toContain('\u001b[31merror\u001b[0m');
  });

  it('a reason goes on in small letters, unless it begins with a name', () => {
    expect(asClause('The page was taken.')).toBe('the page was taken.');
    expect(asClause('Pages outside the window.')).toBe('pages outside the window.');
    for (const text of [
      'MSI writes pass',
      'PTR_ERR(NULL) is 0',
      'Domain 1 maps it',
      'pci_enable_msi() failed',
      'Itself',
    ])
      expect(asClause(text)).toBe(text);
  });

  it('printable text holds no control, bidirectional or invisible character', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        (text) =>
          !/[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069]/.test(printable(text)),
      ),
    );
    expect(printable('a\tb ü')).toBe('a\tb ü');
  });
});
