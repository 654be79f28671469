/** The rules on what is stated in words: commit message, comments and help texts against the code of the same patch, read as text. */
import { absentResultRule } from './absent-result';
import { describedEnds } from './described-ends';
import { documentedStructures } from './documented-structures';
import { statedConditions } from './stated-conditions';
import { statedContexts } from './stated-context';
import { statedDeeds } from './stated-deeds';
import { statedErrnos } from './stated-errnos';
import { statedFills } from './stated-fills';
import { statedNames } from './stated-names';
import { statedOtherwise } from './stated-otherwise';
import { statedPrints } from './stated-prints';
import { statedResults } from './stated-results';
import { statedSteps } from './stated-steps';
import type { StatedView } from './stated-text';
import { statedValues } from './stated-values';
import type { PatchHit } from './types';
import { ioctlDirections } from './uapi-directions';
import { uapiMasks } from './uapi-masks';

const RULES: readonly ((view: StatedView) => PatchHit[])[] = [
  statedErrnos,
  statedContexts,
  statedValues,
  statedConditions,
  statedNames,
  statedPrints,
  statedDeeds,
  statedFills,
  uapiMasks,
  ioctlDirections,
  absentResultRule,
  documentedStructures,
  describedEnds,
  statedOtherwise,
  statedResults,
  statedSteps,
];

/** All that these rules say of a patch. */
export const statedHits = (view: StatedView): PatchHit[] => RULES.flatMap((rule) => rule(view));
