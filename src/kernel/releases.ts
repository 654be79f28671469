/**
 * Kernel releases as evidence: when each came out, and which names and files a tree has only since or only until one. In: a name,
 * a path, a date. Out: versions, as numbers that compare. Knows no patches. The table of names is short where `primitives.json`
 * already says since when a function is there.
 */
import { primitive } from './primitives';

/** `major * 1000 + minor`: v4.11 is 4011. */
export type Version = number;

/** From this version on, and not any more from that one on; null: no bound. */
export interface Lifetime {
  readonly since: Version | null;
  readonly until: Version | null;
}

/** Day of each release, kernel.org: v4.5 upwards, in order. */
const RELEASES: readonly (readonly [Version, string])[] = [
  [4005, '2016-03-13'],
  [4006, '2016-05-15'],
  [4007, '2016-07-24'],
  [4008, '2016-10-02'],
  [4009, '2016-12-11'],
  [4010, '2017-02-19'],
  [4011, '2017-04-30'],
  [4012, '2017-07-02'],
  [4013, '2017-09-03'],
  [4014, '2017-11-12'],
  [4015, '2018-01-28'],
  [4016, '2018-04-01'],
  [4017, '2018-06-03'],
  [4018, '2018-08-12'],
  [4019, '2018-10-22'],
  [4020, '2018-12-23'],
  [5000, '2019-03-03'],
  [5001, '2019-05-05'],
  [5002, '2019-07-07'],
  [5003, '2019-09-15'],
  [5004, '2019-11-24'],
  [5005, '2020-01-26'],
  [5006, '2020-03-29'],
  [5007, '2020-05-31'],
  [5008, '2020-08-02'],
  [5009, '2020-10-11'],
  [5010, '2020-12-13'],
  [5011, '2021-02-14'],
  [5012, '2021-04-25'],
  [5013, '2021-06-27'],
  [5014, '2021-08-29'],
  [5015, '2021-10-31'],
  [5016, '2022-01-09'],
  [5017, '2022-03-20'],
  [5018, '2022-05-22'],
  [5019, '2022-07-31'],
  [6000, '2022-10-02'],
  [6001, '2022-12-11'],
  [6002, '2023-02-19'],
  [6003, '2023-04-23'],
  [6004, '2023-06-25'],
  [6005, '2023-08-27'],
  [6006, '2023-10-29'],
  [6007, '2024-01-07'],
  [6008, '2024-03-10'],
  [6009, '2024-05-12'],
  [6010, '2024-07-14'],
  [6011, '2024-09-15'],
  [6012, '2024-11-17'],
  [6013, '2025-01-19'],
  [6014, '2025-03-24'],
  [6015, '2025-05-25'],
  [6016, '2025-07-27'],
  [6017, '2025-09-28'],
  [6018, '2025-11-30'],
  [7000, '2026-04-12'],
];

/** A merge window is open for two weeks after a release; what follows is the next one's first candidate. */
const MERGE_WINDOW = 14 * 24 * 3600 * 1000;

/** `v4.11` of 4011. */
export function versionName(version: Version): string {
  return `v${Math.floor(version / 1000)}.${version % 1000}`;
}

/** 4011 of `v4.11` or `~v4.11`; null for what is no version. */
export function versionOf(text: string | null): Version | null {
  const match = /^~?v(\d+)\.(\d+)$/.exec(text ?? '');
  return match === null ? null : Number(match[1]) * 1000 + Number(match[2]);
}

/**
 * The version whose tree a mail of that day is written against: the release under way once its merge window is over, before that
 * the last one. Milliseconds since the epoch. What is older than v4.5 counts as v4.5.
 */
export function versionAt(date: number): Version {
  let version: Version = RELEASES[0]?.[0] ?? 4005;
  for (const [index, [released, day]] of RELEASES.entries()) {
    const at = Date.parse(day);
    if (date < at) break;
    version = date < at + MERGE_WINDOW ? released : (RELEASES[index + 1]?.[0] ?? released + 1);
  }
  return version;
}

