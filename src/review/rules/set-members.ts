/**
 * What holds of a set holds of all its members, those that join later too. In: what a patch makes of functions that walk over the
 * members of a group, a domain or a bus. Out: answers kept that a new member does not take back, and walks cut down to one member.
 */
import type { Expression, Program } from '../../code/types';
import { calleeOf, callsIn, callsOf, namesIn, print, visit, withoutCasts } from '../../code/walk';
import { MEMBERS_CACHED } from '../catalog-isolation';
import { FIRST_FOR_ALL } from '../catalog-window';
import { isAdded, reach, written } from './reach';
import type { PatchHit, PatchRule } from './types';

/** Walks whose items come and go while the set lives. */
const WALK = /^(?:for_each_group_device|list_for_each_entry\w*|xa_for_each\w*|hlist_for_each_entry\w*)$/;
const SET = /(?:devices|members|groups?|group_list|device_list|dev_list|device_array|domains|domain_list|hwpt_list)$/;

/** What a walk goes over, as written; null for walks over other things. */
function walked(macro: string, args: readonly Expression[]): string | null {
  if (!WALK.test(macro)) return null;
  if (macro === 'for_each_group_device') return print(withoutCasts(args[0] ?? { kind: 'unknown', text: '' }));
  const over = args
    .map((arg) => print(withoutCasts(arg)).replace(/^&/, ''))
    .find((text) => /->|\./.test(text) && SET.test(text));
  return over === undefined ? null : over.replace(/(?:->|\.)\w+$/, '');
}

interface Kept {
  readonly base: string;
  readonly field: string;
  readonly at: Extract<Program['nodes'][number]['at'], { kind: 'message' }>;
}

/** `set->field = …` on lines of the patch, where `set` is what a walk before it went over. */
function keptAnswers(program: Program): Kept[] {
  const found: Kept[] = [];
  for (const [head, node] of program.nodes.entries()) {
    if (node.kind !== 'each') continue;
    const set = walked(node.macro, node.args);
    if (set === null) continue;
    const behind = reach(program, [node.next], (_, at) => at === head);
    for (const at of behind) {
      const one = program.nodes[at];
      if (one?.kind !== 'do' || !isAdded(one) || one.at.kind !== 'message' || one.expression.kind !== 'assign')
        continue;
      const target = withoutCasts(one.expression.target);
      if (target.kind !== 'field' || one.expression.operator !== '=' || print(withoutCasts(target.base)) !== set)
        continue;
      found.push({ base: set, field: target.field, at: one.at });
    }
  }
  return found;
}

/** The field whose truth sends the function home with what is kept, before it walks. */
function shortCut(program: Program, kept: readonly Kept[]): string | null {
  for (const node of program.nodes) {
    if (node.kind !== 'branch' || node.loop) continue;
    const asked = kept.find(({ base, field }) => {
      let found = false;
      visit(node.condition, (inner) => {
        if (inner.kind === 'field' && inner.field === field && print(withoutCasts(inner.base)) === base) found = true;
      });
      return found;
    });
    if (asked === undefined) continue;
    for (const side of [node.then, node.otherwise]) {
      const end = written(program, side);
      // What leaving a scope does stands between the value and the return.
      const given =
        end?.kind === 'return'
          ? end.value
          : end?.kind === 'do' &&
              end.expression.kind === 'assign' &&
              written(program, end.next)?.kind === 'return' &&
              print(end.expression.target) === '__returned_value'
            ? end.expression.value
            : null;
      if (given === null) continue;
      const value = print(withoutCasts(given));
      if (kept.some(({ base, field }) => value.includes(`${base}->${field}`))) return asked.field;
    }
  }
  return null;
}

/** Is the field written in another function in sight? By the text of the patch too: not all functions are read. */
function writtenElsewhere(view: Parameters<PatchRule>[0], own: Program, field: string): boolean {
  const elsewhere = [...view.after.tree.programs.values(), ...view.after.touched.flatMap((one) => one.program ?? [])];
  if (
    elsewhere.some(
      (one) =>
        one.name !== own.name &&
        one.nodes.some(
          (node) =>
            node.kind === 'do' &&
            node.expression.kind === 'assign' &&
            new RegExp(`(?:->|\\.)${field}$`).test(print(withoutCasts(node.expression.target))),
        ),
    )
  )
    return true;
  const writes = new RegExp(`(?:->|\\.)${field}\\s*=[^=]`);
  const count = view.change.files
    .flatMap((file) => file.hunks.flatMap((hunk) => hunk.lines))
    .filter((line) => line.kind !== 'delete' && writes.test(line.text)).length;
  const inOwn = own.nodes.filter(
    (node) =>
      node.kind === 'do' &&
      node.expression.kind === 'assign' &&
      writes.test(`${print(withoutCasts(node.expression.target))} = x`),
  ).length;
  return count > inOwn;
}

