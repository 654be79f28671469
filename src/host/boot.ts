/**
 * The kernel's objects before the first stage: PCI functions, groups, VFIO devices, one container for each agent. In: the
 * machine's devices and the agents. Out: a filled world.
 */

import type { MachineSpec } from '../machine/types';
import { requesterName } from '../scenario/state';
import { ask } from './ask';
import { setDefaultDomains } from './default-domains';
import { containerPrograms, iommuTable, irqRemappingOf } from './designs/tables';
import { globalNamed } from './globals';
import { connectInterrupts } from './irq-domains';
import { initialise, insertBefore, msiListOf } from './links';
import { keyFor } from './names';
import { registersOfController } from './platforms/doors';
import { lineOf } from './primitives/intx';
import { DRIVER_CALLBACKS, pageSizes } from './primitives/iommu';
import { MSI_CAP, MSIX_CAP, registersOf } from './primitives/pci';
import { groupFileOf } from './user-files';
import type { StructValue } from './values';
import { embedded, functionNamed, isStruct, newStruct } from './values';
import type { ContainerRecord, DeviceRecord, GroupRecord, World } from './world';
import { Halt } from './world';

const NUM_IRQS = 5;

/** The command register: I/O and memory answered, DMA still on as the last driver left it; the firmware of a PC lets system errors through. */
const COMMAND = 4;
const FOUND = 7;
const SYSTEM_ERROR = 0x100;
/** MSI's control word: 64-bit addresses. */
const WIDE = 0x80;

/** Fills the world with what exists before anybody asks for anything. */
export function boot(world: World): void {
  const { spec, granule } = world.platform;
  const page = spec.architecture === 'arm64' ? granule : 4096;
  world.globals.set('PAGE_SIZE', page);
  world.globals.set('PAGE_SHIFT', Math.round(Math.log2(page)));
  world.globals.set('PAGE_MASK', -page);
  world.globals.set('nr_cpu_ids', spec.cpus);
  world.globals.set('allow_unsafe_interrupts', world.options.unsafeInterrupts ? 1 : 0);
  world.globals.set('irq_remapping_enabled', irqRemappingOf(spec) === 'none' ? 0 : 1);
  world.globals.set('current', newStruct('struct task_struct', 'unknown'));
  world.globals.set('cpu_online_mask', newStruct('struct cpumask', 'zero'));
  const bus = newStruct('struct bus_type', 'unknown');
  world.globals.set('pci_bus_type', bus);
  world.iommuOps = spec.iommu.kind === 'none' ? null : opsOf(world, spec.iommu.kind);
  bus.fields.set('iommu_ops', spec.iommu.kind === 'phb' ? 0 : (world.iommuOps ?? 0));
  describeMachine(world);
  makeDevices(world, bus);
  connectInterrupts(world);
  if (world.options.hostDma === true) setDefaultDomains(world);
  for (const device of world.devices.values()) openDevice(world, device);
  for (const agent of world.options.agents) if (agent.kind === 'guest') containerOf(world, agent.name);
}

/** The driver's table, or an empty one where there is no table (POWER, or a driver that the design does not have). */
function tableOf(world: World, kind: Exclude<MachineSpec['iommu']['kind'], 'none'>): StructValue {
  const empty = newStruct('struct iommu_ops', 'zero');
  if (kind === 'phb') return empty;
  const { file, name } = iommuTable(kind);
  const key = keyFor(world.set, name, file);
  const table = world.set.tables.has(key) ? globalNamed(world, key) : 0;
  return isStruct(table) ? table : empty;
}

function opsOf(world: World, kind: Exclude<MachineSpec['iommu']['kind'], 'none'>): StructValue {
  const ops = tableOf(world, kind);
  for (const [field, name] of Object.entries(DRIVER_CALLBACKS)) {
    const own = ops.fields.get(field);
    const known = typeof own === 'object' && own.kind === 'function' && world.set.programs.has(own.name);
    if (!known) ops.fields.set(field, functionNamed(name));
  }
  if (!ops.fields.has('pgsize_bitmap')) ops.fields.set('pgsize_bitmap', pageSizes(world.platform.granule));
  return ops;
}

