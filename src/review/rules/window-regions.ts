/**
 * Reserved regions as drivers report them, and ranges as they are checked. In: one function, and the same before the patch. Out: regions
 * of another type or length than the hardware has, and checks that look at one end only.
 */
import type { Expression, Program } from '../../code/types';
import { type CallExpression, calleeOf, callsOf, namesIn, print, printShort, withoutCasts } from '../../code/walk';
import {
  MAPPING_FORGOTTEN,
  PAGE_INDEX_AS_ADDRESS,
  RANGE_HALF_CHECKED,
  REGION_TYPE,
  SW_MSI_FIRST,
} from '../catalog-window';
import { bareCondition, localHit, operandsOf, scan } from './scan';
import type { PathRule, RuleHit } from './types';

const allocations = (program: Program): CallExpression[] =>
  program.nodes.flatMap(callsOf).filter((call) => calleeOf(call) === 'iommu_alloc_resv_region');

const text = (call: CallExpression, index: number): string =>
  print(withoutCasts(call.args[index] ?? { kind: 'unknown', text: '' }));

/** The window that software chooses is told as one that hardware recognises, or the reverse. */
export const regionTypeRule: PathRule = (program, { before }) => {
  const hits: RuleHit[] = [];
  const calls = allocations(program);
  if (calls.length > 0) {
    const old = (before?.() ?? null) === null ? [] : allocations(before?.() as Program);
    for (const call of calls) {
      const [start, type] = [text(call, 0), text(call, 3)];
      const was = old.find((one) => text(one, 0) === start);
      const changed = was !== undefined && text(was, 3) !== type && /_MSI$/.test(text(was, 3)) && /_MSI$/.test(type);
      const own = type === 'IOMMU_RESV_MSI' && /^(?:MSI_IOVA_BASE|SW_MSI_\w+|\w*sw_msi\w*)$/.test(start);
      if (!changed && !own) continue;
      hits.push({
        rule: REGION_TYPE,
        at: call.at,
        message: `${start} is reported as ${type}${changed ? `, and was ${text(was, 3)}` : ', and is an address of software’s choice'}`,
        why: [
          {
            text:
              type === 'IOMMU_RESV_MSI'
                ? 'IOMMU_RESV_MSI says that hardware takes writes there for interrupts: nobody maps the doorbell, and MSIs of users fault'
                : 'IOMMU_RESV_SW_MSI says that doorbells are to be mapped there: where hardware takes these writes itself they never come to the mapping',
            reference: 'enum iommu_resv_type in include/linux/iommu.h',
          },
        ],
        related: was === undefined ? [] : [{ at: was.at, message: 'as it was' }],
        local: true,
      });
    }
  }
  return [...hits, ...hardwareRegionRule(program), ...lengthRule(program)];
};

/** `cookie_init_hw_msi_region()` for the software window, or the hardware's region passed over. */
function hardwareRegionRule(program: Program): RuleHit[] {
  return program.nodes.flatMap((node): RuleHit[] => {
    if (node.kind !== 'branch' || node.loop) return [];
    const asked = operandsOf(bareCondition(node.condition), '&&').map(bareCondition);
    const type = asked.find(
      (part) => part.kind === 'binary' && part.operator === '==' && /IOMMU_RESV_(?:SW_)?MSI$/.test(print(part.right)),
    );
    const which = type?.kind === 'binary' ? print(type.right) : null;
    const then = program.nodes[node.then];
    const sets =
      then === undefined ? undefined : callsOf(then).find((call) => calleeOf(call) === 'cookie_init_hw_msi_region');
    if (which !== 'IOMMU_RESV_SW_MSI' || sets === undefined) return [];
    return [
      localHit(
        REGION_TYPE,
        node.at,
        'pages of the software window are entered as ones that hardware does not translate',
        'the message keeps the physical address, and no mapping of the doorbell exists',
        'cookie_init_hw_msi_region() in drivers/iommu/dma-iommu.c',
      ),
    ];
  });
}

/** `X_END - X_START` as a length, where another region of the function adds the last byte. */
function lengthRule(program: Program): RuleHit[] {
  const calls = allocations(program);
  const whole = calls.some((call) => /_END - \w+ \+ 1$/.test(text(call, 1)));
  return calls.flatMap((call): RuleHit[] =>
    (whole || /^\w+_RANGE_END - \w+_RANGE_START$/.test(text(call, 1))) && /^\w+_END - \w+_START$/.test(text(call, 1))
      ? [
          localHit(
            REGION_TYPE,
            call.at,
            `${text(call, 1)} is one less than the length: the end is the last byte`,
            'the last page of the region stays open to users',
            'iommu_alloc_resv_region(start, length, …)',
          ),
        ]
      : [],
  );
}

