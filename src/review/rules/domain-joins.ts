/**
 * Domains that come to a container, or take the place of another: what was set up for doorbells on those before has to be set up on
 * them. In: what a patch makes of its functions. Out: hits of class window.
 */
import { successors } from '../../code/lower';
import type { Program, ProgramTable } from '../../code/types';
import { type CallExpression, calleeOf, callsOf, print, withoutCasts } from '../../code/walk';
import { NOT_REPLAYED, SETUP_LOST } from '../catalog-window';
import { UNDOES } from './calls';
import type { PatchHit, PatchRule } from './types';

/** Calls that give a domain what its doorbells need. */
const OF_DOORBELLS = /msi|resv|reserved|doorbell|cookie/;
const SETS_UP =
  /(?:^|_)(?:alloc|get|set|setup|map|enable|reserve|add|init|attach|install|register|prepare|provision)(?:_|$)/;

const isSetUp = (name: string): boolean =>
  OF_DOORBELLS.test(name) &&
  SETS_UP.test(name) &&
  !UNDOES.test(name) &&
  !/^iommu_get_(?:group_)?resv_regions$/.test(name);

const lastField = (text: string): string => /(\w+)$/.exec(text)?.[1] ?? text;

interface Given {
  readonly call: CallExpression;
  readonly list: string;
}

/** Calls by which a walk over a list of domains sets each of them up. */
function givenToAll(program: Program): Given[] {
  const found: Given[] = [];
  for (const [head, node] of program.nodes.entries()) {
    if (node.kind !== 'each' || !/^list_for_each_entry/.test(node.macro)) continue;
    const [cursor, ...rest] = node.args.map((arg) => print(withoutCasts(arg)).replace(/^&/, ''));
    const list = rest.find((text) => /domain|hwpt|pt_list|pagetable/.test(lastField(text)));
    if (cursor === undefined || list === undefined) continue;
    const seen = new Set<number>([head]);
    const work = [node.body];
    for (let at = work.pop(); at !== undefined; at = work.pop()) {
      const inner = program.nodes[at];
      if (inner === undefined || seen.has(at)) continue;
      seen.add(at);
      work.push(...successors(inner));
      for (const call of callsOf(inner))
        if (
          isSetUp(calleeOf(call) ?? '') &&
          call.args.some((arg) => new RegExp(`^&?${cursor}(?:->|\\.|$)`).test(print(withoutCasts(arg))))
        )
          found.push({ call, list: lastField(list) });
    }
  }
  return found;
}

function calls(program: Program, name: string): boolean {
  return program.nodes.some((node) => callsOf(node).some((call) => calleeOf(call) === name));
}

/** Does the program call it, or something it calls? */
function callsSoon(program: Program, name: string, { programs }: ProgramTable, depth = 2): boolean {
  if (calls(program, name)) return true;
  if (depth === 0) return false;
  return program.nodes.some((node) =>
    callsOf(node).some((call) => {
      const callee = programs.get(calleeOf(call) ?? '');
      return (
        callee !== undefined && callee !== program && callsSoon(callee, name, { programs } as ProgramTable, depth - 1)
      );
    }),
  );
}

/** Does the program put an entry on a list of this name? */
function joins(program: Program, list: string): boolean {
  return program.nodes.some((node) =>
    callsOf(node).some(
      (call) =>
        /^list_add(?:_tail)?(?:_rcu)?$/.test(calleeOf(call) ?? '') &&
        lastField(print(withoutCasts(call.args[1] ?? call))) === list,
    ),
  );
}

/** What is set up on every domain there is, and not on one that comes later. */
export const notReplayedRule: PatchRule = ({ change, after }) => {
  const hits: PatchHit[] = [];
  for (const { program, file, name } of after.touched) {
    if (program === null) continue;
    for (const { call, list } of givenToAll(program)) {
      const { at } = call;
      const callee = calleeOf(call) ?? '';
      if (at.kind !== 'message' || !at.added || at.message !== change.message) continue;
      const joining = [...after.tree.programs.values()].filter(
        (one) => one !== program && one.file === file && joins(one, list),
      );
      if (joining.length === 0 || joins(program, list) || joining.some((one) => callsSoon(one, callee, after.tree)))
        continue;
      const joined = new Set(joining.flatMap((one) => one.nodes.flatMap((node) => callsOf(node).map(calleeOf))));
      // What copies the state of one domain to another, where the patch touches that; else the call.
      const replays = after.touched.find(
        (one) =>
          one.program !== null &&
          one.at.kind === 'message' &&
          joined.has(one.name) &&
          /replay|copy|clone|sync|dup/.test(one.name),
      );
      const joiner = joining[0];
      if (joiner === undefined) continue;
      hits.push({
        rule: NOT_REPLAYED,
        at: replays?.at ?? at,
        message: `${callee}() is called for each domain there is in ${name}(), and not when ${joiner.name}() adds one: a domain that comes later has no window for doorbells`,
        why: [
          {
            text: 'MSIs of a device behind the later domain are written to an address that is not mapped there',
            reference: 'vfio_iommu_replay() in drivers/vfio/vfio_iommu_type1.c does the same for user mappings',
          },
        ],
        related:
          replays === undefined
            ? [{ at: joiner.at, message: 'a domain is added here' }]
            : [{ at, message: 'what the others were given' }],
        file,
        function: replays?.name ?? name,
      });
    }
  }
  return hits;
};

/** Names of functions that put one thing in the place of another that was in use. */
const REPLACES = /replac|replay|reattach|resume|restore|change_/;

/** A function that exchanges domains set the doorbells up, and does not any more, while attaching still does. */
export const setupLostRule: PatchRule = ({ after }) => {
  const hits: PatchHit[] = [];
  const gained = (callee: string): string[] =>
    after.touched.flatMap((one) => {
      if (one.program === null || !calls(one.program, callee)) return [];
      const before = one.before();
      return before === null || !calls(before, callee) ? [one.name] : [];
    });
  for (const touched of after.touched) {
    const { program, name, file } = touched;
    if (program === null || touched.removed || !REPLACES.test(name)) continue;
    const before = touched.before();
    if (before === null) continue;
    const lost = new Map<string, CallExpression>();
    for (const node of before.nodes)
      for (const call of callsOf(node)) {
        const callee = calleeOf(call) ?? '';
        if (isSetUp(callee) && !callsSoon(program, callee, after.tree, 1)) lost.set(callee, call);
      }
    for (const [callee, call] of lost) {
      const now = gained(callee);
      const kept = after.touched.some((one) => one.program !== null && calls(one.program, callee));
      // It moved to who calls this one, or to nothing in sight: then it may be done elsewhere.
      const callers = [...after.tree.programs.values()].filter((one) => calls(one, name));
      const moved = now.some((one) => REPLACES.test(one) || callers.some((caller) => caller.name === one));
      if (moved || !kept || callers.some((one) => calls(one, callee)) || touched.at.kind !== 'message') continue;
      const at = call.at.kind === 'message' && touched.at.message === call.at.message ? call.at : touched.at;
      hits.push({
        rule: SETUP_LOST,
        at,
        message: `${name}() does not call ${callee}() any more: what takes the place of a domain in use has no doorbells of it`,
        why: [
          {
            text: 'the devices keep the addresses that were programmed while the old domain was attached; in the new one nothing is mapped there and their MSIs are lost',
            reference: 'iommufd_group_do_replace_reserved_iova() in drivers/iommu/iommufd/device.c',
          },
        ],
        related: [],
        file,
        function: name,
      });
    }
  }
  return hits;
};
