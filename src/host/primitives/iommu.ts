/** The IOMMU core: domains, groups, mappings. What reaches the hardware goes through the platform. */
import { requesterName } from '../../scenario/state';
import type { Value } from '../values';
import { hex, isStruct, newStruct, newUnknown, structOf } from '../values';
import type { Call, DeviceRecord, DomainRecord, GroupRecord, Primitive, World } from '../world';
import { effect, incident, injected } from '../world';
import { closeCookieWindow, takeFromCookie } from './cookie-window';
import { windowAt } from './iova';
import { writeThrough } from './language';

const EBUSY = -16;
const EINVAL = -22;
const ENOMEM = -12;

const number = (value: Value | undefined): number | null => (typeof value === 'number' ? value : null);

export function domainOf(world: World, value: Value | undefined): DomainRecord | null {
  const object = structOf(value);
  return object === null ? null : (world.domains.find((d) => d.object === object) ?? null);
}

export function groupOf(world: World, value: Value | undefined): GroupRecord | null {
  const object = structOf(value);
  return object === null ? null : (world.groups.find((g) => g.object === object) ?? null);
}

/** The device behind a `struct pci_dev` or the `struct device` in it. */
export function deviceOf(world: World, value: Value | undefined): DeviceRecord | null {
  const object = structOf(value);
  if (object === null) return null;
  for (const device of world.devices.values()) {
    if (device.pdev === object || device.pdev.fields.get('dev') === object || device.vdev === object) return device;
  }
  return null;
}

/** Name of what lies at a physical address: a controller, a memory, or nothing known. */
export function targetAt(world: World, physical: number): string {
  const { platform } = world;
  const page = physical - (physical % platform.granule);
  const door = platform.doorbellAt(physical) ?? platform.doorbellAt(page);
  if (door !== null) return door;
  const memory = platform.spec.memory.find((m) => physical >= m.base && physical < m.base + m.size);
  return memory ? (memory.kind === 'mmio' ? memory.name : 'RAM') : 'nothing';
}

const pages = (bytes: number, granule: number): string => {
  const n = Math.ceil(bytes / granule);
  return `${n} page${n === 1 ? '' : 's'}`;
};

/** Brings the flat state of a domain's mappings in line with the platform. */
function syncMappings(world: World, domain: DomainRecord): void {
  world.ledger.removeUnder(`domains/${domain.id}/maps/`);
  for (const mapping of world.platform.mappings(domain.id))
    noteMapping(world, domain.id, mapping.iova, mapping.physical, mapping.size);
}

function noteMapping(world: World, domain: number, iova: number, physical: number, size: number): void {
  world.ledger.set(`domains/${domain}/maps/${hex(iova)}`, `${hex(physical)}+${hex(size)} ${targetAt(world, physical)}`);
}

function iommuName(world: World): string {
  const { iommu } = world.platform.spec;
  return iommu.kind === 'none' ? 'none' : iommu.name;
}

/** Page sizes of an IOMMU as a bitmap: the granule and the blocks above it. */
export function pageSizes(granule: number): number {
  return granule + (granule === 4096 ? 0x40200000 : granule === 16384 ? 0x2000000 : 0x20000000);
}

const allocateDomain: Primitive = (call) => {
  const { world } = call;
  if (injected(call) !== null || world.iommuOps === null) return 0;
  const id = world.platform.allocateDomain();
  if (id <= 0) return 0;
  const object = newStruct('struct iommu_domain', 'zero');
  object.fields.set('ops', world.iommuOps);
  object.fields.set('type', 1);
  object.fields.set('pgsize_bitmap', world.iommuOps.fields.get('pgsize_bitmap') ?? pageSizes(world.platform.granule));
  const geometry = newStruct('struct iommu_domain_geometry', 'zero');
  geometry.parent = object;
  geometry.member = 'geometry';
  geometry.fields.set('aperture_start', 0);
  geometry.fields.set('aperture_end', world.platform.aperture - 1);
  geometry.fields.set('force_aperture', 1);
  object.fields.set('geometry', geometry);
  world.domains.push({ id, agent: world.agent, object, requesterIds: new Set(), freed: false });
  world.ledger.set(`domains/${id}/agent`, world.agent);
  world.ledger.set(`domains/${id}/iommu`, iommuName(world));
  effect(world, call.at, `allocate domain ${id} for ${world.agent}`);
  return object;
};

/** As __iommu_domain_alloc(): the driver's own callback makes the domain, where the driver's programs have one. */
const allocateByDriver: Primitive = (call) => {
  const { world } = call;
  if (world.iommuOps === null) return 0;
  const callback = world.iommuOps.fields.get('domain_alloc');
  const own = typeof callback === 'object' && callback.kind === 'function' && world.set.programs.has(callback.name);
  return own ? world.call(callback, [1], call.at) : allocateDomain(call);
};

