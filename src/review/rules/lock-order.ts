import type { Program, Structure } from '../../code/types';
import { primitive } from '../../kernel/primitives';
import type { Place } from '../../place';
import { LOCK_ORDER } from '../catalog-context';
import { doings } from './calls';
import { explore } from './explore';
import { atCall, type Held, heldAfter, heldBy, takesOfCaller, unseenTake } from './held-locks';
import { lockCalls } from './locking';
import type { PatchHit, PatchRule } from './types';

/** Two locks of which a function takes the second while it holds the first. */
interface Nesting {
  readonly outer: string;
  readonly inner: string;
  readonly outerAt: Place;
  readonly innerAt: Place;
  readonly shown: string;
}

/** What tells a lock across functions: `foo_domain.lock` by the type of what holds it, or the name of a lock of the file. */
export function lockClassOf(program: Program, path: string, structures: ReadonlyMap<string, Structure>): string | null {
  const parts = path.split('.');
  const [root = '', ...rest] = parts;
  const declared =
    program.parameters.find((one) => one.name === root)?.type ??
    program.nodes.find((node) => node.kind === 'declare' && node.variable.name === root);
  if (declared === undefined) return rest.length === 0 && program.evidence !== 'fragment' ? root : null;
  const type = typeof declared === 'string' ? declared : declared.kind === 'declare' ? declared.variable.type : '';
  let structure = /\bstruct\s+(\w+)/.exec(type)?.[1];
  for (const [at, field] of rest.entries()) {
    if (structure === undefined || /[^\w]/.test(field)) return null;
    if (at === rest.length - 1) return `${structure}.${field}`;
    const of = structures.get(structure)?.fields.find((one) => one.name === field)?.type;
    structure = of === undefined ? undefined : /\bstruct\s+(\w+)/.exec(of)?.[1];
  }
  return null;
}

const EXCLUSIVE = /^(?:mutex|spinlock|rwsem|rwlock)$/;

function nestingsOf(
  program: Program,
  programs: ReadonlyMap<string, Program>,
  structures: ReadonlyMap<string, Structure>,
): readonly Nesting[] {
  const takes = program.nodes.some((node) =>
    lockCalls(node).some((call) => call.takes && EXCLUSIVE.test(call.resource)),
  );
  if (!takes) return [];
  const found: Nesting[] = [];
  const note = (held: readonly Held[], path: string, shown: string, at: Place): void => {
    const inner = lockClassOf(program, path, structures);
    if (inner === null) return;
    for (const one of held) {
      if (!EXCLUSIVE.test(one.resource) || one.path === path) continue;
      const outer = lockClassOf(program, one.path, structures);
      if (outer === null || outer === inner) continue;
      if (!found.some((each) => each.outer === outer && each.inner === inner))
        found.push({ outer, inner, outerAt: one.at, innerAt: at, shown });
    }
  };
  const complete = explore<readonly Held[]>(program, {
    initial: [],
    key: (held) => held.map((one) => one.id).join(),
    unseen: () => [],
    step(held, node, decision) {
      for (const call of lockCalls(node))
        if (call.takes && call.asks === null && EXCLUSIVE.test(call.resource))
          note(held, heldBy(call).path, call.shown, call.doing.call.at);
      for (const doing of held.length > 0 ? doings(node) : []) {
        const helper = doing.direct && primitive(doing.name) === null ? programs.get(doing.name) : undefined;
        const unseen = helper === undefined ? unseenTake(program, doing) : null;
        if (unseen !== null) note(held, unseen.path, `${doing.name}()`, doing.call.at);
        if (helper === undefined || helper === program) continue;
        for (const lock of takesOfCaller(helper, programs)) {
          const path = atCall(lock, doing);
          if (path !== null) note(held, path, `${doing.name}()`, doing.call.at);
        }
      }
      const now = heldAfter(held, node, decision, programs);
      const unseen = doings(node).flatMap((doing) =>
        programs.has(doing.name) ? [] : (unseenTake(program, doing) ?? []),
      );
      return unseen.length === 0 ? now : [...now, ...unseen];
    },
  });
  return complete ? found : [];
}

/** A function of the patch takes two locks in one order, and another function in sight takes them in the other. */
export const lockOrderRule: PatchRule = ({ change, after }) => {
  const { set } = after;
  const hits: PatchHit[] = [];
  const told = new Set<string>();
  /** How many functions of the file take the two locks so. */
  const followers = (file: string, outer: string, inner: string): number =>
    [...set.programs.values()].filter(
      (one) =>
        one.source !== 'design' &&
        one.file === file &&
        nestingsOf(one, set.programs, set.structures).some((each) => each.outer === outer && each.inner === inner),
    ).length;
  const isNew = (at: Place): boolean => at.kind === 'message' && at.message === change.message && at.added;
  for (const touched of after.touched) {
    const { program } = touched;
    if (touched.removed || program === null) continue;
    for (const own of nestingsOf(program, set.programs, set.structures)) {
      if (!isNew(own.innerAt) && !isNew(own.outerAt)) continue;
      const key = [own.outer, own.inner].sort().join('|');
      if (told.has(key)) continue;
      for (const other of set.programs.values()) {
        if (other.source === 'design' || other.file !== program.file) continue;
        const back = nestingsOf(other, set.programs, set.structures).find(
          (one) => one.outer === own.inner && one.inner === own.outer,
        );
        if (back === undefined) continue;
        // Where both are new, the order that fewer functions follow is the one to change; of two alike the later one.
        if (isNew(back.innerAt) || isNew(back.outerAt)) {
          const mine = followers(program.file, own.outer, own.inner);
          const theirs = followers(program.file, back.outer, back.inner);
          if (mine > theirs || (mine === theirs && before(own.innerAt, back.innerAt))) continue;
        }
        told.add(key);
        hits.push({
          rule: LOCK_ORDER,
          at: own.innerAt,
          message: `${program.name}() takes ${own.inner} here while it holds ${own.outer}, and ${other.name}() takes them the other way round`,
          why: [
            {
              text: 'two threads, each with one of the locks, wait for each other',
              reference: 'Documentation/locking/lockdep-design.rst',
            },
          ],
          related: [
            { at: own.outerAt, message: `${own.outer} is taken here` },
            { at: back.outerAt, message: `${other.name}() takes ${own.inner} here` },
            { at: back.innerAt, message: `${other.name}() takes ${own.outer} here` },
          ],
          file: program.file,
          function: program.name,
        });
        break;
      }
    }
  }
  return hits;
};

function before(a: Place, b: Place): boolean {
  return a.kind === 'message' && b.kind === 'message' && a.line < b.line;
}
