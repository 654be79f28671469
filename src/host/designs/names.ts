/** The names of the built-in designs, oldest first, for those who need no more than the names: the designs themselves are 300 kB of C. */
export const DESIGN_NAMES = [
  'v4.5',
  'fixup',
  'transparent',
  'cookie',
  'isolated-msi',
  'iommufd-6.12',
  'iommufd',
  'iommufd-sw-msi',
] as const;
