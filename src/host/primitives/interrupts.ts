/** Interrupts: vectors from the irqchip drivers, Linux irq numbers with their hierarchy of irq_data, handlers, affinity. */
import { requesterName } from '../../scenario/state';
import { hierarchyFor } from '../irq-hierarchy';
import type { HardwareVector } from '../platform';
import { interruptKey } from '../state-paths';
import type { StructValue, Value } from '../values';
import { hex, newStruct, newUnknown, structOf } from '../values';
import type { Call, DeviceRecord, IrqRecord, Primitive, World } from '../world';
import { effect, incident, injected } from '../world';
import { deviceOf } from './iommu';

const ENOSPC = -28;
const EBUSY = -16;
const EINVAL = -22;

/** Vectors allocated for a device and not yet handed out. */
const waiting = new WeakMap<DeviceRecord, HardwareVector[]>();

const number = (value: Value | undefined): number | null => (typeof value === 'number' ? value : null);

function irqOf(world: World, value: Value | undefined): IrqRecord | null {
  const irq = number(value);
  return irq === null ? null : (world.irqs.get(irq) ?? null);
}

/** The interrupt whose hierarchy an irq_data belongs to. */
export function irqOfData(world: World, value: Value | undefined): IrqRecord | null {
  const data = structOf(value);
  const irq = data?.fields.get('irq');
  return irq === undefined ? null : irqOf(world, irq);
}

function nameOf(record: IrqRecord): string {
  return `${requesterName(record.device.requesterId)} vector ${record.index}`;
}

export function prepare(world: World, device: DeviceRecord, count: number, call: Call): number {
  const vectors = world.platform.allocateVectors(device.requesterId, count);
  if (vectors === null) {
    effect(world, call.at, `no ${count} vector${count === 1 ? '' : 's'} left for ${requesterName(device.requesterId)}`);
    return ENOSPC;
  }
  waiting.set(device, [...vectors]);
  for (const vector of vectors) world.ledger.set(`interrupts/${interruptKey(vector.interrupt)}/owner`, device.agent);
  const first = vectors[0];
  effect(
    world,
    call.at,
    `allocate ${count} vector${count === 1 ? '' : 's'} of ${first?.controller ?? 'the controller'} for ${requesterName(device.requesterId)}`,
  );
  return 0;
}

/** Gives all vectors of a device back to its controller. */
export function giveBack(world: World, device: DeviceRecord, call: Call): void {
  for (const vector of world.platform.vectors()) {
    if (vector.requesterId === device.requesterId)
      world.ledger.removeUnder(`interrupts/${interruptKey(vector.interrupt)}/`);
  }
  waiting.delete(device);
  world.platform.freeVectors(device.requesterId);
  for (const [key, vector] of world.vectors) {
    const cleared = vector.address === 0 && vector.data === 0 && !vector.enabled && !vector.handler;
    if (vector.requesterId !== device.requesterId || !cleared) continue;
    world.vectors.delete(key);
    world.ledger.removeUnder(`devices/${requesterName(device.requesterId)}/vectors/${vector.index}/`);
  }
  effect(world, call.at, `free the vectors of ${requesterName(device.requesterId)}`);
}

/** Hands out the next vectors as consecutive irq numbers; null when there are not that many. */
export function handOut(world: World, device: DeviceRecord, count: number): number | null {
  const queue = waiting.get(device) ?? [];
  if (queue.length < count) return null;
  const base = Math.max(31, ...world.irqs.keys()) + 1;
  for (let i = 0; i < count; i++) {
    const vector = queue.shift();
    if (!vector) return null;
    const irq = base + i;
    const record: IrqRecord = {
      irq,
      device,
      index: vector.index,
      vector,
      data: newStruct('struct irq_data', 'zero'),
      desc: newStruct('struct irq_desc', 'zero'),
      msi: newStruct('struct msi_desc', 'zero'),
      handler: null,
      wakes: 0,
    };
    hierarchyFor(world, record);
    world.irqs.set(irq, record);
    device.irqs.push(record);
  }
  return base;
}

const prepareIrqs: Primitive = (call) => {
  const { world } = call;
  const failed = injected(call);
  if (failed !== null) return failed || ENOSPC;
  const device = deviceOf(world, call.args[1]);
  const count = number(call.args[2]);
  if (device === null || count === null) return newUnknown('msi_domain_prepare_irqs()');
  return prepare(world, device, count, call);
};

function deviceOfDomain(world: World, value: Value | undefined): DeviceRecord | null {
  const object = structOf(value);
  for (const device of world.devices.values()) if (device.pdev.fields.get('msi_domain') === object) return device;
  return null;
}

