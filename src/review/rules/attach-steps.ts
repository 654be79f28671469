/**
 * What comes with attaching: mappings that have to be there first, a group that moves as one, domains of the right kind, an unmap that
 * hardware learns of. In: one function, or the functions and tables of a patch. Out: hits of the classes isolation and window.
 */
import type { Expression, Program, ProgramNode } from '../../code/types';
import { type CallExpression, calleeOf, callsOf, print, printShort, visit, withoutCasts } from '../../code/walk';
import { INCLUSIVE_END } from '../catalog-arith';
import { DIRECT_LATE, DOMAIN_UNCHECKED, FLUSH_LOST, PARENTS_UNASKED, PARTIAL_ATTACH } from '../catalog-isolation';
import { RANGE_HALF_CHECKED, UNMAP_SIZE } from '../catalog-window';
import { UNDOES } from './calls';
import { says } from './conditions';
import { invalidates } from './flushes';
import { reach, reachBehind } from './reach';
import { bareCondition, localHit, operandsOf } from './scan';
import type { PatchHit, PatchRule, PathRule, RuleHit } from './types';

const isCall = (node: ProgramNode | undefined, names: RegExp): CallExpression | undefined =>
  node === undefined ? undefined : callsOf(node).find((call) => names.test(calleeOf(call) ?? ''));

const MAPS_DIRECT = /create_device_direct_mappings$|group_create_direct_mappings$/;
const ATTACHES =
  /^(?:__)?iommu_(?:attach_(?:device|group)|group_set_domain(?:_internal|_nofail)?|device_set_domain)$|^__iommu_group_attach\w*$/;

/** A device is attached to a domain in which its reserved regions are mapped only afterwards. */
export const directLateRule: PathRule = (program) => {
  const maps = program.nodes.flatMap((node, index) => (isCall(node, MAPS_DIRECT) === undefined ? [] : [index]));
  if (maps.length === 0) return [];
  return program.nodes.flatMap((node, index): RuleHit[] => {
    const attach = isCall(node, ATTACHES);
    if (attach === undefined) return [];
    const later = reachBehind(program, index);
    const late = maps.find((at) => later.has(at));
    if (late === undefined || maps.some((at) => reachBehind(program, at).has(index))) return [];
    const map = isCall(program.nodes[late], MAPS_DIRECT) as CallExpression;
    return [
      {
        rule: DIRECT_LATE,
        at: attach.at,
        message: `${calleeOf(attach)}() is called before ${calleeOf(map)}()`,
        why: [
          {
            text: 'firmware lets the device use its reserved regions at any time: until they are mapped its accesses fault',
            reference: 'IOMMU_RESV_DIRECT in include/linux/iommu.h',
          },
        ],
        related: [{ at: map.at, message: 'the regions are mapped here' }],
      },
    ];
  });
};

/** Devices of a group are moved one by one, and those moved stay where they are when one fails. */
export const partialAttachRule: PathRule = (program, { programs }) =>
  program.nodes.flatMap((head, index): RuleHit[] => {
    if (head.kind !== 'each' || !/^for_each_group_device|^list_for_each_entry/.test(head.macro)) return [];
    const list = head.args.map((arg) => print(withoutCasts(arg))).join(' ');
    if (!/group/.test(list) || !/devices|device/.test(list) || UNDOES.test(program.name)) return [];
    const body = reach(program, [head.body], (_, at) => at === index);
    for (const at of body) {
      const node = program.nodes[at];
      const attach = isCall(node, /(?:^|_)(?:attach|set_domain|attach_dev|do_attach_device)(?:_|$)/);
      if (
        attach === undefined ||
        /detach|nofail/.test(calleeOf(attach) ?? '') ||
        node?.kind !== 'do' ||
        node.expression.kind !== 'assign'
      )
        continue;
      const result = print(node.expression.target);
      const test = program.nodes[node.next];
      if (test?.kind !== 'branch') continue;
      const said = says(test.condition, true, result)?.said;
      if (said !== 'nonzero' && said !== 'negative') continue;
      const way = reach(program, [test.then], (_, one) => one === index);
      if (way.has(index)) continue;
      if ([...way].some((one) => program.nodes[one]?.kind === 'unknown')) continue;
      const undone = [...way].some(
        (one) => isCall(program.nodes[one], /detach|attach|set_domain|rollback|undo|revert|unwind/) !== undefined,
      );
      // Whoever calls it may undo what is done.
      const callers = [...programs.values()].filter(
        (one) =>
          one !== program && one.nodes.some((each) => isCall(each, new RegExp(`^${program.name}$`)) !== undefined),
      );
      if (
        undone ||
        callers.some((one) =>
          one.nodes.some((each) => isCall(each, /detach|rollback|undo|revert|unwind/) !== undefined),
        )
      )
        continue;
      return [
        {
          rule: PARTIAL_ATTACH,
          at: test.at,
          message: `when ${calleeOf(attach)}() fails for one device, those before it stay attached: ${program.name}() leaves the group in two domains`,
          why: [
            {
              text: 'devices of a group are not isolated from each other and share one domain; what is undone for some has to be undone for all',
              reference: 'iommu_attach_group() in drivers/iommu/iommu.c',
            },
          ],
          related: [{ at: head.at, message: 'one by one' }],
        },
      ];
    }
    return [];
  });

