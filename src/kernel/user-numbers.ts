/**
 * Numbers of the VFIO interface that are taken: name, number, and the month its kernel release came out. Two names of one family
 * cannot share a number. From include/uapi/linux/vfio.h.
 */
export interface TakenNumber {
  /** Names of one family are told apart by their numbers. */
  readonly family: string;
  readonly name: string;
  readonly number: number;
  /** `2020-05`: free before. */
  readonly since: string;
}

const family = (name: string, entries: Readonly<Record<string, readonly [number, string]>>): TakenNumber[] =>
  Object.entries(entries).map(([last, [number, since]]) => ({ family: name, name: `${name}_${last}`, number, since }));

export const TAKEN_NUMBERS: readonly TakenNumber[] = [
  ...family('VFIO_REGION_TYPE', { GFX: [1, '2018-04'], CCW: [2, '2020-08'], MIGRATION: [3, '2020-08'] }),
  ...family('VFIO_REGION_INFO_CAP', {
    SPARSE_MMAP: [1, '2016-05'],
    TYPE: [2, '2016-05'],
    MSIX_MAPPABLE: [3, '2018-01'],
    NVLINK2_SSATGT: [4, '2019-03'],
    NVLINK2_LNKSPD: [5, '2019-03'],
  }),
  ...family('VFIO_IOMMU_TYPE1_INFO_CAP', { IOVA_RANGE: [1, '2019-09'], MIGRATION: [2, '2020-08'] }),
];
