/**
 * Entries of interrupt remapping tables and who may use them. In: functions that fill entries or choose the table of a requester.
 * Out: entries left without a check of the requester, and tables that several requesters share.
 */
import type { Expression, Program, ProgramNode } from '../../code/types';
import { calleeOf, callsOf, expressionsOf, print, visit, withoutCasts } from '../../code/walk';
import type { Place } from '../../place';
import { REMAP_TABLE_SHARED, SOURCE_UNCHECKED } from '../catalog-isolation';
import { explore, stepsOf } from './explore';
import type { PathRule, RuleHit } from './types';

/** Calls that write into an entry which requester it accepts. */
const SETS_SOURCE =
  /^set_(?:irte|msi|hpet|ioapic|dte)\w*(?:_sid|_verify_bus|_source|_verify)$|^set_(?:msi|ioapic|hpet)_sid/;

/** Entries of interrupt remapping; other hardware calls other ids `sid`. */
const ENTRY = /irte|intr|(?:^|_)entry|^pi$|(?:^|_)pi(?:->|$|\b)/;

function setsSource(node: ProgramNode): boolean {
  if (callsOf(node).some((call) => SETS_SOURCE.test(calleeOf(call) ?? ''))) return true;
  return (
    node.kind === 'do' &&
    node.expression.kind === 'assign' &&
    /(?:->|\.)(?:sid|svt|source_id)$/.test(print(withoutCasts(node.expression.target))) &&
    ENTRY.test(print(withoutCasts(node.expression.target)))
  );
}

/** What an exit tells: its value as text where it is a constant, null where it depends. */
function answer(value: Expression | null): string | null {
  if (value === null) return '';
  const inner = withoutCasts(value);
  if (inner.kind === 'number') return String(inner.value);
  if (inner.kind === 'name' && /^(?:true|false|NULL)$/.test(inner.name)) return inner.name;
  if (inner.kind === 'unary' && inner.operator === '-') return print(inner);
  return null;
}

const WHY = {
  text: 'an entry without source validation (SVT 0) serves the message of any device',
  reference: 'Intel VT-d specification 9.10, interrupt remapping table entry',
};

/** All ways out of a helper that say the same set the source of an entry, and one does not. */
export const sourceUncheckedRule: PathRule = (program) => {
  if (program.evidence === 'fragment' || !program.nodes.some(setsSource)) return [];
  const exits = new Map<number, { with: boolean; without: boolean; at: Place; value: Expression | null }>();
  const passed = new Set<number>();
  const complete = explore<boolean>(program, {
    initial: false,
    key: (state) => String(state),
    unseen: () => true,
    step: (state, node) => state || setsSource(node),
    exit(state, node, index, trail) {
      const one = exits.get(index) ?? { with: false, without: false, at: node.at, value: node.value };
      if (state) one.with = true;
      else one.without = true;
      exits.set(index, one);
      for (const step of stepsOf(trail)) passed.add(step.node);
    },
  });
  if (!complete) return [];
  const all = [...exits.values()];
  const handled = all.filter((one) => one.with && !one.without).map((one) => answer(one.value));
  const says = handled[0];
  if (says === undefined || says === null || handled.some((one) => one !== says)) return [];
  // Leaving with an error, or with the other answer, hands the entry back.
  return all
    .filter((one) => !one.with && one.without)
    .filter((one) => {
      const told = answer(one.value);
      return told === says || (told === null && boolish(program) && comparison(one.value));
    })
    .filter((one) => handled.length >= 2 || answer(one.value) !== says || program.returns !== 'void')
    .map((one): RuleHit => {
      const told = answer(one.value);
      return {
        rule: SOURCE_UNCHECKED,
        at: one.at,
        message:
          told === null
            ? `${program.name}() can answer ${said(program, says)} here like where the source id of the entry is set, and sets none`
            : `${program.name}() ends here with ${said(program, says)} like where the source id of the entry is set, and sets none`,
        why: [WHY],
        related: all
          .filter((other) => other.with && !other.without)
          .slice(0, 2)
          .map((other) => ({ at: other.at, message: 'the source id is set on the way here' })),
      };
    });
};

/** A constant answer in the words of the function. */
function said(program: Program, value: string): string {
  if (value === '') return 'nothing said';
  return program.returns === 'bool' ? (value === '0' ? 'false' : 'true') : value;
}

const boolish = (program: Program): boolean => /^(?:bool|int)$/.test(program.returns);

function comparison(value: Expression | null): boolean {
  const inner = value === null ? null : withoutCasts(value);
  return (
    (inner?.kind === 'binary' && /^(?:==|!=|<|>|<=|>=|&&|\|\|)$/.test(inner.operator)) ||
    (inner?.kind === 'unary' && inner.operator === '!')
  );
}