/** An IOVA goes back with the length that happened to be unmapped. */
export const freedLengthRule: PathRule = (program) => {
  // In a fragment the unmapping may stand above what is seen.
  const lengths = new Set<string>(program.evidence === 'fragment' ? ['unmapped'] : []);
  for (const node of program.nodes) {
    const [name, value] =
      node.kind === 'declare' && node.init !== null
        ? [node.variable.name, withoutCasts(node.init)]
        : node.kind === 'do' && node.expression.kind === 'assign' && node.expression.operator === '='
          ? [print(node.expression.target), withoutCasts(node.expression.value)]
          : [null, null];
    if (name !== null && value?.kind === 'call' && /^(?:__)?iommu_unmap(?:_fast)?$/.test(calleeOf(value) ?? ''))
      lengths.add(name);
  }
  if (lengths.size === 0) return [];
  return program.nodes.flatMap((node) =>
    callsOf(node).flatMap((call): RuleHit[] => {
      if (!/free_iova(?:_fast)?$/.test(calleeOf(call) ?? '')) return [];
      const arg = call.args.find((one) => lengths.has(print(withoutCasts(one))));
      if (arg === undefined) return [];
      return [
        localHit(
          UNMAP_SIZE,
          call.at,
          `${calleeOf(call)}() is told ${print(arg)}, the length that was unmapped, and not the one that was handed out`,
          'a part that was not mapped makes it shorter: the range goes into the caches of the allocator under a wrong size',
          'drivers/iommu/iova.c: free_iova_fast() takes the size given to alloc_iova_fast()',
        ),
      ];
    }),
  );
};

const LOGS = /^(?:dev_(?:warn|err|info|dbg)\w*|pr_\w+|WARN\w*|printk)$/;
const BOUND = /aperture|(?:^|_)(?:start|end|max|limit|last|size)$/;

/** An address out of the range is told to the log, and used. */
export const onlyReportedRule: PathRule = (program) => {
  if (!/iova|map|phys|pte|walk|translate/.test(program.name)) return [];
  return program.nodes.flatMap((node): RuleHit[] => {
    if (node.kind !== 'branch' || node.loop) return [];
    const parts = operandsOf(bareCondition(node.condition), '||').map(bareCondition);
    const first = parts[0];
    if (first === undefined || !parts.every((part) => part.kind === 'binary' && /^[<>]=?$/.test(part.operator)))
      return [];
    if (first.kind !== 'binary') return [];
    const subject = withoutCasts(first.left);
    if (
      subject.kind !== 'name' ||
      !/iova|addr|index|idx|pfn/.test(subject.name) ||
      !parts.some((part) => part.kind === 'binary' && [...wordsOf(part.right)].some((word) => BOUND.test(word)))
    )
      return [];
    const rest = reach(program, [node.otherwise]);
    const side = [...reach(program, [node.then], (_, at) => rest.has(at))].filter((at) => !rest.has(at));
    const logged =
      side.length > 0 &&
      side.every((at) => {
        const one = program.nodes[at];
        return one?.kind === 'do' && one.expression.kind === 'call' && LOGS.test(calleeOf(one.expression) ?? '');
      });
    if (!logged) return [];
    const used = [...rest].some((at) => {
      let found = false;
      const one = program.nodes[at];
      if (one !== undefined && (one.kind === 'do' || one.kind === 'declare' || one.kind === 'return'))
        for (const expression of one.kind === 'do'
          ? [one.expression]
          : one.kind === 'declare'
            ? one.init === null
              ? []
              : [one.init]
            : one.value === null
              ? []
              : [one.value])
          visit(expression, (inner) => {
            if (inner.kind === 'name' && inner.name === subject.name) found = true;
          });
      return found;
    });
    if (!used) return [];
    return [
      localHit(
        RANGE_HALF_CHECKED,
        node.at,
        `${subject.name} out of its range is only logged, and ${program.name}() goes on with it`,
        'it reads or writes outside of the table, or maps outside of the aperture',
        'struct iommu_domain_geometry in include/linux/iommu.h',
      ),
    ];
  });
};

