/** Claims about the way of a message: through the IOMMU or past it, to the controller or to memory, told from other writes or not. */
import { INTERRUPT_RANGE_BASE } from '../../machine/apic';
import type { MachineSpec } from '../../machine/types';
import type { Claim } from '../../prose/types';
import {
  type Deciding,
  deciding,
  over,
  type RangeWrites,
  rangeWrites,
  type Translation,
  translation,
} from './hardware';
import { ofPlatforms, presetNames } from './scope';
import type { ClaimTrial, Tried } from './types';

const ids = (all: readonly { readonly spec: MachineSpec }[]): string => presetNames(all.map((one) => one.spec));

const needsMapping = (one: Translation): boolean => !one.unmapped.raised && one.mapped?.raised === true;

/** Turns a verdict round where the passage denies. */
function judged(claim: Claim, yes: number, no: number): Tried['verdict'] {
  if (claim.tense === 'asks' || claim.tense === 'doubts') return 'answered';
  if (yes > 0 && no > 0) return 'undecided';
  return yes > 0 === (claim.polarity !== 'denies') ? 'confirmed' : 'contradicted';
}

/** “An MSI goes through the IOMMU, a mapping must exist.” */
export const translatedTrial: ClaimTrial = (claim) => {
  const results = over(ofPlatforms(claim.terms), translation);
  if (results.length === 0) return null;
  const through = results.filter(needsMapping);
  const past = results.filter((one) => one.unmapped.raised);
  const named = claim.terms.some((term) => ['x86', 'arm', 'powerpc', 'riscv'].includes(term));
  // Without a platform the sentence speaks of those on which messages are translated.
  const verdict = judged(claim, through.length, named ? past.length : 0);
  const first = through[0];
  const said = [
    ...(first === undefined
      ? []
      : [`Without a mapping ${first.unmapped.text}; with one ${first.mapped?.text ?? ''} (so on ${ids(through)})`]),
    ...(past.length === 0 ? [] : [`No mapping is needed on ${ids(past)}: ${past[0]?.unmapped.text ?? ''}`]),
  ];
  return {
    verdict,
    message: `${said.join('. ')}.`,
    tried: results.map((one) => `own message with and without a mapping on ${one.spec.id}`),
    trace: null,
    reference: 'PCI Local Bus Specification 3.0, 6.8; Arm SMMUv3 specification, F_TRANSLATION',
  };
};

/** “The MSI's IOVA leads to the controller's frame, not to memory.” */
export const targetTrial: ClaimTrial = (claim) => {
  const results = over(ofPlatforms(claim.terms), translation).filter(
    (one) => one.mapped !== null && one.onMemory !== null,
  );
  const first = results[0];
  if (first === undefined) return null;
  const yes = results.filter((one) => one.mapped?.raised === true && one.onMemory?.raised === false);
  return {
    verdict: judged(claim, yes.length, results.length - yes.length),
    message: `Mapped onto the frame, ${first.mapped?.text ?? ''}; mapped onto memory, ${first.onMemory?.text ?? ''} (tried on ${ids(results)}).`,
    tried: results.map((one) => `window over memory and over the frame on ${one.spec.id}`),
    trace: null,
    reference: 'Arm GIC architecture specification, GITS_TRANSLATER; GICv2m MSI_SETSPI_NS',
  };
};

const remaps = (spec: MachineSpec): boolean =>
  (spec.iommu.kind === 'vtd' || spec.iommu.kind === 'amdvi') && spec.iommu.remapping;

