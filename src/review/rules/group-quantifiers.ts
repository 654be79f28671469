/**
 * A group of devices is as safe as its least safe member: what is asked of it has to hold for all of them. In: one function that
 * walks the members, and the callbacks it hands out. Out: walks that let one member speak for all.
 */
import { successors } from '../../code/lower';
import type { Expression, Program } from '../../code/types';
import { calleeOf, callsOf, namesIn, print, withoutCasts } from '../../code/walk';
import type { Place } from '../../place';
import { ANY_INSTEAD_OF_ALL } from '../catalog-isolation';
import { bareCondition } from './scan';
import type { PathRule, RuleHit } from './types';

/** Names of functions that answer whether interrupts or memory are kept apart. */
const SAFE = /capable|isolat|msi_remap|intr_remap|(?:^|_)safe(?:_|$)|trusted|cache_coheren|translates_msi|has_remap/;
/** Fields that keep such an answer for one member. */
const SAFE_FIELD =
  /^(?:enforce_cache_coherency|cache_coherent|(?:has_|is_)?(?:msi_|irq_|intr_)?(?:remap(?:s|ped|ping)?|isolat(?:es|ed|ing)?(?:_msi)?)|safe)$/;
const ISOLATION = /isolated_msi|msi_remap|intr_remap|capable/;
const UNSAFE = /unsafe|untrusted|unisolated|insecure|not_isolat/;

/** What the truth of an expression says of the thing that was asked. */
type Sense = 'safe' | 'unsafe';
export type Senses = ReadonlyMap<string, Sense>;

const turned = (sense: Sense | null): Sense | null => (sense === null ? null : sense === 'safe' ? 'unsafe' : 'safe');

/** A number or `true`, `false` as a truth; null for anything else. An error code is one too: it ends a walk as `true` does. */
function constant(value: Expression | null | undefined): boolean | null {
  if (value === null || value === undefined) return null;
  const inner = withoutCasts(value);
  if (inner.kind === 'number') return inner.value !== 0;
  if (inner.kind === 'name' && /^(?:true|false)$/.test(inner.name)) return inner.name === 'true';
  if (inner.kind === 'unary' && inner.operator === '-') return true;
  return null;
}

export function senseOf(expression: Expression, known: Senses): Sense | null {
  const inner = bareCondition(expression);
  switch (inner.kind) {
    case 'call': {
      const name = calleeOf(inner) ?? '';
      return UNSAFE.test(name) ? 'unsafe' : SAFE.test(name) ? 'safe' : null;
    }
    case 'unary':
      if (inner.operator === '!') return turned(senseOf(inner.operand, known));
      return known.get(print(inner)) ?? null;
    case 'binary': {
      if (inner.operator === '&&' || inner.operator === '||') {
        const left = senseOf(inner.left, known);
        const right = senseOf(inner.right, known);
        return left === null || right === null || left === right ? (left ?? right) : null;
      }
      const compared = constant(inner.right);
      if (compared === null || (inner.operator !== '==' && inner.operator !== '!=')) return null;
      const left = senseOf(inner.left, known);
      return compared === (inner.operator === '==') ? left : turned(left);
    }
    case 'conditional': {
      const then = constant(inner.then);
      if (then === null || constant(inner.otherwise) !== !then) return null;
      const asked = senseOf(inner.condition, known);
      return then ? asked : turned(asked);
    }
    default:
      if (inner.kind === 'field' && SAFE_FIELD.test(inner.field)) return 'safe';
      return known.get(print(inner)) ?? null;
  }
}

/** The places that hold such an answer: assigned, and never anything that says otherwise. */
export function sensesOf(program: Program): Senses {
  const known = new Map<string, Sense>();
  const mixed = new Set<string>();
  for (const node of program.nodes) {
    const given =
      node.kind === 'declare'
        ? { place: node.variable.name, value: node.init }
        : node.kind === 'do' && node.expression.kind === 'assign' && node.expression.operator === '='
          ? { place: print(withoutCasts(node.expression.target)), value: node.expression.value }
          : null;
    if (given === null || given.value === null || constant(given.value) !== null) continue;
    const sense = senseOf(given.value, known);
    if (sense === null || (known.has(given.place) && known.get(given.place) !== sense)) mixed.add(given.place);
    else known.set(given.place, sense);
  }
  for (const place of mixed) known.delete(place);
  return known;
}