function wordsOf(expression: Expression): ReadonlySet<string> {
  const words = new Set<string>();
  visit(expression, (inner) => {
    if (inner.kind === 'name') words.add(inner.name);
    if (inner.kind === 'field') words.add(inner.field);
  });
  return words;
}

/** Which argument names the last index of a range, itself in it. */
const LAST_ARGUMENT: Readonly<Record<string, number>> = {
  iopt_reserve_iova: 2,
  iopt_unmap_iova: -1,
  interval_tree_span_iter_first: 3,
  vfio_iommu_iova_insert: 2,
  vfio_iommu_iova_dma_valid: 2,
};

/** `reserve(start, start + length)` where the last byte is asked for. */
export const lastArgumentRule: PathRule = (program) =>
  program.nodes.flatMap((node) =>
    callsOf(node).flatMap((call): RuleHit[] => {
      const index = LAST_ARGUMENT[calleeOf(call) ?? ''] ?? -1;
      const arg = index < 0 ? undefined : call.args[index];
      const sum = arg === undefined ? null : withoutCasts(arg);
      if (sum?.kind !== 'binary' || sum.operator !== '+' || !/(?:length|size|len)$/i.test(print(sum.right))) return [];
      return [
        localHit(
          INCLUSIVE_END,
          call.at,
          `${printShort(sum)} is the first byte behind the range, and ${calleeOf(call)}() wants the last one`,
          'the range is one byte too long and meets its neighbour',
        ),
      ];
    }),
  );