type Row = readonly [name: RegExp, since: Version | null, until: Version | null];

/** Structures, fields, constants and macros that mark a tree's age; `^…$` is meant. */
const NAMES: readonly Row[] = [
  [/^IOMMU_RESV_\w+$/, 4011, null],
  [/^IRQ_DOMAIN_FLAG_MSI_REMAP$/, 4011, 6003],
  [/^IRQ_DOMAIN_FLAG_ISOLATED_MSI$/, 6003, null],
  [/^IOMMU_DMA_MSI_COOKIE$/, 4011, 6015],
  [/^iommu_dma_(?:cookie|msi_page)$/, 4006, null],
  [/^IOMMU_COOKIE_\w+$/, 6015, null],
  [/^cookie_type$/, 6015, null],
  [/^msi_cookie$/, 6015, null],
  [/^iommu_iova$|^iommu_msi_shift$|^iommu_msi_iova$/, 6015, null],
  [/^vfio_pci_core_\w+$/, 5015, null],
  [/^vfio_irq_ctx_(?:get|alloc|free)$/, 6005, null],
  [/^has_dyn_msix$/, 6005, null],
  [/^iommufd_(?:ctx|device|object|ioas|hw_pagetable|access|ucmd)$/, 6002, null],
  [/^iommufd_(?:group|hwpt_paging|hwpt_nested)$/, 6006, null],
  [/^iommufd_attach_handle$/, 6011, null],
  [/^iommufd_sw_msi_\w+$/, 6015, null],
  [/^iopt_\w+$/, 6002, null],
  [/^IOMMUFD_\w+$/, 6002, null],
  [/^vfio_device_file$/, 6006, null],
  [/^default_domain_ops$/, 5018, null],
  [/^iommu_domain_ops$/, 5018, null],
  [/^iommu_ops_from_\w+$|^dev_iommu_ops$/, 5018, null],
  [/^set_dev_pasid$/, 6002, null],
  [/^domain_alloc_paging$/, 6006, null],
  [/^domain_alloc_paging_flags$/, 6014, null],
  [/^iommu_dma_get_(?:msi_page|resv_regions)$/, 4009, null],
  [/^vfio_batch$/, 5012, null],
  [/^msi_domain_template$|^msi_parent_ops$/, 6002, null],
  [/^msi_device_data$|^msi_for_each_desc$/, 5017, null],
  [/^for_each_msi_entry$|^first_pci_msi_entry$|^for_each_pci_msi_entry$/, null, 5017],
  [/^pci_msi_domain_get_msi_rid$/, 4004, null],
];

