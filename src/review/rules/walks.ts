/**
 * Walks that have to come to every entry: doorbells to be mapped again for another domain, reserved regions to be kept out, devices
 * whose copies are to be invalidated. In: one function. Out: walks that end early without an error.
 */
import type { Expression, Program, ProgramNode } from '../../code/types';
import { type CallExpression, calleeOf, callsOf, namesIn, print, visit, withoutCasts } from '../../code/walk';
import { INVALIDATION_STOPS } from '../catalog-isolation';
import { MSI_PAGES_SKIPPED, NOT_REPLAYED } from '../catalog-window';
import { UNDOES } from './calls';
import { says } from './conditions';
import { invalidates } from './flushes';
import { reach, reachBehind } from './reach';
import { bareCondition, errnoOf, operandsOf } from './scan';
import type { PathRule, RuleHit } from './types';

type Each = Extract<ProgramNode, { kind: 'each' }>;

const OF_DOORBELLS = /msi|resv|reserved|doorbell|region/;
const WORKS =
  /(?:^|_)(?:map|install|reserve|insert|add|setup|set|apply|enforce|copy|clone|replay|exclude|remap|get|attach|init)(?:_|$)/;
const LOOKS =
  /(?:^|_)(?:get_resv|find|lookup|is|has|test|match|cmp|compare|find_\w+|get_ptr|first)(?:_|$)|^list_|^test_|^dev_|^pr_|^kmemdup|alloc/;

/** The variable that goes over the entries. */
function cursorOf(head: Each): string | null {
  const place =
    /^list_for_each_entry/.test(head.macro) || /^for_each_(?!set_bit|cpu)/.test(head.macro) ? head.args : [];
  const all = place.map((arg) => withoutCasts(arg)).filter((arg) => arg.kind === 'name');
  const first = /^xa_for_each/.test(head.macro) ? undefined : all[/^for_each_group_device/.test(head.macro) ? 1 : 0];
  return first?.kind === 'name' ? first.name : null;
}

const given = (call: CallExpression, name: string): boolean => call.args.some((arg) => namesIn(arg).has(name));

/** The node and call by which the walk does its work on an entry. */
function workOf(program: Program, body: ReadonlySet<number>, cursor: string, wanted: (name: string) => boolean) {
  for (const index of body) {
    const node = program.nodes[index];
    for (const call of node === undefined ? [] : callsOf(node)) {
      const name = calleeOf(call) ?? '';
      if (wanted(name) && given(call, cursor)) return { index, call, name };
    }
  }
  return null;
}

/** Is what a condition asks a property of the entry, to be equal or not, set or not? An order ends a sorted list. */
function asksEntry(condition: Expression, cursor: string): boolean {
  if (!namesIn(condition).has(cursor)) return false;
  let ordered = false;
  visit(condition, (inner) => {
    if (inner.kind === 'binary' && /^[<>]=?$/.test(inner.operator)) ordered = true;
  });
  return !ordered;
}

/** Does a side leave the walk without an error and without having touched the entry? */
function leaves(program: Program, side: number, head: number, cursor: string): boolean {
  const way = reach(program, [side], (node, index) => index === head || node.kind === 'return');
  if (way.has(head)) return false;
  let at = side;
  for (let steps = 0; steps < 3; steps++) {
    const node = program.nodes[at];
    if (node === undefined) return false;
    if (node.kind === 'return') {
      const value = node.value === null ? '' : print(withoutCasts(node.value));
      return (
        errnoOf(node.value) === null &&
        !/^(?:true|false|1|NULL|ERR_)/.test(value) &&
        !namesIn(node.value ?? { kind: 'unknown', text: '' }).has(cursor)
      );
    }
    if (node.kind === 'do') {
      let errs = false;
      let touches = false;
      visit(node.expression, (inner) => {
        if (inner.kind === 'assign') {
          touches = true;
          if (errnoOf(inner.value) !== null) errs = true;
        }
        if (inner.kind === 'call' && given(inner, cursor)) touches = true;
      });
      if (errs || touches) return false;
      at = node.next;
      continue;
    }
    return true;
  }
  return true;
}

