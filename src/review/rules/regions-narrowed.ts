/**
 * Which types of reserved region a walk keeps out, before a patch and after it. In: functions that decide by the type of a region. Out:
 * hits of class window for a type that was kept out and no longer is.
 */
import { successors } from '../../code/lower';
import type { Expression, Program, ProgramTable } from '../../code/types';
import { type CallExpression, calleeOf, callsOf, print, visit, withoutCasts } from '../../code/walk';
import { REGION_LET_IN } from '../catalog-window';
import type { PatchHit, PatchRule } from './types';

/** The types whose ranges may not be used for anything else. */
const TYPES = ['IOMMU_RESV_MSI', 'IOMMU_RESV_RESERVED', 'IOMMU_RESV_DIRECT', 'IOMMU_RESV_SW_MSI'] as const;
const KEEPS =
  /^(?:reserve_iova|iopt_reserve_iova|vfio_iommu_iova_insert|vfio_iommu_resv_exclude\w*|iova_\w*reserve\w*)$/;

/** The truth of a condition when the type is `type`; null where other things decide. */
function decided(condition: Expression, type: string): boolean | null {
  const inner = withoutCasts(condition);
  if (inner.kind === 'unary' && inner.operator === '!') {
    const truth = decided(inner.operand, type);
    return truth === null ? null : !truth;
  }
  if (inner.kind !== 'binary') return null;
  const { operator } = inner;
  if (operator === '&&' || operator === '||') {
    const [left, right] = [decided(inner.left, type), decided(inner.right, type)];
    const strong = operator === '||';
    if (left === strong || right === strong) return strong;
    return left === null || right === null ? null : !strong;
  }
  if (operator !== '==' && operator !== '!=') return null;
  const [left, right] = [print(withoutCasts(inner.left)), print(withoutCasts(inner.right))];
  if (!/(?:->|\.|^)type$/.test(left) || !/^IOMMU_RESV_\w+$/.test(right)) return null;
  return (right === type) === (operator === '==');
}

/** The calls a function comes to for a region of a type, and those of what it calls. */
function called(program: Program, type: string, { programs }: ProgramTable, depth = 2): Map<string, CallExpression> {
  const found = new Map<string, CallExpression>();
  const seen = new Set<number>();
  const work = [program.entry];
  for (let at = work.pop(); at !== undefined; at = work.pop()) {
    const node = program.nodes[at];
    if (node === undefined || seen.has(at)) continue;
    seen.add(at);
    for (const call of callsOf(node)) {
      const name = calleeOf(call) ?? '';
      if (!found.has(name)) found.set(name, call);
      const callee = programs.get(name);
      if (callee !== undefined && callee !== program && depth > 0)
        for (const [inner, one] of called(callee, type, { programs } as ProgramTable, depth - 1))
          if (!found.has(inner)) found.set(inner, one);
    }
    if (node.kind === 'branch') {
      const truth = decided(node.condition, type);
      if (truth !== false) work.push(node.then);
      if (truth !== true) work.push(node.otherwise);
    } else if (node.kind === 'switch' && /(?:->|\.|^)type$/.test(print(withoutCasts(node.subject)))) {
      const own = node.cases.filter((one) => print(withoutCasts(one.value)) === type);
      const known = node.cases.every((one) => /^IOMMU_RESV_/.test(print(withoutCasts(one.value))));
      work.push(...(known ? (own.length > 0 ? own.map((one) => one.next) : [node.otherwise]) : successors(node)));
    } else work.push(...successors(node));
  }
  return found;
}

const asksType = (program: Program): boolean =>
  program.nodes.some((node) => {
    const asked = node.kind === 'branch' ? node.condition : node.kind === 'switch' ? node.subject : null;
    let found = node.kind === 'switch' && node.cases.some((one) => /^IOMMU_RESV_/.test(print(one.value)));
    if (asked !== null)
      visit(asked, (inner) => {
        if (inner.kind === 'name' && /^IOMMU_RESV_/.test(inner.name)) found = true;
      });
    return found;
  });

/** A type of region is kept out before the patch, others still are, and this one no longer. */
export const regionLetInRule: PatchRule = ({ before, after }) =>
  after.touched.flatMap((touched): PatchHit[] => {
    const { program, removed, file, name } = touched;
    if (program === null || removed || !asksType(program)) return [];
    const was = touched.before();
    if (was === null) return [];
    const hits: PatchHit[] = [];
    for (const type of TYPES) {
      const [then, now] = [called(was, type, before.tree), called(program, type, after.tree)];
      // Something that is not understood may do it.
      const lost = [...then.keys()].find((callee) => KEEPS.test(callee) && !now.has(callee));
      if (lost === undefined || [...now.keys()].some((callee) => KEEPS.test(callee))) continue;
      const others = TYPES.filter((one) => one !== type).flatMap(
        (one) => called(program, one, after.tree).get(lost) ?? [],
      );
      const still = others[0];
      if (still === undefined) continue;
      // The case that this type takes now; else the call that others come to.
      const here = program.nodes.flatMap((node) =>
        node.kind === 'switch'
          ? node.cases.flatMap((one) =>
              print(withoutCasts(one.value)) === type ? (program.nodes[one.next] ?? []) : [],
            )
          : [],
      )[0];
      hits.push({
        rule: REGION_LET_IN,
        at: here?.at ?? still.at,
        message: `${name}() called ${lost}() for regions of type ${type} and does so for other types only now`,
        why: [
          {
            text: 'addresses within such a region do not reach memory: a buffer that gets one writes to a doorbell, or nowhere',
            reference: 'enum iommu_resv_type in include/linux/iommu.h',
          },
        ],
        related: [{ at: still.at, message: `${lost}() for the other types` }],
        file,
        function: name,
      });
    }
    return hits;
  });
