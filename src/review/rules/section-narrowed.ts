/**
 * Taking and giving back a lock move into a new helper, and calls that stood between the two stay behind, outside. In: the functions of a patch,
 * before and after it. Out: hits of class context, at the call left outside.
 */
import type { Program } from '../../code/types';
import { print, withoutCasts } from '../../code/walk';
import { SECTION_NARROWED } from '../catalog-conventions';
import { type Doing, doings, TELLS, UNDOES } from './calls';
import { reachBehind } from './reach';
import type { PatchHit, PatchRule } from './types';

const TAKES = /(?:^|_)(?:lock|down)(?:_|$)/;
const GIVES = /(?:^|_)(?:unlock|up)(?:_|$)/;

interface Placed extends Doing {
  readonly node: number;
}

const placed = (program: Program): Placed[] =>
  program.nodes.flatMap((node, index) => doings(node).map((doing) => ({ ...doing, node: index })));

const first = (doing: Doing): string => {
  const arg = doing.call.args[0];
  return arg === undefined ? '' : print(withoutCasts(arg));
};

interface Section {
  readonly take: Placed;
  readonly give: Placed;
  readonly inside: readonly Placed[];
}

/** Pairs of a call that takes and the one that gives back the same thing next, with the calls that run between the two. */
function sectionsOf(program: Program): Section[] {
  const all = placed(program).filter((one) => one.direct);
  return all.flatMap((take): Section[] => {
    if (!TAKES.test(take.name) || GIVES.test(take.name)) return [];
    const gives = all.filter((one) => GIVES.test(one.name) && first(one) === first(take) && one.node !== take.node);
    const ends = new Set(gives.map((one) => one.node));
    const within = reachBehind(program, take.node, (_, index) => ends.has(index));
    const reached = gives.filter((one) => within.has(one.node));
    const [give] = reached;
    if (give === undefined || reached.length !== 1) return [];
    const inside = all.filter((one) => one.node !== take.node && one.node !== give.node && within.has(one.node));
    return [{ take, give, inside }];
  });
}

/** Answers, and what only tells or computes: nobody needs a lock for it. */
const HARMLESS =
  /^(?:IS_ERR\w*|PTR_ERR\w*|ERR_\w+|(?:un)?likely|min\w*|max\w*|container_of|ARRAY_SIZE|BIT\w*|GENMASK\w*|k[vz]?free\w*|k[vmz]\w*alloc\w*|sizeof|offsetof\w*|READ_ONCE|WRITE_ONCE|lockdep_\w+)$/;

export const sectionNarrowedRule: PatchRule = ({ after, change }) => {
  const hits: PatchHit[] = [];
  const born = after.touched.flatMap((one) =>
    one.program !== null &&
    !one.removed &&
    one.before() === null &&
    one.program.evidence !== 'fragment' &&
    one.program.at.kind === 'message' &&
    one.program.at.message === change.message &&
    one.program.at.added
      ? [one.program]
      : [],
  );
  if (born.length === 0) return [];
  for (const touched of after.touched) {
    const { program, file } = touched;
    const earlier = program === null || touched.removed ? null : touched.before();
    if (program === null || earlier === null) continue;
    const now = placed(program);
    const then = placed(earlier);
    const kept = new Set(sectionsOf(program).flatMap((one) => one.inside.map((call) => call.node)));
    for (const { take, give, inside } of sectionsOf(earlier)) {
      const times = (calls: readonly Placed[], name: string): number => calls.filter((one) => one.name === name).length;
      if (times(now, take.name) >= times(then, take.name) || times(now, give.name) >= times(then, give.name)) continue;
      const helper = born.find((one) => {
        if (!now.some((call) => call.direct && call.name === one.name)) return false;
        const calls = placed(one);
        return calls.some((call) => call.name === take.name) && calls.some((call) => call.name === give.name);
      });
      if (helper === undefined) continue;
      const moved = new Set(placed(helper).map((one) => one.name));
      // The helper must hold a part of what stood there: else it does something else under the lock.
      if (!inside.some((one) => moved.has(one.name))) continue;
      const left = inside.find(
        (one) =>
          !moved.has(one.name) &&
          !TELLS.test(one.name) &&
          !UNDOES.test(one.name) &&
          !HARMLESS.test(one.name) &&
          now.some((call) => print(call.call) === print(one.call) && !kept.has(call.node)),
      );
      const stays =
        left === undefined
          ? undefined
          : now.find((call) => print(call.call) === print(left.call) && !kept.has(call.node));
      const call = now.find((one) => one.direct && one.name === helper.name);
      if (left === undefined || stays === undefined || call === undefined) continue;
      hits.push({
        rule: SECTION_NARROWED,
        at: call.call.at,
        message: `${left.name}() ran between ${take.name}() and ${give.name}(), which are in ${helper.name}() now: it runs outside`,
        key: `${program.name}|${take.name}|${left.name}`,
        why: [
          {
            text: 'what the two kept in place, such as a lock or the power of a device, is given back before it is called',
            reference: null,
          },
        ],
        related: [
          { at: stays.call.at, message: `${left.name}() is called here` },
          { at: take.call.at, message: `${take.name}(), before the patch` },
        ],
        file,
        function: program.name,
      });
    }
  }
  return hits;
};