const asksType = (expression: Expression, operator: string, type: string): boolean => {
  const inner = bareCondition(expression);
  return inner.kind === 'binary' && inner.operator === operator && print(withoutCasts(inner.right)) === type;
};

/** The base of the window is taken from a region of either type. */
export const eitherRegionRule: PathRule = (program) => {
  for (const node of program.nodes) {
    if (node.kind !== 'branch' || node.loop) continue;
    const skips = operandsOf(bareCondition(node.condition), '&&');
    const takes = operandsOf(bareCondition(node.condition), '||');
    const both = (parts: readonly Expression[], operator: string): boolean =>
      parts.some((one) => asksType(one, operator, 'IOMMU_RESV_MSI')) &&
      parts.some((one) => asksType(one, operator, 'IOMMU_RESV_SW_MSI'));
    const side = both(skips, '!=') ? node.otherwise : both(takes, '==') ? node.then : null;
    if (side === null) continue;
    const others = program.nodes.some(
      (one) => one !== node && one.kind === 'branch' && /IOMMU_RESV_(?:SW_)?MSI/.test(print(one.condition)),
    );
    const base = program.nodes[side];
    if (
      others ||
      base?.kind !== 'do' ||
      base.expression.kind !== 'assign' ||
      !/(?:->|\.)start$/.test(print(withoutCasts(base.expression.value)))
    )
      continue;
    return [
      {
        rule: SW_MSI_FIRST,
        at: base.at,
        message: `${program.name}() takes the start of a region of either type for the window of doorbells`,
        why: [
          {
            text: 'a region of type IOMMU_RESV_MSI belongs to hardware: doorbells mapped there are never come to, and where one exists no window is needed',
            reference: 'vfio_iommu_has_sw_msi() in drivers/vfio/vfio_iommu_type1.c',
          },
        ],
        related: [{ at: node.at, message: 'both types come here' }],
      },
    ];
  }
  return [];
};

const CHECKS_RANGE = /valid|check|conflict|overlap|contain|in_range|within|covered|exclude|reserved|allowed|fits|find/;
const START = /^(?:start|iova|addr|base|first|first_iova|start_iova|vaddr)$/;
const END = /^(?:end|last|size|length|len|last_iova|end_iova|npages|iova_end)$/;

const compared = (program: Program): Set<string> => {
  const names = new Set<string>();
  for (const { expression } of scan(program))
    if (expression.kind === 'binary' && /^(?:[<>]=?|[=!]=|&&|\|\|)$/.test(expression.operator))
      for (const side of [expression.left, expression.right]) for (const name of namesIn(side)) names.add(name);
  return names;
};

/** A check of a range looked at both of its ends, and looks at its start only. */
export const rangeHalfCheckedRule: PathRule = (program, { before }) => {
  if (!CHECKS_RANGE.test(program.name) || before === undefined) return [];
  const was = before();
  if (was === null) return [];
  const [now, then] = [compared(program), compared(was)];
  const start = [...now].find((name) => START.test(name) && then.has(name));
  const end = [...then].find((name) => END.test(name) && !now.has(name));
  if (start === undefined || end === undefined) return [];
  // It may be asked in other words: by a call, or by what it was put into.
  if (program.nodes.some((node) => callsOf(node).some((call) => call.args.some((arg) => namesIn(arg).has(end)))))
    return [];
  const named = scan(program).find(({ expression }) => expression.kind === 'name' && expression.name === end);
  const at = scan(program).find(
    ({ expression, node }) =>
      expression.kind === 'binary' &&
      /^[<>]=?$/.test(expression.operator) &&
      namesIn(expression).has(start) &&
      node.at.kind === 'message' &&
      node.at.added,
  );
  if (named !== undefined || at === undefined) return [];
  return [
    localHit(
      RANGE_HALF_CHECKED,
      at.node.at,
      `${program.name}() compares ${start} and not ${end} any more: a range that begins well and ends elsewhere passes`,
      'a mapping can reach into the window of doorbells, or over the end of the aperture',
      'invariant I8',
    ),
  ];
};

const wordOf = (expression: Expression): string => {
  const inner = withoutCasts(expression);
  return inner.kind === 'name' ? inner.name : inner.kind === 'field' ? inner.field : '';
};
const ADDRESS = /iova$|(?:^|_)(?:addr|address|start|base|phys|paddr)$/;
const PAGES = /(?:^|_)(?:pgoff|pfn|page_idx|page_index|pgidx|pg_idx|page_nr)$/;