/** How one member comes to speak for all. */
type Way = 'first' | 'any' | 'last';

interface Flaw {
  readonly way: Way;
  readonly at: Place;
}

/** Does the value make a member count that is safe, whatever the others are? `|=` of safe, or `&=` of unsafe. */
function folded(expression: Expression, known: Senses): boolean {
  if (expression.kind !== 'assign') return false;
  const { target, operator, value } = expression;
  if (operator === '|=') return senseOf(value, known) === 'safe';
  if (operator === '&=') return senseOf(value, known) === 'unsafe';
  if (operator !== '=') return false;
  const inner = withoutCasts(value);
  if (inner.kind !== 'binary' || !/^(?:\|\||\||&&|&)$/.test(inner.operator)) return false;
  const own = print(withoutCasts(target));
  const rest =
    print(withoutCasts(inner.left)) === own
      ? inner.right
      : print(withoutCasts(inner.right)) === own
        ? inner.left
        : null;
  return rest !== null && senseOf(rest, known) === (inner.operator.startsWith('|') ? 'safe' : 'unsafe');
}

function returned(program: Program, index: number): boolean | null {
  const node = program.nodes[index];
  return node?.kind === 'return' ? constant(node.value) : null;
}

/** What a callback does to a walk that ends at the first answer which is not 0. */
function flawOfCallback(asked: Program): Flaw | null {
  const known = sensesOf(asked);
  let last: Flaw | null = null;
  let stops = false;
  for (const node of asked.nodes) {
    if (node.kind === 'return' && node.value !== null) {
      const sense = senseOf(node.value, known);
      if (sense === 'safe') return { way: 'first', at: node.at };
      if (sense === 'unsafe' || constant(node.value) !== false) stops = true;
    }
    if (node.kind === 'branch') {
      const sense = senseOf(node.condition, known);
      const [then, otherwise] = [returned(asked, node.then), returned(asked, node.otherwise)];
      if (sense === 'safe' && then === true && otherwise !== true) return { way: 'first', at: node.at };
      if (sense === 'unsafe' && then === false && otherwise === true) return { way: 'first', at: node.at };
      const first = asked.nodes[node.then];
      if (sense === 'safe' && first?.kind === 'do' && told(first.expression) === true)
        return { way: 'any', at: first.at };
    }
    if (node.kind === 'do' && told(node.expression) === undefined && node.expression.kind === 'assign') {
      if (folded(node.expression, known)) return { way: 'any', at: node.at };
      const plain = node.expression.operator === '=' && outside(node.expression.target);
      if (plain && senseOf(node.expression.value, known) === 'safe') last = { way: 'last', at: node.at };
    }
  }
  return stops ? null : last;
}

/** A place that belongs to whoever started the walk: `*answer`, `data->answer`. */
function outside(target: Expression): boolean {
  const inner = withoutCasts(target);
  return inner.kind === 'field' || (inner.kind === 'unary' && inner.operator === '*');
}

/** The truth an assignment tells the one who started the walk; undefined when it is no such assignment. */
function told(expression: Expression): boolean | undefined {
  if (expression.kind !== 'assign' || expression.operator !== '=' || !outside(expression.target)) return undefined;
  return constant(expression.value) ?? undefined;
}

/** Walks over the members by a callback, and the position of the callback. They end at the first that does not give 0. */
const WALKS: Readonly<Record<string, number>> = {
  iommu_group_for_each_dev: 2,
  __iommu_group_for_each_dev: 2,
  device_for_each_child: 2,
  pci_walk_bus: 1,
  vfio_pci_for_each_slot_or_bus: 1,
};

const SAYS: Readonly<Record<Way, string>> = {
  first: 'the walk ends at the first safe device: the others are never asked',
  any: 'one safe device is enough for the answer, whatever the others are',
  last: 'each device overwrites the answer of the one before: the last one speaks for all',
};

