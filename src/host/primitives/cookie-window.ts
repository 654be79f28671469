/**
 * The window of a design that keeps no allocator for it: a cookie in the domain counts upwards from the window's base, and a page is taken
 * by being mapped. Its bounds are the driver's constants (MSI_IOVA_BASE, MSI_IOVA_LENGTH), unless iommufd has noted another place for the group
 * (`iommufd_group.sw_msi_start`). In: a mapping made. Out: the window's record.
 */
import { globalNamed } from '../globals';
import type { Value } from '../values';
import { isStruct } from '../values';
import type { Call, DomainRecord, WindowRecord, World } from '../world';
import { closeWindow, openWindow } from './iova';

const number = (value: Value | null): number | null => (typeof value === 'number' ? value : null);

/** Where iommufd has the window of a domain's devices; null when it has not noted a place. */
function placed(world: World, domain: DomainRecord): number | null {
  for (const requesterId of domain.requesterIds) {
    const group = world.devices.get(requesterId)?.group.object.fields.get('iommufd_group');
    const start = isStruct(group) ? number(group.fields.get('sw_msi_start') ?? null) : null;
    if (start !== null && Number.isSafeInteger(start)) return start;
  }
  return null;
}

/** The window of a domain that a design's drivers reserve, in bytes; null when it knows none. */
function bounds(world: World, domain: DomainRecord): { readonly base: number; readonly size: number } | null {
  if (!world.set.constants.has('MSI_IOVA_BASE')) return null;
  const base = placed(world, domain) ?? number(globalNamed(world, 'MSI_IOVA_BASE'));
  const size = number(globalNamed(world, 'MSI_IOVA_LENGTH'));
  return base === null || size === null ? null : { base, size };
}

/** Notes a page that the cookie of `domain` took; null when the address is not in such a window. */
export function takeFromCookie(call: Call, domain: DomainRecord, iova: number): WindowRecord | null {
  const { world } = call;
  const range = bounds(world, domain);
  if (range === null || iova < range.base || iova >= range.base + range.size) return null;
  const known = world.windows.find((w) => w.open && w.domain === domain.id && w.base === range.base);
  const window = known ?? openWindow(call, domain.object, range.base, range.size, world.platform.granule);
  window.domain = domain.id;
  const cookie = domain.object.fields.get('iova_cookie');
  window.allocated.set(iova, isStruct(cookie) ? cookie : domain.object);
  return window;
}

/** The domain goes, and its window with it. */
export function closeCookieWindow(call: Call, domain: DomainRecord): void {
  for (const window of call.world.windows)
    if (window.open && window.domain === domain.id && window.object === domain.object) closeWindow(call, window);
}
