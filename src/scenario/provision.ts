/**
 * Provisioning (S10): how much IOVA a window needs for a set of devices on a machine, and what happens one page short.
 * In: a machine, the devices with their vectors, where platforms come from. Out: pages, why, and the devices that fail below it.
 * Knows nothing of a host design: the number is the hardware's. What a design does one page short is the scenario's to show.
 */
import type { Platform } from '../host/platform';
import type { MachineSpec } from '../machine/types';

export interface ProvisionRequest {
  /** Name of a device of the machine. */
  readonly device: string;
  /** Vectors to enable, at least 1. */
  readonly vectors: number;
}

export interface Provision {
  /** Bytes of one page: the IOMMU's smallest. */
  readonly granule: number;
  /** Pages of window needed; 0 where messages are not translated. */
  readonly pages: number;
  /** `pages` × `granule`. */
  readonly bytes: number;
  /** First free place for such a window, in bytes, that meets no reserved region and no memory of the machine; null when there is none, or nothing is needed. */
  readonly base: number | null;
  /** One page each: physical base of the page, the controllers in it, the devices that need it. */
  readonly doorbells: readonly {
    readonly page: number;
    readonly controller: string;
    readonly devices: readonly string[];
  }[];
  /** For each size below `pages`: the first device, in the order asked, whose enable finds no page. */
  readonly short: readonly { readonly pages: number; readonly fails: string }[];
  /** What cannot be had at any size: unknown devices, and vectors the controllers do not have. */
  readonly impossible: readonly { readonly device: string; readonly why: string }[];
  /** One sentence for a reviewer. */
  readonly because: string;
}

/** Linux places its own window at this address (SW_MSI) unless told otherwise. */
const USUAL_BASE = 0x8000000;

/**
 * Pages a window needs: one for each distinct doorbell page that the devices' vectors go to, however many vectors there are.
 * An unknown device or a request beyond the controllers' vectors is told in `impossible` and counts no page.
 */
export function provision(
  spec: MachineSpec,
  requests: readonly ProvisionRequest[],
  createPlatform: (spec: MachineSpec) => Platform,
): Provision {
  const platform = createPlatform(spec);
  const { granule } = platform;
  const impossible: { device: string; why: string }[] = [];
  const doorbells = new Map<number, { page: number; controller: string; devices: string[] }>();
  const short: { pages: number; fails: string }[] = [];
  for (const request of requests) {
    const device = spec.devices.find((one) => one.name === request.device);
    if (device === undefined) {
      impossible.push({ device: request.device, why: `${spec.id} has no device of this name` });
      continue;
    }
    const vectors = platform.allocateVectors(device.requesterId, Math.max(1, Math.floor(request.vectors)));
    if (vectors === null) {
      impossible.push({
        device: request.device,
        why: `the controllers have no ${request.vectors} vectors left for it`,
      });
      continue;
    }
    for (const vector of vectors) {
      if (!vector.translated || spec.iommu.kind === 'none') continue;
      const page = vector.address - (vector.address % granule);
      const door = doorbells.get(page);
      if (door === undefined) {
        short.push({ pages: doorbells.size, fails: request.device });
        doorbells.set(page, { page, controller: vector.controller, devices: [request.device] });
      } else {
        if (!door.devices.includes(request.device)) door.devices.push(request.device);
        if (!door.controller.split(', ').includes(vector.controller)) door.controller += `, ${vector.controller}`;
      }
    }
  }
  const pages = doorbells.size;
  const names = [...doorbells.values()].map((door) => door.controller);
  return {
    granule,
    pages,
    bytes: pages * granule,
    base: pages === 0 ? null : freeBase(platform, spec, pages * granule),
    doorbells: [...doorbells.values()],
    short,
    impossible,
    because:
      pages === 0
        ? 'No page: on this machine a message is not translated, so nothing has to be mapped for it.'
        : `${pages} page${pages === 1 ? '' : 's'} of ${granule} bytes: one for each distinct doorbell page (${names.join('; ')}), shared by all vectors that go there.`,
  };
}

/** Memory is avoided too: a guest whose memory mirrors the machine's would collide with a window there. */
function freeBase(platform: Platform, spec: MachineSpec, bytes: number): number | null {
  const taken = [
    ...platform.hardwareRegions
      .filter((region) => region.type !== 'sw-msi')
      .map((region) => ({ start: region.start, end: region.start + region.length })),
    ...spec.memory.map((range) => ({ start: range.base, end: range.base + range.size })),
  ].sort((a, b) => a.start - b.start);
  const align = Math.max(platform.granule, 0x100000);
  let base = USUAL_BASE;
  for (const range of taken)
    if (base < range.end && range.start < base + bytes) base = Math.ceil(range.end / align) * align;
  return base + bytes <= platform.aperture ? base : null;
}
