import type { Program } from '../../code/types';
import { absentAnswerRule } from './absent-answers';
import { allocatedUnusedRule } from './allocated-unused';
import { countUntoldRule } from './answers-untold';
import { preparedCountRule, swappedArgumentsRule, unitMixRule } from './arguments';
import { atomicCallersRule } from './atomic-callers';
import { returnBeforeUnlockRule } from './before-unlock';
import { inclusiveEndRule, offByOneRule, rollbackIndexRule } from './bounds';
import { bulkFetchRule } from './bulk-fetches';
import { foreignCallbackRule } from './callbacks';
import { capabilityChainRule } from './capability-chain';
import { comparedNarrowerRule, ownerAbsentRule } from './compared-objects';
import { comparedReferenceRule } from './compared-references';
import { CONCURRENCY_PATH_RULES } from './concurrency';
import { CONTRACT_PATCH_RULES, CONTRACT_PATH_RULES } from './contracts';
import { rawCopyResultRule } from './copy-results';
import { countAnswerLostRule } from './count-answers';
import { countAsEndRule, minForMaxRule, rollbackStartRule, unevenStepRule } from './counting';
import { commentReturnRule } from './described-functions';
import { notReplayedRule, setupLostRule } from './domain-joins';
import { doorbellProtRule, msiAddressRule, msiDomainRule, unmapSizeRule } from './doorbells';
import { doorBeforeVectorsRule } from './doors-and-vectors';
import { attachResultDroppedRule, storedUntestedRule } from './dropped-results';
import { errorPointerRule, positiveErrnoRule, wrongErrnoRule } from './errnos';
import { fallsIntoUnwindRule } from './fallthrough';
import { doubleFetchRule } from './fetches';
import { maskShiftRule } from './fields';
import { flushLostRule, freedBeforeFlushRule, leftBeforeDisabledRule } from './flushes';
import { GUARD_PATCH_RULES, GUARD_PATH_RULES } from './guards';
import { guestPrintsRule } from './guest-prints';
import { halvesRule } from './halves';
import { HANDOVER_PATCH_RULES, HANDOVER_PATH_RULES } from './handovers';
import { HOLDING_RULES } from './holding';
import { domainFlagRule } from './isolation-claims';
import { ISOLATION_PATH_RULES } from './isolation-groups';
import { MORE_PATCH_RULES, MORE_PATH_RULES } from './isolation-more';
import { claimedPastOverrideRule, testSunkRule } from './isolation-order';
import { lockOrderRule } from './lock-order';
import { lockDroppedRule } from './locks-dropped';
import { LOOKUP_KEY_RULES } from './lookup-keys';
import { loopToEndRule } from './loops-to-end';
import { invertedErrorRule, overwrittenErrorRule, printedErrorRule } from './lost-errors';
import { granuleMixRule, roundedDownRule, unmapProgressRule } from './mappings';
import { narrowMaskRule } from './narrow-masks';
import { noLongerSetRule } from './no-longer-set';
import { oldNameRule } from './old-names';
import { maskSlipRule, notBeforeMaskRule, truthAsValueRule } from './operators';
import { blockedOpensRule, ownerOrderRule } from './ownership-order';
import { keyOverlapsRule } from './packed-keys';
import { pastUnlockRule } from './past-unlock';
import { queuedFlushRule } from './queued-flushes';
import { refactoringRule } from './refactoring';
import { regionLetInRule } from './regions-narrowed';
import { sameOperandsRule } from './repeats';
import { reservedCheckLostRule, softwareFirstRule, softwareWindowRule } from './reserved-regions';
import { sizeWithoutOffsetRule } from './rounded-sizes';
import { sectionNarrowedRule } from './section-narrowed';
import { firstForAllRule, membersCachedRule } from './set-members';
import { siblingRule } from './siblings';
import { stackToUserRule } from './stack-to-user';
import { statedHits } from './stated';
import { STEP_RULES } from './steps';
import { addressNarrowedRule, sumWrapsRule } from './sums';
import { teardownOrderRule } from './teardown-order';
import { testRemovedRule } from './tests-removed';
import { toldAndUsedRule } from './told-only';
import type { PatchHit, PatchRule, PatchView, PathRule, RuleHit, Surroundings } from './types';
import { undoFirstRule } from './undo-first';
import { untestedMappingRule } from './untested-mappings';
import { unusedVariableRule } from './unused-variables';
import { droppedErrorRule, ignoredFaultRule, invertedUserCheckRule } from './user-checks';
import { USER_CONTRACT_PATCH_RULES, USER_CONTRACT_PATH_RULES } from './user-contracts';
import { userLayoutRule } from './user-layout';
import { numberConflictRule, userGrownRule } from './user-numbers';
import { userStructureRule } from './user-structures';
import { unboundedAllocationRule, userRangeRule, warnFromUserRule } from './user-values';
import { firstDomainOnlyRule, invalidationStopsRule, pagesSkippedRule } from './walks';
import {
  bitOf64Rule,
  errorAsBoolRule,
  narrowPointerRule,
  pointerSizeRule,
  shiftWidthRule,
  signLostRule,
} from './widths';
import { WINDOW_CHOICE_RULES } from './window-choices';
import { windowEndRule } from './window-ends';
import { WINDOW_LENGTH_RULES } from './window-lengths';
import { domainDroppedLinesRule, WINDOW_PATH_RULES } from './window-pages';
import { WINDOW_REGION_RULES } from './window-regions';
import { WINDOW_SEARCH_RULES } from './window-search';

