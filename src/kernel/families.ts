/** Which primitives act on one kind of thing: those that `pairsWith` joins, in either direction, over as many steps as it takes. */
import { primitives } from './primitives';

const family = new Map<string, string>();

function rootOf(name: string): string {
  let at = name;
  for (let above = family.get(at); above !== undefined && above !== at; above = family.get(at)) at = above;
  return at;
}

function joinAll(): void {
  for (const [name, { pairsWith }] of primitives())
    for (const other of pairsWith) family.set(rootOf(name), rootOf(other));
}

/** Do the two belong to one family: `iommu_map` and `iommu_unmap_fast`, and not `iommu_map` and `dma_unmap_single`? */
export function sameFamily(one: string, other: string): boolean {
  if (family.size === 0) joinAll();
  return rootOf(one) === rootOf(other);
}
