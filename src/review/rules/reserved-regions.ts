/**
 * Consumers of reserved regions: who keeps users out of them, and which one of a list decides. In: programs and lines of a patch. Out: hits of
 * class window. A region of type IOMMU_RESV_SW_MSI is where the kernel maps doorbells; IOMMU_RESV_MSI is recognised by hardware.
 */
import { placeOf } from '../../code/file-image';
import { successors } from '../../code/lower';
import type { Expression, Program } from '../../code/types';
import { calleeOf, callsOf, expressionsOf, namesIn, print, visit, withoutCasts } from '../../code/walk';
import { RESV_CHECK_LOST, SW_MSI_FIRST, SW_MSI_NOT_KEPT_OUT } from '../catalog-window';
import { bareCondition, operandsOf } from './scan';
import type { PatchRule, PathRule, RuleHit } from './types';

/** Where address spaces of users are kept. In the host’s own DMA code the window belongs to the code that skips it. */
const OF_USERS = /^drivers\/(?:vfio|iommu\/iommufd)\//;

const isSoftware = (expression: Expression): boolean =>
  expression.kind === 'name' && expression.name === 'IOMMU_RESV_SW_MSI';

/** `x->type == IOMMU_RESV_SW_MSI` or a test of its bit. */
function asksSoftware(expression: Expression): boolean {
  const inner = bareCondition(expression);
  return (
    inner.kind === 'binary' &&
    (inner.operator === '==' || inner.operator === '&') &&
    (isSoftware(withoutCasts(inner.right)) || isSoftware(withoutCasts(inner.left)))
  );
}

/** `x->type != A && x->type != B` with none of them the software window. */
function letsOnlyOthersIn(expression: Expression): boolean {
  const parts = operandsOf(bareCondition(expression), '&&').map(bareCondition);
  return (
    parts.length > 0 &&
    parts.every(
      (part) =>
        part.kind === 'binary' &&
        part.operator === '!=' &&
        /(?:->|\.)type$/.test(print(withoutCasts(part.left))) &&
        /^IOMMU_RESV_\w+$/.test(print(withoutCasts(part.right))) &&
        !isSoftware(withoutCasts(part.right)),
    )
  );
}

/** Does a walk of the program leave what this expression says of an entry out: `if (…) continue;`? */
function skips(program: Program, holds: (condition: Expression) => boolean): boolean {
  return program.nodes.some(
    (node) =>
      node.kind === 'branch' &&
      !node.loop &&
      program.nodes[node.then]?.kind === 'each' &&
      operandsOf(bareCondition(node.condition), '||').some(holds),
  );
}

/** The place where a predicate of one region says yes to the software window; null when it says no, or asks for it alone. */
function saysYes(program: Program): RuleHit['at'] | null {
  if (program.returns !== 'bool' || !program.parameters.some((one) => /struct iommu_resv_region \*$/.test(one.type)))
    return null;
  const isTrue = (index: number): boolean => {
    const node = program.nodes[index];
    return node?.kind === 'return' && node.value !== null && /^(?:true|1)$/.test(print(withoutCasts(node.value)));
  };
  for (const node of program.nodes) {
    if (node.kind === 'switch') {
      const one = node.cases.find((each) => isSoftware(withoutCasts(each.value)) && isTrue(each.next));
      if (one !== undefined) return program.nodes[one.next]?.at ?? node.at;
    }
    if (node.kind === 'branch' && isTrue(node.then) && operandsOf(node.condition, '||').some(asksSoftware))
      return node.at;
    if (node.kind === 'return' && node.value !== null && operandsOf(node.value, '||').some(asksSoftware))
      return node.at;
  }
  return null;
}

/** `if (!keep_out(region)) continue;` */
function keepsOutBy(program: Program, calls: (condition: Expression) => boolean): boolean {
  return program.nodes.some((node) => {
    if (node.kind !== 'branch' || node.loop || program.nodes[node.then]?.kind !== 'each') return false;
    return operandsOf(bareCondition(node.condition), '||').some((part) => {
      const inner = bareCondition(part);
      return inner.kind === 'unary' && inner.operator === '!' && calls(inner.operand);
    });
  });
}

