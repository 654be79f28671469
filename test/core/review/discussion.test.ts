/** The discussion this project grew from: a web copy of a mail without code, quoted four deep. Its sentences are claims, and each is tried. */
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { createReviewer } from '../../../src/review/review';
import type { Review } from '../../../src/review/types';
import { readSeries } from '../../../src/series/read';
import { frontEnd } from './c';

/** Lines, who says it, kind, tense, verdict, and words the verdict's sentence must have. */
const EXPECTED: readonly (readonly [string, string, string, string, string, ...RegExp[]])[] = [
  ['12-13', 'cover', 'platform-in-scope', 'states', 'note', /powerpc-pamu/, /powerpc-phb/],
  [
    '15-17',
    'cover',
    'msi-bypass',
    'states',
    'confirmed',
    /still checked \(entry, source-id\)/,
    /FEEF_FFFFh/,
    /remapping off/,
  ],
  [
    '19-21',
    'cover',
    'msi-translated',
    'states',
    'confirmed',
    /Without a mapping .* F_TRANSLATION/,
    /with one .* → SPI/,
  ],
  ['21-24', 'cover', 'doorbell-target', 'states', 'confirmed', /onto the frame, .* → SPI/, /onto memory, .* → memory/],
  ['26-27', 'cover', 'window-registered', 'adds', 'design fact', /fixup, stage register window/],
  ['27-30', 'cover', 'address-rewritten', 'adds', 'design fact', /fixup, stage enable/, /1 of 4 pages in use/],
  [
    '32-33',
    'cover',
    'provisioning',
    'not yet',
    'answered',
    /1 of 64 KiB/,
    /2 of 4 KiB: arm64-smmuv3-gicv2m-2frames/,
    /none: every x86 preset/,
  ],
  [
    '41-46',
    'reviewer',
    'isolation-by-tables',
    'states',
    'confirmed',
    /a table for each device on x86-amdvi/,
    /one table for all devices on x86-vtd.*source-id check/,
  ],
  [
    '47-54',
    'author',
    'isolation-by-tables',
    'states',
    'confirmed',
    /Violated for devices that share an id \(arm64-smmuv3-its-alias\)/,
  ],
  [
    '55-56',
    'author',
    'isolation-of-frame',
    'states',
    'confirmed',
    /two guests .* raises the other's interrupt: .* → SPI/,
  ],
  ['58-58', 'author', 'table-owner', 'states', 'note', /On the path: .*step \d+ of \d+.*irq-gic-v3-its\.c/],
  [
    '61-64',
    'reviewer',
    'msi-told-apart',
    'asks',
    'answered',
    /By its address alone/,
    /id of the device comes with every write/,
  ],
  ['66-68', 'reviewer', 'capability-meaning', 'defines', 'note', /I4/],
  [
    '69-74',
    'reviewer',
    'isolation-condition',
    'conditional',
    'confirmed',
    /True on .*gicv2m.*powerpc-pamu/,
    /refuted/,
    /Not so on .*its/,
  ],
  ['76-82', 'reviewer', 'no-fixed-window', 'states', 'note', /SW_MSI, 0800_0000h/, /option to move it/],
  [
    '86-91',
    'reviewer',
    'range-never-ram',
    'doubts',
    'answered',
    /Free on all \d+ presets: 000/,
    /every arm64 preset: /,
  ],
  ['93-97', 'reviewer', 'window-on-domain', 'proposes', 'design fact', /transparent does so/, /fixup keeps it in vfio/],
  ['98-100', 'author', 'code-not-built', 'warns', 'note', /Kconfig/],
  ['102-109', 'reviewer', 'mapped-below-vfio', 'proposes', 'confirmed', /transparent holds/, /fixup violated/],
  [
    '110-112',
    'reviewer',
    'enable-or-error',
    'asks',
    'answered',
    /transparent: error -ENOSPC, nothing left half-programmed/,
    /fixup: /,
  ],
  ['119-122', 'reviewer', 'remapping-in-space', 'expects', 'note', /cookie: map IOVA 0x8000000/, /iommufd: map IOVA/],
];

let review: Review;
beforeAll(async () => {
  const file = new URL('../../../samples/msi-passthrough-discussion.txt', import.meta.url);
  const [series] = await readSeries([{ name: 'discussion', bytes: readFileSync(file) }]);
  review = createReviewer(await frontEnd()).review(series!);
}, 120_000);

describe('the discussion of January 2016', () => {
  it('has these claims and no others, each by its speaker and with its verdict', () => {
    expect(
      review.claims.map((claim) => [
        `${claim.at.line}-${claim.at.endLine}`,
        claim.speaker.role,
        claim.kind,
        claim.tense,
        claim.verdict,
      ]),
    ).toEqual(EXPECTED.map(([lines, role, kind, tense, verdict]) => [lines, role, kind, tense, verdict]));
  });
  it.each(EXPECTED.map(([lines, , , , , ...words]) => [lines, words] as const))(
    'says of lines %s what was found',
    (lines, words) => {
      const claim = review.claims.find((one) => `${one.at.line}-${one.at.endLine}` === lines);
      for (const word of words) expect(claim?.finding).toMatch(word);
    },
  );
  it('names who speaks, by the depth of the quotation', () => {
    const names = new Map(review.claims.map((claim) => [claim.depth, claim.speaker.name]));
    expect(names.get(3)).toBe(names.get(1));
    expect(names.get(2)).toBe(names.get(0));
    expect(names.get(0)).not.toBe(names.get(1));
  });
  it('shows the false claim, the attack and the gap as traces that are kept', () => {
    for (const [kind, invariant] of [
      ['isolation-condition', 'I4'],
      ['isolation-of-frame', 'I1'],
      ['mapped-below-vfio', 'I10'],
    ] as const) {
      const claim = review.claims.find((one) => one.kind === kind);
      expect(review.traces[claim?.trace ?? '']?.violations.map((one) => one.invariant)).toContain(invariant);
    }
  });
  it('says which sentences about the field it did not understand', () => {
    expect(review.unmapped.map((at) => at.line)).toEqual([35, 83, 113]);
  });
  it('says what was run for each claim that has a verdict of the model', () => {
    for (const claim of review.claims)
      if (claim.kind !== 'code-not-built') expect(claim.tried.length).toBeGreaterThan(0);
  });
});
