/** Three or more new functions that do the same for different things, of which one leaves out an invalidation. In: a patch. Out: hits of class described. */
import type { Program } from '../../code/types';
import { calleeOf, callsOf } from '../../code/walk';
import { SIBLING_DIFFERS } from '../catalog-described';
import type { PatchHit, PatchRule } from './types';

/** What makes the hardware see a change: without it the old state is used on. */
const STEP = /(?:^|_)(?:inv|inval\w*|flush\w*|sync|barrier)(?:_|$)/;
const COMMON = 4;

const calleesOf = (program: Program): ReadonlyMap<string, Program['at']> =>
  new Map(
    program.nodes
      .flatMap((node) => callsOf(node))
      .flatMap((call) => {
        const name = calleeOf(call);
        return name === null ? [] : [[name, call.at] as const];
      })
      .reverse(),
  );

export const newSiblingRule: PatchRule = ({ change, after }) => {
  const groups = new Map<
    string,
    { readonly program: Program; readonly file: string; readonly calls: ReadonlyMap<string, Program['at']> }[]
  >();
  for (const touched of after.touched) {
    const { program, file } = touched;
    if (program === null || program.evidence === 'fragment' || touched.before() !== null) continue;
    if (program.at.kind !== 'message' || program.at.message !== change.message || !program.at.added) continue;
    const words = program.name.replace(/^_+/, '').split('_');
    if (words.length < 4) continue;
    const key = `${file}|${program.returns}|${words.slice(0, 3).join('_')}`;
    groups.set(key, [...(groups.get(key) ?? []), { program, file, calls: calleesOf(program) }]);
  }
  const hits: PatchHit[] = [];
  for (const group of groups.values()) {
    if (group.length < 3) continue;
    const steps = new Set(group.flatMap((one) => [...one.calls.keys()].filter((name) => STEP.test(name))));
    for (const step of steps) {
      const without = group.filter((one) => !one.calls.has(step));
      const [odd] = without;
      const doing = group.filter((one) => one.calls.has(step));
      if (without.length !== 1 || odd === undefined) continue;
      const common = [...(doing[0]?.calls.keys() ?? [])].filter(
        (name) => name !== step && group.every((one) => one.calls.has(name)),
      );
      if (common.length < COMMON) continue;
      // What only it calls may do the same: a step by another name, or a helper around it.
      const own = [...odd.calls.keys()].filter((name) => !doing.some((one) => one.calls.has(name)));
      if (own.some((name) => STEP.test(name)) || own.length > 2) continue;
      hits.push({
        rule: SIBLING_DIFFERS,
        at: odd.program.at,
        message: `${odd.program.name}() does not call ${step}(), and the ${doing.length} others that this patch adds with it do`,
        key: `${odd.program.name}|${step}`,
        why: [{ text: `they all call ${common.slice(0, 3).join('(), ')}(), and differ in this`, reference: null }],
        related: doing.slice(0, 3).flatMap((one) => {
          const at = one.calls.get(step);
          return at === undefined ? [] : [{ at, message: `${step}() in ${one.program.name}()` }];
        }),
        file: odd.file,
        function: odd.program.name,
      });
    }
  }
  return hits;
};
