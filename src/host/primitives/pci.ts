/**
 * PCI as a driver sees it: configuration space with the MSI and MSI-X capabilities, and the MSI-X table. What is written
 * there is what the device will emit.
 */
import { requesterName } from '../../scenario/state';
import { initialise, msiListOf } from '../links';
import type { StructValue, Value } from '../values';
import { hex, newStruct, newUnknown, structOf } from '../values';
import type { Call, DeviceRecord, Primitive, VectorRecord, World } from '../world';
import { effect, injected } from '../world';
import { deviceOf } from './iommu';
import { writeThrough } from './language';
import { free } from './memory';

/** Where the model puts the capabilities in configuration space. */
export const MSI_CAP = 0x50;
export const MSIX_CAP = 0xb0;

const ENTRY_BYTES = 16;
const TABLE_BASE = 0x1f0000000000;
const TABLE_STRIDE = 0x100000;
const ENABLE_MSIX = 0x8000;
const MASK_ALL = 0x4000;
const READ_ONLY = 0x8e;

/** The address under which programs reach a device's table of MSI-X. */
export function tableAddress(device: DeviceRecord): number {
  return TABLE_BASE + device.requesterId * TABLE_STRIDE;
}

/** What a device's registers hold. */
export interface Registers {
  readonly config: Map<number, number>;
  readonly table: Map<number, number>;
}

const registers = new WeakMap<DeviceRecord, Registers>();

/** A function's registers, zero where nobody wrote. */
export function registersOf(device: DeviceRecord): Registers {
  let found = registers.get(device);
  if (!found) {
    found = { config: new Map(), table: new Map() };
    registers.set(device, found);
  }
  return found;
}

const number = (value: Value | undefined): number | null => (typeof value === 'number' ? value : null);

function vectorPath(device: DeviceRecord, index: number): string {
  return `devices/${requesterName(device.requesterId)}/vectors/${index}`;
}

/** The record of what a vector would emit, made on first touch. */
export function vectorRecord(world: World, device: DeviceRecord, index: number): VectorRecord {
  const key = `${device.requesterId}/${index}`;
  let record = world.vectors.get(key);
  if (!record) {
    const irq = device.irqs.find((r) => r.index === index);
    record = {
      requesterId: device.requesterId,
      index,
      address: 0,
      data: 0,
      enabled: false,
      masked: false,
      handler: irq?.handler != null,
      event: 0,
    };
    world.vectors.set(key, record);
  }
  return record;
}

function note(world: World, device: DeviceRecord, record: VectorRecord): void {
  const path = vectorPath(device, record.index);
  world.ledger.set(`${path}/address`, record.address);
  world.ledger.set(`${path}/data`, record.data);
  world.ledger.set(`${path}/enabled`, record.enabled ? 1 : 0);
  world.ledger.set(`${path}/masked`, record.masked ? 1 : 0);
}

/** In words: which doorbell an address reaches for this device, as far as its own domain says. */
function meaning(world: World, device: DeviceRecord, address: number): string {
  if (address === 0) return '0';
  const domain = device.group.domain;
  const translated = domain !== null && !domain.freed;
  const physical = translated ? world.platform.translate(domain.id, address) : address;
  const door = physical === null ? null : world.platform.doorbellAt(physical);
  if (door !== null) return `${hex(address)} (${door})`;
  const bare = translated && physical === null ? world.platform.doorbellAt(address) : null;
  return bare === null ? hex(address) : `${hex(address)} (${bare}, which domain ${domain?.id} does not map)`;
}

function program(
  call: Call,
  device: DeviceRecord,
  index: number,
  change: { address?: number; data?: number; masked?: boolean },
  text: string,
): void {
  const { world } = call;
  const record = vectorRecord(world, device, index);
  if (change.address !== undefined) record.address = change.address;
  if (change.data !== undefined) record.data = change.data;
  if (change.masked !== undefined) record.masked = change.masked;
  note(world, device, record);
  const event = effect(world, call.at, `${requesterName(device.requesterId)} vector ${index}: ${text}`);
  if (change.masked === undefined) record.event = event;
}

function setEnabled(call: Call, device: DeviceRecord, on: boolean, what: string): void {
  const { world } = call;
  let changed = false;
  const count = device.irqs.length;
  for (const record of world.vectors.values()) {
    if (record.requesterId !== device.requesterId) continue;
    const enabled = on && (record.index < count || device.irqs.some((r) => r.index === record.index));
    if (record.enabled !== enabled) changed = true;
    record.enabled = enabled;
    note(world, device, record);
  }
  if (changed) effect(world, call.at, `${requesterName(device.requesterId)}: ${what} ${on ? 'enabled' : 'disabled'}`);
}