/** The way of a write past the translation, with interrupt remapping on and off. */
function rangeMessage(results: readonly RangeWrites[]): {
  readonly text: string;
  readonly yes: number;
  readonly no: number;
} {
  // A write into the range that ends in memory went through the tables of the domain.
  const translated = results.filter((one) => one.mapped?.outcome.kind === 'memory');
  const past = results.filter((one) => one.mapped?.outcome.kind !== 'memory');
  const off = past.find((one) => !remaps(one.spec) && one.unmapped.raised);
  const on = past.find((one) => remaps(one.spec) && one.foreign !== null && !one.foreign.raised);
  const parts = [
    ...(past.length === 0
      ? []
      : [`A write there is never translated, with nothing mapped as with memory mapped at the address (${ids(past)})`]),
    ...(off === undefined ? [] : [`with remapping off ${off.unmapped.text}`]),
    ...(on === undefined
      ? []
      : [
          `with remapping on it is still checked (entry, source-id), so “bypassed” is not the whole story: ${on.unmapped.text}; another device's message: ${on.foreign?.text ?? ''}`,
        ]),
    ...(translated.length === 0
      ? []
      : [`translated like any other write on ${ids(translated)}: ${translated[0]?.mapped?.text ?? ''}`]),
  ];
  return { text: `${parts.join('; ')}.`, yes: past.length, no: translated.length };
}

/** “Writes to this range are interrupts and pass the IOMMU by.” A range that is mistyped is said. */
export const bypassTrial: ClaimTrial = (claim) => {
  const presets = ofPlatforms(claim.terms);
  const range = claim.ranges[0];
  const mistake = range?.mistake === null || range?.mistake === undefined ? '' : ` Mistyped: ${range.mistake}.`;
  // Where the claim is about a machine without such a range, its own message is what can be tried.
  if (!presets.some((spec) => spec.architecture === 'x86')) {
    const results = over(presets, translation);
    const past = results.filter((one) => one.unmapped.raised);
    const through = results.filter((one) => !one.unmapped.raised);
    if (results.length === 0) return null;
    return {
      verdict: judged(claim, past.length, through.length),
      message: `${past.length === 0 ? '' : `Past the tables on ${ids(past)}: ${past[0]?.unmapped.text ?? ''}. `}${through.length === 0 ? '' : `Through them on ${ids(through)}: without a mapping ${through[0]?.unmapped.text ?? ''}.`}${mistake}`,
      tried: results.map((one) => `own message without a mapping on ${one.spec.id}`),
      trace: null,
      reference: 'Arm SMMUv3 specification, F_TRANSLATION',
    };
  }
  const address = range?.start ?? INTERRUPT_RANGE_BASE;
  const results = over(
    presets.filter((spec) => spec.architecture === 'x86'),
    (spec) => rangeWrites(spec, address),
  );
  const { text, yes, no } = rangeMessage(results);
  return {
    verdict: judged(claim, yes, no),
    message: `${text}${mistake}`,
    tried: results.map((one) => `DMA write to 0x${address.toString(16)} on ${one.spec.id}, mapped and unmapped`),
    trace: null,
    reference: 'Intel SDM vol. 3 ch. 11; VT-d specification ch. 3.14 and 5',
  };
};

/** What the id of the writer, which comes with every write, is good for there. */
function whoWrote({ byAnother }: Deciding): string {
  if (byAnother === null) return 'The id of the device comes with every write.';
  return byAnother.raised
    ? `The id of the device comes with every write, but nothing looks at it: the same message of another device, ${byAnother.text}.`
    : `The id of the device comes with every write: the same message of another device, ${byAnother.text}.`;
}

/** “How is an MSI told from another write?” */
export const toldApartTrial: ClaimTrial = (claim) => {
  const results = over(ofPlatforms(claim.terms.includes('its') ? ['arm'] : claim.terms), deciding);
  const its = claim.terms.includes('its')
    ? results.filter((one) => one.spec.controllers.every((controller) => controller.kind === 'its'))
    : results;
  const first = its[0];
  if (first === undefined) return null;
  const yes = its.filter((one) => one.toDoor.raised && one.toMemory.outcome.kind === 'memory');
  return {
    verdict: claim.tense === 'asks' ? 'answered' : judged(claim, yes.length, its.length - yes.length),
    message:
      `By its address alone: ${first.toDoor.text}, and the same data elsewhere, ${first.toMemory.text}. ` +
      whoWrote(first),
    tried: its.map((one) => `plain DMA write to the doorbell's IOVA on ${one.spec.id}`),
    trace: null,
    reference: 'PCI Local Bus Specification 3.0, 6.8; Arm GIC architecture specification, GITS_TRANSLATER',
  };
};