const freeDomain: Primitive = (call) => {
  const { world } = call;
  const domain = domainOf(world, call.args[0]);
  if (domain === null) return 0;
  if (domain.freed) {
    incident(world, 'double-free', `domain ${domain.id} is freed a second time`, call.at);
    return 0;
  }
  const left = world.platform.mappings(domain.id).length;
  closeCookieWindow(call, domain);
  domain.freed = true;
  domain.object.freed = call.at;
  for (const requesterId of domain.requesterIds) world.ledger.remove(`devices/${requesterName(requesterId)}/domain`);
  world.platform.freeDomain(domain.id);
  world.ledger.removeUnder(`domains/${domain.id}/`);
  effect(
    world,
    call.at,
    `free domain ${domain.id}${left > 0 ? ` with ${left} mapping${left === 1 ? '' : 's'} left in it` : ''}`,
  );
  return 0;
};

export function attachDevice(world: World, domain: DomainRecord, device: DeviceRecord): number {
  const error = world.platform.attach(device.requesterId, domain.id);
  if (error !== 0) return error;
  domain.requesterIds.add(device.requesterId);
  world.ledger.set(`devices/${requesterName(device.requesterId)}/domain`, domain.id);
  return 0;
}

export function detachDevice(world: World, domain: DomainRecord, device: DeviceRecord): void {
  world.platform.detach(device.requesterId, domain.id);
  domain.requesterIds.delete(device.requesterId);
  world.ledger.remove(`devices/${requesterName(device.requesterId)}/domain`);
}

/** The core keeps the group's domain in the group itself; code that replaces the core reads it there. */
export function setGroupDomain(group: GroupRecord, domain: DomainRecord | null): void {
  group.domain = domain;
  group.object.fields.set('domain', domain?.object ?? 0);
}

/** The driver's own callback: one device at a time, whoever else is in its group. */
const attachByDriver: Primitive = (call) => {
  const { world } = call;
  const failed = injected(call);
  if (failed !== null) return failed || EINVAL;
  const domain = domainOf(world, call.args[0]);
  const device = deviceOf(world, call.args[1]);
  if (domain === null || device === null) return newUnknown('attach_dev()');
  const error = attachDevice(world, domain, device);
  if (error !== 0) return error;
  device.group.domain = domain;
  effect(world, call.at, `attach ${requesterName(device.requesterId)} to domain ${domain.id}`);
  return 0;
};

const detachByDriver: Primitive = (call) => {
  const { world } = call;
  const domain = domainOf(world, call.args[0]);
  const device = deviceOf(world, call.args[1]);
  if (domain === null || device === null) return 0;
  detachDevice(world, domain, device);
  if (device.group.domain === domain) device.group.domain = null;
  effect(world, call.at, `detach ${requesterName(device.requesterId)} from domain ${domain.id}`);
  return 0;
};

const translateAddress: Primitive = (call) => {
  const domain = domainOf(call.world, call.args[0]);
  const iova = number(call.args[1]);
  if (domain === null || iova === null) return newUnknown('iommu_iova_to_phys()');
  return call.world.platform.translate(domain.id, iova) ?? 0;
};

/** Callbacks of an IOMMU driver that the model plays itself where a driver's table leaves them out. */
export const DRIVER_CALLBACKS: Readonly<Record<string, string>> = {
  attach_dev: 'platform_attach_dev',
  detach_dev: 'platform_detach_dev',
  map: 'platform_map',
  unmap: 'platform_unmap',
  iova_to_phys: 'platform_iova_to_phys',
  domain_alloc: 'platform_domain_alloc',
  domain_free: 'platform_domain_free',
};

const attachGroup: Primitive = (call) => {
  const { world } = call;
  const failed = injected(call);
  if (failed !== null) return failed || EINVAL;
  const domain = domainOf(world, call.args[0]);
  const group = groupOf(world, call.args[1]);
  if (domain === null || group === null) return newUnknown('iommu_attach_group()');
  if (group.domain !== null && group.domain !== group.fallback) return EBUSY;
  const done: DeviceRecord[] = [];
  for (const device of group.devices) {
    const error = attachDevice(world, domain, device);
    if (error !== 0) {
      for (const one of done) detachDevice(world, domain, one);
      return error;
    }
    done.push(device);
  }
  setGroupDomain(group, domain);
  effect(world, call.at, `attach ${done.map((d) => requesterName(d.requesterId)).join(', ')} to domain ${domain.id}`);
  return 0;
};