const read =
  (bytes: number): Primitive =>
  (call) => {
    const device = deviceOf(call.world, call.args[0]);
    const at = number(call.args[1]);
    if (device === null || at === null) {
      writeThrough(call.args[2], newUnknown('configuration space'));
      return 0;
    }
    const value = registersOf(device).config.get(at) ?? 0;
    writeThrough(call.args[2], bytes === 2 ? value % 0x10000 : value);
    return 0;
  };

const write: Primitive = (call) => {
  const device = deviceOf(call.world, call.args[0]);
  const at = number(call.args[1]);
  const written = number(call.args[2]);
  if (device === null || at === null || written === null) return 0;
  const { config } = registersOf(device);
  const before = config.get(at) ?? 0;
  // What an MSI capability can do is read only: message count and width (PCI Local Bus 3.0, 6.8.1.3).
  const value = at === MSI_CAP + 2 ? (written & ~READ_ONLY) | (before & READ_ONLY) : written;
  config.set(at, value);
  if (at === MSIX_CAP + 2) {
    if ((value & ENABLE_MSIX) !== (before & ENABLE_MSIX))
      setEnabled(call, device, (value & ENABLE_MSIX) !== 0, 'MSI-X');
    if ((value & MASK_ALL) !== (before & MASK_ALL)) setMaskAll(call, device, (value & MASK_ALL) !== 0);
  } else if (at === MSI_CAP + 2) {
    if ((value & 1) !== (before & 1)) setEnabled(call, device, (value & 1) !== 0, 'MSI');
  } else if (at >= MSI_CAP + 4 && at <= MSI_CAP + 12) {
    const address = (config.get(MSI_CAP + 8) ?? 0) * 2 ** 32 + (config.get(MSI_CAP + 4) ?? 0);
    const data = config.get(MSI_CAP + 12) ?? 0;
    const count = Math.max(1, device.irqs.length);
    if (at === MSI_CAP + 8 && before === value) return 0;
    for (let i = 0; i < count; i++) {
      program(
        call,
        device,
        i,
        { address, data: data === 0 ? 0 : data + i },
        at === MSI_CAP + 12 ? `data ← ${hex(data + i)}` : `address ← ${meaning(call.world, device, address)}`,
      );
    }
  }
  return 0;
};

function setMaskAll(call: Call, device: DeviceRecord, masked: boolean): void {
  const { world } = call;
  const { table } = registersOf(device);
  for (const record of world.vectors.values()) {
    if (record.requesterId !== device.requesterId) continue;
    record.masked = masked || ((table.get(record.index * ENTRY_BYTES + 12) ?? 0) & 1) === 1;
    note(world, device, record);
  }
  effect(world, call.at, `${requesterName(device.requesterId)}: all vectors ${masked ? 'masked' : 'unmasked'}`);
}

function tableSlot(
  world: World,
  address: Value | undefined,
): { readonly device: DeviceRecord; readonly offset: number } | null {
  const at = number(address);
  if (at === null || at < TABLE_BASE) return null;
  const device = world.devices.get(Math.floor((at - TABLE_BASE) / TABLE_STRIDE));
  return device ? { device, offset: (at - TABLE_BASE) % TABLE_STRIDE } : null;
}

const writeRegister: Primitive = (call) => {
  const slot = tableSlot(call.world, call.args[1]);
  const value = number(call.args[0]);
  if (slot === null) return 0;
  const { device, offset } = slot;
  const { table, config } = registersOf(device);
  if (value === null) return 0;
  const before = table.get(offset) ?? 0;
  table.set(offset, value);
  const index = Math.floor(offset / ENTRY_BYTES);
  const entry = index * ENTRY_BYTES;
  const address = (table.get(entry + 4) ?? 0) * 2 ** 32 + (table.get(entry) ?? 0);
  switch (offset - entry) {
    case 0:
      program(call, device, index, { address }, `address ← ${meaning(call.world, device, address)}`);
      break;
    case 4:
      if (before !== value)
        program(call, device, index, { address }, `address ← ${meaning(call.world, device, address)}`);
      break;
    case 8:
      program(call, device, index, { data: value }, `data ← ${hex(value)}`);
      break;
    default: {
      const all = ((config.get(MSIX_CAP + 2) ?? 0) & MASK_ALL) !== 0;
      const masked = all || (value & 1) === 1;
      if (vectorRecord(call.world, device, index).masked !== masked)
        program(call, device, index, { masked }, masked ? 'masked' : 'unmasked');
      break;
    }
  }
  return 0;
};

