/**
 * A machine of the model from what a Linux host told. In: facts. Out: a machine in the form of scenario files, notes on what was assumed, or
 * errors with file and line where there are any. Nothing is made up silently: what the dump does not say is a note.
 */
import type { ControllerSpec, DeviceSpec, IommuSpec, MachineSpec, RangeSpec } from '../../machine/types';
import { requesterName } from '../state';
import type { DumpError, DumpFile, HostFacts, Span } from './read';
import { readHost } from './read';

export type ImportedMachine =
  | { readonly kind: 'machine'; readonly machine: MachineSpec; readonly notes: readonly string[] }
  | { readonly kind: 'errors'; readonly errors: readonly DumpError[] };

/** Reads the dump of a host. Any text is allowed; nothing is thrown. */
export function importMachineFrom(files: readonly DumpFile[], id: string): ImportedMachine {
  const facts = readHost(files);
  const errors = [...facts.errors];
  const where = files[0]?.name ?? '';
  const missing = (message: string): void => void errors.push({ code: 'missing', message, file: where, line: 0 });
  const notes: string[] = [];
  if (files.length === 0) missing('there is nothing to read');
  else if (facts.functions.size === 0) missing('no device is described: the output of lspci -Dvvnn is missing');
  const x86 = facts.dmar || facts.amd;
  const arm = facts.smmuv3 || facts.smmuv2 || facts.its.length > 0 || facts.frames.length > 0;
  if (facts.functions.size > 0 && !x86 && !arm)
    missing('neither an IOMMU nor an MSI controller is named: the output of dmesg is missing');
  if (x86 && arm)
    errors.push({
      code: 'contradiction',
      message: 'the lines are of an x86 and of an Arm machine',
      file: where,
      line: 0,
    });
  if (facts.amd && !facts.dmar)
    errors.push({
      code: 'unsupported',
      message: 'a machine with AMD-Vi cannot be driven by the host designs yet',
      file: where,
      line: 0,
    });
  if (facts.smmuv2 && !facts.smmuv3)
    errors.push({
      code: 'unsupported',
      message: 'a machine with an SMMUv2 cannot be driven by the host designs yet',
      file: where,
      line: 0,
    });
  const controllers = x86 ? [{ kind: 'apic' as const, name: 'apic' }] : armControllers(facts, errors, where);
  const devices = devicesOf(facts, notes);
  if (facts.functions.size > 0 && devices.length === 0) missing('no device can send messages: run lspci as root');
  if (errors.length > 0) return { kind: 'errors', errors };
  const cpus = Math.min(facts.cpus ?? 1, 256);
  if (facts.cpus === null) notes.push('The number of CPUs is not told: one is taken.');
  else if (facts.cpus > cpus) notes.push(`Of ${facts.cpus} CPUs ${cpus} are taken.`);
  if (facts.otherSegments > 0)
    notes.push(`${facts.otherSegments} lines are of other PCI segments than 0000, which are left out.`);
  const architecture = x86 ? 'x86' : 'arm64';
  return {
    kind: 'machine',
    machine: {
      id,
      title: `Imported ${x86 ? 'x86' : 'Arm'} host`,
      architecture,
      cpus,
      memory: memoryOf(facts, architecture, notes),
      devices,
      iommu: iommuOf(facts, x86, notes),
      controllers,
      ...(x86 ? {} : reservedOf(facts, notes)),
    },
    notes,
  };
}

function armControllers(facts: HostFacts, errors: DumpError[], file: string): ControllerSpec[] {
  const its = facts.its.map(
    (span, i): ControllerSpec => ({ kind: 'its', name: `its${i}`, base: span.start, deviceBits: 16 }),
  );
  const frames = facts.frames.flatMap((frame, i): ControllerSpec[] => {
    if (frame.firstSpi < 32 || frame.lastSpi > 1019 || frame.lastSpi < frame.firstSpi) {
      const message = `a GICv2m frame has SPIs from 32 to 1019, not ${frame.firstSpi} to ${frame.lastSpi}`;
      errors.push({ code: 'unreadable', message, file, line: 0 });
      return [];
    }
    const spiCount = frame.lastSpi - frame.firstSpi + 1;
    return [{ kind: 'gicv2m', name: `v2m${i}`, base: frame.range.start, spiBase: frame.firstSpi, spiCount }];
  });
  return its.length > 0 ? its : frames;
}

