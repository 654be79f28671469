/** What a function does with what it is given, held against what those who call it give and undo. */
import type { Expression, Program, ProgramNode } from '../../code/types';
import { calleeOf, expressionsOf, print, visit, withoutCasts } from '../../code/walk';
import { argumentIndex, primitive } from '../../kernel/primitives';
import { NULL_ARGUMENT, PUT_TWICE } from '../catalog-lifetime';
import { type Doing, doings, named, written } from './calls';
import { says, saysFailed } from './conditions';
import { verdictAt } from './exits';
import { explore } from './explore';
import { askedIn } from './reads';
import type { PathRule, RuleHit } from './types';

const whole = (program: Program): boolean =>
  program.evidence !== 'fragment' && !program.nodes.some((node) => node.kind === 'unknown');

const isNull = (expression: Expression | undefined): boolean => {
  const bare = expression === undefined ? null : withoutCasts(expression);
  return bare !== null && (print(bare) === 'NULL' || (bare.kind === 'number' && bare.value === 0));
};

/** A parameter that is a function, called with no test of it anywhere, and a caller in sight that gives NULL for it. */
export const nullCallbackRule: PathRule = (program, { programs }) => {
  if (program.evidence === 'fragment') return [];
  const hits: RuleHit[] = [];
  for (const [index, parameter] of program.parameters.entries()) {
    if (parameter.name === '') continue;
    const asked = program.nodes.some(
      (node) => askedIn(node).has(parameter.name) || written(node).includes(parameter.name),
    );
    if (asked) continue;
    const call = callsOfName(program, parameter.name);
    if (call === null) continue;
    for (const caller of programs.values()) {
      const gives = caller.nodes
        .flatMap(doings)
        .find((doing) => doing.direct && doing.name === program.name && isNull(doing.call.args[index]));
      if (gives === undefined) continue;
      hits.push({
        rule: NULL_ARGUMENT,
        at: call.at,
        message: `${parameter.name}() is called here without a test, and ${caller.name}() gives NULL for it`,
        key: `${parameter.name}`,
        why: [{ text: `no test of ${parameter.name} lies in ${program.name}()`, reference: null }],
        related: [{ at: gives.call.at, message: 'NULL is given here' }],
      });
      break;
    }
  }
  return hits;
};

function callsOfName(program: Program, name: string): ProgramNode | null {
  for (const node of program.nodes)
    for (const expression of expressionsOf(node)) {
      let found = false;
      visit(expression, (inner) => {
        if (inner.kind === 'call' && calleeOf(inner) === name) found = true;
        if (inner.kind === 'call' && inner.target.kind === 'unary' && print(inner.target.operand) === name)
          found = true;
      });
      if (found) return node;
    }
  return null;
}

/** Gives one reference back, or frees: the function and the position of what it gives back. */
function givenBack(doing: Doing): { readonly name: string; readonly text: string } | null {
  if (!doing.direct) return null;
  const known = primitive(doing.name);
  const index = known?.releases == null ? null : argumentIndex(known.releases.by);
  const isPut =
    known === null ? /_put(?:_\w+)?$|_free$/.test(doing.name) : /^(?:free|refcount|release)$/.test(known.kind);
  if (!isPut || /^devm_|unlock/.test(doing.name)) return null;
  const arg = doing.call.args[index ?? 0];
  const text = named(arg);
  return text === '' || arg?.kind !== 'name' ? null : { name: doing.name, text };
}

/** The parameters that a helper gives back on each of its failing ways, by the call that does it; null when it also takes them. */
function givesBackOnFailure(helper: Program): ReadonlyMap<number, string> {
  let common: Map<number, string> | null = null;
  const names = new Map(helper.parameters.map((one, index) => [one.name, index] as const));
  const takes = helper.nodes.flatMap(doings).some((doing) => /_get(?:_|$)|^get_|_inc$|_ref$/.test(doing.name));
  if (takes) return new Map();
  const complete = explore<ReadonlyMap<number, string>>(helper, {
    initial: new Map(),
    key: (state) => [...state].join(),
    unseen: (state) => state,
    step(state, node) {
      let now = state;
      for (const doing of doings(node)) {
        const back = givenBack(doing);
        const index = back === null ? undefined : names.get(back.text);
        if (back !== null && index !== undefined) now = new Map([...now, [index, back.name]]);
      }
      return now;
    },
    exit(state, exit, _index, trail) {
      if (verdictAt(helper, exit, trail) !== 'fails') return;
      common = new Map([...state].filter(([index, name]) => common === null || common.get(index) === name));
    },
  });
  return complete ? (common ?? new Map()) : new Map();
}

interface Failed {
  readonly helper: string;
  readonly text: string;
  readonly call: string;
  readonly result: string;
  readonly sure: boolean;
  readonly at: Doing['call']['at'];
}

/** A helper gives back what it got when it fails, and its caller does so again. */
export const putTwiceRule: PathRule = (program, { programs }) => {
  const helpers = new Map<string, ReadonlyMap<number, string>>();
  for (const node of program.nodes)
    for (const doing of doings(node)) {
      const helper = doing.direct && doing.into !== null ? programs.get(doing.name) : undefined;
      if (
        helper !== undefined &&
        helper.name !== program.name &&
        helper.file === program.file &&
        whole(helper) &&
        helper.returns === 'int'
      )
        helpers.set(doing.name, givesBackOnFailure(helper));
    }
  if (![...helpers.values()].some((one) => one.size > 0)) return [];
  const hits: RuleHit[] = [];
  const seen = new Set<string>();
  const complete = explore<readonly Failed[]>(program, {
    initial: [],
    key: (state) => state.map((one) => `${one.text}${one.sure}`).join(),
    unseen: () => [],
    step(state, node, decision) {
      let failed = state;
      if (node.kind === 'branch' && decision?.kind === 'branch')
        failed = failed.flatMap((one): Failed[] => {
          if (one.sure) return [one];
          const said = says(node.condition, decision.taken, one.result);
          if (said === null) return [one];
          return said.sure && saysFailed(said, 'err') && said.said !== 'other' ? [{ ...one, sure: true }] : [];
        });
      for (const doing of doings(node)) {
        const back = givenBack(doing);
        const before =
          back === null
            ? undefined
            : failed.find((one) => one.sure && one.text === back.text && one.call === back.name);
        const key = `${before?.helper}|${doing.call.at.line}`;
        if (before !== undefined && !seen.has(key)) {
          seen.add(key);
          hits.push({
            rule: PUT_TWICE,
            at: doing.call.at,
            message: `${doing.name}() gives back ${before.text} here, which ${before.helper}() gave back when it failed`,
            key: `${before.helper}|${before.text}`,
            why: [{ text: `${before.helper}() calls ${before.call}() on every way that fails`, reference: null }],
            related: [{ at: before.at, message: `${before.helper}() is called here` }],
          });
        }
      }
      const writes = written(node);
      failed = failed.filter((one) => !writes.includes(one.text) && (one.sure || !writes.includes(one.result)));
      for (const doing of doings(node)) {
        for (const [index, call] of helpers.get(doing.name) ?? []) {
          const text = named(doing.call.args[index]);
          if (doing.into === null || text === '') continue;
          failed = [
            ...failed,
            { helper: doing.name, text, call, result: print(doing.into), sure: false, at: doing.call.at },
          ];
        }
      }
      return failed;
    },
  });
  return complete ? hits : [];
};
