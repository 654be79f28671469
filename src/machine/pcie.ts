/**
 * PCIe: requester ids, the alias a bridge puts in their place, and isolation groups.
 * In: the device list of a machine. Out: who an IOMMU or MSI controller sees, and which devices share fate.
 * Source: PCI Express Base Specification 2.2.6 (requester id), PCI Express to PCI Bridge Specification 2.3 (a bridge takes ownership
 * with the secondary bus number, device 0, function 0); 6.12 (ACS).
 */
import type { DeviceSpec } from './types';

/** `bb:dd.f` to a requester id; null for anything else. */
export function parseRequesterId(text: string): number | null {
  const match = /^([0-9a-f]{1,2}):([0-9a-f]{1,2})\.([0-7])$/i.exec(text);
  if (match === null) return null;
  const [, bus, device, fn] = match;
  const slot = Number.parseInt(device ?? '', 16);
  return slot > 31 ? null : (Number.parseInt(bus ?? '', 16) << 8) | (slot << 3) | Number(fn);
}

/** The id a device's requests carry when they reach the IOMMU; an unknown device keeps its own. */
export function streamIdOf(devices: readonly DeviceSpec[], requesterId: number): number {
  const device = devices.find((candidate) => candidate.requesterId === requesterId);
  return device?.alias ?? requesterId;
}

/** Devices that share fate with the given one, itself included: same group number, or the same id seen by the IOMMU. */
export function groupOf(devices: readonly DeviceSpec[], requesterId: number): DeviceSpec[] {
  const self = devices.find((device) => device.requesterId === requesterId);
  if (self === undefined) return [];
  const id = self.alias ?? self.requesterId;
  return devices.filter(
    (device) =>
      device === self ||
      (device.alias ?? device.requesterId) === id ||
      (self.group !== undefined && device.group === self.group),
  );
}

/**
 * Logical I/O device number a Freescale PCIe controller sends with a requester's accesses: here the devices' ids in order, from 1; 0 for a
 * requester that is no device of the machine.
 */
export function liodnOf(devices: readonly DeviceSpec[], streamId: number): number {
  const ids = new Set(devices.map((device) => device.alias ?? device.requesterId));
  let number = 0;
  for (const id of ids) {
    number++;
    if (id === streamId) return number;
  }
  return 0;
}
