/** Questions that are no stage: a program or primitive called without a trace. In: its name and arguments. Out: what it returned. */
import type { Place } from '../place';
import type { Value } from './values';
import { functionNamed } from './values';
import type { World } from './world';
import { Halt } from './world';

const NOWHERE: Place = { kind: 'design', file: '', line: 0 };

/** Calls a program or primitive without a trace; null when it did not come to an end. */
export function ask(world: World, name: string, args: readonly Value[]): Value | null {
  const { muted, undecided, steps, agent, locks } = world;
  world.muted = true;
  world.undecided = new Set();
  try {
    return world.call(functionNamed(name), args, NOWHERE);
  } catch (stop) {
    if (!(stop instanceof Halt)) throw stop;
    return null;
  } finally {
    world.muted = muted;
    world.undecided = undecided;
    world.steps = steps;
    world.agent = agent;
    world.locks = locks;
    world.frame = null;
  }
}
