import { describe, expect, test } from 'vitest';
import { CLAIM_SHAPES, claimText, lineClaims, toneOf, triedText } from '../../../src/editor/claim-text';
import { holdsPatchMail } from '../../../src/editor/patch-mail';
import type { ClaimVerdict, TriedClaim } from '../../../src/review/claim-trials/types';

const claim = (verdict: ClaimVerdict, finding = 'It does.'): TriedClaim => ({
  kind: 'msi-translated',
  polarity: 'affirms',
  tense: 'states',
  speaker: { role: 'cover', name: '' },
  message: 0,
  depth: 0,
  at: { message: 0, line: 3, column: 0, endLine: 4, endColumn: 9 },
  text: 'MSIs are translated.',
  terms: [],
  ranges: [],
  verdict,
  finding,
  tried: [],
  trace: null,
  reference: null,
});

describe('the text behind a claim', () => {
  test('says the verdict by shape and word, in 80 characters', () => {
    const long = claimText(claim('contradicted', 'x'.repeat(200)));
    expect(long).toMatch(/^✕ contradicted: x+…$/);
    expect(long.length).toBeLessThanOrEqual(80);
  });
  test('of several on a line shows the worst, and counts the others', () => {
    const shown = lineClaims([claim('note'), claim('contradicted', 'No.'), claim('untried')]);
    expect(shown).toEqual({ text: '✕ contradicted: No. · +1', tone: 'violated' });
    expect(lineClaims([claim('note', 'y'.repeat(200)), claim('note')])?.text).toMatch(/… · \+1$/);
  });
  test('says nothing of what was not tried', () => {
    expect(lineClaims([claim('untried')])).toBeNull();
    expect(claimText(claim('untried'))).toBe('');
  });
  test('keeps quiet colours for what is no contradiction', () => {
    const verdicts = Object.keys(CLAIM_SHAPES) as ClaimVerdict[];
    expect(verdicts.filter((verdict) => toneOf(verdict) !== 'quiet')).toEqual(['contradicted', 'undecided']);
  });
  test('names a few runs and counts the rest', () => {
    expect(triedText(['a', 'b'])).toBe('a, b');
    expect(triedText(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'])).toBe('a, b, c, d, e, f and 2 more');
  });
});

describe('a web copy of a mail', () => {
  test('is worth a review when its title is that of a patch or its answer', () => {
    expect(holdsPatchMail('Re: [PATCH 00/10] a title\n\nFrom: A\nDate: Fri Jan 29 2016\n\nText.\n')).toBe(true);
    expect(holdsPatchMail('\n[RFC v2 3/4] a title\nFrom: A\nDate: Fri Jan 29 2016\n\nText.\n')).toBe(true);
  });
  test('is not when it is any other text', () => {
    expect(holdsPatchMail('Re: dinner\n\nFrom: A\nDate: Fri Jan 29 2016\n\nText.\n')).toBe(false);
    expect(holdsPatchMail('Notes on [PATCH 1/2]\n\nWe should read it.\n')).toBe(false);
  });
});