const allocateIrqs: Primitive = (call) => {
  const { world } = call;
  const device = deviceOfDomain(world, call.args[0]);
  const count = number(call.args[2]);
  if (device === null || count === null) return newUnknown(`${call.name}()`);
  const failed = injected(call);
  const base = failed === null ? handOut(world, device, count) : null;
  if (base !== null) return base;
  if (device.irqs.length === 0) giveBack(world, device, call);
  return failed || ENOSPC;
};

export function freeIrqs(call: Call, first: number, count: number): void {
  const { world } = call;
  let device: DeviceRecord | null = null;
  for (let irq = first; irq < first + count; irq++) {
    const record = world.irqs.get(irq);
    if (!record) continue;
    device = record.device;
    world.irqs.delete(irq);
    record.device.irqs = record.device.irqs.filter((r) => r !== record);
  }
  if (device !== null && device.irqs.length === 0) giveBack(world, device, call);
}

const freeIrqRange: Primitive = (call) => {
  const first = number(call.args[0]);
  const count = number(call.args[1]) ?? 1;
  if (first !== null) freeIrqs(call, first, count);
  return 0;
};

const request: Primitive = (call) => {
  const { world } = call;
  const failed = injected(call);
  if (failed !== null) return failed || EBUSY;
  const record = irqOf(world, call.args[0]);
  if (record === null) return typeof call.args[0] === 'number' ? EINVAL : newUnknown(`${call.name}()`);
  if (record.handler !== null) return EBUSY;
  const handler = call.args[1];
  record.handler = typeof handler === 'object' && handler.kind === 'function' ? handler.name : 'handler';
  record.wakes = call.args.at(-1) ?? 0;
  noteHandler(world, record, true);
  effect(world, call.at, `request irq ${record.irq}: ${nameOf(record)} now has a handler`);
  return 0;
};

function noteHandler(world: World, record: IrqRecord, present: boolean): void {
  const { requesterId } = record.device;
  const vector = world.vectors.get(`${requesterId}/${record.index}`);
  if (vector) vector.handler = present;
  world.ledger.set(`devices/${requesterName(requesterId)}/vectors/${record.index}/handler`, present ? 1 : 0);
}

const release: Primitive = (call) => {
  const { world } = call;
  const record = irqOf(world, call.args[0]);
  if (record === null) {
    if (typeof call.args[0] === 'number')
      incident(world, 'double-free', `irq ${call.args[0]} is freed but no such interrupt is allocated`, call.at);
    return 0;
  }
  if (record.handler === null) {
    incident(world, 'double-free', `irq ${record.irq} is freed but has no handler`, call.at);
    return 0;
  }
  record.handler = null;
  noteHandler(world, record, false);
  effect(world, call.at, `free irq ${record.irq}: ${nameOf(record)} has no handler any more`);
  return 0;
};

/** Moves a vector to the CPU a mask names. On x86 without remapping the message changes with it. */
function move(world: World, record: IrqRecord, cpu: number, at: Call['at']): number {
  const moved = world.platform.setAffinity(record.device.requesterId, record.index, cpu);
  if (moved === null) return EINVAL;
  const before = record.vector;
  if (interruptKey(before.interrupt) !== interruptKey(moved.interrupt)) {
    world.ledger.removeUnder(`interrupts/${interruptKey(before.interrupt)}/`);
    world.ledger.set(`interrupts/${interruptKey(moved.interrupt)}/owner`, record.device.agent);
  }
  record.vector = moved;
  hierarchyFor(world, record);
  effect(world, at, `route ${nameOf(record)} to CPU ${cpu}`);
  return 0;
}

export function cpuOf(mask: Value | undefined): number {
  const cpu = structOf(mask)?.fields.get('cpu');
  return typeof cpu === 'number' ? cpu : 0;
}

const setAffinity: Primitive = (call) => {
  const record = irqOfData(call.world, call.args[0]);
  return record === null ? newUnknown(`${call.name}()`) : move(call.world, record, cpuOf(call.args[1]), call.at);
};

const moveEvent: Primitive = (call) => {
  const { world } = call;
  const device = structOf(call.args[0])?.fields.get('requester');
  const cpu = number(call.args[1]);
  const event = number(call.args[2]);
  for (const record of world.irqs.values()) {
    if (record.device.requesterId === device && record.vector.data === event && cpu !== null)
      move(world, record, cpu, call.at);
  }
  return 0;
};

/** The descriptor's data by irq number or by irq_data. */
const descriptor = (record: IrqRecord | null, call: Call): Value =>
  record === null ? newUnknown(`${call.name}()`) : (record.data.fields.get('msi_desc') ?? 0);