function describeMachine(world: World): void {
  const { ledger, platform, options } = world;
  for (const agent of options.agents) ledger.set(`agents/${agent.name}/kind`, agent.kind);
  for (const memory of platform.spec.memory) {
    ledger.set(`memory/${memory.name}/base`, memory.base);
    ledger.set(`memory/${memory.name}/size`, memory.size);
  }
  for (const controller of platform.spec.controllers) {
    const path = `controllers/${controller.name}`;
    ledger.set(`${path}/kind`, controller.kind);
    const { start, size } = registersOfController(controller, platform.spec.cpus);
    ledger.set(`${path}/base`, start);
    ledger.set(`${path}/size`, size);
    if (controller.kind === 'mbi') world.globals.set('mbi_phys_base', controller.base);
  }
}

function makeDevices(world: World, bus: StructValue): void {
  const { platform, options } = world;
  const groups = new Map<string, GroupRecord>();
  for (const spec of platform.spec.devices) {
    const agent = options.agents.find((a) => a.requesterIds.includes(spec.requesterId));
    const key = spec.group !== undefined ? `group ${spec.group}` : `alias ${spec.alias ?? spec.requesterId}`;
    let group = groups.get(key);
    if (!group) {
      group = {
        id: groups.size + 1,
        object: newStruct('struct iommu_group', 'unknown'),
        devices: [],
        domain: null,
        fallback: null,
      };
      groups.set(key, group);
      world.groups.push(group);
    }
    const pdev = newStruct('struct pci_dev', 'unknown');
    const dev = embedded(pdev, 'dev', 'struct device');
    dev.fields.set('bus', bus);
    dev.fields.set('iommu_group', group.object);
    msiListOf(pdev);
    for (const [field, value] of Object.entries({
      msi_enabled: 0,
      msix_enabled: 0,
      current_state: 0,
      irq: 0,
      devfn: spec.requesterId & 255,
      msi_cap: MSI_CAP,
      msix_cap: MSIX_CAP,
      no_msi: 0,
      is_busmaster: 1,
    }))
      pdev.fields.set(field, value);
    const domain = newStruct('struct irq_domain', 'zero');
    domain.fields.set(
      'ops',
      world.set.tables.has('msi_domain_ops')
        ? globalNamed(world, 'msi_domain_ops')
        : newStruct('struct irq_domain_ops', 'zero'),
    );
    pdev.fields.set('msi_domain', domain);
    const vdev = newStruct('struct vfio_pci_device', 'declared');
    vdev.fields.set('pdev', pdev);
    vdev.fields.set('irq_type', NUM_IRQS);
    vdev.fields.set('refcnt', 1);
    dev.fields.set('driver_data', vdev);
    const device: DeviceRecord = {
      requesterId: spec.requesterId,
      name: spec.name,
      agent: agent?.name ?? 'host',
      host: (agent?.kind ?? 'host') === 'host',
      pdev,
      vdev,
      group,
      irqs: [],
    };
    group.devices.push(device);
    listInGroup(group, dev);
    world.devices.set(spec.requesterId, device);
    const path = `devices/${requesterName(spec.requesterId)}`;
    world.ledger.set(`${path}/name`, spec.name);
    world.ledger.set(`${path}/agent`, device.agent);
    if (spec.alias !== undefined) world.ledger.set(`${path}/alias`, requesterName(spec.alias));
  }
  for (const device of world.devices.values()) linkVfio(world, device);
  for (const group of world.groups) {
    // Each driver of the host that works with DMA counts (iommu_device_use_default_domain()).
    group.object.fields.set('owner_cnt', group.devices.filter((device) => device.host).length);
    groupFileOf(group);
  }
}

