/**
 * Interrupt numbers and the controllers' books, in the two steps of kernel/irq/irqdomain.c since v3.18: numbers first, then the
 * irq_data of every level with the hardware's own vectors behind it.
 */
import type { Value } from '../values';
import { newStruct, newUnknown, structOf } from '../values';
import type { DeviceRecord, Primitive, World } from '../world';
import { injected } from '../world';
import { handOut, irqOfData, prepare } from './interrupts';

const ENOMEM = -12;
const ENOSPC = -28;

/** Numbers above the legacy interrupts. */
const FIRST_IRQ = 32;

function deviceOfDomain(world: World, value: Value | undefined): DeviceRecord | null {
  const object = structOf(value);
  for (const device of world.devices.values()) if (device.pdev.fields.get('msi_domain') === object) return device;
  return null;
}

const allocateData: Primitive = (call) => {
  const { world } = call;
  const device = deviceOfDomain(world, call.args[0]);
  const count = call.args[2];
  if (device === null || typeof count !== 'number') return newUnknown('irq_domain_alloc_irq_data()');
  const failed = injected(call);
  if (failed !== null) return failed || ENOMEM;
  const error = prepare(world, device, count, call);
  if (error !== 0) return error;
  return handOut(world, device, count) === null ? ENOSPC : 0;
};

export const irqAllocation: Readonly<Record<string, Primitive>> = {
  irq_domain_alloc_descs: (call) => {
    const failed = injected(call);
    if (failed !== null) return failed || ENOMEM;
    return Math.max(FIRST_IRQ - 1, ...call.world.irqs.keys()) + 1;
  },
  irq_domain_alloc_irq_data: allocateData,
  irq_data_get_effective_affinity_mask: (call) => {
    const record = irqOfData(call.world, call.args[0]);
    if (record === null) return newUnknown('irq_data_get_effective_affinity_mask()');
    const mask = newStruct('struct cpumask', 'zero');
    mask.fields.set('cpu', record.vector.interrupt.target);
    return mask;
  },
  /** The model's local APICs have the number of their CPU as id. */
  cpu_physical_id: (call) => call.args[0] ?? 0,
};
