import type { Touched } from '../../code/bodies';
import type { Program } from '../../code/types';
import { calleeOf, callsOf } from '../../code/walk';
import { SIBLING_DIFFERS } from '../catalog-described';
import type { PatchHit, PatchRule } from './types';

/** What one of several functions must not leave out when the others do it. */
const STEP = /inval|flush|(?:^|_)sync|(?:^|_)lock|valid|check|verify|permitted|capable|barrier/;

function callees(program: Program): ReadonlyMap<string, Program['at']> {
  const found = new Map<string, Program['at']>();
  for (const node of program.nodes)
    for (const call of callsOf(node)) {
      const name = calleeOf(call);
      if (name !== null && !found.has(name)) found.set(name, call.at);
    }
  return found;
}

/** Siblings: functions of one file that take the same and are named alike but for the last word. */
function groupKey(touched: Touched, program: Program): string | null {
  const words = touched.name.replace(/^_+/, '').split('_');
  if (words.length < 3 || program.parameters.length === 0) return null;
  return `${touched.file}|${program.returns}|${program.parameters.map((one) => one.type).join(',')}|${words.slice(0, -1).join('_')}`;
}

/** Of several siblings that a patch gives a step, one that does the same work gets none. */
export const siblingRule: PatchRule = ({ change, after }) => {
  const groups = new Map<string, { readonly touched: Touched; readonly program: Program }[]>();
  for (const touched of after.touched) {
    const { program } = touched;
    if (program === null || program.evidence === 'fragment') continue;
    const key = groupKey(touched, program);
    if (key !== null) groups.set(key, [...(groups.get(key) ?? []), { touched, program }]);
  }
  const hits: PatchHit[] = [];
  for (const group of groups.values()) {
    if (group.length < 4) continue;
    const calls = group.map((one) => callees(one.program));
    const steps = new Set(calls.flatMap((one) => [...one.keys()].filter((name) => STEP.test(name))));
    for (const step of steps) {
      const doing = calls.filter((one) => one.has(step));
      if (doing.length !== group.length - 1) continue;
      const isNew = doing.filter((one) => {
        const at = one.get(step);
        return at?.kind === 'message' && at.message === change.message && at.added;
      });
      if (isNew.length < 3) continue;
      const without = group.findIndex((_, index) => !calls[index]?.has(step));
      const odd = group[without];
      const own = calls[without];
      if (odd === undefined || own === undefined) continue;
      // It does the same work otherwise: all that the others have in common.
      const common = [...(doing[0]?.keys() ?? [])].filter(
        (name) => name !== step && doing.every((one) => one.has(name)),
      );
      if (common.length === 0 || !common.every((name) => own.has(name))) continue;
      // Under another name it may do it all the same.
      if ([...own.keys()].some((name) => name.includes(step) || step.includes(name.replace(/^_+/, '')))) continue;
      hits.push({
        rule: SIBLING_DIFFERS,
        at: odd.touched.at,
        message: `${odd.touched.name}() does not call ${step}(), and the ${doing.length} others of its kind do`,
        why: [
          {
            text: `they all call ${common.slice(0, 3).join('(), ')}(), and differ in this`,
            reference: null,
          },
        ],
        related: doing.slice(0, 3).flatMap((one) => {
          const at = one.get(step);
          return at === undefined ? [] : [{ at, message: `${step}() here` }];
        }),
        file: odd.touched.file,
        function: odd.touched.name,
      });
    }
  }
  return hits;
};