/** Files and folders by when they came to be and when they went. */
const PATHS: readonly Row[] = [
  [/^drivers\/vfio\/pci\/vfio_pci_core\.c$|^include\/linux\/vfio_pci_core\.h$/, 5015, null],
  [/^drivers\/iommu\/(?:intel|amd)\//, 5008, null],
  [/^drivers\/iommu\/(?:intel-\w+|intel_\w+|dmar|amd_iommu\w*)\.[ch]$/, null, 5008],
  [/^drivers\/iommu\/arm\//, 5010, null],
  [/^drivers\/iommu\/arm-smmu\w*(?:-v3)?\.[ch]$/, null, 5010],
  [/^drivers\/iommu\/iommufd\/|^include\/(?:uapi\/)?linux\/iommufd\.h$/, 6002, null],
  [/^drivers\/iommu\/iommufd\/driver\.c$/, 6013, null],
  [/^drivers\/iommu\/iommu-pages\.[ch]$/, 6010, null],
  [/^drivers\/iommu\/dma-iommu\.h$/, 6001, null],
  [/^drivers\/iommu\/riscv\//, 6013, null],
  [/^drivers\/vfio\/(?:iommufd|container|group)\.c$/, 6002, null],
  [/^drivers\/vfio\/device_cdev\.c$/, 6006, null],
  [/^drivers\/vfio\/vfio_main\.c$/, 6000, null],
  [/^drivers\/vfio\/vfio\.c$/, null, 6000],
  [/^drivers\/vfio\/pci\/vfio_pci_private\.h$/, null, 5015],
  [/^drivers\/vfio\/pci\/vfio_pci_priv\.h$/, 6001, null],
  [/^drivers\/pci\/msi\.c$/, null, 5017],
  [/^drivers\/pci\/msi\//, 5017, null],
  [/^drivers\/irqchip\/irq-gic-v3-its-msi-parent\.c$|^drivers\/irqchip\/irq-msi-lib\.[ch]$/, 6011, null],
  [/^drivers\/irqchip\/irq-gic-v3-its-pci-msi\.c$/, 4003, 6011],
  [/^virt\/kvm\/arm\//, null, 5008],
  [/^arch\/arm64\/kvm\/vgic\//, 5008, null],
];

/** Several rows may fit: the narrowest bounds count. */
function rowOf(rows: readonly Row[], text: string): Lifetime | null {
  const fitting = rows.filter(([pattern]) => pattern.test(text));
  if (fitting.length === 0) return null;
  const since = fitting.flatMap((row) => row[1] ?? []);
  const until = fitting.flatMap((row) => row[2] ?? []);
  return {
    since: since.length === 0 ? null : Math.max(...since),
    until: until.length === 0 ? null : Math.min(...until),
  };
}

/** In which trees a name of C code stands; null when the name says nothing of it. Names of the never-merged series of 2016 have neither bound. */
export function lifetimeOfName(name: string): Lifetime | null {
  const row = rowOf(NAMES, name);
  if (row !== null) return row;
  const fact = primitive(name);
  if (fact === null || fact.since === 'series-2016') return null;
  const since = versionOf(fact.since);
  const until = versionOf(fact.until);
  return since === null && until === null ? null : { since, until };
}

/** In which trees a file stands; null when the path says nothing of it. */
export function lifetimeOfPath(path: string): Lifetime | null {
  return rowOf(PATHS, path);
}

/** Number of arguments a call has in trees since a version, for functions that gained or lost one: `[name, fewest, most, since, until]`. */
const ARITIES: readonly (readonly [string, number, Version | null, Version | null])[] = [
  ['iommu_map', 5, null, 6003],
  ['iommu_map', 6, 6003, null],
  ['iommu_map_sg', 5, null, 6003],
  ['iommu_map_sg', 6, 6003, null],
  ['eventfd_signal', 2, null, 6008],
  ['eventfd_signal', 1, 6008, null],
  ['iommu_alloc_resv_region', 4, null, 6002],
  ['iommu_alloc_resv_region', 5, 6002, null],
  ['iommu_fwspec_init', 3, null, 6011],
  ['iommu_fwspec_init', 2, 6011, null],
  ['vfio_iommu_type1_attach_group', 2, null, 5018],
  ['vfio_iommu_type1_attach_group', 3, 5018, null],
  ['alloc_iova_fast', 3, 4007, 4015],
  ['alloc_iova_fast', 4, 4015, null],
  ['access_ok', 3, null, 5000],
  ['access_ok', 2, 5000, null],
  ['iommufd_device_attach', 2, 6002, 6015],
  ['iommufd_device_attach', 3, 6015, null],
  ['iommufd_device_detach', 1, 6002, 6015],
  ['iommufd_device_detach', 2, 6015, null],
];

/** In which trees a call of this name has that many arguments; null when the number says nothing. */
export function lifetimeOfCall(name: string, args: number): Lifetime | null {
  const row = ARITIES.find((one) => one[0] === name && one[1] === args);
  return row === undefined ? null : { since: row[2], until: row[3] };
}

/** Is it a name of the series of 2016 that put an IOVA allocator for doorbells into the IOMMU layer and were never merged? */
export function isOf2016(name: string): boolean {
  return primitive(name)?.since === 'series-2016';
}