const detachGroup: Primitive = (call) => {
  const { world } = call;
  const domain = domainOf(world, call.args[0]);
  const group = groupOf(world, call.args[1]);
  if (domain === null || group === null) return 0;
  for (const device of group.devices) detachDevice(world, domain, device);
  setGroupDomain(group, null);
  effect(
    world,
    call.at,
    `detach ${group.devices.map((d) => requesterName(d.requesterId)).join(', ')} from domain ${domain.id}`,
  );
  return 0;
};

const viaDevice =
  (groupCall: Primitive): Primitive =>
  (call) => {
    const device = deviceOf(call.world, call.args[1]);
    return device === null
      ? newUnknown(`${call.name}()`)
      : groupCall({ ...call, args: [call.args[0] ?? 0, device.group.object] });
  };

const map: Primitive = (call) => {
  const { world } = call;
  const failed = injected(call);
  if (failed !== null) return failed || ENOMEM;
  const domain = domainOf(world, call.args[0]);
  const iova = number(call.args[1]);
  const physical = number(call.args[2]);
  const size = number(call.args[3]);
  const prot = number(call.args[4]) ?? 3;
  if (domain === null || iova === null || physical === null || size === null) return newUnknown('iommu_map()');
  if (domain.freed) {
    incident(world, 'use-after-free', `domain ${domain.id} is mapped into after it was freed`, call.at);
    return EINVAL;
  }
  if (iova < 0 || physical < 0 || size <= 0) return EINVAL;
  const error = world.platform.map(domain.id, iova, physical, size, (prot & 2) !== 0);
  const target = targetAt(world, physical);
  const range = `IOVA ${hex(iova)} → ${target} (${hex(physical)}), ${pages(size, world.platform.granule)}`;
  if (error !== 0) {
    effect(world, call.at, `map ${range} in domain ${domain.id} fails with ${error}`);
    return error;
  }
  noteMapping(world, domain.id, iova, physical, size);
  const window =
    world.windows.find((w) => w.open && w.domain === domain.id && iova >= w.base && iova < w.base + w.size) ??
    windowAt(world, domain.agent, iova) ??
    takeFromCookie(call, domain, iova);
  if (window !== null && window.object === domain.object) takeFromCookie(call, domain, iova);
  if (window !== null) {
    window.domain ??= domain.id;
    for (let at = iova; at < Math.min(iova + size, window.base + window.size); at += window.granule)
      world.ledger.set(`windows/${window.agent}/pages/${hex(at)}`, target);
  }
  effect(world, call.at, `map ${range} in domain ${domain.id}`);
  return 0;
};

const unmap: Primitive = (call) => {
  const { world } = call;
  const domain = domainOf(world, call.args[0]);
  const iova = number(call.args[1]);
  const size = number(call.args[2]);
  if (domain === null || iova === null || size === null) return newUnknown('iommu_unmap()');
  if (domain.freed) {
    incident(world, 'use-after-free', `domain ${domain.id} is unmapped from after it was freed`, call.at);
    return 0;
  }
  const physical = world.platform.translate(domain.id, iova);
  const done = size <= 0 || iova < 0 ? 0 : world.platform.unmap(domain.id, iova, size);
  if (done === 0) {
    incident(world, 'unmap-nothing', `nothing is mapped at IOVA ${hex(iova)} of domain ${domain.id}`, call.at);
    return 0;
  }
  syncMappings(world, domain);
  const window = windowAt(world, domain.agent, iova);
  if (window !== null) {
    for (let at = iova; at < Math.min(iova + done, window.base + window.size); at += window.granule) {
      const path = `windows/${window.agent}/pages/${hex(at)}`;
      const elsewhere = world.domains.some(
        (d) => !d.freed && d !== domain && d.agent === domain.agent && world.platform.translate(d.id, at) !== null,
      );
      if (window.allocated.has(at)) {
        if (!elsewhere) world.ledger.set(path, 'allocated');
      } else if (!elsewhere) world.ledger.remove(path);
    }
  }
  effect(
    world,
    call.at,
    `unmap IOVA ${hex(iova)}${physical === null ? '' : ` (was ${targetAt(world, physical)})`}, ${pages(done, world.platform.granule)} of domain ${domain.id}`,
  );
  return done;
};

const capable: Primitive = (call) => {
  const ops = call.world.iommuOps;
  const callback = ops?.fields.get('capable');
  if (callback === undefined) return 0;
  return call.world.call(callback, [call.args[1] ?? 0], call.at);
};

