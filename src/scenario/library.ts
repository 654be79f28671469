/**
 * The built-in scenarios. In: the files under `library/`, as text. Out: scenarios in the order in which they are shown.
 */

import addressDecides from './library/address-decides.scenario.json?raw';
import affinityChange from './library/affinity-change.scenario.json?raw';
import aliasBehindABridge from './library/alias-behind-a-bridge.scenario.json?raw';
import areasOfASpace from './library/areas-of-a-space.scenario.json?raw';
import capabilityAudit from './library/capability-audit.scenario.json?raw';
import claimWithNosid from './library/claim-with-nosid.scenario.json?raw';
import claimsOnOtherPlatforms from './library/claims-on-other-platforms.scenario.json?raw';
import compatibilityFormat from './library/compatibility-format.scenario.json?raw';
import crashBesideANeighbour from './library/crash-beside-a-neighbour.scenario.json?raw';
import detachAndAttachAgain from './library/detach-and-attach-again.scenario.json?raw';
import detachWhileEnabled from './library/detach-while-enabled.scenario.json?raw';
import dmaBesideTheMaps from './library/dma-beside-the-maps.scenario.json?raw';
import doorAtItsPhysicalAddress from './library/door-at-its-physical-address.scenario.json?raw';
import doorOfANeighbour from './library/door-of-a-neighbour.scenario.json?raw';
import enableAgain from './library/enable-again.scenario.json?raw';
import enableFailsMidway from './library/enable-fails-midway.scenario.json?raw';
import enableWithoutWindow from './library/enable-without-window.scenario.json?raw';
import fixupGap from './library/fixup-gap.scenario.json?raw';
import guardedAttach from './library/guarded-attach.scenario.json?raw';
import guestCrash from './library/guest-crash.scenario.json?raw';
import hostInterruptForged from './library/host-interrupt-forged.scenario.json?raw';
import lifeCycle from './library/life-cycle.scenario.json?raw';
import lifeOnOtherPlatforms from './library/life-on-other-platforms.scenario.json?raw';
import lifeOnPamu from './library/life-on-pamu.scenario.json?raw';
import malformedSize from './library/malformed-size.scenario.json?raw';
import manyGuestsGicv2m from './library/many-guests-gicv2m.scenario.json?raw';
import manyGuestsIts from './library/many-guests-its.scenario.json?raw';
import manyGuestsX86 from './library/many-guests-x86.scenario.json?raw';
import manyVectors from './library/many-vectors.scenario.json?raw';
import mapOverWindow from './library/map-over-window.scenario.json?raw';
import maskWhileFiring from './library/mask-while-firing.scenario.json?raw';
import oneMessageOfMsi from './library/one-message-of-msi.scenario.json?raw';
import oneOfTwoUnplugged from './library/one-of-two-unplugged.scenario.json?raw';
import ownInterrupt from './library/own-interrupt.scenario.json?raw';
import pagesByGranule from './library/pages-by-granule.scenario.json?raw';
import programmedBeforeMapped from './library/programmed-before-mapped.scenario.json?raw';
import releaseOnOtherPlatforms from './library/release-on-other-platforms.scenario.json?raw';
import releaseWithoutDisable from './library/release-without-disable.scenario.json?raw';
import replaceWhileEnabled from './library/replace-while-enabled.scenario.json?raw';
import sixteenVectors from './library/sixteen-vectors.scenario.json?raw';
import staleDoorAfterDisable from './library/stale-door-after-disable.scenario.json?raw';
import staleDoorOnOtherPlatforms from './library/stale-door-on-other-platforms.scenario.json?raw';
import subhandleWrap from './library/subhandle-wrap.scenario.json?raw';
import teardownDoor from './library/teardown-door.scenario.json?raw';
import twoGuestsGicv2m from './library/two-guests-gicv2m.scenario.json?raw';
import twoGuestsIts from './library/two-guests-its.scenario.json?raw';
import twoGuestsOnOtherPlatforms from './library/two-guests-on-other-platforms.scenario.json?raw';
import twoGuestsOnPamu from './library/two-guests-on-pamu.scenario.json?raw';
import twoGuestsPosting from './library/two-guests-posting.scenario.json?raw';
import twoGuestsX86 from './library/two-guests-x86.scenario.json?raw';
import twoItsTwoPages from './library/two-its-two-pages.scenario.json?raw';
import unmapOfAll from './library/unmap-of-all.scenario.json?raw';
import windowBesideReservedMemory from './library/window-beside-reserved-memory.scenario.json?raw';
import windowBeyondAperture from './library/window-beyond-aperture.scenario.json?raw';
import windowGivenUpWhileUsed from './library/window-given-up-while-used.scenario.json?raw';
import windowMisaligned from './library/window-misaligned.scenario.json?raw';
import windowOnPamu from './library/window-on-pamu.scenario.json?raw';
import windowOnSmmuv2 from './library/window-on-smmuv2.scenario.json?raw';
import windowOnePageShort from './library/window-one-page-short.scenario.json?raw';
import windowOverDeviceRegisters from './library/window-over-device-registers.scenario.json?raw';
import windowOverRam from './library/window-over-ram.scenario.json?raw';
import windowOverTheInterruptRange from './library/window-over-the-interrupt-range.scenario.json?raw';
import windowOverWhatIsWanted from './library/window-over-what-is-wanted.scenario.json?raw';
import windowWhereTheUserWantsIt from './library/window-where-the-user-wants-it.scenario.json?raw';
import { parseScenario } from './parse';
import type { Scenario } from './types';