/** Nodes of a loop's body: those from which its head is come to again, and those that only leave it. */
const bodyOf = (program: Program, head: number, first: number): ReadonlySet<number> => {
  const next = program.nodes[head];
  const after = next?.kind === 'each' ? reach(program, [next.next], (_, index) => index === head) : new Set<number>();
  return new Set(
    [...reach(program, [first], (_, index) => index === head)].filter((index) => index !== head && !after.has(index)),
  );
};

/** An entry that does not fit ends the walk, and those behind it get nothing. */
export const pagesSkippedRule: PathRule = (program) => {
  if (UNDOES.test(program.name)) return [];
  return program.nodes.flatMap((head, index): RuleHit[] => {
    if (head.kind !== 'each') return [];
    const cursor = cursorOf(head);
    if (cursor === null) return [];
    const list = head.args.map(print).join(' ');
    const body = bodyOf(program, index, head.body);
    const work = workOf(
      program,
      body,
      cursor,
      (name) =>
        WORKS.test(name) &&
        !LOOKS.test(name) &&
        !UNDOES.test(name) &&
        (OF_DOORBELLS.test(name) || OF_DOORBELLS.test(list)),
    );
    if (work === null) return [];
    const say = (at: RuleHit['at'], message: string): RuleHit => ({
      rule: MSI_PAGES_SKIPPED,
      at,
      message,
      why: [
        {
          text: 'what the entries behind it stand for is not set up: a doorbell without a mapping loses its interrupts, a region not kept out can be mapped over',
          reference: 'invariants I3 and I6; struct iommu_resv_region in include/linux/iommu.h',
        },
      ],
      related: [{ at: head.at, message: 'the walk' }],
    });
    for (const at of body) {
      const node = program.nodes[at];
      if (node?.kind !== 'branch' || node.loop || !asksEntry(node.condition, cursor)) continue;
      for (const [side, other] of [
        [node.then, node.otherwise],
        [node.otherwise, node.then],
      ] as const) {
        const works = reach(program, [other], (_, one) => one === index);
        if (!works.has(work.index) || !leaves(program, side, index, cursor)) continue;
        if (
          reach(program, [head.next], (_, one) => one === index).size > 0 &&
          usedBehind(program, head.next, index, cursor)
        )
          continue;
        return [
          say(node.at, `${print(node.condition)} ends the walk: ${work.name}() is not called for the entries behind`),
        ];
      }
    }
    // The first one done ends it; where entries are chosen by what they are, it was looked for.
    const chosen = [...body].some((at) => {
      const node = program.nodes[at];
      return (
        node?.kind === 'branch' &&
        namesIn(node.condition).has(cursor) &&
        reach(program, [at], (_, one) => one === index).has(work.index)
      );
    });
    if (chosen) return [];
    const behind = reachBehind(program, work.index, (_, one) => one === index);
    if (
      !behind.has(index) &&
      ![...behind].some((one) => program.nodes[one]?.kind === 'unknown') &&
      !usedBehind(program, head.next, index, cursor)
    )
      return [say(work.call.at, `the walk ends with the first entry for which ${work.name}() was called`)];
    return [];
  });
};

function usedBehind(program: Program, from: number, head: number, cursor: string): boolean {
  return [...reach(program, [from], (_, one) => one === head)].some((at) => {
    const node = program.nodes[at];
    if (node === undefined || at === head || node.kind === 'each') return false;
    return [
      ...callsOf(node).flatMap((call) => call.args),
      ...(node.kind === 'return' && node.value !== null ? [node.value] : []),
      ...(node.kind === 'branch' ? [node.condition] : []),
      ...(node.kind === 'do' ? [node.expression] : []),
    ].some((one) => namesIn(one).has(cursor));
  });
}