function hit(flaw: Flaw, subject: string, at: Place, related: RuleHit['related'], controllers = false): RuleHit {
  const says = SAYS[flaw.way];
  return {
    rule: ANY_INSTEAD_OF_ALL,
    at,
    message: `${subject}: ${controllers ? says.replace(/device/g, 'controller') : says}`,
    why: [
      controllers
        ? {
            text: 'a device writes to any doorbell it can reach: one that checks no sender opens the system, whatever the others do',
            reference: 'invariant I1',
          }
        : {
            text: 'userspace gets all devices of a group: the group is only as well isolated as its weakest member',
            reference: 'Documentation/driver-api/vfio.rst',
          },
    ],
    related,
    local: 'expression',
  };
}

function byCallback(program: Program, programs: ReadonlyMap<string, Program>): RuleHit[] {
  return program.nodes.flatMap((node) =>
    callsOf(node).flatMap((call): RuleHit[] => {
      const position = WALKS[calleeOf(call) ?? ''];
      const given = position === undefined ? undefined : call.args[position];
      const callback = given === undefined ? null : withoutCasts(given);
      if (callback?.kind !== 'name' || /any/.test(callback.name)) return [];
      const asked = programs.get(callback.name);
      const flaw = asked === undefined ? null : flawOfCallback(asked);
      if (asked === undefined || flaw === null) return [];
      const subject = `${callback.name}() is asked of each device`;
      // The answer is to blame where it is new; else the walk that it does not fit.
      const fresh = flaw.at.kind === 'message' && flaw.at.added;
      return [
        fresh
          ? hit(flaw, subject, flaw.at, [{ at: call.at, message: 'the walk' }])
          : hit(flaw, subject, call.at, [{ at: flaw.at, message: 'the callback answers here' }]),
      ];
    }),
  );
}

/** Lists of the members of a group, or of all controllers that can take a message. */
const MEMBERS = /(?:->|\.|&|\b)(?:devices|device_list|group_list|dev_list|irq_domain_list|devs|domain_list|domains)$/;
/** Lists of controllers, of which a device may reach any. */
const CONTROLLERS =
  /doorbells?(?:_list|_head|s)?$|(?:msi|irq)_(?:controllers?|chips?|frames?)(?:_list)?$|v2m_nodes$|its_nodes$/;

const listOf = (args: readonly Expression[]): string => print(args[1] ?? { kind: 'unknown', text: '' });

/** The variable that goes over the members; null for a walk over other things. */
function cursorOf(macro: string, args: readonly Expression[]): string | null {
  const place = /^for_each_group_device/.test(macro)
    ? args[1]
    : /^list_for_each_entry/.test(macro) && (MEMBERS.test(listOf(args)) || CONTROLLERS.test(listOf(args)))
      ? args[0]
      : undefined;
  const inner = place === undefined ? null : withoutCasts(place);
  return inner?.kind === 'name' ? inner.name : null;
}

/** The nodes of a loop's body. */
function bodyOf(program: Program, head: number, body: number): ReadonlySet<number> {
  const seen = new Set<number>();
  const work = [body];
  for (let at = work.pop(); at !== undefined; at = work.pop()) {
    const node = program.nodes[at];
    if (node === undefined || at === head || seen.has(at)) continue;
    seen.add(at);
    work.push(...successors(node));
  }
  // What also follows when the walk is over is not in it.
  const next = program.nodes[head];
  const after = new Set<number>();
  const behind = next?.kind === 'each' ? [next.next] : [];
  for (let at = behind.pop(); at !== undefined; at = behind.pop()) {
    const node = program.nodes[at];
    if (node === undefined || at === head || after.has(at)) continue;
    after.add(at);
    behind.push(...successors(node));
  }
  return new Set([...seen].filter((index) => !after.has(index) || program.nodes[index]?.kind === 'return'));
}

