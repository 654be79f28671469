/**
 * The built-in designs: the host's own behaviour as C of our own, one folder a design.
 * In: the C texts beside this file. Out: `DesignSource`s. Knows nothing of the interpreter that runs them.
 *
 * A design that amends another holds only the functions, tables and structures it changes.
 */
import type { DesignSource } from '../types';
import { cookie } from './cookie/files';
import { fixup } from './fixup/files';
import { iommufdSwMsi } from './iommufd/sw-msi-option/files';
import { iommufd612 } from './iommufd/v6.12/files';
import { iommufd } from './iommufd/v7/files';
import { isolatedMsi } from './isolated-msi/files';
import { transparent } from './transparent/files';
import { v45 } from './v4.5/files';

export { type ControllerTables, controllerTables, iommuTable } from './tables';

export const designs: readonly DesignSource[] = [
  { name: 'v4.5', title: 'Linux v4.5: no mapping of ARM doorbells', base: null, files: v45 },
  {
    name: 'fixup',
    title: 'vfio-pci writes an IOVA over the address that the MSI core programmed',
    base: 'v4.5',
    files: fixup,
  },
  {
    name: 'transparent',
    title: 'The MSI layer maps the doorbell when it allocates a vector',
    base: 'v4.5',
    files: transparent,
  },
  {
    name: 'cookie',
    title: 'Linux v4.11 to v6.1: the doorbell is mapped from a reserved window when an interrupt is allocated',
    base: 'v4.5',
    files: cookie,
  },
  {
    name: 'isolated-msi',
    title: 'Linux v6.2 and later: isolation is asked of every device, MSI-X grows where the platform lets it',
    base: 'cookie',
    files: isolatedMsi,
  },
  {
    name: 'iommufd-6.12',
    title: 'Linux v6.12 with /dev/iommu: every page table has a window of its own',
    base: 'isolated-msi',
    files: iommufd612,
  },
  {
    name: 'iommufd',
    title: 'Linux v6.15 and later with /dev/iommu: a doorbell has one address in all page tables of a user',
    base: 'iommufd-6.12',
    files: iommufd,
  },
  {
    name: 'iommufd-sw-msi',
    title: 'As proposed for /dev/iommu: the user says where the window for doorbells lies, and how large it is',
    base: 'iommufd',
    files: iommufdSwMsi,
  },
];
