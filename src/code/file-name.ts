/**
 * The name a file of the kernel goes by, whatever release's tree it stands in: files move between folders and are split, functions keep
 * their names. In: a path. Out: a short name that is equal for the same file of another release. Knows nothing of what stands in it.
 */

/** Files that moved, by the end of their new path; what they are called here is their older name. */
const MOVED: readonly (readonly [RegExp, string])[] = [
  [/(?:^|\/)iommu\/intel\/iommu\.c$/, 'intel-iommu.c'],
  [/(?:^|\/)iommu\/intel\/irq_remapping\.c$/, 'intel_irq_remapping.c'],
  [/(?:^|\/)iommu\/intel\/svm\.c$/, 'intel-svm.c'],
  [/(?:^|\/)iommu\/amd\/iommu\.c$/, 'amd_iommu.c'],
  [/(?:^|\/)iommu\/amd\/init\.c$/, 'amd_iommu_init.c'],
  [/(?:^|\/)iommu\/riscv\/iommu\.c$/, 'riscv-iommu.c'],
  [/(?:^|\/)pci\/msi\/(?:msi|api|irqdomain|pcidev_msi|legacy)\.c$/, 'pci-msi.c'],
  [/(?:^|\/)drivers\/pci\/msi\.c$/, 'pci-msi.c'],
  [/(?:^|\/)vfio\/vfio_main\.c$/, 'vfio.c'],
  [/(?:^|\/)vfio\/pci\/vfio_pci_core\.c$/, 'vfio_pci.c'],
  [/(?:^|\/)vfio\/pci\/vfio_pci_priv\.h$|(?:^|\/)linux\/vfio_pci_core\.h$/, 'vfio_pci_private.h'],
  [/(?:^|\/)irq-gic-v3-its-msi-parent\.c$/, 'irq-gic-v3-its-pci-msi.c'],
];

const names = new Map<string, string>();

/** `intel-iommu.c` for `drivers/iommu/intel/iommu.c` and for `drivers/iommu/intel-iommu.c`; the last part of any other path. */
export function fileName(path: string): string {
  let name = names.get(path);
  if (name === undefined) {
    name = MOVED.find(([pattern]) => pattern.test(path))?.[1] ?? path.slice(path.lastIndexOf('/') + 1);
    names.set(path, name);
  }
  return name;
}
