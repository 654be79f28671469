/** Claims that hardware keeps interrupts apart, or does not: tried by forging. */
import type { Claim } from '../../prose/types';
import { type Isolation, isolation, isolationOfSharers, over } from './hardware';
import { presetNames, subjectOf, translatingPresets } from './scope';
import type { ClaimTrial, RunDesign, Tried } from './types';

const names = (all: readonly Isolation[]): string => presetNames(all.map((one) => one.spec));

/** “No isolation”, “does not look at the DeviceID”. */
const NOT_ISOLATED =
  /\b(?:no|not|n't|never|lacks?|lacking|without|nothing)\b[^.;,]{0,40}\b(?:isolat\w*|protect\w*|kept apart|keeps? apart|device ?-?ids?|source-?ids?|requester)/i;
const SHARED =
  /(?<!\b(?:not|never|no|n't|nothing|longer)\b[^.;,]{0,20})\bshar(?:e|es|ed|ing)\b|\bcommon to\b|\bsusceptible\b/i;
const RAISE = '(?:raise|trigger|forge|spoof|inject|reach|signal|interfere|disturb)';
/** “Any guest can raise…” and “no guest can raise…”. */
const ATTACK = new RegExp(`\\b(?:can|could|may|might|able to|lets?|allows?)\\b[^.;]{0,60}\\b${RAISE}`, 'i');
const NO_ATTACK = new RegExp(
  `\\b(?:cannot|can't|couldn't|can not|could not|unable to|never)\\b[^.;]{0,60}\\b${RAISE}|\\b(?:nobody|no one|none|no (?:other )?(?:guest|vm|device))\\b[^.;]{0,60}\\b${RAISE}`,
  'i',
);

/** True when the passage says that the hardware isolates. */
export function assertsIsolation(claim: Claim): boolean {
  const { text } = claim;
  if (NO_ATTACK.test(text)) return !NOT_ISOLATED.test(text);
  if (NOT_ISOLATED.test(text) || SHARED.test(text) || ATTACK.test(text)) return false;
  return claim.polarity !== 'denies';
}

/** Where an option of the machine switches the check off, the hardware is not to blame. */
const switchedOff = ({ spec }: Isolation): boolean => spec.iommu.kind === 'vtd' && !spec.iommu.sourceCheck;

/** Devices that share an id, on the subject's machines. */
function sharers(presets: readonly Isolation[]): Isolation | null {
  for (const { spec } of presets) {
    const shared = isolationOfSharers(spec);
    if (shared !== null && !shared.isolated) return shared;
  }
  return null;
}

/** Whose tables they are, as the machines show it: one for each device, or one for all with a check in the entry. */
function tablesNote(kept: readonly Isolation[]): string {
  const own = kept.filter((one) => one.ownTable);
  const one = kept.filter((two) => !two.ownTable && two.spec.iommu.kind === 'vtd');
  if (own.length === 0 && one.length === 0) return '';
  const parts: string[] = [];
  if (own.length > 0) parts.push(`a table for each device on ${names(own)}`);
  if (one.length > 0)
    parts.push(
      `one table for all devices on ${names(one)}, where the source-id check of the entry gives the isolation`,
    );
  return ` As built: ${parts.join('; ')}.`;
}

function tables(claim: Claim, kept: readonly Isolation[]): string {
  return /\btables?\b/i.test(claim.text) ? tablesNote(kept) : '';
}

function onSubject(claim: Claim, run: RunDesign): Tried | null {
  const subject = subjectOf(claim.terms, claim.text);
  if (subject === null) return null;
  const results = over(subject.presets, isolation);
  const kept = results.filter((one) => one.isolated);
  const broken = results.filter((one) => !one.isolated);
  if (results.length === 0) return null;
  const tried = results.map((one) => `forged message on ${one.spec.id}`);
  const shared = sharers(kept);
  if (shared !== null) tried.push(`forged message between devices of one id on ${shared.spec.id}`);
  const asserts = assertsIsolation(claim);
  const attack = broken[0]?.attack.text ?? '';
  const demonstration =
    asserts || broken.length === 0
      ? null
      : (run('two-guests-gicv2m', broken[0]?.spec.id ?? '', 'fixup')?.traces.find((one) => one.violations.length > 0) ??
        null);
  const trace = demonstration;
  if (trace !== null) tried.push(`${trace.scenario} on ${trace.machine}, design ${trace.design}`);
  const exceptions =
    (broken.length === 0 ? '' : ` Not on ${names(broken)}: ${attack}.`) +
    (shared === null ? '' : ` Violated for devices that share an id (${shared.spec.id}): ${shared.attack.text}.`);
  const stopped = kept[0]?.attack.text ?? '';
  if (asserts)
    return kept.length === 0
      ? {
          verdict: 'contradicted',
          message: `${subject.name} does not keep interrupts apart: ${attack}.`,
          tried,
          trace,
          reference: null,
        }
      : {
          verdict: broken.every(switchedOff) ? 'confirmed' : 'undecided',
          message: `${subject.name} keeps the other guest's interrupt apart: ${stopped}.${tables(claim, kept)}${exceptions}`,
          tried,
          trace,
          reference: 'VT-d specification ch. 5; AMD IOMMU specification 2.2.5; Arm GIC architecture specification, ITS',
        };
  return broken.length === 0
    ? {
        verdict: 'contradicted',
        message: `${subject.name} stops it: ${stopped}.${exceptions}`,
        tried,
        trace,
        reference: null,
      }
    : {
        verdict: kept.length === 0 ? 'confirmed' : 'undecided',
        message: `With two guests on ${subject.name}, one raises the other's interrupt: ${attack}.${kept.length === 0 ? '' : ` Not on ${names(kept)}: ${stopped}.`}`,
        tried,
        trace,
        reference: 'Arm Server Base System Architecture, GICv2m; Freescale MPIC, message shared interrupts',
      };
}

export const isolationTrial: ClaimTrial = onSubject;

/** “A page that leads to shared interrupts gives no isolation, so it must not be claimed”: tried on every machine, and on the claim of a design. */
export const conditionTrial: ClaimTrial = (_claim, run) => {
  const results = over(translatingPresets, isolation);
  const broken = results.filter((one) => !one.isolated);
  const kept = results.filter((one) => one.isolated);
  const first = broken.find((one) => one.spec.controllers.some((controller) => controller.kind === 'gicv2m'));
  if (broken.length === 0) return null;
  const audit = first === undefined ? null : run('capability-audit', first.spec.id, 'v4.5');
  const trace = audit?.traces.find((one) => one.violations.some((violation) => violation.invariant === 'I4')) ?? null;
  const violation = trace?.violations.find((one) => one.invariant === 'I4');
  return {
    verdict: 'confirmed',
    message:
      `True on ${names(broken)}: ${broken[0]?.attack.text ?? ''}, so a claim of isolation is refuted there` +
      `${violation === undefined ? '' : ` (v4.5: ${violation.message})`}. ` +
      `Not so on ${names(kept)}, where the id that comes with the write is looked at.`,
    tried: [
      ...results.map((one) => `forged message on ${one.spec.id}`),
      ...(trace === null ? [] : [`${trace.scenario} on ${trace.machine}, design ${trace.design}`]),
    ],
    trace,
    reference: 'IOMMU_CAP_INTR_REMAP in include/linux/iommu.h',
  };
};

/** What the capability means is what Doorbell holds it to. */
export const meaningTrial: ClaimTrial = () => {
  const results = over(translatingPresets, isolation);
  const kept = results.filter((one) => one.isolated);
  return {
    verdict: 'note',
    message: `This is invariant I4: what claims isolation is tried with another guest's message. It can truly be claimed on ${names(kept)}.`,
    tried: results.map((one) => `forged message on ${one.spec.id}`),
    trace: null,
    reference: 'IOMMU_CAP_INTR_REMAP in include/linux/iommu.h',
  };
};