/** An entry is told to accept any requester, where nobody asked for that. */
export const sourceSwitchedOffRule: PathRule = (program) => {
  const asked = program.nodes.some(
    (node) => node.kind === 'branch' && /sourceid|nosid|no_sid/.test(print(node.condition)),
  );
  if (asked) return [];
  return program.nodes.flatMap((node): RuleHit[] => {
    const call = callsOf(node).find(
      (one) =>
        SETS_SOURCE.test(calleeOf(one) ?? '') && one.args.some((arg) => print(withoutCasts(arg)) === 'SVT_NO_VERIFY'),
    );
    const assigned =
      node.kind === 'do' &&
      node.expression.kind === 'assign' &&
      /(?:->|\.)svt$/.test(print(withoutCasts(node.expression.target))) &&
      /^(?:0|0x0|SVT_NO_VERIFY)$/.test(print(withoutCasts(node.expression.value)));
    if (call === undefined && !assigned) return [];
    return [
      {
        rule: SOURCE_UNCHECKED,
        at: call?.at ?? node.at,
        message: `${program.name}() makes an entry that accepts the message of any device`,
        why: [WHY],
        related: [],
        local: true,
      },
    ];
  });
};

/** An entry is given the requester id it shall accept, and not that it shall look at it. */
export const sourceTypeForgottenRule: PathRule = (program) => {
  if (program.evidence === 'fragment' && program.nodes.some((node) => node.kind === 'unknown')) return [];
  const set = new Map<string, { readonly entry: string; readonly at: Place }>();
  for (const node of program.nodes) {
    const target =
      node.kind === 'do' && node.expression.kind === 'assign' ? withoutCasts(node.expression.target) : null;
    const field = target?.kind === 'field' ? /^(?:p_)?(sid|sq|svt)$/.exec(target.field)?.[1] : undefined;
    if (field !== undefined && target?.kind === 'field')
      set.set(`${print(target.base)}|${field}`, { entry: print(target.base), at: node.at });
  }
  for (const [key, { entry, at }] of set) {
    if (!key.endsWith('|sid') || !set.has(`${entry}|sq`) || set.has(`${entry}|svt`)) continue;
    const whole = program.nodes.some(
      (node) =>
        callsOf(node).some(
          (call) =>
            SETS_SOURCE.test(calleeOf(call) ?? '') ||
            (/memcpy|copy/.test(calleeOf(call) ?? '') && call.args.some((arg) => print(arg).includes(entry))),
        ) ||
        (node.kind === 'do' &&
          node.expression.kind === 'assign' &&
          print(withoutCasts(node.expression.target)) === `*${entry}`),
    );
    if (whole) continue;
    return [
      {
        rule: SOURCE_UNCHECKED,
        at,
        message: `${program.name}() writes the source id of ${entry}, and not the type of validation (SVT): the entry accepts any device`,
        why: [WHY],
        related: [],
      },
    ];
  }
  return [];
};

/** Tables by requester id. */
const BY_REQUESTER = /irq_lookup_table$|remap_table|irq_tables?$|(?:^|_)irt$|ir_tables?$/;

/** `devid & ~0x7`, `devid & 0xfff8`, `PCI_BUS_NUM(devid)`, `PCI_DEVFN(PCI_SLOT(devfn), 0)`: the same for several functions. */
function manyFunctions(index: Expression): boolean {
  let found = false;
  visit(index, (inner) => {
    if (inner.kind === 'binary' && inner.operator === '&') {
      const mask = withoutCasts(inner.right);
      const turned = mask.kind === 'unary' && mask.operator === '~' ? withoutCasts(mask.operand) : null;
      if (turned?.kind === 'number' && turned.value >= 1 && turned.value <= 0xff) found = true;
      if (mask.kind === 'number' && /^(?:65528|65280|65408|65504)$/.test(String(mask.value))) found = true;
    }
    if (inner.kind === 'call' && /^(?:PCI_BUS_NUM|PCI_SLOT)$/.test(calleeOf(inner) ?? '')) found = true;
  });
  return found;
}

/** The table of another function is taken for a device: entries have no source check of their own there. */
export const sharedTableRule: PathRule = (program) => {
  const hits: RuleHit[] = [];
  const derived = new Map<string, Expression>();
  for (const node of program.nodes) {
    if (node.kind === 'declare' && node.init !== null && manyFunctions(node.init))
      derived.set(node.variable.name, node.init);
    if (node.kind === 'do' && node.expression.kind === 'assign' && node.expression.operator === '=') {
      const { target, value } = node.expression;
      if (target.kind === 'name')
        if (manyFunctions(value)) derived.set(target.name, value);
        else derived.delete(target.name);
    }
    for (const expression of expressionsOf(node))
      visit(expression, (inner) => {
        if (inner.kind !== 'index' || !BY_REQUESTER.test(print(withoutCasts(inner.base)))) return;
        const index = withoutCasts(inner.index);
        const named = index.kind === 'name' ? derived.get(index.name) : undefined;
        if (!manyFunctions(index) && named === undefined) return;
        hits.push({
          rule: REMAP_TABLE_SHARED,
          at: node.at,
          message: `${print(inner)} is the same for several functions: each reaches the entries of the others by the data of its messages`,
          why: [
            {
              text: 'entries of a table by device carry no source id: what keeps devices apart is that each has a table of its own',
              reference: 'AMD IOMMU specification 2.2.5, interrupt remapping tables',
            },
          ],
          related: [],
          local: true,
        });
      });
  }
  return hits;
};

export const REMAP_ENTRY_RULES: readonly PathRule[] = [
  sourceUncheckedRule,
  sourceSwitchedOffRule,
  sourceTypeForgottenRule,
  sharedTableRule,
];