/** A function as vfio-pci finds it: its pin, its capabilities, and what the driver notes when it is bound and opened. */
function openDevice(world: World, device: DeviceRecord): void {
  const told = world.options.functions?.get(device.requesterId);
  const { pdev, vdev } = device;
  const pin = told?.pin ?? false;
  pdev.fields.set('pin', pin ? 1 : 0);
  if (pin) pdev.fields.set('irq', lineOf([...world.devices.keys()].indexOf(device.requesterId)));
  const { config } = registersOf(device);
  config.set(COMMAND, FOUND | (world.platform.spec.architecture === 'x86' ? SYSTEM_ERROR : 0));
  if (told !== undefined && told.msi > 0) config.set(MSI_CAP + 2, WIDE | (Math.ceil(Math.log2(told.msi)) << 1));
  if (told?.msi === 0) pdev.fields.set('msi_cap', 0);
  if (told?.msix === 0) pdev.fields.set('msix_cap', 0);
  vdev.fields.set('pci_2_3', 1);
  for (const program of ['vfio_pci_core_init_dev', 'vfio_pci_core_enable'])
    if (world.set.programs.has(program)) ask(world, program, [vdev]);
}

/** The group's own list of its devices, as iommu.c keeps it. */
function listInGroup(group: GroupRecord, dev: StructValue): void {
  const head = embedded(group.object, 'devices', 'struct list_head');
  if (!head.fields.has('next')) initialise(head);
  const entry = newStruct('struct group_device', 'zero');
  entry.fields.set('dev', dev);
  insertBefore(head, embedded(entry, 'list', 'struct list_head'));
  group.object.fields.set('domain', 0);
  for (const field of ['default_domain', 'blocking_domain', 'owner', 'owner_cnt', 'iommufd_group'])
    group.object.fields.set(field, 0);
}

/** From a device to its container, as vfio.c keeps it: device → group → container → driver and its data. */
function linkVfio(world: World, device: DeviceRecord): void {
  const object = newStruct('struct vfio_device', 'unknown');
  object.fields.set('dev', device.pdev.fields.get('dev') ?? 0);
  object.fields.set('device_data', device.vdev);
  const group = newStruct('', 'unknown');
  group.fields.set('iommu_group', device.group.object);
  group.fields.set('container', containerObject(world, device.agent));
  object.fields.set('group', group);
  device.vdev.fields.set('vfio_device', object);
  device.vdev.fields.set('vdev', object);
}

const containerObjects = new WeakMap<World, Map<string, StructValue>>();

function containerObject(world: World, agent: string): StructValue {
  let of = containerObjects.get(world);
  if (!of) {
    of = new Map();
    containerObjects.set(world, of);
  }
  let object = of.get(agent);
  if (!object) {
    object = newStruct('struct vfio_container', 'unknown');
    const driver = newStruct('struct vfio_iommu_driver', 'unknown');
    const table = containerPrograms(world.platform.spec).ops;
    const ops = world.set.tables.has(table) ? globalNamed(world, table) : 0;
    driver.fields.set('ops', ops);
    object.fields.set('iommu_driver', driver);
    object.fields.set('iommu_data', 0);
    of.set(agent, object);
  }
  return object;
}

/** The agent's container, opened anew after it was released. */
export function containerOf(world: World, agent: string): ContainerRecord {
  const now = world.containers.get(agent);
  if (now && now.object.freed === null) return now;
  const record: ContainerRecord = { agent, object: open(world), attached: new Set() };
  record.object.type ||= containerPrograms(world.platform.spec).type;
  world.containers.set(agent, record);
  containerObject(world, agent).fields.set('iommu_data', record.object);
  return record;
}

function open(world: World): StructValue {
  const { muted } = world;
  world.muted = true;
  try {
    const { open, kind } = containerPrograms(world.platform.spec);
    const program = world.set.programs.get(open);
    const made = program ? world.call(functionNamed(program.name), [kind], program.at) : 0;
    if (isStruct(made)) {
      world.live.delete(made);
      return made;
    }
  } catch (stop) {
    if (!(stop instanceof Halt)) throw stop;
    world.undecided.add(stop.reason);
  } finally {
    world.muted = muted;
  }
  const object = newStruct(containerPrograms(world.platform.spec).type, 'zero');
  for (const list of ['domain_list', 'dma_list']) initialise(embedded(object, list, 'struct list_head'));
  return object;
}
