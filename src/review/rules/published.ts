import type { Program } from '../../code/types';
import { print, withoutCasts } from '../../code/walk';
import type { Place } from '../../place';
import { PUBLISHED_EARLY } from '../catalog-lifetime';
import { type Doing, doings, named, readsPlace, written } from './calls';
import { explore } from './explore';
import { type Held, heldAfter, pathOf } from './held-locks';
import { scan } from './scan';
import type { PathRule, RuleHit, Surroundings } from './types';

/** Calls after which others find an object, and the argument that is or lies in it. */
const PUBLISHES: Readonly<Record<string, number>> = {
  list_add: 0,
  list_add_tail: 0,
  list_add_rcu: 0,
  list_add_tail_rcu: 0,
  hlist_add_head: 0,
  hlist_add_head_rcu: 0,
  hash_add: 1,
  hash_add_rcu: 1,
  xa_store: 2,
  xa_insert: 2,
  xa_alloc: 2,
  xa_store_irq: 2,
  idr_alloc: 1,
  rcu_assign_pointer: 1,
  request_irq: 4,
  request_threaded_irq: 5,
  misc_register: 0,
  cdev_device_add: 0,
  queue_work: 1,
  schedule_work: 0,
};
/** Of those, after which a function of the driver's is called with the object, and where its name stands. */
const HANDLERS: Readonly<Record<string, number>> = { request_irq: 1, request_threaded_irq: 1 };

const MAKES =
  /^(?:mutex_init|__mutex_init|spin_lock_init|raw_spin_lock_init|rwlock_init|init_rwsem|INIT_LIST_HEAD|init_completion|init_waitqueue_head|INIT_WORK|INIT_DELAYED_WORK|xa_init|xa_init_flags|kref_init|refcount_set|idr_init|ida_init)$/;

interface Out {
  readonly object: string;
  readonly by: string;
  readonly at: Place;
  /** Locks held then and ever since: who looks for the object waits for them. */
  readonly under: readonly string[];
  /** A lock was held at the publication and given back since. */
  readonly open: boolean;
  /** The function that is called with the object from then on. */
  readonly handler: string | null;
}

function objectOf(doing: Doing): string | null {
  const index = Object.hasOwn(PUBLISHES, doing.name) ? PUBLISHES[doing.name] : undefined;
  const arg = index === undefined || !doing.direct ? undefined : doing.call.args[index];
  if (arg === undefined) return null;
  const bare = withoutCasts(arg);
  // `&obj->node`: what the node lies in; `obj` itself.
  const inner = bare.kind === 'unary' && bare.operator === '&' ? withoutCasts(bare.operand) : bare;
  if (inner.kind === 'name') return bare.kind === 'name' ? inner.name : null;
  if (bare.kind === 'unary' && inner.kind === 'field' && inner.arrow && inner.base.kind === 'name')
    return inner.base.name;
  return null;
}

/** The fields that a function sets on lines above the first call that publishes something: `obj.field`. */
function setFirst(program: Program | null): ReadonlySet<string> {
  const fields = new Set<string>();
  for (const node of program?.nodes ?? []) {
    if (doings(node).some((doing) => objectOf(doing) !== null)) return fields;
    for (const place of written(node)) fields.add(pathOf(place));
  }
  return new Set();
}

/** The fields that a handler reads of what it is given. */
function readsOf(handler: Program | undefined): ReadonlySet<string> {
  const fields = new Set<string>();
  const data = handler?.parameters[1]?.name;
  if (handler === undefined || data === undefined) return fields;
  const names = new Set<string>([data]);
  for (const node of handler.nodes)
    if (node.kind === 'declare' && node.init !== null) {
      const init = withoutCasts(node.init);
      if (init.kind === 'name' && init.name === data) names.add(node.variable.name);
    }
  for (const { expression } of scan(handler))
    if (expression.kind === 'field' && expression.base.kind === 'name' && names.has(expression.base.name))
      fields.add(expression.field);
  return fields;
}

/**
 * An object of which a part is made ready only after others can find it: its lock, list or work is initialised behind the call that
 * publishes it; or its interrupt handler, in sight, reads a field that is set behind the request.
 */
