/**
 * Functions that a change moves or renames: what stood before under another name or in another file is their pre-image, so that its
 * defects are not taken for the change's. Knows programs, no text.
 */
import type { Touched, Vanished } from './touched';
import { once } from './touched';
import type { Program } from './types';
import { expressionsOf, print } from './walk';

/** Shares of nodes that two bodies have in common, from which on one is the other. */
const ALIKE = 0.6;
/** Shorter bodies look alike by chance. */
const FEWEST = 4;

/** The nodes as text, with how often each stands there. */
function bagOf(program: Program): Map<string, number> {
  const bag = new Map<string, number>();
  for (const node of program.nodes) {
    const text = `${node.kind} ${node.kind === 'declare' ? node.variable.name : ''} ${expressionsOf(node).map(print).join(', ')}`;
    bag.set(text, (bag.get(text) ?? 0) + 1);
  }
  return bag;
}

/** Of all nodes of both, the part that stands in both: 0 to 1. */
function likeness(a: Program, b: Program): number {
  const mine = bagOf(a);
  let shared = 0;
  for (const [text, times] of bagOf(b)) shared += Math.min(times, mine.get(text) ?? 0);
  return (2 * shared) / Math.max(a.nodes.length + b.nodes.length, 1);
}

function originOf(touched: Touched, vanished: readonly Vanished[]): Program | null {
  const { program } = touched;
  if (program === null) return null;
  const namesake = vanished.find((gone) => gone.name === touched.name)?.before() ?? null;
  if (namesake !== null) return namesake;
  if (program.nodes.length < FEWEST) return null;
  let best: { readonly program: Program; readonly likeness: number } | null = null;
  for (const gone of vanished) {
    const before = gone.before();
    if (before === null || before.nodes.length < FEWEST) continue;
    const now = likeness(program, before);
    if (now >= ALIKE && now > (best?.likeness ?? 0)) best = { program: before, likeness: now };
  }
  return best?.program ?? null;
}

/** Gives a function without a pre-image that of the function it was moved or renamed from, looked for when first asked. */
export function withOrigins(touched: readonly Touched[], vanished: readonly Vanished[]): Touched[] {
  if (vanished.length === 0) return [...touched];
  return touched.map((one) =>
    one.removed ? one : { ...one, before: once(() => one.before() ?? originOf(one, vanished)) },
  );
}
