/** All primitives by name. In: calls of functions that no program defines. Out: their values; effects happen in the world. */
import type { Primitive } from '../world';
import { counters } from './counters';
import { firmware } from './firmware';
import { groupHandles } from './group-handles';
import { interrupts } from './interrupts';
import { pins } from './intx';
import { iommu } from './iommu';
import { iova } from './iova';
import { irqAllocation } from './irq-allocation';
import { language } from './language';
import { lists } from './lists';
import { locks } from './locks';
import { memory } from './memory';
import { pci } from './pci';
import { uaccess } from './uaccess';
import { vfio } from './vfio';
import { xarray } from './xarray';

export const PRIMITIVES: ReadonlyMap<string, Primitive> = new Map(
  [
    language,
    counters,
    memory,
    lists,
    locks,
    uaccess,
    iommu,
    iova,
    interrupts,
    pci,
    vfio,
    irqAllocation,
    pins,
    groupHandles,
    xarray,
    firmware,
  ].flatMap((area) => Object.entries(area)),
);
