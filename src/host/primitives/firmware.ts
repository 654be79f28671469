/** What the firmware of a machine tells the kernel. */
import { globalNamed } from '../globals';
import { insertBefore } from '../links';
import { embedded, isStruct, structOf } from '../values';
import type { Primitive } from '../world';

/** Adds the ranges that firmware keeps to a list of reserved regions (drivers/iommu/of_iommu.c, drivers/acpi/arm64/iort.c). */
const reservedRegions: Primitive = (call) => {
  const { world } = call;
  const list = structOf(call.args[1]);
  if (list === null) return 0;
  for (const { base, size } of world.platform.spec.reserved ?? []) {
    const type = globalNamed(world, 'IOMMU_RESV_RESERVED');
    const region = world.call({ kind: 'function', name: 'iommu_alloc_resv_region' }, [base, size, 0, type], call.at);
    if (isStruct(region)) insertBefore(list, embedded(region, 'list', 'struct list_head'));
  }
  return 0;
};

export const firmware: Readonly<Record<string, Primitive>> = {
  of_iommu_get_resv_regions: reservedRegions,
};
