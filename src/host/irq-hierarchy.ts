/**
 * The irq_data of one interrupt, level by level, as `designs/tables.ts` names them: the MSI chip, the controller's chip with
 * its data, the root chip.
 */
import type { ControllerKind } from './designs/tables';
import { chipDataType, controllerTables, irqRemappingOf } from './designs/tables';
import { globalNamed } from './globals';
import type { StructValue, Value } from './values';
import { functionNamed, isStruct, newStruct, structOf } from './values';
import type { IrqRecord, World } from './world';
import { Halt } from './world';

/**
 * The chip that writes a device's message. Where a patch took its table away, the kernel makes the chip elsewhere (a domain for each
 * device, a library), and how a message is written then is not known: the stage stops, undecided.
 */
function messageChip(world: World, name: string): StructValue {
  if (world.set.tables.has(name)) return tableNamed(world, name, 'struct irq_chip');
  throw new Halt(`${name} is not there any more, and nothing in sight says which chip takes its place`);
}

function tableNamed(world: World, name: string, type: string): StructValue {
  const value = world.set.tables.has(name) ? globalNamed(world, name) : 0;
  if (isStruct(value)) return value;
  const made = newStruct(type, 'zero');
  if (type === 'struct irq_chip') made.fields.set('irq_set_affinity', functionNamed('gic_set_affinity'));
  return made;
}

function domainNamed(world: World, ops: string): StructValue {
  const domain = newStruct('struct irq_domain', 'zero');
  domain.fields.set('ops', tableNamed(world, ops, 'struct irq_domain_ops'));
  return domain;
}

/** The kind of the controller that a vector's message goes to. */
function controllerKind(world: World, record: IrqRecord): ControllerKind {
  const controller = world.platform.spec.controllers.find((c) => c.name === record.vector.controller);
  return controller?.kind ?? 'apic';
}

/** Controllers whose data is one interrupt's: a structure that holds its message. */
const BY_INTERRUPT: readonly ControllerKind[] = ['apic', 'phb-msi', 'imsic'];

/** What irqchip code finds in `chip_data`: the frame, the ITS device, the bank, or the entry that holds the message. */
function chipData(world: World, record: IrqRecord, kind: ControllerKind): StructValue {
  const { vector, device } = record;
  const key = BY_INTERRUPT.includes(kind)
    ? `${vector.controller}/${record.irq}`
    : kind === 'its'
      ? `${vector.controller}/${device.requesterId}`
      : vector.controller;
  let data = world.controllers.get(key);
  if (!data) {
    data = newStruct(chipDataType(kind, irqRemappingOf(world.platform.spec)), 'unknown');
    world.controllers.set(key, data);
  }
  if (kind === 'gicv2m') {
    const resource = inner(data, 'res', 'struct resource');
    const base = vector.address - (vector.address % 4096);
    resource.fields.set('start', base);
    resource.fields.set('end', base + 4095);
  } else if (kind === 'its') {
    const its = inner(data, '__node', 'struct its_node');
    its.fields.set('phys_base', vector.address - 0x10040);
    data.fields.set('its', its);
    data.fields.set('phys_base', vector.address - 0x10040);
    data.fields.set('requester', device.requesterId);
    data.fields.set('device_id', device.requesterId);
  } else if (kind === 'fsl-msi') {
    data.fields.set('msiir', vector.address);
  } else if (BY_INTERRUPT.includes(kind)) {
    const entry = inner(data, 'msi_entry', 'struct msi_msg');
    entry.fields.set('address_lo', vector.address % 2 ** 32);
    entry.fields.set('address_hi', Math.floor(vector.address / 2 ** 32));
    entry.fields.set('data', vector.data);
  }
  return data;
}

function inner(owner: StructValue, field: string, type: string): StructValue {
  const now = owner.fields.get(field);
  if (isStruct(now)) return now;
  const made = newStruct(type, 'unknown');
  made.parent = owner;
  made.member = field;
  owner.fields.set(field, made);
  return made;
}

function level(of: StructValue, record: IrqRecord, fields: Readonly<Record<string, Value>>): StructValue {
  of.fields.set('irq', record.irq);
  for (const [name, value] of Object.entries(fields)) of.fields.set(name, value);
  return of;
}

/** Fills, or brings up to date, the irq_data of an interrupt. */
export function hierarchyFor(world: World, record: IrqRecord): void {
  const kind = controllerKind(world, record);
  const names = controllerTables(kind, irqRemappingOf(world.platform.spec));
  const second = structOf(record.data.fields.get('parent_data')) ?? newStruct('struct irq_data', 'zero');
  const third = structOf(second.fields.get('parent_data')) ?? newStruct('struct irq_data', 'zero');
  const data = chipData(world, record, kind);
  level(third, record, {
    chip: tableNamed(world, names.root, 'struct irq_chip'),
    hwirq: record.vector.interrupt.number,
  });
  level(second, record, {
    chip: tableNamed(world, names.chip, 'struct irq_chip'),
    chip_data: data,
    // An event of the device, an interrupt of the bank; elsewhere the number in the controller.
    hwirq: kind === 'its' || kind === 'fsl-msi' ? record.vector.data : record.vector.interrupt.number,
    parent_data: third,
  });
  if (!isStruct(second.fields.get('domain'))) second.fields.set('domain', domainNamed(world, names.domain));
  level(record.data, record, {
    chip: messageChip(world, names.msiChip),
    chip_data: data,
    hwirq: record.vector.interrupt.number,
    parent_data: second,
    domain: record.device.pdev.fields.get('msi_domain') ?? 0,
  });
  const inDesc = record.desc.fields.get('irq_data');
  if (inDesc === undefined) record.desc.fields.set('irq_data', record.data);
}