/** `start + pgoff`: bytes and pages added. */
export const pageIndexRule: PathRule = (program) =>
  scan(program).flatMap(({ expression, at, node }): RuleHit[] => {
    if (expression.kind !== 'binary' || expression.operator !== '+') return [];
    const [left, right] = [wordOf(expression.left), wordOf(expression.right)];
    const mixed =
      (ADDRESS.test(left) && !/pfn|gfn|page|pg_/.test(left) && PAGES.test(right)) ||
      (ADDRESS.test(right) && !/pfn|gfn|page|pg_/.test(right) && PAGES.test(left));
    if (!mixed || /shift|pfn/i.test(targetOf(node))) return [];
    return [
      localHit(
        PAGE_INDEX_AS_ADDRESS,
        at,
        `${printShort(expression)} adds a number of pages to an address in bytes`,
        'all pages but the first come to lie a few bytes behind each other: the second doorbell meets the first',
        null,
      ),
    ];
  });

function targetOf(node: Program['nodes'][number]): string {
  if (node.kind === 'declare') return node.variable.name;
  if (node.kind === 'do' && node.expression.kind === 'assign') return print(node.expression.target);
  return '';
}

const FREES_IOVA = /(?:^|_)(?:free|put)_(?:reserved_)?iova(?:_fast)?$|^(?:__)?free_iova/;
const UNMAPS = /unmap/;

/** What a function unmapped before it gave the IOVA or the page's entry back it does not unmap any more. */
export const mappingForgottenRule: PathRule = (program, { before, programs }) => {
  const was = before?.() ?? null;
  const calls = program.nodes.flatMap(callsOf);
  const unmaps = (list: readonly CallExpression[]): CallExpression | undefined =>
    list.find((call) => UNMAPS.test(calleeOf(call) ?? ''));
  if (unmaps(calls) !== undefined) return [];
  const say = (at: RuleHit['at'], what: string, related: RuleHit['related']): RuleHit => ({
    rule: MAPPING_FORGOTTEN,
    at,
    message: `${program.name}() ${what}`,
    why: [
      {
        text: 'the page stays reachable at that IOVA, and what is mapped there next fails or replaces it',
        reference: 'invariants I2 and I7',
      },
    ],
    related,
  });
  if (was !== null) {
    const old = was.nodes.flatMap(callsOf);
    const lost = unmaps(old.filter((call) => /^iommu_unmap/.test(calleeOf(call) ?? '')));
    const known = new Set(old.map(calleeOf));
    const gives = calls.find(
      (call) => FREES_IOVA.test(calleeOf(call) ?? '') || /^(?:kfree|list_del)$/.test(calleeOf(call) ?? ''),
    );
    const fresh = calls.some(
      (call) =>
        !known.has(calleeOf(call)) &&
        !FREES_IOVA.test(calleeOf(call) ?? '') &&
        !/^(?:kfree|list_del|dev_|pr_|WARN)/.test(calleeOf(call) ?? ''),
    );
    if (lost === undefined || gives === undefined || fresh) return [];
    return [
      say(
        gives.at,
        `gives ${printShort(gives.args[1] ?? gives.args[0] ?? gives)} back and does not call ${calleeOf(lost)}() any more`,
        [{ at: lost.at, message: 'as it was' }],
      ),
    ];
  }
  if (
    program.evidence === 'fragment' ||
    !/(?:^|_)(?:put|free|release|remove|del|destroy|teardown|cleanup)(?:_|$)/.test(program.name)
  )
    return [];
  const free = calls.find((call) => FREES_IOVA.test(calleeOf(call) ?? ''));
  if (free === undefined || free.at.kind !== 'message' || !free.at.added) return [];
  const stem = program.name.replace(/(?:^|_)(?:put|free|release|remove|del|destroy|teardown|cleanup)(?=_|$)/, '');
  const maker = [...programs.values()].find(
    (one) =>
      one.file === program.file &&
      one.name !== program.name &&
      one.name.replace(/(?:^|_)(?:get|alloc|add|create|setup|map|install|prepare)(?=_|$)/, '') === stem &&
      one.nodes.some((node) => callsOf(node).some((call) => /^iommu_map/.test(calleeOf(call) ?? ''))),
  );
  const deeper = calls.some((call) => {
    const callee = programs.get(calleeOf(call) ?? '');
    return callee?.nodes.some((node) => callsOf(node).some((inner) => UNMAPS.test(calleeOf(inner) ?? ''))) ?? false;
  });
  if (maker === undefined || deeper) return [];
  return [
    say(free.at, `gives the IOVA back and unmaps nothing, while ${maker.name}() maps it`, [
      { at: maker.at, message: 'where it is mapped' },
    ]),
  ];
};

export const WINDOW_REGION_RULES: readonly PathRule[] = [
  regionTypeRule,
  eitherRegionRule,
  rangeHalfCheckedRule,
  pageIndexRule,
  mappingForgottenRule,
];
