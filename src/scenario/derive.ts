/**
 * Machines told as a change of a preset: another granule, another number of virtual functions, processors.
 * In: the preset and the changes. Out: a machine of its own, or why there is none.
 */
import type { DeviceSpec, MachineSpec } from '../machine/types';
import type { DerivedMachine } from './types';

/** The id of a derived machine: the preset's, with what is different. */
export function derivedId(preset: string, changes: Omit<DerivedMachine, 'id' | 'preset'>): string {
  const told = (['granule', 'functions', 'cpus'] as const).flatMap((key) =>
    changes[key] === undefined ? [] : [`${key}=${changes[key]}`],
  );
  return told.length === 0 ? preset : `${preset}(${told.join(',')})`;
}

/**
 * `functions` virtual functions stand in the place of those the preset has, `nic-vf0` upwards, with requester ids upwards from that of
 * the preset's `nic-vf0`. A text says why the preset cannot be changed so.
 */
export function deriveMachine(preset: MachineSpec, changes: DerivedMachine): MachineSpec | string {
  const { granule, functions, cpus } = changes;
  let { iommu } = preset;
  if (granule !== undefined) {
    if (!('granule' in iommu)) return `${preset.id}: the granule of an IOMMU of kind ${iommu.kind} is fixed`;
    iommu = { ...iommu, granule };
  }
  let { devices } = preset;
  if (functions !== undefined) {
    const first = devices.find((device) => device.name === 'nic-vf0');
    if (first === undefined) return `${preset.id} has no device nic-vf0 that could be had more than once`;
    const others = devices.filter((device) => !/^nic-vf\d+$/.test(device.name));
    const made: DeviceSpec[] = Array.from({ length: functions }, (_, i) => ({
      ...first,
      name: `nic-vf${i}`,
      requesterId: first.requesterId + i,
    }));
    const taken = others.find((other) => made.some((one) => one.requesterId === other.requesterId));
    if (taken !== undefined) return `${preset.id}: ${functions} functions would run into ${taken.name}`;
    devices = [...others, ...made].sort((a, b) => a.requesterId - b.requesterId);
  }
  return { ...preset, id: changes.id, iommu, devices, cpus: cpus ?? preset.cpus };
}
