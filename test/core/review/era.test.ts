import { describe, expect, it } from 'vitest';
import { lifetimeOfCall, lifetimeOfName, lifetimeOfPath, versionAt } from '../../../src/kernel/releases';
import { parseChange } from '../../../src/patch/parse';
import { eraOf } from '../../../src/review/era';
import { readSeries } from '../../../src/series/read';

/** A mail with one hunk on one file; `lines` as in a diff, with their first column. */
function mail(date: string | null, path: string, lines: readonly string[], section = ''): string {
  const counts = (kind: string) => lines.filter((line) => line[0] === ' ' || line[0] === kind).length;
  return [
    'From: A Author <author@example.org>',
    ...(date === null ? [] : [`Date: ${date}`]),
    'Subject: [PATCH] vfio: sample',
    `Message-ID: <${path.replace(/\W/g, '.')}@example.org>`,
    '',
    'Text.',
    '---',
    `diff --git a/${path} b/${path}`,
    `--- a/${path}`,
    `+++ b/${path}`,
    `@@ -10,${counts('-')} +10,${counts('+')} @@ ${section}`,
    ...lines,
    '',
  ].join('\n');
}

async function era(...mails: readonly string[]) {
  const [series] = await readSeries(
    mails.map((text, i) => ({ name: `${i}.eml`, bytes: new TextEncoder().encode(text) })),
  );
  if (series === undefined) throw new Error('no series');
  const changes = series.patches.map((patch) => parseChange(series.messages[patch.message]!));
  return eraOf(series, changes);
}

const TYPE1 = 'drivers/vfio/vfio_iommu_type1.c';
const NEUTRAL = [' \tint ret;', '+\tint more;', ' \treturn ret;'];

describe('the era by the date alone', () => {
  it.each([
    ['Tue, 26 Jan 2016 13:12:00 +0000', 'v4.5'],
    ['Tue, 10 Jan 2017 13:12:00 +0000', 'v4.5'],
    ['Tue, 06 Jun 2017 13:12:00 +0000', 'cookie'],
    ['Wed, 11 May 2022 13:12:00 +0000', 'cookie'],
    ['Tue, 06 Jun 2023 13:12:00 +0000', 'isolated-msi'],
  ])('%s: %s', async (date, design) => {
    expect((await era(mail(date, TYPE1, NEUTRAL))).design).toBe(design);
  });
  it('counts a mail of the merge window to the release before', () => {
    expect(versionAt(Date.parse('2017-05-05'))).toBe(4011);
    expect(versionAt(Date.parse('2017-05-20'))).toBe(4012);
    expect(versionAt(Date.parse('2015-01-01'))).toBe(4005);
  });
});

describe('names that were there before', () => {
  it('beat the date', async () => {
    const found = await era(
      mail('Tue, 26 Jan 2016 13:12:00 +0000', TYPE1, [
        ' \tresv_msi = vfio_iommu_has_sw_msi(iommu_group, &resv_msi_base);',
        '+\tint more;',
        ' \treturn ret;',
      ]),
    );
    expect(found.design).toBe('cookie');
    expect(found.because).toContain('vfio_iommu_has_sw_msi');
  });
  it('count when a removed line has them, and tell that a tree is older', async () => {
    const found = await era(
      mail('Tue, 06 Jun 2023 13:12:00 +0000', TYPE1, [
        '-\tmsi_remap = irq_domain_check_msi_remap();',
        '+\tmsi_remap = true;',
        ' \treturn ret;',
      ]),
    );
    expect(found.design).toBe('cookie');
  });
  it('are no evidence when the series itself adds them, in this patch or one before', async () => {
    const first = mail('Tue, 26 Jan 2016 13:12:00 +0000', TYPE1, [
      ' \tint ret;',
      '+\tret = iommu_get_msi_cookie(domain, base);',
      ' \treturn ret;',
    ]).replace('[PATCH]', '[PATCH 1/2]');
    const second = mail('Tue, 26 Jan 2016 13:13:00 +0000', 'drivers/vfio/vfio.c', [
      ' \tret = iommu_get_msi_cookie(domain, base);',
      '+\tif (ret)',
      ' \treturn ret;',
    ])
      .replace('[PATCH]', '[PATCH 2/2]')
      .replace('Subject:', `In-Reply-To: <${TYPE1.replace(/\W/g, '.')}@example.org>\nSubject:`);
    expect((await era(first, second)).design).toBe('v4.5');
  });
  it('find a series that builds on one that was never merged', async () => {
    const found = await era(
      mail('Tue, 01 Mar 2016 13:12:00 +0000', 'drivers/iommu/dma-reserved-iommu.c', [
        ' \tret = iommu_get_reserved_iova(domain, base, &iova);',
        '+\tint more;',
        ' \treturn ret;',
      ]),
    );
    expect(found.design).toBe('transparent');
  });
});

describe('files and arities', () => {
  it('take a path for the age of the tree where the mails have no date', async () => {
    expect((await era(mail(null, 'drivers/vfio/pci/vfio_pci_core.c', NEUTRAL))).design).toBe('cookie');
    expect((await era(mail(null, 'drivers/iommu/iommufd/device.c', NEUTRAL))).design).toBe('iommufd-6.12');
  });
  it('tell the two eras of iommufd by their arguments and names', async () => {
    const late = mail(null, 'drivers/iommu/iommufd/device.c', [
      ' \trc = iommufd_device_attach(idev, pasid, &id);',
      '+\tint more;',
      ' \treturn rc;',
    ]);
    expect((await era(late)).design).toBe('iommufd');
    expect(
      (await era(mail('Thu, 25 Sep 2025 10:00:00 +0000', 'drivers/vfio/pci/vfio_pci_intrs.c', NEUTRAL))).design,
    ).toBe('iommufd');
    expect((await era(mail('Thu, 25 Sep 2025 10:00:00 +0000', TYPE1, NEUTRAL))).design).toBe('isolated-msi');
  });
  it('know what they know', () => {
    expect(lifetimeOfPath('drivers/iommu/intel-iommu.c')).toEqual({ since: null, until: 5008 });
    expect(lifetimeOfName('IOMMU_RESV_SW_MSI')).toEqual({ since: 4011, until: null });
    expect(lifetimeOfName('vfio_iommu_type1_ioctl')).toBeNull();
    expect(lifetimeOfCall('iommu_map', 6)).toEqual({ since: 6003, until: null });
    expect(lifetimeOfCall('iommu_map', 4)).toBeNull();
  });
});