export const publishedRule: PathRule = (program, surroundings: Surroundings) => {
  const { programs } = surroundings;
  if (!program.nodes.some((node) => doings(node).some((doing) => objectOf(doing) !== null))) return [];
  // Who makes an object gives it a number first; others reach it once it is registered.
  const makes =
    /alloc|create/.test(program.name) ||
    program.nodes.some((node) =>
      doings(node).some(({ name }) => /^(?:cdev_\w*add|misc_register|device_(?:add|register))$/.test(name)),
    );
  const hits: RuleHit[] = [];
  const seen = new Set<string>();
  interface State {
    readonly out: readonly Out[];
    readonly held: readonly Held[];
    /** Fields written so far: `obj.field`. */
    readonly set: readonly string[];
  }
  let known: ReadonlySet<string> | null = null;
  /** What the function set before it published anything, before the patch. */
  const earlier = (): ReadonlySet<string> => {
    known ??= setFirst(surroundings.before?.() ?? null);
    return known;
  };
  const complete = explore<State>(program, {
    initial: { out: [], held: [], set: [] },
    key: ({ out, held, set }) =>
      `${out.map((one) => `${one.object}${one.at.line}${one.open}${one.under.join()}`).join()}|${held.map((one) => one.id).join()}|${set.join()}`,
    unseen: ({ out }) => ({ out, held: [], set: [] }),
    step(state, node, decision) {
      let { out, set } = state;
      const held = heldAfter(state.held, node, decision, programs);
      const paths = new Set(held.map((one) => one.path));
      out = out.map((one) =>
        one.under.every((path) => paths.has(path))
          ? one
          : { ...one, open: true, under: one.under.filter((path) => paths.has(path)) },
      );
      for (const place of written(node)) {
        out = out.filter((one) => one.object !== place);
        const [object = '', field, more] = pathOf(place).split('.');
        if (field === undefined || more !== undefined || /\W/.test(field)) continue;
        for (const one of out) {
          if (one.object !== object || one.under.length > 0 || set.includes(`${object}.${field}`)) continue;
          if (one.open && /^h?list_add/.test(one.by) && earlier().has(`${object}.${field}`))
            report(
              one,
              node.at,
              `${place} is set after ${one.by}() lets others find ${object}, and was set before it`,
              field,
            );
          if (one.handler === null) continue;
          if (readsOf(programs.get(one.handler)).has(field))
            report(one, node.at, `${one.handler}() reads ${place}, and may run before it is set here`, field);
        }
        if (!set.includes(`${object}.${field}`)) set = [...set, `${object}.${field}`];
      }
      for (const doing of doings(node)) {
        if (doing.direct && MAKES.test(doing.name)) {
          const path = pathOf(named(doing.call.args[0]));
          for (const one of out)
            if (one.under.length === 0 && path.startsWith(`${one.object}.`) && readsPlace(path, one.object))
              report(
                one,
                doing.call.at,
                `${doing.name}(${print(doing.call.args[0] ?? { kind: 'name', name: '' })}) comes after ${one.by}() lets others find ${one.object}`,
                path,
              );
        }
        const object = objectOf(doing);
        if (object === null || (makes && /^(?:xa|idr)_alloc$/.test(doing.name))) continue;
        const index = Object.hasOwn(HANDLERS, doing.name) ? HANDLERS[doing.name] : undefined;
        const handler = index === undefined ? undefined : doing.call.args[index];
        const bare = handler === undefined ? null : withoutCasts(handler);
        out = [
          ...out.filter((one) => one.object !== object),
          {
            object,
            by: doing.name,
            at: doing.call.at,
            open: false,
            under: held.map((one) => one.path).filter((path) => path !== ''),
            handler: bare?.kind === 'name' ? bare.name : null,
          },
        ];
      }
      return { out, held, set };
    },
  });
  return complete ? hits : [];

  function report(one: Out, at: Place, message: string, what: string): void {
    const key = `${at.line}|${what}`;
    if (seen.has(key)) return;
    seen.add(key);
    hits.push({
      rule: PUBLISHED_EARLY,
      at,
      message,
      key: `${one.object}|${what}`,
      why: [{ text: `${one.by}() has to come last: from then on others use ${one.object}`, reference: null }],
      related: [{ at: one.at, message: `${one.object} is published here` }],
    });
  }
};
