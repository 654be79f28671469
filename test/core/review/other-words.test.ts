/** The same things said in other words, right and wrong: what counts is the field's vocabulary and grammar, not one mail's sentences. */
import { beforeAll, describe, expect, it } from 'vitest';
import { createReviewer, type Reviewer } from '../../../src/review/review';
import { readSeries } from '../../../src/series/read';
import { frontEnd } from './c';

let reviewer: Reviewer;
beforeAll(async () => {
  reviewer = createReviewer(await frontEnd());
}, 60_000);

async function heard(body: string) {
  const mail = `Re: [RFC PATCH 0/4] vfio: interrupts of assigned devices\n\nFrom: Robin Reviewer\nDate: Mon Mar 7 2016 - 10:00:00 EST\n\n${body}\n`;
  const [series] = await readSeries([{ name: 'mail', bytes: new TextEncoder().encode(mail) }]);
  return reviewer.review(series!);
}

const SENTENCES: readonly (readonly [string, string, string, RegExp])[] = [
  [
    'On x86 a write to 0xfee00000..0xfeefffff is an interrupt message and is not subject to DMA translation.',
    'msi-bypass',
    'confirmed',
    /still checked/,
  ],
  [
    'On ARM an MSI is an ordinary write that goes through the SMMU, and an assigned device has no mapping of its doorbell.',
    'msi-translated',
    'confirmed',
    /F_TRANSLATION/,
  ],
  [
    'An MSI on arm64 is translated by the SMMU like any DMA, so it is lost unless the doorbell page is mapped.',
    'msi-translated',
    'confirmed',
    /F_TRANSLATION/,
  ],
  [
    'On x86 MSIs need a mapping in the IOMMU page tables before they are delivered.',
    'msi-translated',
    'contradicted',
    /No mapping is needed/,
  ],
  [
    'The doorbell of the RISC-V IMSIC needs no mapping for MSIs, they are delivered directly.',
    'msi-translated',
    'confirmed',
    /riscv-imsic/,
  ],
  ['On x86 the MSI range 0xfee00000-0xfeefffff is never translated.', 'msi-bypass', 'confirmed', /still checked/],
  [
    'On ARM the MSI write bypasses the SMMU altogether.',
    'msi-bypass',
    'contradicted',
    /Through them on every arm64 preset/,
  ],
  ['With GICv2m any guest can raise the SPIs of any other guest.', 'isolation-of-frame', 'confirmed', /→ SPI 80/],
  [
    "I don't think that is right: GICv2m isolates the guests from each other.",
    'isolation-of-frame',
    'contradicted',
    /does not keep interrupts apart/,
  ],
  [
    'The MSI banks of a PAMU are private to each guest, nobody else can raise their interrupts.',
    'isolation-of-frame',
    'undecided',
    /Not on powerpc-pamu/,
  ],
  [
    'PAMU MSI banks are shared by all devices, so interrupts are not isolated there.',
    'isolation-of-frame',
    'undecided',
    /Not on powerpc-pamu-bank-per-domain/,
  ],
  [
    'The ITS looks at the DeviceID of the writer, so one guest cannot raise an interrupt of another guest.',
    'isolation-by-tables',
    'confirmed',
    /share an id/,
  ],
  [
    'The ITS shares its table, so that one guest can raise an interrupt of another guest whatever its DeviceID.',
    'isolation-by-tables',
    'contradicted',
    /stops it/,
  ],
  [
    'VT-d interrupt remapping compares the source-id of each request with the table entry.',
    'isolation-by-tables',
    'confirmed',
    /^VT-d /,
  ],
  [
    'AMD-Vi keeps one interrupt remapping table per device, so devices are isolated.',
    'isolation-by-tables',
    'confirmed',
    /a table for each device on x86-amdvi/,
  ],
  [
    'A PHB rejects interrupts of a foreign device by its PE number.',
    'isolation-by-tables',
    'confirmed',
    /partitionable endpoint/,
  ],
  ['How does the GIC tell an MSI from an ordinary DMA write?', 'msi-told-apart', 'answered', /By its address alone/],
  [
    'How many pages of IOVA must userspace reserve for the doorbells?',
    'provisioning',
    'answered',
    /One page for each distinct doorbell page/,
  ],
  ['The window 0x8000000-0x80fffff is never backed by RAM.', 'range-never-ram', 'contradicted', /every x86 preset/],
  ['Is there a hole in the address map where RAM can never be?', 'range-never-ram', 'answered', /Free on all/],
  [
    "Shouldn't pci_alloc_irq_vectors() fail with an error when the window is full?",
    'enable-or-error',
    'answered',
    /-ENOSPC/,
  ],
  [
    'QEMU registers a window of IOVA reserved for MSI through VFIO_IOMMU_MAP_DMA.',
    'window-registered',
    'design fact',
    /stage register window/,
  ],
  [
    'vfio-pci then replaces the doorbell address in the MSI-X table with an IOVA of that window.',
    'address-rewritten',
    'design fact',
    /then 01:10\.0 vector 0: address ←/,
  ],
  [
    'I would rather see the irq domain allocate the IOVA when the MSI message is composed, instead of a fixup of the address in vfio-pci.',
    'mapped-below-vfio',
    'confirmed',
    /transparent holds/,
  ],
  [
    'The IOMMU core should allocate from a window registered with the IOMMU domain.',
    'window-on-domain',
    'design fact',
    /side|transparent does so/,
  ],
  [
    'There is no architected MSI region on ARM, hence userspace must pass one through some interface.',
    'no-fixed-window',
    'note',
    /SW_MSI/,
  ],
  ['IOMMU_CAP_INTR_REMAP stands for interrupt isolation between devices.', 'capability-meaning', 'note', /I4/],
  [
    'Unless the ITS is used, interrupts of one page are shared with other guests, isolation is lost and IOMMU_CAP_INTR_REMAP is a lie.',
    'isolation-condition',
    'confirmed',
    /refuted/,
  ],
  ['The interrupt table is set up by the driver in irq-gic-v3-its.c.', 'table-owner', 'note', /On the path/],
  ['drivers/iommu/iova.c is only built with CONFIG_IOMMU_IOVA.', 'code-not-built', 'note', /Kconfig/],
];