/** Texts of the library by file name without `.scenario.json`: the first five are what a newcomer should run. */
export const LIBRARY_TEXTS: Readonly<Record<string, string>> = {
  'own-interrupt': ownInterrupt,
  'two-guests-gicv2m': twoGuestsGicv2m,
  'two-guests-its': twoGuestsIts,
  'window-one-page-short': windowOnePageShort,
  'teardown-door': teardownDoor,
  'window-over-ram': windowOverRam,
  'map-over-window': mapOverWindow,
  'window-beyond-aperture': windowBeyondAperture,
  'enable-without-window': enableWithoutWindow,
  'enable-fails-midway': enableFailsMidway,
  'enable-again': enableAgain,
  'release-without-disable': releaseWithoutDisable,
  'replace-while-enabled': replaceWhileEnabled,
  'detach-while-enabled': detachWhileEnabled,
  'stale-door-after-disable': staleDoorAfterDisable,
  'programmed-before-mapped': programmedBeforeMapped,
  'fixup-gap': fixupGap,
  'affinity-change': affinityChange,
  'capability-audit': capabilityAudit,
  'claim-with-nosid': claimWithNosid,
  'host-interrupt-forged': hostInterruptForged,
  'two-guests-x86': twoGuestsX86,
  'life-cycle': lifeCycle,
  'guest-crash': guestCrash,
  'crash-beside-a-neighbour': crashBesideANeighbour,
  'one-of-two-unplugged': oneOfTwoUnplugged,
  'detach-and-attach-again': detachAndAttachAgain,
  'mask-while-firing': maskWhileFiring,
  'many-vectors': manyVectors,
  'many-guests-its': manyGuestsIts,
  'many-guests-x86': manyGuestsX86,
  'many-guests-gicv2m': manyGuestsGicv2m,
  'pages-by-granule': pagesByGranule,
  'two-its-two-pages': twoItsTwoPages,
  'window-over-device-registers': windowOverDeviceRegisters,
  'window-misaligned': windowMisaligned,
  'window-given-up-while-used': windowGivenUpWhileUsed,
  'door-at-its-physical-address': doorAtItsPhysicalAddress,
  'door-of-a-neighbour': doorOfANeighbour,
  'address-decides': addressDecides,
  'alias-behind-a-bridge': aliasBehindABridge,
  'compatibility-format': compatibilityFormat,
  'subhandle-wrap': subhandleWrap,
  'malformed-size': malformedSize,
  'two-guests-posting': twoGuestsPosting,
  'guarded-attach': guardedAttach,
  'life-on-other-platforms': lifeOnOtherPlatforms,
  'life-on-pamu': lifeOnPamu,
  'two-guests-on-other-platforms': twoGuestsOnOtherPlatforms,
  'two-guests-on-pamu': twoGuestsOnPamu,
  'claims-on-other-platforms': claimsOnOtherPlatforms,
  'stale-door-on-other-platforms': staleDoorOnOtherPlatforms,
  'release-on-other-platforms': releaseOnOtherPlatforms,
  'window-on-smmuv2': windowOnSmmuv2,
  'window-on-pamu': windowOnPamu,
  'areas-of-a-space': areasOfASpace,
  'window-over-what-is-wanted': windowOverWhatIsWanted,
  'window-where-the-user-wants-it': windowWhereTheUserWantsIt,
  'window-beside-reserved-memory': windowBesideReservedMemory,
  'window-over-the-interrupt-range': windowOverTheInterruptRange,
  'unmap-of-all': unmapOfAll,
  'sixteen-vectors': sixteenVectors,
  'one-message-of-msi': oneMessageOfMsi,
  'dma-beside-the-maps': dmaBesideTheMaps,
};

const parsed = new Map<string, Scenario>();

function parsedOnce(name: string, text: string): Scenario {
  const known = parsed.get(name);
  if (known !== undefined) return known;
  const read = parseScenario(text);
  if (read.kind !== 'scenario') {
    const first = read.errors[0];
    throw new Error(`library/${name}.scenario.json:${first?.line ?? 1}: ${first?.message ?? 'does not parse'}`);
  }
  parsed.set(name, read.scenario);
  return read.scenario;
}

let scenarios: readonly Scenario[] | null = null;

/** All built-in scenarios, parsed once. A library file that does not parse is our own mistake, and is thrown. */
export function builtInScenarios(): readonly Scenario[] {
  scenarios ??= Object.entries(LIBRARY_TEXTS).map(([name, text]) => parsedOnce(name, text));
  return scenarios;
}

/** One built-in scenario by its id, without reading the others; null when there is none. */
export function builtInScenario(id: string): Scenario | null {
  const text = LIBRARY_TEXTS[id];
  return text === undefined ? null : parsedOnce(id, text);
}