/** A predicate of one region that is true for some types, and not for the software window. */
function saysOthersOnly(program: Program): RuleHit['at'] | null {
  if (program.returns !== 'bool' || !program.parameters.some((one) => /struct iommu_resv_region \*$/.test(one.type)))
    return null;
  for (const node of program.nodes) {
    if (node.kind === 'switch') {
      const yes = node.cases.filter((one) => {
        const answer = program.nodes[one.next];
        return answer?.kind === 'return' && answer.value !== null && /^(?:true|1)$/.test(print(answer.value));
      });
      const no = program.nodes[node.otherwise];
      const closed = no?.kind === 'return' && no.value !== null && /^(?:false|0)$/.test(print(no.value));
      if (
        closed &&
        yes.length > 0 &&
        yes.every((one) => /^IOMMU_RESV_/.test(print(one.value))) &&
        !yes.some((one) => isSoftware(withoutCasts(one.value)))
      )
        return node.at;
    }
    if (node.kind !== 'return' || node.value === null) continue;
    const parts = operandsOf(node.value, '||').map(bareCondition);
    const types = parts.map((part) =>
      part.kind === 'binary' && part.operator === '==' && /(?:->|\.)type$/.test(print(withoutCasts(part.left)))
        ? print(withoutCasts(part.right))
        : '',
    );
    if (
      types.length > 0 &&
      types.every((type) => /^IOMMU_RESV_/.test(type)) &&
      !types.includes('IOMMU_RESV_SW_MSI') &&
      types.includes('IOMMU_RESV_RESERVED')
    )
      return node.at;
  }
  return null;
}

const leftOut = (at: RuleHit['at'], message: string, related: RuleHit['related'] = []): RuleHit => ({
  rule: SW_MSI_NOT_KEPT_OUT,
  at,
  message,
  why: [
    {
      text: 'the kernel maps doorbells in that window: what a user maps there meets them, and a user who is told the range is free will use it',
      reference:
        'IOMMU_RESV_SW_MSI in include/linux/iommu.h; VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE in include/uapi/linux/vfio.h',
    },
  ],
  related,
});

/** A walk that keeps users out of reserved regions passes the software window over. */
export const softwareWindowRule: PathRule = (program, { programs }) => {
  if (!OF_USERS.test(program.file)) return [];
  const hits: RuleHit[] = [];
  for (const node of program.nodes) {
    if (node.kind !== 'branch' || node.loop || program.nodes[node.then]?.kind !== 'each') continue;
    if (operandsOf(bareCondition(node.condition), '||').some(asksSoftware) || letsOnlyOthersIn(node.condition))
      hits.push(
        leftOut(node.at, `${program.name}() passes the software MSI window over: users are not kept out of it`),
      );
  }
  const others = saysOthersOnly(program);
  const calls = (condition: Expression): boolean => {
    const inner = bareCondition(condition);
    return inner.kind === 'call' && calleeOf(inner) === program.name;
  };
  if (others !== null)
    for (const caller of programs.values())
      if (OF_USERS.test(caller.file) && keepsOutBy(caller, calls)) {
        hits.push(
          leftOut(
            others,
            `for ${program.name}() the software MSI window is no region to keep users out of, and ${caller.name}() goes by it`,
            [{ at: caller.at, message: 'the walk' }],
          ),
        );
        break;
      }
  const yes = saysYes(program);
  if (yes === null) return hits;
  for (const caller of programs.values())
    if (OF_USERS.test(caller.file) && skips(caller, calls)) {
      hits.push(
        leftOut(
          yes,
          `for ${program.name}() the software MSI window is none to keep users out of, and ${caller.name}() passes it over`,
          [{ at: caller.at, message: 'the walk' }],
        ),
      );
      break;
    }
  return hits;
};

