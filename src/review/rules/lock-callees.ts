import { print } from '../../code/walk';
import { primitive } from '../../kernel/primitives';
import { LOCK_NOT_HELD } from '../catalog-context';
import { LOCK_TWICE } from '../catalog-lifetime';
import { type Doing, doings } from './calls';
import { explore } from './explore';
import { atCall, type Held, heldAfter, heldBy, pathOf, takesOfCaller, wantsOfCaller } from './held-locks';
import { lockCalls } from './locking';
import type { PathRule, RuleHit } from './types';

/** `foo_flush_locked()`; not what asks or takes. */
const LOCKED = /(?<!_is)(?<!^is)_locked$/;

interface State {
  readonly held: readonly Held[];
  /** Paths of locks of which nobody can tell any more. */
  readonly lost: readonly string[];
  readonly blind: boolean;
}

/** A helper in sight that takes a lock its caller holds, or that wants one held its caller has given back or not yet taken. */
export const lockCalleesRule: PathRule = (program, { programs }) => {
  const helpers = new Set<string>();
  /** Helpers of which the name alone says that a lock is held. */
  const named = new Set<string>();
  for (const node of program.nodes)
    for (const { name, direct } of doings(node)) {
      const helper = direct && primitive(name) === null && name !== program.name ? programs.get(name) : undefined;
      if (helper !== undefined && (takesOfCaller(helper, programs).length > 0 || wantsOfCaller(helper).length > 0))
        helpers.add(name);
      else if (direct && LOCKED.test(name)) named.add(name);
    }
  if (helpers.size + named.size === 0) return [];
  /** Locks that the function takes itself, before it gives them back: it was entered without them. */
  const own = new Set<string>();
  const returned = new Set<string>();
  for (const node of program.nodes)
    for (const call of lockCalls(node)) {
      const { path } = heldBy(call);
      if (!call.takes && !own.has(path)) returned.add(path);
      if (call.takes && !returned.has(path)) own.add(path);
    }
  const hits: RuleHit[] = [];
  const seen = new Set<string>();
  const complete = explore<State>(program, {
    initial: { held: [], lost: [], blind: false },
    key: ({ held, lost, blind }) => `${blind ? '?' : ''}${held.map((one) => one.id).join()}!${lost.join()}`,
    unseen: () => ({ held: [], lost: [], blind: true }),
    step({ held, lost, blind }, node, decision) {
      for (const doing of doings(node)) {
        if (doing.direct && named.has(doing.name)) byName(doing, held, blind || lost.length > 0);
        if (!doing.direct || !helpers.has(doing.name)) continue;
        const helper = programs.get(doing.name);
        if (helper === undefined) continue;
        for (const lock of takesOfCaller(helper, programs)) {
          const path = atCall(lock, doing);
          const known = held.find((one) => one.path === path && one.resource === lock.resource);
          const key = `twice|${doing.call.at.line}|${path}`;
          if (known === undefined || seen.has(key)) continue;
          seen.add(key);
          hits.push({
            rule: LOCK_TWICE,
            at: doing.call.at,
            message: `${doing.name}() takes ${known.shown}, and ${program.name}() calls it here while it holds it`,
            key: `${doing.name}|${path}`,
            why: [{ text: 'the lock is not recursive: the caller waits for itself', reference: null }],
            related: [
              { at: known.at, message: `${known.shown} is taken here first` },
              { at: lock.at, message: `${doing.name}() takes it here` },
            ],
          });
        }
        for (const lock of wantsOfCaller(helper)) {
          const path = atCall(lock, doing);
          const key = `wants|${doing.call.at.line}|${path}`;
          if (
            path === null ||
            blind ||
            lost.includes(path) ||
            seen.has(key) ||
            !own.has(path) ||
            held.some((one) => one.path === path)
          )
            continue;
          if (program.evidence === 'fragment') continue;
          seen.add(key);
          hits.push({
            rule: LOCK_NOT_HELD,
            at: doing.call.at,
            message: `${doing.name}() wants ${path} held, and a way comes here without it`,
            key: `${doing.name}|${path}|wants`,
            why: [
              {
                text: `${program.name}() takes the lock itself elsewhere, so it is not called with it`,
                reference: null,
              },
            ],
            related: [{ at: lock.at, message: `${doing.name}() says so here` }],
          });
        }
      }
      const now = heldAfter(held, node, decision, programs);
      const known = new Set([...now.map((one) => one.path), ...lockCalls(node).map((call) => heldBy(call).path)]);
      const gone = held.map((one) => one.path).filter((path) => !known.has(path) && !lost.includes(path));
      return { held: now, lost: gone.length === 0 ? lost : [...lost, ...gone], blind };
    },
  });
  return complete ? hits : [];

  /** Nothing is held, and the function takes a lock of the same object elsewhere. */
  function byName(doing: Doing, held: readonly Held[], unsure: boolean): void {
    const root = /^\w+/.exec(pathOf(print(doing.call.args[0] ?? { kind: 'name', name: '' })))?.[0];
    const lock = [...own].find((path) => root !== undefined && path.startsWith(`${root}.`));
    const key = `named|${doing.call.at.line}`;
    if (unsure || held.length > 0 || lock === undefined || program.evidence === 'fragment' || seen.has(key)) return;
    seen.add(key);
    hits.push({
      rule: LOCK_NOT_HELD,
      at: doing.call.at,
      message: `${doing.name}() is called here with no lock held`,
      key: `${doing.name}|named`,
      why: [
        {
          text: `its name says that the caller holds the lock, and ${program.name}() takes ${lock} itself elsewhere`,
          reference: null,
        },
      ],
      related: [],
    });
  }
};
