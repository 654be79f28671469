/** Which presets a claim is about: by the platforms and controllers its passage names. */
import { machinePresets } from '../../machine/presets';
import type { ControllerSpec, MachineSpec } from '../../machine/types';
import { PLATFORMS } from '../../prose/vocabulary';

const ARCHITECTURE: Readonly<Record<(typeof PLATFORMS)[number], MachineSpec['architecture']>> = {
  x86: 'x86',
  arm: 'arm64',
  powerpc: 'powerpc',
  riscv: 'riscv',
};

/** Presets with an IOMMU: without one nothing is passed through. */
export const translatingPresets: readonly MachineSpec[] = machinePresets.filter((spec) => spec.iommu.kind !== 'none');

/** Presets of the platforms named; of all platforms when none is. */
export function ofPlatforms(terms: readonly string[]): readonly MachineSpec[] {
  const named = PLATFORMS.filter((platform) => terms.includes(platform)).map((platform) => ARCHITECTURE[platform]);
  return named.length === 0
    ? translatingPresets
    : translatingPresets.filter((spec) => named.includes(spec.architecture));
}

/** Does every device write to a controller of this kind? */
const only = (spec: MachineSpec, kind: ControllerSpec['kind']): boolean =>
  spec.controllers.length > 0 && spec.controllers.every((controller) => controller.kind === kind);

interface Subject {
  readonly term: string;
  readonly name: string;
  readonly has: (spec: MachineSpec) => boolean;
}

/** What may keep interrupts apart, in the order in which a passage's own subject is looked for. */
const SUBJECTS: readonly Subject[] = [
  { term: 'its', name: 'ITS', has: (spec) => only(spec, 'its') },
  { term: 'gicv2m', name: 'GICv2m', has: (spec) => only(spec, 'gicv2m') },
  { term: 'mbi', name: 'MBI', has: (spec) => only(spec, 'mbi') },
  { term: 'pamu', name: 'PAMU with MSI banks', has: (spec) => only(spec, 'fsl-msi') },
  { term: 'phb', name: 'PHB', has: (spec) => only(spec, 'phb-msi') },
  { term: 'riscv', name: 'IMSIC', has: (spec) => only(spec, 'imsic') },
  { term: 'amdvi', name: 'AMD-Vi', has: (spec) => spec.iommu.kind === 'amdvi' && spec.iommu.remapping },
  { term: 'vtd', name: 'VT-d', has: (spec) => spec.iommu.kind === 'vtd' && spec.iommu.remapping },
  {
    term: 'x86',
    name: 'x86 interrupt remapping',
    has: (spec) => (spec.iommu.kind === 'vtd' || spec.iommu.kind === 'amdvi') && spec.iommu.remapping,
  },
];

/** The hardware a claim about isolation speaks of, and the presets that have it; null when it names none. */
export function subjectOf(
  terms: readonly string[],
  text: string,
): (Subject & { readonly presets: readonly MachineSpec[] }) | null {
  const named = SUBJECTS.filter((subject) => terms.includes(subject.term));
  // “VT-d and AMD-Vi” is one subject; a passage that compares names its own subject first.
  const remapping = SUBJECTS.find((subject) => subject.term === 'x86');
  if (terms.includes('amdvi') && terms.includes('vtd') && named[0]?.term === 'amdvi' && remapping !== undefined)
    return { ...remapping, presets: machinePresets.filter(remapping.has) };
  const fallback = named.length === 0 && /\bremap/i.test(text) ? remapping : undefined;
  const subject = named[0] ?? fallback;
  return subject === undefined ? null : { ...subject, presets: machinePresets.filter(subject.has) };
}

const ARCHITECTURES = ['arm64', 'x86', 'powerpc', 'riscv'] as const;

/** Ids of presets; an architecture of which none is left out by its name alone: `every arm64 preset, x86-amdvi`. */
export function presetNames(presets: readonly MachineSpec[]): string {
  const names: string[] = [];
  const full = new Set<MachineSpec['architecture']>();
  for (const architecture of ARCHITECTURES) {
    const every = translatingPresets.filter((spec) => spec.architecture === architecture);
    if (every.length > 2 && every.every((spec) => presets.some((one) => one.id === spec.id))) full.add(architecture);
  }
  for (const spec of presets) {
    const name = full.has(spec.architecture) ? `every ${spec.architecture} preset` : spec.id;
    if (!names.includes(name)) names.push(name);
  }
  return names.join(', ');
}
