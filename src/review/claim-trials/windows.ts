/** Claims about the window of IOVA: how much of it, where it may lie, and whether a platform fixes it. */
import { createPlatform } from '../../host/platforms/index';
import type { MachineSpec } from '../../machine/types';
import { manualHex } from '../../prose/ranges';
import { type Provision, provision } from '../../scenario/provision';
import { type FreeRange, freeOnAll, freeRanges } from './placement';
import { ofPlatforms, presetNames, translatingPresets } from './scope';
import type { ClaimTrial } from './types';

const GIB = 2 ** 30;
const MIB = 2 ** 20;

/** A few vectors for each device but the host's own: what every preset can give, and enough to fill a small frame. */
const VECTORS = 4;

const known = new Map<string, Provision>();

function pagesOn(spec: MachineSpec): Provision {
  const before = known.get(spec.id);
  if (before !== undefined) return before;
  const devices = spec.devices.slice(1).map((device) => ({ device: device.name, vectors: VECTORS }));
  const answer = provision(spec, devices, createPlatform);
  known.set(spec.id, answer);
  return answer;
}

/** “How much IOVA has to be provisioned”: pages for two devices on each topology, and what fails one page short. */
export const provisioningTrial: ClaimTrial = (claim) => {
  const presets = ofPlatforms(claim.terms);
  const answers = presets.map((spec) => ({ spec, answer: pagesOn(spec) }));
  const byPages = new Map<string, MachineSpec[]>();
  for (const { spec, answer } of answers) {
    const size = answer.pages === 0 ? 'none' : `${answer.pages} of ${answer.granule / 1024} KiB`;
    byPages.set(size, [...(byPages.get(size) ?? []), spec]);
  }
  const table = [...byPages].map(([size, specs]) => `${size}: ${presetNames(specs)}`).join('; ');
  const short = answers.find(({ answer }) => answer.pages > 1)?.answer.short.at(-1);
  return {
    verdict: 'answered',
    message:
      `One page for each distinct doorbell page that the devices' vectors go to, however many vectors there are. For each preset's three guest devices with ${VECTORS} vectors each: ${table}.` +
      `${short === undefined ? '' : ` One page short, the enable of ${short.fails} finds none.`}`,
    tried: answers.map(({ spec }) => `provisioning on ${spec.id}`),
    trace: null,
    reference: 'doorbell provision; docs/scenarios.md',
  };
};

const size = (bytes: number): string =>
  bytes >= GIB ? `${Math.round((bytes / GIB) * 10) / 10} GiB` : `${Math.round(bytes / MIB)} MiB`;

const named = (range: FreeRange): string =>
  `${manualHex(range.start)}–${manualHex(range.end - 1)} (${size(range.end - range.start)})`;

const first = (ranges: readonly FreeRange[], count: number): string =>
  ranges.length === 0
    ? 'none'
    : `${ranges.slice(0, count).map(named).join(', ')}${ranges.length > count ? `, ${ranges.length - count} more` : ''}`;

/** “A range that is never backed by memory”: searched on each preset, and on all. */
export const neverRamTrial: ClaimTrial = (claim) => {
  const [range] = claim.ranges;
  const presets = claim.terms.includes('arm') && range === undefined ? translatingPresets : ofPlatforms(claim.terms);
  const tried = presets.map((spec) => `free ranges of ${spec.id}`);
  if (range !== undefined && range.mistake === null) {
    const meets = presets.filter(
      (spec) => !freeRanges(spec).some((free) => free.start <= range.start && range.end <= free.end),
    );
    return {
      verdict: meets.length === 0 ? 'confirmed' : 'contradicted',
      message:
        meets.length === 0
          ? `${manualHex(range.start)}–${manualHex(range.end)} meets no memory, register or reserved range of ${presetNames(presets)}.`
          : `It meets memory, registers or a reserved range, or lies beyond the aperture, on ${presetNames(meets)}.`,
      tried,
      trace: null,
      reference: 'VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE; /sys/kernel/iommu_groups/N/reserved_regions',
    };
  }
  const all = freeOnAll(presets);
  const layouts = new Map<string, MachineSpec[]>();
  for (const spec of presets) {
    const free = first(freeRanges(spec), 2);
    layouts.set(free, [...(layouts.get(free) ?? []), spec]);
  }
  return {
    verdict: 'answered',
    message:
      `Free on all ${presets.length} presets: ${first(all, 3)}. On each: ${[...layouts].map(([free, specs]) => `${presetNames(specs)}: ${free}`).join('; ')}. ` +
      'Free here means no memory, register or reserved range of the preset; a board with memory there takes it away.',
    tried,
    trace: null,
    reference: 'IOMMU_RESV_SW_MSI in include/linux/iommu.h',
  };
};

/** “There is no predefined range”: what hardware fixes on the platforms in question, and what Linux did later. */
export const noFixedTrial: ClaimTrial = (claim, run) => {
  const presets = ofPlatforms(claim.terms);
  const fixed = presets.filter((spec) => createPlatform(spec).hardwareRegions.some((region) => region.type === 'msi'));
  const loose = presets.filter((spec) => !fixed.includes(spec));
  const later = run('own-interrupt', 'arm64-smmuv3-gicv2m', 'cookie');
  const window = later?.traces[0]?.windows[0];
  const history =
    window === undefined
      ? ''
      : ` Later Linux chose a fixed window itself (SW_MSI, ${manualHex(window.base)}, ${size(window.size)}), so no interface was needed; /dev/iommu has an option to move it (IOMMU_OPTION_SW_MSI_START, IOMMU_OPTION_SW_MSI_SIZE).`;
  return {
    verdict: loose.length === 0 ? 'contradicted' : 'note',
    message:
      `${loose.length === 0 ? '' : `No hardware range for messages on ${presetNames(loose)}.`}${fixed.length === 0 ? '' : ` There is one on ${presetNames(fixed)}.`}${history}`.trim(),
    tried: [
      ...presets.map((spec) => `reserved ranges of ${spec.id}`),
      ...(window === undefined ? [] : ['own-interrupt on arm64-smmuv3-gicv2m, design cookie']),
    ],
    trace: later?.traces[0] ?? null,
    reference: 'IOMMU_RESV_SW_MSI in include/linux/iommu.h; include/uapi/linux/iommufd.h',
  };
};
