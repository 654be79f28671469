/**
 * What can be read off a running host: registers, handlers, the answers of programs to questions that are no stage. In: a world.
 * Out: values; the world is as before, and nothing is recorded.
 */
import { ask } from './ask';
import { containerPrograms } from './designs/tables';
import { globalNamed } from './globals';
import type { Observations } from './host';
import { answerOf, spaceOf } from './iommufd-stages';
import { nodesOf } from './links';
import type { ReservedRegion } from './platform';
import { handlersOn, lineOf } from './primitives/intx';
import { registersOf } from './primitives/pci';
import { readValueOf } from './user-files';
import type { StructValue } from './values';
import { isStruct, newStruct } from './values';
import type { DeviceRecord, World } from './world';

/** Types of `enum iommu_resv_type` in order. */
const REGION_TYPES: readonly ReservedRegion['type'][] = ['direct', 'direct', 'reserved', 'msi', 'sw-msi'];

const numberIn = (object: StructValue, field: string): number => {
  const value = object.fields.get(field);
  return typeof value === 'number' ? value : 0;
};

/** The structures that the nodes of a list are embedded in. */
function owners(head: StructValue): StructValue[] {
  return nodesOf(head).flatMap((node) => (node.parent?.kind === 'struct' ? [node.parent] : []));
}

function regionsOf(world: World, device: DeviceRecord): readonly ReservedRegion[] | null {
  if (!world.set.programs.has('iommu_get_group_resv_regions')) return null;
  const head = newStruct('struct list_head', 'zero');
  head.fields.set('next', head);
  head.fields.set('prev', head);
  if (ask(world, 'iommu_get_group_resv_regions', [device.group.object, head]) === null) return null;
  return owners(head).map((region) => {
    world.live.delete(region);
    return {
      start: numberIn(region, 'start'),
      length: numberIn(region, 'length'),
      type: REGION_TYPES[numberIn(region, 'type')] ?? 'reserved',
    };
  });
}

/** Observations of a world. */
export function observationsOf(world: World): Observations {
  const position = (requesterId: number): number => [...world.devices.keys()].indexOf(requesterId);
  return {
    config(requesterId, offset) {
      const device = world.devices.get(requesterId);
      return device ? (registersOf(device).config.get(offset) ?? 0) % 0x10000 : 0;
    },
    handlers(requesterId) {
      const device = world.devices.get(requesterId);
      if (!device) return 0;
      const messages = device.irqs.filter((record) => record.handler !== null).length;
      return messages + handlersOn(world, lineOf(position(requesterId)));
    },
    reservedRegions(requesterId) {
      const device = world.devices.get(requesterId);
      return device ? regionsOf(world, device) : null;
    },
    pageSizes(agent) {
      const container = world.containers.get(agent)?.object;
      const sizes = container === undefined ? null : ask(world, 'vfio_pgsize_bitmap', [container]);
      return typeof sizes === 'number' ? sizes : null;
    },
    extension(agent, number) {
      const container = world.containers.get(agent)?.object;
      const command = globalNamed(world, 'VFIO_CHECK_EXTENSION');
      const answer =
        container === undefined
          ? null
          : ask(world, containerPrograms(world.platform.spec).ioctl, [container, command, number]);
      return typeof answer === 'number' ? answer : null;
    },
    answer: (agent, field) => answerOf(world, agent, field),
    readValue: (agent) => readValueOf(world, agent),
    tableEntry(requesterId, entry) {
      const device = world.devices.get(requesterId);
      const word = (at: number): number => (device ? (registersOf(device).table.get(entry * 16 + at) ?? 0) : 0);
      return { address: word(4) * 2 ** 32 + word(0), data: word(8) };
    },
    space: (agent, number) => spaceOf(world, agent, number),
    iovaRanges(agent) {
      const list = world.containers.get(agent)?.object.fields.get('iova_list');
      if (!isStruct(list)) return null;
      return owners(list).map((range) => ({ start: numberIn(range, 'start'), end: numberIn(range, 'end') }));
    },
  };
}
