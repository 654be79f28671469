/**
 * The interrupt domains of a machine and what their drivers say of them when they are set up. In: a world with its devices. Out: the MSI
 * domain of every device linked to the domain of the controller that serves it, and the list of all domains.
 *
 * A driver's own program does the saying, where the design has one: `designs/tables.ts` names it.
 */
import { ask } from './ask';
import { domainSetup, irqRemappingOf } from './designs/tables';
import { globalNamed } from './globals';
import { initialise, insertBefore } from './links';
import { irqchipKindOf } from './platforms/irqchip';
import type { StructValue } from './values';
import { embedded, isStruct, newStruct } from './values';
import type { World } from './world';

const FLAG_HIERARCHY = 1;
const FLAG_MSI = 16;

function domainWith(world: World, table: string, flags: number, parent: StructValue | 0): StructValue {
  const domain = newStruct('struct irq_domain', 'zero');
  const ops = world.set.tables.has(table) ? globalNamed(world, table) : 0;
  domain.fields.set('ops', isStruct(ops) ? ops : newStruct('struct irq_domain_ops', 'zero'));
  domain.fields.set('flags', flags);
  domain.fields.set('parent', parent);
  return domain;
}

/** Sets up domains for the controllers, and one for each device. Without a controller for messages the devices have none. */
export function connectInterrupts(world: World): void {
  const list = newStruct('struct list_head', 'zero');
  initialise(list);
  world.globals.set('irq_domain_list', list);
  const enlist = (domain: StructValue): void => insertBefore(list, embedded(domain, 'link', 'struct list_head'));
  const { spec } = world.platform;
  const kind = irqchipKindOf(spec);
  if (kind === 'none') {
    for (const device of world.devices.values()) device.pdev.fields.set('msi_domain', 0);
    return;
  }
  const { ops, program } = domainSetup(kind, irqRemappingOf(spec));
  const parent = domainWith(world, ops, FLAG_HIERARCHY, 0);
  enlist(parent);
  if (world.set.programs.has(program)) ask(world, program, [parent]);
  for (const device of world.devices.values()) {
    const domain = device.pdev.fields.get('msi_domain');
    if (!isStruct(domain)) continue;
    domain.fields.set('flags', FLAG_HIERARCHY | FLAG_MSI);
    domain.fields.set('parent', parent);
    const info = newStruct('struct msi_domain_info', 'zero');
    domain.fields.set('host_data', info);
    enlist(domain);
    const init = kind === 'apic' ? 'x86_init_dev_msi_info' : 'its_init_dev_msi_info';
    const dev = device.pdev.fields.get('dev') ?? 0;
    if (world.set.programs.has(init)) ask(world, init, [dev, domain, parent, info]);
  }
}