const forEachDevice: Primitive = (call) => {
  const group = groupOf(call.world, call.args[0]);
  const visit = call.args[2];
  if (group === null || visit === undefined) return newUnknown('iommu_group_for_each_dev()');
  for (const device of group.devices) {
    const result = call.world.call(visit, [device.pdev.fields.get('dev') ?? 0, call.args[1] ?? 0], call.at);
    if (result !== 0) return result;
  }
  return 0;
};

const attribute: Primitive = (call) => {
  const domain = structOf(call.args[0]);
  const ops = domain?.fields.get('ops');
  const name = call.name === 'iommu_domain_get_attr' ? 'domain_get_attr' : 'domain_set_attr';
  const callback = isStruct(ops) ? ops.fields.get(name) : undefined;
  if (callback === undefined || callback === 0) return EINVAL;
  return call.world.call(callback, call.args, call.at);
};

/** The domain a device's DMA goes through; NULL for a device the host left untranslated. */
const domainForDevice: Primitive = (call) => {
  const device = deviceOf(call.world, call.args[0]);
  return device === null ? newUnknown('iommu_get_domain_for_dev()') : (device.group.domain?.object ?? 0);
};

export const iommu: Readonly<Record<string, Primitive>> = {
  iommu_domain_alloc: allocateByDriver,
  iommu_domain_free: freeDomain,
  iommu_attach_group: attachGroup,
  iommu_detach_group: detachGroup,
  iommu_attach_device: viaDevice(attachGroup),
  iommu_detach_device: viaDevice(detachGroup),
  iommu_map: map,
  iommu_map_atomic: map,
  iommu_unmap: unmap,
  iommu_unmap_fast: unmap,
  iommu_iova_to_phys: translateAddress,
  platform_attach_dev: attachByDriver,
  platform_detach_dev: detachByDriver,
  platform_map: map,
  platform_unmap: unmap,
  platform_iova_to_phys: translateAddress,
  platform_domain_alloc: allocateDomain,
  platform_domain_free: freeDomain,
  iommu_capable: capable,
  device_iommu_capable: capable,
  iommu_present: (call) => (call.world.iommuOps === null ? 0 : 1),
  iommu_domain_get_attr: attribute,
  iommu_domain_set_attr: attribute,
  iommu_group_for_each_dev: forEachDevice,
  iommu_group_get: (call) => deviceOf(call.world, call.args[0])?.group.object ?? 0,
  iommu_group_ref_get: (call) => call.args[0] ?? 0,
  iommu_group_put: () => 0,
  iommu_group_id: (call) => groupOf(call.world, call.args[0])?.id ?? newUnknown('iommu_group_id()'),
  iommu_get_domain_for_dev: domainForDevice,
  iommu_get_group_resv_regions: () => 0,
  domain_update_iommu_snooping: () => 1,
  get_user_pages_fast: (call) => {
    const failed = injected(call);
    if (failed !== null) return failed || -14;
    const address = number(call.args[0]);
    // Nothing of the user is mapped below its pages.
    if (address !== null && address < USER_BASE) return -14;
    const page = newStruct('struct page', 'zero');
    page.fields.set('physical', address === null ? newUnknown('user page') : physicalOf(call.world, address));
    writeThrough(call.args[3], page);
    return call.args[1] ?? 1;
  },
  page_to_pfn: (call) => pageFrame(call, true),
  page_to_phys: (call) => pageFrame(call, false),
  pfn_to_page: (call) => {
    const page = newStruct('struct page', 'zero');
    const frame = number(call.args[0]);
    page.fields.set('physical', frame === null ? newUnknown('page') : frame * pageSize(call.world));
    return page;
  },
  pfn_valid: () => 1,
  vaddr_get_pfn: (call) => {
    const failed = injected(call);
    if (failed !== null) return failed || -14;
    const address = number(call.args.find((arg) => typeof arg === 'number' && arg >= USER_BASE));
    writeThrough(
      call.args.at(-1),
      address === null ? newUnknown('page frame') : Math.floor(physicalOf(call.world, address) / pageSize(call.world)),
    );
    return 0;
  },
};

/** Where the user's view of a physical page lies: user addresses of the model are physical addresses behind this base. */
export const USER_BASE = 0x7f0000000000;

function physicalOf(world: World, address: number): number {
  void world;
  return address >= USER_BASE ? address - USER_BASE : address;
}

export function pageSize(world: World): number {
  return number(world.globals.get('PAGE_SIZE')) ?? 4096;
}

function pageFrame(call: Call, frame: boolean): Value {
  const physical = structOf(call.args[0])?.fields.get('physical');
  if (typeof physical !== 'number') return newUnknown(`${call.name}()`);
  return frame ? Math.floor(physical / pageSize(call.world)) : physical;
}