const readRegister: Primitive = (call) => {
  const slot = tableSlot(call.world, call.args[0]);
  return slot === null ? newUnknown(`${call.name}()`) : (registersOf(slot.device).table.get(slot.offset) ?? 0);
};

const allocateEntry: Primitive = (call) => {
  if (injected(call) !== null) return 0;
  const entry = newStruct('struct msi_desc', 'zero', true);
  const list = newStruct('struct list_head', 'zero');
  list.parent = entry;
  list.member = 'list';
  initialise(list);
  entry.fields.set('list', list);
  entry.fields.set('dev', call.args[0] ?? 0);
  call.world.live.add(entry);
  return entry;
};

function functionOf(value: Value | undefined): StructValue | null {
  const device = structOf(value);
  return device?.parent?.kind === 'struct' ? device.parent : device;
}

/** How many messages a device has: as many as its MSI-X table has entries, at most `limit`; at least `least`. */
const count =
  (limit: number, least: number): Primitive =>
  (call) => {
    const device = deviceOf(call.world, call.args[0]);
    const told = device === null ? undefined : call.world.options.functions?.get(device.requesterId);
    if (told !== undefined) return least > 0 ? told.msi : told.msix;
    const spec = call.world.platform.spec.devices.find((d) => d.requesterId === device?.requesterId);
    return spec ? Math.max(least, Math.min(limit, spec.vectors)) : newUnknown(`${call.name}()`);
  };

export const pci: Readonly<Record<string, Primitive>> = {
  pci_read_config_word: read(2),
  pci_read_config_dword: read(4),
  pci_read_config_byte: read(1),
  pci_write_config_word: write,
  pci_write_config_dword: write,
  pci_write_config_byte: write,
  writel: writeRegister,
  writel_relaxed: writeRegister,
  readl: readRegister,
  readl_relaxed: readRegister,
  msix_map_region: (call) => {
    if (injected(call) !== null) return 0;
    const device = deviceOf(call.world, call.args[0]);
    return device === null ? newUnknown('msix_map_region()') : tableAddress(device);
  },
  pci_msix_vec_count: count(2048, 0),
  // A device without an MSI-X table is driven by plain MSI, and has one message.
  pci_msi_vec_count: count(32, 1),
  alloc_msi_entry: allocateEntry,
  free_msi_entry: free,
  dev_to_msi_list: (call) => {
    const device = structOf(call.args[0]);
    return device === null ? newUnknown('dev_to_msi_list()') : msiListOf(device);
  },
  dev_get_msi_domain: (call) => deviceOf(call.world, call.args[0])?.pdev.fields.get('msi_domain') ?? 0,
  dev_to_node: () => -1,
  msi_desc_to_dev: (call) => structOf(call.args[0])?.fields.get('dev') ?? 0,
  msi_desc_to_pci_dev: (call) =>
    functionOf(structOf(call.args[0])?.fields.get('dev')) ?? newUnknown('msi_desc_to_pci_dev()'),
  to_pci_dev: (call) => functionOf(call.args[0]) ?? newUnknown('to_pci_dev()'),
  dev_is_pci: () => 1,
  // Its driver has said that the device sends addresses of 64 bits.
  dma_get_mask: () => -1,
  dev_is_platform: () => 0,
  pci_name: (call) => requesterName(deviceOf(call.world, call.args[0])?.requesterId ?? 0),
  dev_name: (call) => requesterName(deviceOf(call.world, call.args[0])?.requesterId ?? 0),
  pci_get_drvdata: (call) => deviceOf(call.world, call.args[0])?.vdev ?? 0,
  dev_get_drvdata: (call) => deviceOf(call.world, call.args[0])?.vdev ?? 0,
  pci_enable_device: (call) => injected(call) ?? 0,
  pci_find_capability: (call) => (call.args[1] === 5 ? MSI_CAP : call.args[1] === 0x11 ? MSIX_CAP : 0),
  first_msi_entry: (call) => {
    const device = structOf(call.args[0]);
    const first = device === null ? undefined : msiListOf(device).fields.get('next');
    const node = structOf(first);
    return node?.parent ?? newUnknown('first_msi_entry()');
  },
};
