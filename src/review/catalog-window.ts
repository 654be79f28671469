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
];