const setDescriptor: Primitive = (call) => {
  const [irq, offset, desc] = call.name.endsWith('_off') ? call.args : [call.args[0], 0, call.args[1]];
  const base = number(irq);
  const off = number(offset) ?? 0;
  const record = base === null ? null : (call.world.irqs.get(base + off) ?? null);
  const object = structOf(desc);
  if (record === null || object === null) return EINVAL;
  for (let level: StructValue | null = record.data; level !== null; level = structOf(level.fields.get('parent_data')))
    level.fields.set('msi_desc', object);
  if (off === 0) object.fields.set('irq', record.irq);
  return 0;
};

const field =
  (name: string): Primitive =>
  (call) => {
    const data = structOf(call.args[0]);
    return data === null ? newUnknown(`${call.name}()`) : (data.fields.get(name) ?? 0);
  };

const byIrq =
  (name: string): Primitive =>
  (call) => {
    const record = irqOf(call.world, call.args[0]);
    return record === null ? 0 : (record.data.fields.get(name) ?? 0);
  };

const nothing: Primitive = () => 0;

export const interrupts: Readonly<Record<string, Primitive>> = {
  msi_domain_prepare_irqs: prepareIrqs,
  __irq_domain_alloc_irqs: (call) => allocateIrqs(call),
  irq_domain_alloc_irqs: (call) => allocateIrqs({ ...call, args: [call.args[0] ?? 0, -1, call.args[1] ?? 1] }),
  irq_domain_free_irqs: freeIrqRange,
  irq_get_irq_data: (call) => irqOf(call.world, call.args[0])?.data ?? 0,
  irq_domain_get_irq_data: (call) => irqOf(call.world, call.args[1])?.data ?? 0,
  irq_to_desc: (call) => irqOf(call.world, call.args[0])?.desc ?? 0,
  irq_desc_get_irq_data: (call) => {
    const desc = structOf(call.args[0]);
    for (const record of call.world.irqs.values()) if (record.desc === desc) return record.data;
    return newUnknown('irq_desc_get_irq_data()');
  },
  irq_get_msi_desc: (call) => descriptor(irqOf(call.world, call.args[0]), call),
  irq_data_get_msi_desc: (call) => descriptor(irqOfData(call.world, call.args[0]), call),
  irq_set_msi_desc: setDescriptor,
  irq_set_msi_desc_off: setDescriptor,
  irq_data_get_irq_chip_data: field('chip_data'),
  irq_data_get_irq_chip: field('chip'),
  irq_get_chip: byIrq('chip'),
  irq_get_chip_data: byIrq('chip_data'),
  irqd_cfg: (call) => {
    const record = irqOfData(call.world, call.args[0]);
    if (record === null) return newUnknown('irqd_cfg()');
    const cfg = newStruct('struct irq_cfg', 'zero');
    cfg.fields.set('dest_apicid', Math.floor(record.vector.address / 4096) % 256);
    cfg.fields.set('vector', record.vector.data % 256);
    return cfg;
  },
  irq_has_action: (call) => (irqOf(call.world, call.args[0])?.handler ? 1 : 0),
  request_irq: request,
  request_threaded_irq: request,
  devm_request_irq: (call) => request({ ...call, args: call.args.slice(1) }),
  free_irq: release,
  gic_set_affinity: setAffinity,
  apic_set_affinity: setAffinity,
  platform_set_affinity: setAffinity,
  '->irq_set_affinity': setAffinity,
  its_send_movi: moveEvent,
  its_send_mapvi: nothing,
  its_send_mapti: nothing,
  its_send_discard: nothing,
  its_send_inv: nothing,
  modify_irte: nothing,
  its_get_event_id: (call) => irqOfData(call.world, call.args[0])?.vector.data ?? newUnknown('its_get_event_id()'),
  cpumask_any_and: (call) => cpuOf(call.args[0]),
  cpumask_first: (call) => cpuOf(call.args[0]),
  cpumask_first_and: (call) => cpuOf(call.args[0]),
  cpumask_of: (call) => {
    const mask = newStruct('struct cpumask', 'zero');
    mask.fields.set('cpu', call.args[0] ?? 0);
    return mask;
  },
  irqd_set_affinity_on_activate: nothing,
  irq_data_update_effective_affinity: nothing,
  irq_domain_set_hwirq_and_chip: nothing,
  disable_irq: nothing,
  enable_irq: nothing,
  disable_irq_nosync: nothing,
  /** Used where a design leaves composing to the platform. */
  platform_compose_msi_msg: (call) => {
    const record = irqOfData(call.world, call.args[0]);
    const message = structOf(call.args[1]);
    if (record === null || message === null) return newUnknown('compose');
    message.fields.set('address_lo', record.vector.address % 2 ** 32);
    message.fields.set('address_hi', Math.floor(record.vector.address / 2 ** 32));
    message.fields.set('data', record.vector.data);
    return 0;
  },
};

/** `GICv2m#0 (0x8020040)`. */
export function doorName(vector: HardwareVector): string {
  return `${vector.controller} (${hex(vector.address)})`;
}