const PATH_RULES: readonly PathRule[] = [
  ...CONTRACT_PATH_RULES,
  ...HANDOVER_PATH_RULES,
  returnBeforeUnlockRule,
  comparedReferenceRule,
  toldAndUsedRule,
  noLongerSetRule,
  storedUntestedRule,
  attachResultDroppedRule,
  allocatedUnusedRule,
  guestPrintsRule,
  testRemovedRule,
  untestedMappingRule,
  userStructureRule,
  ...HOLDING_RULES,
  ...CONCURRENCY_PATH_RULES,
  notBeforeMaskRule,
  truthAsValueRule,
  maskSlipRule,
  sameOperandsRule,
  shiftWidthRule,
  bitOf64Rule,
  signLostRule,
  errorAsBoolRule,
  narrowPointerRule,
  pointerSizeRule,
  offByOneRule,
  inclusiveEndRule,
  rollbackIndexRule,
  swappedArgumentsRule,
  preparedCountRule,
  unitMixRule,
  unmapProgressRule,
  roundedDownRule,
  granuleMixRule,
  rawCopyResultRule,
  doubleFetchRule,
  userRangeRule,
  unboundedAllocationRule,
  bulkFetchRule,
  warnFromUserRule,
  stackToUserRule,
  wrongErrnoRule,
  positiveErrnoRule,
  errorPointerRule,
  overwrittenErrorRule,
  printedErrorRule,
  invertedErrorRule,
  capabilityChainRule,
  invertedUserCheckRule,
  ignoredFaultRule,
  droppedErrorRule,
  ...ISOLATION_PATH_RULES,
  ...WINDOW_PATH_RULES,
  freedBeforeFlushRule,
  ...MORE_PATH_RULES,
  pagesSkippedRule,
  invalidationStopsRule,
  firstDomainOnlyRule,
  ...WINDOW_REGION_RULES,
  ...WINDOW_SEARCH_RULES,
  ...LOOKUP_KEY_RULES,
  narrowMaskRule,
  sizeWithoutOffsetRule,
  queuedFlushRule,
  doorBeforeVectorsRule,
  ...WINDOW_LENGTH_RULES,
  countAnswerLostRule,
  ...WINDOW_CHOICE_RULES,
  leftBeforeDisabledRule,
  ...GUARD_PATH_RULES,
  ownerOrderRule,
  blockedOpensRule,
  softwareWindowRule,
  softwareFirstRule,
  windowEndRule,
  msiDomainRule,
  doorbellProtRule,
  msiAddressRule,
  unmapSizeRule,
  sumWrapsRule,
  addressNarrowedRule,
  countAsEndRule,
  rollbackStartRule,
  unevenStepRule,
  minForMaxRule,
  maskShiftRule,
  ...STEP_RULES,
  undoFirstRule,
  keyOverlapsRule,
  oldNameRule,
  unusedVariableRule,
  pastUnlockRule,
  halvesRule,
  ...USER_CONTRACT_PATH_RULES,
];

/** Same defect in the function before and after the patch: equal but for the place. */
const keyOf = (hit: RuleHit): string => `${hit.rule.id}|${hit.key ?? hit.message}`;

/** Does the patch itself write one of the lines the hit stands on? */
function onAddedLine(hit: RuleHit): boolean {
  return [hit.at, ...hit.related.map((one) => one.at)].some((at) => at.kind === 'message' && at.added);
}

/**
 * What the path rules say of a program of a patch, less what they already said of the same function before it (`before` gives
 * it). Of several hits that are alike, as many are the patch's as it has more than before: those on lines it adds come first.
 */
export function pathHits(program: Program, before: () => Program | null, surroundings: Surroundings): RuleHit[] {
  const around: Surroundings = { ...surroundings, before };
  const hits = PATH_RULES.flatMap((rule) => rule(program, around));
  const earlier = hits.length === 0 ? null : before();
  if (earlier === null) return hits;
  const known = new Map<string, number>();
  for (const hit of PATH_RULES.flatMap((rule) => rule(earlier, surroundings)))
    known.set(keyOf(hit), (known.get(keyOf(hit)) ?? 0) + 1);
  const own = new Set<RuleHit>();
  for (const hit of [...hits].sort((a, b) => Number(onAddedLine(a)) - Number(onAddedLine(b)))) {
    const left = known.get(keyOf(hit)) ?? 0;
    if (left > 0) known.set(keyOf(hit), left - 1);
    else own.add(hit);
  }
  return hits.filter((hit) => own.has(hit));
}

const PATCH_RULES: readonly PatchRule[] = [
  userLayoutRule,
  numberConflictRule,
  userGrownRule,
  foreignCallbackRule,
  commentReturnRule,
  refactoringRule,
  siblingRule,
  atomicCallersRule,
  lockOrderRule,
  domainDroppedLinesRule,
  domainFlagRule,
  reservedCheckLostRule,
  notReplayedRule,
  setupLostRule,
  statedHits,
  fallsIntoUnwindRule,
  flushLostRule,
  teardownOrderRule,
  membersCachedRule,
  firstForAllRule,
  regionLetInRule,
  countUntoldRule,
  lockDroppedRule,
  absentAnswerRule,
  ownerAbsentRule,
  comparedNarrowerRule,
  testSunkRule,
  claimedPastOverrideRule,
  ...CONTRACT_PATCH_RULES,
  ...HANDOVER_PATCH_RULES,
  sectionNarrowedRule,
  loopToEndRule,
  ...GUARD_PATCH_RULES,
  ...MORE_PATCH_RULES,
  ...USER_CONTRACT_PATCH_RULES,
];

/** What the rules say that look at a patch as a whole. */
export function patchHits(view: PatchView): PatchHit[] {
  return PATCH_RULES.flatMap((rule) => rule(view));
}