const DENIED: readonly (readonly [string, string])[] = [
  ['On ARM an MSI does not bypass the SMMU.', 'confirmed'],
  ['On x86 the MSI range is translated like any other range and not bypassed.', 'contradicted'],
];

describe('a denial', () => {
  it.each(DENIED)('%s', async (sentence, verdict) => {
    const { claims } = await heard(sentence);
    expect(claims.map((claim) => [claim.kind, claim.polarity, claim.verdict])).toEqual([
      ['msi-bypass', 'denies', verdict],
    ]);
  });
});

describe('a sentence in other words', () => {
  it.each(SENTENCES)('%s', async (sentence, kind, verdict, words) => {
    const { claims } = await heard(sentence);
    expect(claims.map((claim) => [claim.kind, claim.verdict])).toEqual([[kind, verdict]]);
    expect(claims[0]?.finding).toMatch(words);
  });
});

describe('near misses', () => {
  it.each([
    'I will look at the MSI patches next week, after my vacation.',
    'Could you rebase the ITS patch on top of the window series?',
    'Please fix the indentation of the table in the IOMMU documentation.',
    'I agree with you that the ITS isolates by DeviceID and that GICv2m does not.',
    'Why does the isolation of the ITS with its DeviceID need so many comments?',
  ])('%s', async (sentence) => {
    expect((await heard(sentence)).claims).toEqual([]);
  });
});

describe('who speaks', () => {
  it('is told by the attribution lines, broken over two lines or not', async () => {
    const { claims } = await heard(
      [
        'On Mon, Mar 7, 2016 at 9:12 AM Ada Author',
        '<ada@example.org> wrote:',
        '> On 06/03/16 22:00, Robin Reviewer wrote:',
        '>> On x86 the MSI range is never translated.',
        '> GICv2m does not isolate guests from each other.',
        '',
        'The ITS isolates guests by their DeviceID.',
      ].join('\n'),
    );
    expect(claims.map((claim) => `${claim.kind} ${claim.speaker.name}`)).toEqual([
      'msi-bypass Robin Reviewer',
      'isolation-of-frame Ada Author',
      'isolation-by-tables Robin Reviewer',
    ]);
  });
  it('leaves quoted code alone', async () => {
    const { claims } = await heard(
      '> diff --git a/x.c b/x.c\n> @@ -1,2 +1,3 @@\n>  /* GICv2m isolates guests from each other. */\n> +\tfoo();\n',
    );
    expect(claims).toEqual([]);
  });
});
