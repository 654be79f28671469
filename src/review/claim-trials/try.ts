/**
 * Claims, tried: what a mail says is asked of the model. In: claims, and a way to run built-in designs. Out: the claims with a verdict, a sentence
 * and what was run. A kind maps to a trial; no trial reads the wording of one mail. Knows neither VS Code nor Node.
 */

import { stagePaths } from '../../kernel/stages';
import type { Claim } from '../../prose/types';
import { RULES } from '../catalog';
import {
  belowVfioTrial,
  enableOrErrorTrial,
  inSpaceTrial,
  mappedTrial,
  onDomainTrial,
  registeredTrial,
  rewrittenTrial,
} from './designs';
import { conditionTrial, isolationTrial, meaningTrial } from './isolation';
import { ofPlatforms } from './scope';
import { bypassTrial, targetTrial, toldApartTrial, translatedTrial } from './translation';
import type { ClaimTrial, RunDesign, Tried } from './types';
import { neverRamTrial, noFixedTrial, provisioningTrial } from './windows';

/** “It covers PowerPC too”: the presets that this brings in. */
const scopeTrial: ClaimTrial = (claim) => {
  const presets = ofPlatforms(claim.terms);
  return {
    verdict: 'note',
    message: `Touches the presets ${presets.map((spec) => `${spec.id} (${spec.title})`).join(', ')}.`,
    tried: presets.map((spec) => spec.id),
    trace: null,
    reference: null,
  };
};

/** “Those tables are built by that driver”: where it stands on the path of a vector through the layers. */
const ownerTrial: ClaimTrial = (claim) => {
  const files = [...claim.text.matchAll(/\b([\w-]+\.c)\b/g)].map((match) => match[1] ?? '');
  const fits = (file: string): boolean =>
    files.length > 0
      ? files.some((one) => file === one || file.endsWith(`/${one}`))
      : claim.terms.includes('its') && /\/irq-gic-v3-its\.c$/.test(file);
  const places = stagePaths().flatMap((path) =>
    path.steps.flatMap((step, i) => (fits(step.file) ? [{ path, step, at: i + 1 }] : [])),
  );
  const first =
    places.find((one) => one.path.stage === 'enable' && /table|ITT|event|map/i.test(one.step.does)) ?? places[0];
  if (first === undefined) return null;
  const era = places.filter((one) => one.path.era === first.path.era);
  return {
    verdict: 'note',
    message: `On the path: ${era
      .slice(0, 4)
      .map(
        (one) =>
          `${one.path.stage}, step ${one.at} of ${one.path.steps.length}, ${one.step.function}() ${one.step.does}`,
      )
      .join('; ')} (${first.step.file}, ${first.path.era}).`,
    tried: [`path of a vector, ${first.path.era}`],
    trace: null,
    reference: first.step.file,
  };
};

/** “That file is not compiled everywhere”: a rule looks after it where there is code. */
const builtTrial: ClaimTrial = () => {
  const rules = RULES.filter((rule) => /config|stub|symbol|kconfig|build/i.test(rule.id)).map((rule) => rule.id);
  return {
    verdict: 'note',
    message: `A use needs a select or depends in Kconfig, or a stub for the option off${rules.length === 0 ? '' : ` (rule ${rules.join(', ')})`}; in a mail without code there is nothing to hold it against.`,
    tried: [],
    trace: null,
    reference: 'Documentation/kbuild/kconfig-language.rst',
  };
};

const TRIALS: Readonly<Record<string, ClaimTrial>> = {
  'platform-in-scope': scopeTrial,
  'msi-bypass': bypassTrial,
  'msi-translated': translatedTrial,
  'doorbell-target': targetTrial,
  'msi-told-apart': toldApartTrial,
  'isolation-by-tables': isolationTrial,
  'isolation-of-frame': isolationTrial,
  'isolation-condition': conditionTrial,
  'capability-meaning': meaningTrial,
  'table-owner': ownerTrial,
  provisioning: provisioningTrial,
  'no-fixed-window': noFixedTrial,
  'range-never-ram': neverRamTrial,
  'code-not-built': builtTrial,
  'window-registered': registeredTrial,
  'address-rewritten': rewrittenTrial,
  'window-on-domain': onDomainTrial,
  'mapped-below-vfio': belowVfioTrial,
  'enable-or-error': enableOrErrorTrial,
  'remapping-in-space': inSpaceTrial,
  'doorbell-mapped': mappedTrial,
};

const UNTRIED: Tried = {
  verdict: 'untried',
  message: 'Understood; nothing in reach tries it.',
  tried: [],
  trace: null,
  reference: null,
};

/** Tries one claim. A claim that no trial knows comes back `untried`. */
export function tryClaim(claim: Claim, run: RunDesign): Tried {
  return TRIALS[claim.kind]?.(claim, run) ?? UNTRIED;
}