/** The window of a list is taken without a look whether hardware has a region of its own there. */
export const softwareFirstRule: PathRule = (program) => {
  if (program.evidence === 'fragment') return [];
  const names = new Set(program.nodes.flatMap((node) => expressionsOf(node).flatMap((one) => [...namesIn(one)])));
  for (const node of program.nodes)
    if (node.kind === 'switch') for (const one of node.cases) for (const name of namesIn(one.value)) names.add(name);
  if (!names.has('IOMMU_RESV_SW_MSI') || names.has('IOMMU_RESV_MSI')) return [];
  for (const [index, node] of program.nodes.entries()) {
    if (node.kind !== 'each') continue;
    const body = within(program, node.body, index);
    for (const at of body) {
      const test = program.nodes[at];
      if (test?.kind !== 'branch' || !operandsOf(bareCondition(test.condition), '&&').some(asksSoftware)) continue;
      const takes = [...within(program, test.then, index)].some((one) => takesStart(program.nodes[one]));
      if (!takes) continue;
      return [
        {
          rule: SW_MSI_FIRST,
          at: test.at,
          message: `${program.name}() takes the software MSI window of the list, whatever hardware regions stand in it`,
          why: [
            {
              text: 'where a device has an IOMMU_RESV_MSI region its MSIs are not translated, and it prevails; the order of the list is not defined',
              reference: 'vfio_iommu_has_sw_msi() in drivers/vfio/vfio_iommu_type1.c since v4.12',
            },
          ],
          related: [{ at: node.at, message: 'the walk' }],
        },
      ];
    }
  }
  return [];
};

function takesStart(node: Program['nodes'][number] | undefined): boolean {
  if (node?.kind !== 'do') return false;
  let found = false;
  visit(node.expression, (inner) => {
    if (inner.kind === 'assign' && /(?:->|\.)start$/.test(print(withoutCasts(inner.value)))) found = true;
  });
  return found;
}

/** Nodes from one on that come before another. */
function within(program: Program, from: number, end: number): ReadonlySet<number> {
  const seen = new Set<number>();
  const work = [from];
  for (let at = work.pop(); at !== undefined; at = work.pop()) {
    const node = program.nodes[at];
    if (node === undefined || at === end || seen.has(at)) continue;
    seen.add(at);
    work.push(...successors(node));
  }
  return seen;
}

/** Calls that hold the address space of a user against reserved regions, and those that give it back. */
const CHECKS =
  /\b(vfio_iommu_iova_dma_valid|vfio_iommu_resv_conflict|vfio_iommu_aper_conflict|vfio_iommu_resv_exclude|vfio_iommu_iova_aper_conflict|iopt_table_enforce_dev_resv_regions|iova_reserve_iommu_regions|iopt_reserve_iova|interval_tree_iter_first|iopt_check_iova)\s*\(/;

/** A patch takes such a check out of a function that stays, and puts none in. */
export const reservedCheckLostRule: PatchRule = ({ change, after }) => {
  const added = change.files.flatMap((file) =>
    file.hunks.flatMap((hunk) => hunk.lines.filter((line) => line.kind === 'add').map((line) => line.text)),
  );
  if (added.some((text) => /resv|reserved|iova_dma_valid|interval_tree|iova_range/.test(text))) return [];
  return change.files.flatMap((file) =>
    !/^drivers\/(?:vfio|iommu)\/.*\.c$/.test(file.path)
      ? []
      : file.hunks.flatMap((hunk) =>
          hunk.lines.flatMap((line) => {
            const callee = line.kind === 'delete' ? CHECKS.exec(line.text)?.[1] : undefined;
            if (callee === undefined || /^\w/.test(line.text)) return [];
            const calls = (program: Program | null): boolean =>
              program?.nodes.some((node) => callsOf(node).some((call) => calleeOf(call) === callee)) ?? false;
            const owner = after.touched.find(
              (one) =>
                one.file === file.path &&
                one.program !== null &&
                !one.removed &&
                calls(one.before()) &&
                !calls(one.program),
            );
            if (owner === undefined) return [];
            return [
              {
                rule: RESV_CHECK_LOST,
                at: placeOf(line, change.message),
                message: `${owner.name}() does not call ${callee}() any more, and nothing the patch adds looks at reserved regions`,
                why: [
                  {
                    text: 'a user can map over the window of doorbells or over a region of the platform',
                    reference: 'Documentation/ABI/testing/sysfs-kernel-iommu_groups',
                  },
                ],
                related: [],
                file: file.path,
                function: owner.name,
              },
            ];
          }),
        ),
  );
};
