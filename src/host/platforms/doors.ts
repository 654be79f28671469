/**
 * Where the doorbells of controllers lie. In: a machine. Out: ranges in bytes, and whose doorbell an address is.
 */
import { INTERRUPT_RANGE_BASE, INTERRUPT_RANGE_SIZE } from '../../machine/apic';
import { BANK_PAGE } from '../../machine/fsl-msi';
import { FRAME_SIZE } from '../../machine/gicv2m';
import { FILE_BYTES } from '../../machine/imsic';
import { ITS_SIZE } from '../../machine/its';
import type { ControllerSpec, MachineSpec } from '../../machine/types';

/** Bytes of address space a controller's doorbells take, from where. */
export function doorsOf(controller: ControllerSpec, cpus: number): { readonly start: number; readonly size: number } {
  switch (controller.kind) {
    case 'apic':
      return { start: INTERRUPT_RANGE_BASE, size: INTERRUPT_RANGE_SIZE };
    case 'its':
      return { start: controller.base + ITS_SIZE / 2, size: ITS_SIZE / 2 };
    case 'gicv2m':
    case 'mbi':
      return { start: controller.base, size: FRAME_SIZE };
    case 'fsl-msi':
      return { start: controller.base, size: BANK_PAGE };
    case 'phb-msi':
      return { start: controller.base, size: controller.count * 16 };
    case 'imsic':
      return { start: controller.base, size: cpus * (1 + controller.guestFiles) * FILE_BYTES };
  }
}

/** All registers of a controller: an ITS has its commands in a page before the doorbell's. */
export function registersOfController(
  controller: ControllerSpec,
  cpus: number,
): { readonly start: number; readonly size: number } {
  return controller.kind === 'its' ? { start: controller.base, size: ITS_SIZE } : doorsOf(controller, cpus);
}

/**
 * The controller whose doorbell lies in the granule that starts at `physical`; the first one when a large granule holds several. Ranges that
 * are decoded ahead of any table (x86, POWER) are no pages: there the address itself counts.
 */
export function doorbellOf(spec: MachineSpec, physical: number, granule: number): string | null {
  const page = Math.floor(physical / granule) * granule;
  for (const controller of spec.controllers) {
    const { start, size } = doorsOf(controller, spec.cpus);
    const decoded = controller.kind === 'apic' || controller.kind === 'phb-msi';
    const from = decoded ? physical : page;
    const end = decoded ? physical + 1 : page + granule;
    if (from < start + size && start < end) return controller.name;
  }
  return null;
}