/** The first device that cannot be invalidated ends the walk over all. */
export const invalidationStopsRule: PathRule = (program, { programs }) => {
  const hits: RuleHit[] = [];
  const say = (at: RuleHit['at'], callee: string, related: RuleHit['related']): void => {
    hits.push({
      rule: INVALIDATION_STOPS,
      at,
      message: `the walk ends at the first error of ${callee}(): the devices behind keep their stale copies, and nobody knows which`,
      why: [
        {
          text: 'an invalidation is owed to every device that may hold a copy; one that fails is no reason to leave the others with theirs',
          reference: 'invariant I2',
        },
      ],
      related,
    });
  };
  for (const [index, head] of program.nodes.entries()) {
    if (head.kind !== 'each') continue;
    const cursor = cursorOf(head);
    if (cursor === null) continue;
    const body = bodyOf(program, index, head.body);
    const work = workOf(program, body, cursor, (name) => invalidates(name) && !/sync/.test(name));
    const node = work === null ? undefined : program.nodes[work.index];
    if (work === null || node?.kind !== 'do' || node.expression.kind !== 'assign') continue;
    const result = print(node.expression.target);
    for (const at of body) {
      const test = program.nodes[at];
      if (test?.kind !== 'branch' || test.loop) continue;
      const said = says(test.condition, true, result)?.said;
      if (
        (said === 'nonzero' || said === 'negative') &&
        !reach(program, [test.then], (_, one) => one === index).has(index)
      )
        say(test.at, work.name, [{ at: head.at, message: 'the walk' }]);
    }
  }
  for (const node of program.nodes)
    for (const call of callsOf(node)) {
      if (!/for_each_dev(?:ice)?$/.test(calleeOf(call) ?? '')) continue;
      for (const arg of call.args) {
        const name = withoutCasts(arg);
        const callback = name.kind === 'name' && /inval/.test(name.name) ? programs.get(name.name) : undefined;
        const fails = callback?.nodes.find(
          (one) => one.kind === 'return' && one.value !== null && withoutCasts(one.value).kind === 'call',
        );
        if (callback !== undefined && fails !== undefined)
          say(call.at, callback.name, [{ at: fails.at, message: 'its result ends the walk' }]);
      }
    }
  return hits;
};

const SETS_UP = /msi_cookie|sw_msi|msi_window|doorbell|resv_msi/;

/** What each domain needs is given to the first one alone. */
export const firstDomainOnlyRule: PathRule = (program) =>
  program.nodes.flatMap((node): RuleHit[] => {
    if (node.kind !== 'branch' || node.loop) return [];
    const first = operandsOf(bareCondition(node.condition), '&&')
      .map(bareCondition)
      .find((part) => {
        const text = print(part);
        return (
          /^list_empty(?:_careful)?\(.*domain_?list/.test(text) ||
          /^list_empty\(.*(?:hwpt|domains|pt)_?(?:list|s)?\)/.test(text) ||
          /^(?:is_)?first(?:_domain)?$/.test(text)
        );
      });
    if (first === undefined) return [];
    const otherwise = reach(program, [node.otherwise], () => false);
    const then = [...reach(program, [node.then], (_, at) => otherwise.has(at))].filter((at) => !otherwise.has(at));
    for (const at of then)
      for (const call of callsOf(program.nodes[at] as ProgramNode)) {
        const name = calleeOf(call) ?? '';
        const domain = call.args[0] === undefined ? '' : print(withoutCasts(call.args[0]));
        if (!SETS_UP.test(name) || UNDOES.test(name) || !/domain|hwpt/.test(domain)) continue;
        if (
          [...otherwise].some((one) =>
            callsOf(program.nodes[one] as ProgramNode).some((other) => calleeOf(other) === name),
          )
        )
          continue;
        return [
          {
            rule: NOT_REPLAYED,
            at: call.at,
            message: `${name}() is called for ${domain} only where ${print(first)}: a domain that comes later has no window for doorbells`,
            why: [
              {
                text: 'MSIs of a device behind the later domain are written to an address that is not mapped there',
                reference: 'iommu_get_msi_cookie() in drivers/iommu/dma-iommu.c: a cookie belongs to one domain',
              },
            ],
            related: [{ at: node.at, message: 'the condition' }],
          },
        ];
      }
    return [];
  });