function byLoop(program: Program): RuleHit[] {
  if (/any/.test(program.name)) return [];
  const known = sensesOf(program);
  return program.nodes.flatMap((head, index): RuleHit[] => {
    if (head.kind !== 'each') return [];
    const cursor = cursorOf(head.macro, head.args);
    if (cursor === null) return [];
    const controllers = CONTROLLERS.test(listOf(head.args));
    const body = bodyOf(program, index, head.body);
    const nodes = [...body].sort((a, b) => a - b).flatMap((at) => program.nodes[at] ?? []);
    const flaw = flawOfLoop(program, nodes, known, cursor, index);
    return flaw === null
      ? []
      : [
          hit(
            flaw,
            `${program.name}() goes over the ${controllers ? 'MSI controllers' : 'members of a group'}`,
            flaw.at,
            [{ at: head.at, message: 'the walk' }],
            controllers,
          ),
        ];
  });
}

function flawOfLoop(
  program: Program,
  nodes: readonly Program['nodes'][number][],
  known: Senses,
  cursor: string,
  head: number,
): Flaw | null {
  const decided = nodes.flatMap((node) =>
    node.kind === 'branch' ? [{ node, sense: senseOf(node.condition, known) }] : [],
  );
  for (const node of nodes) {
    if (node.kind === 'do' && node.expression.kind === 'assign') {
      const { target, operator, value } = node.expression;
      if (!namesIn(value).has(cursor) || /any|count|^nr_|found/.test(print(target))) continue;
      if (folded(node.expression, known)) return { way: 'any', at: node.at };
      const sense = operator === '=' ? senseOf(value, known) : null;
      if (sense !== 'safe') continue;
      const leaves = decided.find((one) => namesIn(one.node.condition).has(print(target)));
      if (leaves === undefined && node.next === head) return { way: 'last', at: node.at };
      if (leaves?.sense === 'safe' && leaves.node.then !== head && leaves.node.otherwise === head)
        return { way: 'first', at: leaves.node.at };
    }
    if (node.kind === 'branch' && namesIn(node.condition).has(cursor)) {
      const sense = senseOf(node.condition, known);
      if (sense !== 'safe' || node.otherwise !== head) continue;
      const then = program.nodes[node.then];
      if (then?.kind === 'return' && constant(then.value) === true && /^(?:bool|int)$/.test(program.returns))
        return { way: 'first', at: node.at };
      if (
        then?.kind === 'do' &&
        then.expression.kind === 'assign' &&
        then.expression.operator === '=' &&
        constant(then.expression.value) === true &&
        !/any|found/.test(print(then.expression.target))
      )
        return { way: 'any', at: then.at };
    }
  }
  return null;
}

/** The first entry of the members is taken, and asked for all. */
function byFirst(program: Program): RuleHit[] {
  if (/any|first/.test(program.name)) return [];
  return program.nodes.flatMap((node): RuleHit[] => {
    const given =
      node.kind === 'declare' && node.init !== null
        ? { name: node.variable.name, value: withoutCasts(node.init) }
        : node.kind === 'do' && node.expression.kind === 'assign' && node.expression.operator === '='
          ? { name: print(node.expression.target), value: withoutCasts(node.expression.value) }
          : null;
    if (given?.value.kind !== 'call' || !/^list_first_entry/.test(calleeOf(given.value) ?? '')) return [];
    if (!MEMBERS.test(print(given.value.args[0] ?? given.value)) || program.nodes.some((one) => one.kind === 'each'))
      return [];
    return program.nodes.flatMap((one) =>
      callsOf(one).flatMap((call) =>
        ISOLATION.test(calleeOf(call) ?? '') && call.args.some((arg) => namesIn(arg).has(given.name))
          ? [hit({ way: 'first', at: call.at }, program.name, call.at, [{ at: node.at, message: 'the first member' }])]
          : [],
      ),
    );
  });
}

/** A property of a group must hold for all its members; this walk asks for one. */
export const anyInsteadOfAllRule: PathRule = (program, { programs }) => {
  if (program.nodes.some((node) => callsOf(node).some((call) => /^list_first_entry/.test(calleeOf(call) ?? ''))))
    return [...byFirst(program), ...byLoop(program)];
  const walks = program.nodes.some(
    (node) => node.kind === 'each' || callsOf(node).some((call) => WALKS[calleeOf(call) ?? ''] !== undefined),
  );
  return walks ? [...byCallback(program, programs), ...byLoop(program)] : [];
};
