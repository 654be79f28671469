import type { Rule } from './rule';

/** The rules on the window of doorbells that need no run. */
const rule = (id: string, title: string, severity: Rule['severity'] = 'warning'): Rule => ({
  id,
  title,
  class: 'window',
  severity,
});

export const SW_MSI_NOT_KEPT_OUT = rule('sw-msi-not-kept-out', 'Users not kept out of the window');
export const SW_MSI_FIRST = rule('sw-msi-first', 'Software window before the hardware’s');
export const RESV_CHECK_LOST = rule('reserved-check-lost', 'Reserved regions not looked at any more');
export const WINDOW_END = rule('window-end', 'Size left out of the bound');
export const MSI_DOMAIN = rule('msi-domain', 'Doorbell in another domain');
export const NOT_REPLAYED = rule('window-not-replayed', 'Later domains have no window');
export const SETUP_LOST = rule('window-setup-lost', 'Window not set up any more');
export const DOORBELL_PROT = rule('doorbell-prot', 'Doorbell mapped with other rights');
export const MSI_ADDRESS = rule('msi-address', 'Address of the MSI message incomplete');
export const UNMAP_SIZE = rule('unmap-size', 'Not unmapped as mapped');
export const MSI_PAGES_SKIPPED = rule('msi-pages-skipped', 'Walk ends before all entries');
export const REGION_TYPE = rule('region-type', 'Reserved region of another kind');
export const RANGE_HALF_CHECKED = rule('range-half-checked', 'Only one end of the range checked');
export const PAGE_INDEX_AS_ADDRESS = rule('page-index-as-address', 'Pages added to bytes');
export const MAPPING_FORGOTTEN = rule('mapping-forgotten', 'IOVA given back, mapping kept');
export const DMA_MASK_FOREIGN = rule('dma-mask-foreign', 'Mask of somebody else’s DMA');
export const KEY_UNALIGNED = rule('key-unaligned', 'Looked for by another key than kept');
export const KEY_DROPPED = rule('key-dropped', 'Found by less than it is kept under');
export const WINDOW_LENGTH = rule('window-length', 'Length of the window in CPU pages');
export const LAST_PAGE_LOST = rule('last-page-lost', 'Last page never handed out');
export const CONTAINED_FOR_OVERLAP = rule('contained-for-overlap', 'Only a range that lies within counts as overlap');
export const OVERLAP_ENCLOSING = rule('overlap-enclosing', 'Overlap not seen where one range encloses the other');
export const FIRST_FOR_ALL = rule('first-for-all', 'Done for the first where it was done for all');
export const REGION_LET_IN = rule('region-let-in', 'Type of region kept out no more');
export const COMPARED_NARROWER = rule('compared-narrower', 'Domains compared instead of what they share');
export const REGIONS_CONTRADICT = rule('regions-contradict', 'Hardware and software region for one device');
export const FALLBACK_UNTESTED = rule('fallback-untested', 'Second base not held against what the first met');
export const MASKED_LEFT_OUT = rule('masked-left-out', 'Masked vectors left out');
export const ZERO_AS_NONE = rule('zero-as-none', 'First place taken for a failure');

export const WINDOW_RULES: readonly Rule[] = [
  SW_MSI_NOT_KEPT_OUT,
  SW_MSI_FIRST,
  RESV_CHECK_LOST,
  WINDOW_END,
  MSI_DOMAIN,
  NOT_REPLAYED,
  SETUP_LOST,
  DOORBELL_PROT,
  MSI_ADDRESS,
  UNMAP_SIZE,
  MSI_PAGES_SKIPPED,
  REGION_TYPE,
  RANGE_HALF_CHECKED,
  PAGE_INDEX_AS_ADDRESS,
  MAPPING_FORGOTTEN,
  DMA_MASK_FOREIGN,
  KEY_UNALIGNED,
  KEY_DROPPED,
  WINDOW_LENGTH,
  LAST_PAGE_LOST,
  OVERLAP_ENCLOSING,
  CONTAINED_FOR_OVERLAP,
  FIRST_FOR_ALL,
  REGION_LET_IN,
  COMPARED_NARROWER,
  REGIONS_CONTRADICT,
  FALLBACK_UNTESTED,
  MASKED_LEFT_OUT,
  ZERO_AS_NONE,
];
