import type { Expression } from '../../code/types';
import { calleeOf, callsOf, namesIn, print, withoutCasts } from '../../code/walk';
import { DOMAIN_MIXED, OVERRIDE_SKIPS, SAFETY_RESULT_DROPPED, TRUE_ON_EMPTY } from '../catalog-isolation';
import { foldOverNothingRule } from './empty-answers';
import { anyInsteadOfAllRule } from './group-quantifiers';
import { emptyClaimRule, presenceClaimRule, unfoundedClaimRule } from './isolation-claims';
import { overrideEndsRule } from './overrides';
import { reach } from './reach';
import { REMAP_ENTRY_RULES } from './remap-entries';
import { bareCondition } from './scan';
import type { PathRule, RuleHit } from './types';

const isNumber = (value: Expression | null, wanted: number): boolean => {
  const inner = value === null ? null : withoutCasts(value);
  if (inner?.kind === 'name')
    return (wanted === 1 && inner.name === 'true') || (wanted === 0 && inner.name === 'false');
  return inner?.kind === 'number' && inner.value === wanted;
};

/** A test whether the list has an entry at all, or a count of them. */
const LOOKS_FOR_ENTRIES = /list_empty|first_entry|^n_|count|found|^nr_/;

/** An isolation predicate folded over a list says true when the list is empty. */
export const trueOnEmptyRule: PathRule = (program) => {
  if (program.evidence === 'fragment' || program.returns !== 'bool' || !/isolat|remap|_safe$|_safe_/.test(program.name))
    return [];
  const loops = program.nodes.filter((node) => node.kind === 'each');
  const loop = loops[0];
  if (loops.length !== 1 || loop?.kind !== 'each') return [];
  const named = program.nodes.flatMap((node) => {
    if (node.kind === 'branch') return [...namesIn(node.condition)];
    return [];
  });
  if (
    [...named, ...program.nodes.flatMap(callsOf).map((call) => calleeOf(call) ?? '')].some((name) =>
      LOOKS_FOR_ENTRIES.test(name),
    )
  )
    return [];
  const refuses = program.nodes.some((node) => node.kind === 'return' && isNumber(node.value, 0));
  const last = program.nodes[loop.next];
  if (!refuses || last?.kind !== 'return' || !isNumber(last.value, 1)) return [];
  return [
    {
      rule: TRUE_ON_EMPTY,
      at: last.at,
      message: `${program.name}() is true when ${loop.macro}() finds no entry: where nothing is registered, all counts as isolated`,
      why: [
        {
          text: 'vacuous truth grants assignment on a machine whose controllers never told what they do',
          reference: null,
        },
      ],
      related: [{ at: loop.at, message: 'the walk' }],
    },
  ];
};

/** An override that the administrator sets turns a refusal into a warning; it must not end the function before its other checks. */
export const overrideSkipsRule: PathRule = (program) =>
  program.nodes.flatMap((node): RuleHit[] => {
    if (node.kind !== 'branch' || program.evidence === 'fragment') return [];
    const condition = bareCondition(node.condition);
    if (condition.kind !== 'name' || !/^allow_unsafe|^unsafe_|_unsafe$/.test(condition.name)) return [];
    const then = program.nodes[node.then];
    if (then?.kind !== 'return' || !(isNumber(then.value, 0) || isNumber(then.value, 1))) return [];
    // A function of this one question may end with it.
    const rest = [...reach(program, [node.otherwise])].flatMap((at) => program.nodes[at] ?? []);
    const others = rest.filter((one) => one.kind === 'branch');
    const errnos = new Set(
      rest.flatMap((one) =>
        one.kind === 'return' && one.value !== null && /^-E/.test(print(one.value)) ? [print(one.value)] : [],
      ),
    );
    if (others.length < 2 || errnos.size < 2) return [];
    return [
      {
        rule: OVERRIDE_SKIPS,
        at: then.at,
        message: `with ${condition.name} set ${program.name}() ends here with success, before ${others.length} more checks`,
        why: [
          {
            text: 'the switch accepts interrupts that are not isolated; it does not accept whatever the other checks refuse',
            reference: 'vfio_iommu_type1 allow_unsafe_interrupts, Documentation/driver-api/vfio.rst',
          },
        ],
        related: [{ at: node.at, message: 'the override' }],
      },
    ];
  });

