/**
 * The invariants, by number. Each takes the run so far and gives what the last step broke; none of them changes anything.
 * I12 (every prefix) is not here: it is the others, run after each patch.
 */
import type { InvariantId } from '../types';
import type { Invariant } from '../view';
import { balance } from './balance';
import { foreignInterrupt } from './foreign-interrupt';
import { guardedDoor } from './guarded-door';
import { guestKeepsOut } from './guest-keeps-out';
import { honestCapability } from './honest-capability';
import { noSleepInAtomic } from './no-sleep-in-atomic';
import { order } from './order';
import { ownInterrupt } from './own-interrupt';
import { staleDoor } from './stale-door';
import { windowClosed } from './window-closed';
import { windowSound } from './window-sound';

export const INVARIANTS: Readonly<Record<Exclude<InvariantId, 'I12'>, Invariant>> = {
  I1: foreignInterrupt,
  I2: staleDoor,
  I3: ownInterrupt,
  I4: honestCapability,
  I5: guardedDoor,
  I6: windowSound,
  I7: windowClosed,
  I8: guestKeepsOut,
  I9: noSleepInAtomic,
  I10: order,
  I11: balance,
};