/** The answer of a walk over the members is kept in the set, and nobody takes it back when a member joins. */
export const membersCachedRule: PatchRule = (view) =>
  view.after.touched.flatMap((touched): PatchHit[] => {
    const { program } = touched;
    if (program === null || touched.removed) return [];
    const kept = keptAnswers(program);
    const known = kept.length === 0 ? null : shortCut(program, kept);
    const first = kept[0];
    if (known === null || first === undefined) return [];
    // Whatever takes the answer back clears either field.
    if (kept.some(({ field }) => writtenElsewhere(view, program, field))) return [];
    const answer = kept.find(({ field }) => field !== known) ?? first;
    return [
      {
        rule: MEMBERS_CACHED,
        at: answer.at,
        message: `${program.name}() keeps its answer in ${answer.base}->${known}, and nothing clears it when a member is added`,
        why: [
          {
            text: 'a device that is plugged in later joins the group without being asked; the group goes on with the answer for those before',
            reference: 'iommu_group_add_device() and iommu_init_device() in drivers/iommu/iommu.c',
          },
        ],
        related: [],
        file: touched.file,
        function: touched.name,
      },
    ];
  });

const FIRST = /^(?:list_first_entry(?:_or_null)?|list_last_entry|xa_find|xa_load)$/;

interface Walked {
  readonly list: string;
  readonly calls: ReadonlySet<string>;
}

/** Lists walked over, by their last name, with what is called on the item. */
function walks(program: Program): Walked[] {
  return program.nodes.flatMap((node, head): Walked[] => {
    if (node.kind !== 'each') return [];
    const over = node.args
      .map((arg) => /(\w+)$/.exec(print(withoutCasts(arg)))?.[1] ?? '')
      .find((name) => SET.test(name));
    const cursor = node.args.map((arg) => withoutCasts(arg)).find((arg) => arg.kind === 'name' && !SET.test(arg.name));
    if (over === undefined || cursor?.kind !== 'name') return [];
    const calls = new Set<string>();
    for (const at of reach(program, [node.body], (_, one) => one === head)) {
      const inner = program.nodes[at];
      if (inner === undefined || at === head) continue;
      for (const call of callsOf(inner))
        if (call.args.some((arg) => namesIn(arg).has(cursor.name))) calls.add(calleeOf(call) ?? '');
    }
    return [{ list: over, calls }];
  });
}

/** Where the patch's removed lines walked over all members, its new lines take the first. */
export const firstForAllRule: PatchRule = ({ change, after }) => {
  const before = after.touched.flatMap((one) => {
    const was = one.before();
    return was === null ? [] : walks(was);
  });
  if (before.length === 0) return [];
  const gone = change.files
    .flatMap((file) => file.hunks.flatMap((hunk) => hunk.lines))
    .filter((line) => line.kind === 'delete' && /for_each/.test(line.text))
    .map((line) => line.text)
    .join('\n');
  const hits: PatchHit[] = [];
  for (const { program, removed, file, name } of after.touched) {
    if (program === null || removed || /any|first/.test(name)) continue;
    for (const [index, node] of program.nodes.entries()) {
      const given =
        node.kind === 'declare' && node.init !== null
          ? { name: node.variable.name, value: withoutCasts(node.init) }
          : node.kind === 'do' && node.expression.kind === 'assign' && node.expression.operator === '='
            ? { name: print(node.expression.target), value: withoutCasts(node.expression.value) }
            : null;
      if (given === null || !isAdded(node) || given.value.kind !== 'call') continue;
      if (!FIRST.test(calleeOf(given.value) ?? '')) continue;
      const list = /(\w+)$/.exec(print(withoutCasts(given.value.args[0] ?? given.value)))?.[1] ?? '';
      if (!SET.test(list) || !new RegExp(`\\b${list}\\b`).test(gone)) continue;
      const done = [...reach(program, [index], () => false)].flatMap((at) => {
        const one = program.nodes[at];
        return one === undefined
          ? []
          : callsOf(one).filter((call) => call.args.some((arg) => namesIn(arg).has(given.name)));
      });
      const call = done.find((one) => before.some((walk) => walk.list === list && walk.calls.has(calleeOf(one) ?? '')));
      const callee = call === undefined ? null : calleeOf(call);
      if (call === undefined || callee === null || callsIn(given.value).some((one) => calleeOf(one) === callee))
        continue;
      // Still done for all of them somewhere.
      const all = after.touched.some(
        (one) =>
          one.program !== null &&
          !one.removed &&
          walks(one.program).some((walk) => walk.list === list && walk.calls.has(callee)),
      );
      if (all || node.at.kind !== 'message') continue;
      hits.push({
        rule: FIRST_FOR_ALL,
        at: node.at,
        message: `${callee}() was called for each entry of ${list}, and ${name}() calls it for the first alone`,
        why: [
          {
            text: 'each group or device brings reserved regions and demands of its own; what the others need is left out',
            reference: 'iommu_get_group_resv_regions() in drivers/iommu/iommu.c',
          },
        ],
        related: [{ at: call.at, message: 'only for this one' }],
        file,
        function: name,
      });
    }
  }
  return hits;
};
