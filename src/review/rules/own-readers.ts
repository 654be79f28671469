/** Waits for readers of an SRCU domain from within a read section of the same domain: the caller waits for itself. */
import type { Program } from '../../code/types';
import type { Place } from '../../place';
import { WAITS_FOR_ITSELF } from '../catalog-context';
import { type Doing, doings, named, readsPlace, written } from './calls';
import { explore } from './explore';
import { pathOf } from './held-locks';
import type { PathRule, RuleHit, Surroundings } from './types';

/** These return only when all readers that were there have left. */
const WAITS = /^(?:synchronize_srcu(?:_expedited)?|srcu_barrier)$/;
const ENTERS = /^srcu_read_lock(?:_notrace|_nmisafe)?$/;
const LEAVES = /^srcu_read_unlock(?:_notrace|_nmisafe)?$/;
/** So many calls deep helpers are followed. */
const DEPTH = 3;

interface Section {
  readonly path: string;
  readonly at: Place;
}

/** A wait in a function: for the domain as that function names it. */
interface Wait {
  readonly path: string;
  /** Not a parameter's: what it leads to cannot be told from the call. */
  readonly local: boolean;
  readonly at: Place;
}

const member = (path: string): string => path.slice(path.lastIndexOf('.') + 1);
const domainOf = (doing: Doing): string => pathOf(named(doing.call.args[0]));

/** Of two places the one that the later mail wrote comes first: that mail makes the defect. */
function newer(call: Place, section: Place): readonly [Place, Place] {
  const later =
    section.kind === 'message' &&
    section.added &&
    (call.kind !== 'message' || !call.added || section.message > call.message);
  return later ? [section, call] : [call, section];
}

/** The waits of a helper, of what it calls too; none behind a read section that it leaves itself. */
function waitsOf(program: Program, programs: Surroundings['programs'], depth: number): readonly Wait[] {
  const all = program.nodes.flatMap((node) => doings(node).filter((doing) => doing.direct));
  if (all.some((doing) => LEAVES.test(doing.name))) return [];
  return all.flatMap((doing): Wait[] => {
    if (WAITS.test(doing.name)) {
      const path = domainOf(doing);
      const root = /^\w+/.exec(path)?.[0] ?? '';
      return [{ path, local: !program.parameters.some((one) => one.name === root), at: doing.call.at }];
    }
    const helper = depth > 0 && doing.name !== program.name ? programs.get(doing.name) : undefined;
    if (helper === undefined) return [];
    return waitsOf(helper, programs, depth - 1).map((one) => {
      const path = seenFrom(one, helper, doing);
      const root = /^\w+/.exec(path)?.[0] ?? '';
      return { path, local: one.local || !program.parameters.some((each) => each.name === root), at: one.at };
    });
  });
}

/** The domain of a helper's wait as its caller names it. */
function seenFrom(wait: Wait, helper: Program, doing: Doing): string {
  const root = /^\w+/.exec(wait.path)?.[0] ?? '';
  const position = helper.parameters.findIndex((one) => one.name === root);
  if (position < 0) return wait.path;
  return `${pathOf(named(doing.call.args[position]))}${wait.path.slice(root.length)}`;
}

/** `synchronize_srcu()` of a domain, called itself or by a helper in sight, while a read section of that domain is open. */
export const ownReadersRule: PathRule = (program, { programs }) => {
  const enters = program.nodes.some((node) => doings(node).some((one) => one.direct && ENTERS.test(one.name)));
  if (!enters) return [];
  const hits: RuleHit[] = [];
  const seen = new Set<number>();
  const complete = explore<readonly Section[]>(program, {
    initial: [],
    key: (open) => open.map((one) => `${one.path}${one.at.line}`).join(),
    unseen: () => [],
    step(state, node) {
      let open = state;
      const writes = written(node).map(pathOf);
      open = open.filter((one) => !writes.some((place) => readsPlace(one.path, place)));
      for (const doing of doings(node)) {
        if (!doing.direct) continue;
        if (ENTERS.test(doing.name)) open = [...open, { path: domainOf(doing), at: doing.call.at }];
        else if (LEAVES.test(doing.name)) open = open.filter((one) => one.path !== domainOf(doing));
        else look(doing, open);
      }
      return open;
    },
  });
  return complete ? hits : [];

  function look(doing: Doing, open: readonly Section[]): void {
    if (open.length === 0 || seen.has(doing.call.at.line)) return;
    const helper = WAITS.test(doing.name) ? undefined : programs.get(doing.name);
    const waits: readonly Wait[] = WAITS.test(doing.name)
      ? [{ path: domainOf(doing), local: false, at: doing.call.at }]
      : helper === undefined
        ? []
        : waitsOf(helper, programs, DEPTH).map((one) => ({ ...one, path: seenFrom(one, helper, doing) }));
    for (const wait of waits) {
      // Of what a helper finds itself, the member tells which domain it is.
      const section = open.find(
        (one) =>
          one.path === wait.path || (wait.local && wait.path.includes('.') && member(one.path) === member(wait.path)),
      );
      if (section === undefined) continue;
      seen.add(doing.call.at.line);
      const [at, first] = newer(doing.call.at, section.at);
      hits.push({
        rule: WAITS_FOR_ITSELF,
        at,
        message: `${doing.name}() waits for the readers of ${member(wait.path)}, and ${program.name}() is one of them`,
        key: `${doing.name}|${wait.path}`,
        why: [
          {
            text: 'the wait ends when all read sections have, this one among them',
            reference: 'kernel/rcu/srcutree.c, synchronize_srcu(): illegal in a read section of the same srcu_struct',
          },
        ],
        related: [
          {
            at: first,
            message: first === section.at ? 'the read section begins here' : `${doing.name}() is called here`,
          },
          ...(helper === undefined ? [] : [{ at: wait.at, message: 'waited for here' }]),
        ],
      });
      return;
    }
  }
};