/** Calls that gather or enforce what a guest must not reach: when they fail, what follows works with an empty list. */
const GATHERS =
  /^(?:iommu_get_group_resv_regions|iommu_get_msi_cookie|iopt_table_enforce_dev_resv_regions|vfio_iommu_resv_exclude|iommu_group_claim_dma_owner|iommu_device_claim_dma_owner)$/;

/** The result of such a call is dropped. */
export const safetyResultDroppedRule: PathRule = (program) =>
  program.nodes.flatMap((node): RuleHit[] => {
    const call = node.kind === 'do' ? node.expression : null;
    const name = call?.kind === 'call' ? calleeOf(call) : null;
    if (call?.kind !== 'call' || name === null || !GATHERS.test(name) || program.returns === 'void') return [];
    return [
      {
        rule: SAFETY_RESULT_DROPPED,
        at: call.at,
        message: `the result of ${name}() is dropped: when it fails, ${program.name}() goes on as if there was nothing to keep the guest from`,
        why: [
          { text: 'an empty list of reserved regions lets every mapping pass', reference: 'include/linux/iommu.h' },
        ],
        related: [],
        local: true,
      },
    ];
  });

/** A function records its argument as the domain in place, and attaches another one. */
export const domainMixedRule: PathRule = (program) => {
  const given = program.parameters
    .filter((one) => /^(?:const )?struct iommu_domain \*$/.test(one.type))
    .map((one) => one.name);
  return given.flatMap((name): RuleHit[] => {
    const records = program.nodes.find(
      (node) =>
        node.kind === 'do' &&
        node.expression.kind === 'assign' &&
        node.expression.operator === '=' &&
        node.expression.target.kind === 'field' &&
        node.expression.target.field === 'domain' &&
        print(withoutCasts(node.expression.value)) === name,
    );
    const calls = program.nodes.flatMap(callsOf);
    if (records === undefined || calls.some((call) => call.args.some((arg) => namesIn(arg).has(name)))) return [];
    const other = calls.find(
      (call) =>
        [calleeOf(call) ?? '', ...call.args.map(print)].some((text) => /attach/.test(text) && !/detach/.test(text)) &&
        call.args.some((arg) => /->(?:\w*_)?domain$/.test(print(withoutCasts(arg)))),
    );
    const passed = other?.args.find((arg) => /->(?:\w*_)?domain$/.test(print(withoutCasts(arg))));
    if (other === undefined || passed === undefined) return [];
    return [
      {
        rule: DOMAIN_MIXED,
        at: other.at,
        message: `${print(passed)} is attached here, and ${name} is what ${program.name}() records as attached`,
        why: [
          {
            text: 'the devices translate through one domain while all that follows works on the other',
            reference: null,
          },
        ],
        related: [{ at: records.at, message: `${name} is recorded here` }],
      },
    ];
  });
};

/** One word of it is enough where both see the same. */
const overrideRule: PathRule = (program, surroundings) => {
  const skipped = overrideSkipsRule(program, surroundings);
  return skipped.length > 0 ? skipped : overrideEndsRule(program, surroundings);
};

export const ISOLATION_PATH_RULES: readonly PathRule[] = [
  anyInsteadOfAllRule,
  trueOnEmptyRule,
  foldOverNothingRule,
  overrideRule,
  safetyResultDroppedRule,
  domainMixedRule,
  unfoundedClaimRule,
  presenceClaimRule,
  emptyClaimRule,
  ...REMAP_ENTRY_RULES,
];
