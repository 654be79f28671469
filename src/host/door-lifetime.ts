/**
 * How long a doorbell stays mapped by the programs' own rules. In: a program set. Out: with the vectors that use it, or with the domain
 * it is mapped in. Read off the interface, not off a run: a run could not tell a rule from a slip.
 */
import type { ProgramSet } from './types';

export type DoorLifetime = 'vectors' | 'domain';

/**
 * The calls by which a domain is given a window of its own for doorbells, kept by the IOMMU layer until the domain is freed: the MSI
 * cookie (v4.11, and its drafts of 2016) and the window of a user of iommufd (v6.15). No count of vectors is kept there.
 */
const WINDOW_OF_A_DOMAIN = [
  'iommu_get_msi_cookie',
  'iommu_get_dma_msi_region_cookie',
  'iommufd_sw_msi',
  'iommu_dma_sw_msi',
] as const;

/** See docs/decisions/008: how I2 and I7 read follows from it. */
export function doorLifetime(set: ProgramSet): DoorLifetime {
  return WINDOW_OF_A_DOMAIN.some((name) => set.programs.has(name)) ? 'domain' : 'vectors';
}