/** The kinds of domains a function can be given, and does not tell apart. */
export const domainUncheckedRule: PathRule = (program, { before }) => {
  if (!/^drivers\/iommu\//.test(program.file) || program.evidence === 'fragment' || (before?.() ?? null) !== null)
    return [];
  if (!/(?:^|_)(?:setup|set|attach)_.*nest|nested_(?:attach|setup|set)|setup_nested/.test(program.name)) return [];
  const domain = program.parameters.find((one) =>
    /^struct (?:iommu|dmar|arm_smmu|protection|\w+)_?domain \*$/.test(one.type),
  );
  if (domain === undefined) return [];
  const kind = new RegExp(
    `\\b${domain.name}->(?:type|flags|ops|owner|nest\\w*|use_first_level|stage)\\b|(?:is|has)_\\w+\\(${domain.name}\\b`,
  );
  const asked = program.nodes.some((node) => node.kind === 'branch' && kind.test(print(node.condition)));
  const writes = program.nodes.some((node) =>
    callsOf(node).some((call) => /set_|write_|install/.test(calleeOf(call) ?? '')),
  );
  if (asked || !writes) return [];
  return [
    localHit(
      DOMAIN_UNCHECKED,
      program.at,
      `${program.name}() makes the device translate by a table of the user, and asks nothing of ${domain.name}`,
      'where the domain is not one made for nesting the entry of a device that the host manages is written over',
      'struct iommu_user_data and IOMMU_HWPT_ALLOC_NEST_PARENT in include/uapi/linux/iommufd.h',
    ),
  ];
};

/** Functions out of sight that by their name answer the question for a whole hierarchy. */
const ASKS_DOMAIN = /domain\w*(?:isolat|remap)|(?:isolat|remap)\w*domain|isolated_msi|msi_remap/;

/** A property that any domain above may have is asked of the lowest one alone. */
export const parentsUnaskedRule: PathRule = (program, { before, programs }) => {
  if (!/isolat|msi_remap|remap/.test(program.name)) return [];
  const was = before?.() ?? null;
  if (was === null) return [];
  const climbs = (one: Program): RuleHit['at'] | null =>
    one.nodes.find(
      (node) =>
        node.kind === 'do' &&
        node.expression.kind === 'assign' &&
        /->parent$/.test(print(withoutCasts(node.expression.value))),
    )?.at ?? null;
  const climbed = climbs(was);
  if (climbed === null || climbs(program) !== null) return [];
  const known = new Set(was.nodes.flatMap(callsOf).map(calleeOf));
  for (const call of program.nodes.flatMap(callsOf)) {
    if (/parent|hierarch/.test(print(call))) return [];
    // The climb went into a function of its own, or may have: one that is called now and was not before.
    const name = calleeOf(call) ?? '';
    const callee = known.has(name) ? undefined : programs.get(name);
    if (callee !== undefined ? climbs(callee) !== null : !known.has(name) && ASKS_DOMAIN.test(name)) return [];
  }
  const at = program.nodes.find((node) => node.at.kind === 'message' && node.at.added)?.at ?? program.at;
  return [
    {
      rule: PARENTS_UNASKED,
      at,
      message: `${program.name}() asks the lowest domain alone; it went up through the parents`,
      why: [
        {
          text: 'the domain that checks the sender stands above those of the devices: without its answer isolated devices are refused, or the flag of one that does not check counts',
          reference: 'irq_domain_hierarchical_is_msi_remap() and msi_device_has_isolated_msi()',
        },
      ],
      related: [{ at: climbed, message: 'as it was' }],
    },
  ];
};

/** Calls that are known to leave hardware alone. */
const TELLS_NOTHING =
  /^(?:(?:raw_)?spin_\w+|mutex_\w+|lockdep_\w+|memset|WARN\w*|BUG_ON|dev_\w+|pr_\w+|to_\w+|container_of|min\w*|max\w*|\w*_to_phys|phys_to_virt|virt_to_\w+|__ffs|ilog2|cpu_to_\w+|\w+_to_cpu|READ_ONCE|WRITE_ONCE|[A-Z][A-Z0-9_]*|kfree|\w+_(?:index|offset|of|entry|addr))$/;

/** A driver’s unmap that clears entries and tells hardware nothing. */
export const unmapUntoldPatchRule: PatchRule = ({ change, after }) =>
  [...after.set.tables.values()].flatMap((table): PatchHit[] => {
    const { at } = table;
    if (
      at.kind !== 'message' ||
      at.message !== change.message ||
      !at.added ||
      !/struct iommu_(?:domain_)?ops$/.test(table.type) ||
      /mock|selftest/.test(table.name)
    )
      return [];
    if (table.init.kind !== 'initializer') return [];
    const fields = new Map<string, Expression>();
    const collect = (value: Expression): void => {
      if (value.kind !== 'initializer') {
        visit(value, (inner) => {
          if (inner !== value && inner.kind === 'initializer') collect(inner);
        });
        return;
      }
      for (const item of value.items) {
        if (item.field !== null) fields.set(item.field, item.value);
        collect(item.value);
      }
    };
    collect(table.init);
    if ([...fields.keys()].some((name) => /^(?:iotlb_sync|flush_iotlb_all|tlb_sync)$/.test(name))) return [];
    const given = fields.get('unmap') ?? fields.get('unmap_pages');
    const name = given === undefined ? null : withoutCasts(given);
    const program = name?.kind === 'name' ? after.set.programs.get(name.name) : undefined;
    if (program === undefined || program.evidence !== 'full' || program.at.kind !== 'message') return [];
    const tells = (one: Program, depth: number): boolean =>
      one.nodes.some((node) =>
        callsOf(node).some((call) => {
          const callee = calleeOf(call) ?? '';
          if (
            invalidates(callee) ||
            /flush|inval|tlb|zap|(?:^|_)inv(?:_|$)|sync|hypercall|hvc|smc|attach|send|request|update|writel|regmap_write|hv_do/.test(
              callee,
            )
          )
            return true;
          const inner = after.set.programs.get(callee);
          if (call.target.kind !== 'name') return true;
          // What is not in sight may do it.
          if (inner === undefined) return !TELLS_NOTHING.test(callee);
          return inner !== one && depth > 0 && tells(inner, depth - 1);
        }),
      );
    if (tells(program, 3)) return [];
    return [
      {
        rule: FLUSH_LOST,
        at: program.at,
        message: `${program.name}() takes entries away and invalidates nothing, and ${table.name} has no callback that does`,
        why: [
          {
            text: 'the device works on by the copy in the TLB: unmapped pages stay within its reach',
            reference: 'struct iommu_domain_ops in include/linux/iommu.h',
          },
        ],
        related: [{ at, message: 'the operations' }],
        file: program.file,
        function: program.name,
      },
    ];
  });

export const ATTACH_PATH_RULES: readonly PathRule[] = [
  directLateRule,
  partialAttachRule,
  freedLengthRule,
  onlyReportedRule,
  lastArgumentRule,
  domainUncheckedRule,
  parentsUnaskedRule,
];