function devicesOf(facts: HostFacts, notes: string[]): DeviceSpec[] {
  const conventional = new Set(
    [...facts.functions.values()].flatMap((one) =>
      one.toConventional && one.secondaryBus !== null ? [one.secondaryBus] : [],
    ),
  );
  const usable = [...facts.functions.values()]
    .filter((one) => !one.bridge && (one.msix > 0 || one.msi > 0))
    .sort((a, b) => a.requesterId - b.requesterId);
  const silent = [...facts.functions.values()].filter((one) => !one.bridge && one.msix === 0 && one.msi === 0).length;
  if (silent > 0) notes.push(`${silent} devices without MSI and MSI-X are left out.`);
  const sizes = new Map<number, number>();
  for (const one of usable) {
    const group = facts.groups.get(one.requesterId);
    if (group !== undefined) sizes.set(group, (sizes.get(group) ?? 0) + 1);
  }
  if (facts.groups.size === 0) notes.push('No IOMMU groups are told: each device is taken to be alone in its group.');
  return usable.map(({ requesterId, msix }) => {
    const group = facts.groups.get(requesterId);
    const bus = requesterId >> 8;
    return {
      name: requesterName(requesterId),
      requesterId,
      vectors: msix,
      ...(conventional.has(bus) ? { alias: bus << 8 } : {}),
      ...(group !== undefined && (sizes.get(group) ?? 0) > 1 ? { group } : {}),
    };
  });
}

function iommuOf(facts: HostFacts, x86: boolean, notes: string[]): IommuSpec {
  if (!x86 && !facts.smmuv3) {
    notes.push('No SMMU is told: the devices are taken to write untranslated.');
    return { kind: 'none' };
  }
  if (facts.addressBits === null) notes.push(`The width of addresses is not told: ${x86 ? 39 : 48} bits are taken.`);
  if (!x86) return { kind: 'smmuv3', name: 'smmu0', granule: facts.pageSize, addressBits: facts.addressBits ?? 48 };
  return {
    kind: 'vtd',
    name: 'dmar0',
    remapping: facts.remapping,
    compatibility: false,
    eim: facts.x2apic,
    addressBits: facts.addressBits ?? 39,
    sourceCheck: !facts.nosid,
  };
}

/** Ranges that all groups with regions keep from DMA. On x86 they are what the drivers report by themselves, or some devices' own. */
function reservedOf(facts: HostFacts, notes: string[]): Pick<MachineSpec, 'reserved'> {
  const [first = [], ...others] = facts.reserved.values();
  const same = (a: Span, b: Span): boolean => a.start === b.start && a.end === b.end;
  const common = first.filter((span) => others.every((spans) => spans.some((one) => same(one, span))));
  if ([first, ...others].some((spans) => spans.some((span) => !common.some((one) => same(one, span)))))
    notes.push('Reserved ranges that only some groups have are left out.');
  return common.length === 0
    ? {}
    : { reserved: common.map(({ start, end }) => ({ base: start, size: end - start + 1 })) };
}

const rangesOf = (spans: readonly Span[], name: string, kind: 'ram' | 'mmio'): RangeSpec[] =>
  spans
    // Pieces of a few pages are firmware's left-overs.
    .filter((span) => span.end - span.start + 1 >= 0x100000)
    .slice(0, 32)
    .map((span, i) => ({ name: `${name}${i}`, base: span.start, size: span.end - span.start + 1, kind }));

function memoryOf(facts: HostFacts, architecture: 'x86' | 'arm64', notes: string[]): RangeSpec[] {
  const ram = rangesOf(facts.memory, 'ram', 'ram');
  if (ram.length === 0) {
    notes.push('No memory is told: 2 GiB at the usual place are taken.');
    ram.push({ name: 'ram0', base: architecture === 'x86' ? 0 : 0x40000000, size: 0x80000000, kind: 'ram' });
  }
  const mmio = rangesOf(facts.mmio, 'pcie-mmio', 'mmio').filter(
    (one) => !ram.some((other) => one.base < other.base + other.size && other.base < one.base + one.size),
  );
  return [...ram, ...mmio].sort((a, b) => a.base - b.base);
}
