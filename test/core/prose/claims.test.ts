import { describe, expect, it } from 'vitest';
import { claims } from '../../../src/prose/claims';
import { sentences } from '../../../src/prose/sentences';
import type { Message } from '../../../src/series/types';

function message(body: string): Message {
  const lines = ['Subject: x', '', ...body.split('\n')];
  return {
    index: 0,
    id: '',
    subject: 'x',
    tag: null,
    from: { name: '', address: '' },
    to: [],
    cc: [],
    date: null,
    inReplyTo: null,
    references: [],
    lines,
    bodyLine: 3,
    decoded: false,
    rawLines: null,
    source: 0,
    sourceLine: 0,
  };
}
const said = (body: string) => sentences(message(body), 3, 1000).map((s) => `${s.depth}:${s.text}`);
const claimed = (body: string) => claims(message(body), null).map((c) => `${c.kind} ${c.polarity} ${c.tense}`);

describe('sentences', () => {
  it('joins wrapped lines and splits at full stops, not at abbreviations', () => {
    expect(said('The window is\nregistered. It fills, e.g. by\nMSI-X vectors.')).toEqual([
      '0:The window is registered.',
      '0:It fills, e.g. by MSI-X vectors.',
    ]);
  });
  it('keeps quote depth and starts anew when it changes', () => {
    expect(said('> > first one\n> second one\nthird one')).toEqual(['2:first one', '1:second one', '0:third one']);
  });
  it('leaves out trailers, attributions, diffstat, listings and the signature', () => {
    expect(
      said(
        'On Monday, A wrote:\n\nOne.\n\n    $ some listing\n\nSigned-off-by: A <a@example.org>\n a.c | 3 +++\n-- \n2.5',
      ),
    ).toEqual(['0:One.']);
  });
  it('gives places that cut the sentence out of its lines', () => {
    const m = message('> Alpha beta. Gamma\n> delta.');
    const [a, b] = sentences(m, 3, 4);
    expect(a?.at).toEqual({ message: 0, line: 3, column: 2, endLine: 3, endColumn: 13 });
    expect(b?.at).toEqual({ message: 0, line: 3, column: 14, endLine: 4, endColumn: 8 });
  });
});

describe('claims', () => {
  it('hears a promise to unmap', () => {
    expect(
      claimed('The doorbell page is unmapped and its IOVA given back when the last\nvector of the device is disabled.'),
    ).toEqual(['unmap-on-disable affirms adds']);
  });
  it('tells a promise of later work from one of this change', () => {
    expect(claimed('Unmapping the doorbell when the device is released will come with a\nsubsequent patch.')).toEqual([
      'unmap-on-disable affirms will',
    ]);
  });
  it('hears a capability dropped, and one questioned', () => {
    expect(claimed('The SMMU drivers no longer claim IOMMU_CAP_INTR_REMAP.')).toEqual([
      'capability-dropped affirms no longer',
    ]);
    expect(claimed('Should the SMMU drop IOMMU_CAP_INTR_REMAP?')).toEqual(['capability-dropped asks asks']);
  });
  it('hears that overlaps are refused', () => {
    expect(claimed('A window that overlaps an existing mapping is refused with -EINVAL.')).toEqual([
      'window-checked affirms adds',
    ]);
  });
  it('makes nothing of plain talk', () => {
    expect(claimed('This patch adds a helper. Thanks for looking at the previous version!')).toEqual([]);
  });
});
