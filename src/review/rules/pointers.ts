import type { Expression, Program, ProgramNode } from '../../code/types';
import { calleeOf, namesIn, print, withoutCasts } from '../../code/walk';
import { primitive } from '../../kernel/primitives';
import type { Place } from '../../place';
import { NULL_DEREFERENCE, TESTED_AFTER_USE, UNCHECKED_POINTER, WRONG_ERROR_TEST } from '../catalog-lifetime';
import { assuredBefore } from './assured';
import { type Doing, doings, readsPlace, written } from './calls';
import { says } from './conditions';
import { isFailure } from './exits';
import { explore, lastTurn, type Trail } from './explore';
import { pointerIn } from './ownership';
import { askedIn, touched } from './reads';
import type { PathRule, RuleHit, Surroundings } from './types';

type Shape = 'ptr_null' | 'ptr_err';

interface Given {
  readonly text: string;
  readonly shape: Shape;
  readonly call: string;
  readonly made: Doing['call'];
  readonly at: Place;
}

/** What is known of a pointer on one way: a result nobody tested, NULL, or read through before. */
type Known =
  | { readonly kind: 'untested'; readonly given: Given }
  | { readonly kind: 'null'; readonly text: string; readonly at: Place }
  | { readonly kind: 'used'; readonly text: string; readonly at: Place; readonly node: number };

const textOf = (known: Known): string => (known.kind === 'untested' ? known.given.text : known.text);

/** Kinds whose failure a caller has to reckon with; a lookup may be known to succeed. */
const MUST_CHECK = /^(?:alloc|acquire|map|refcount|attach)$/;

/** An interrupt asked for by its vcpu is private, and every vcpu has all of those; only LPIs and what is out of range are missing. */
function alwaysThere({ name, call }: Doing): boolean {
  return name === 'vgic_get_irq' && call.args.length === 3 && print(call.args[1] ?? call) !== 'NULL';
}

/** How a call fails that gives a pointer: by what is known of it, or by the body of a helper. Null when it cannot be told. */
function shapeOf(doing: Doing, programs: Surroundings['programs']): Shape | null {
  if (!doing.direct) return null;
  const known = primitive(doing.name);
  if (known !== null) {
    if (alwaysThere(doing)) return null;
    if (known.returns !== 'ptr_null' && known.returns !== 'ptr_err') return null;
    if (known.acquires?.resource === 'dentry' || known.fails.length === 0) return null;
    return doing.call.args.some((arg) => /__GFP_NOFAIL/.test(print(arg))) ? null : known.returns;
  }
  const helper = programs.get(doing.name);
  return helper === undefined ? null : shapeOfHelper(helper);
}

function shapeOfHelper(helper: Program): Shape | null {
  if (helper.evidence === 'fragment' || !helper.returns.includes('*')) return null;
  let errors = 0;
  for (const node of helper.nodes) {
    if (node.kind !== 'return' || node.value === null) continue;
    const value = withoutCasts(node.value);
    if (value.kind === 'number') return null;
    if (isFailure(value)) errors++;
    else if (value.kind === 'call' || value.kind === 'conditional') return null;
    else if (value.kind === 'name' && nullable(helper, value.name)) return null;
  }
  return errors > 0 ? 'ptr_err' : null;
}

/** May a helper's variable be NULL when it is returned? Set to it, or from a call that gives it. */
function nullable(helper: Program, name: string): boolean {
  return helper.nodes.some((node) => {
    const given =
      node.kind === 'declare' && node.variable.name === name
        ? node.init
        : node.kind === 'do' && node.expression.kind === 'assign' && print(node.expression.target) === name
          ? node.expression.value
          : null;
    const value = given === null ? null : withoutCasts(given);
    if (value === null) return false;
    if (value.kind === 'number' || value.kind === 'conditional') return true;
    return value.kind === 'call' && primitive(calleeOf(value) ?? '') === null;
  });
}

/** A plain test of a pointer against NULL: `!p`, `p`, `p == NULL`. */
function nullTest(condition: Expression, text: string): boolean {
  const said = says(condition, true, text);
  return said?.said === 'zero' || said?.said === 'nonzero';
}

/** Names of functions that may not come back. */
const NO_RETURN = /panic|fatal|abort|die|reset|halt|exit|bug|fail|reboot|assert|throw/i;

/** Names of functions that take back what another set up. */
const UNDOES =
  /(?:^|_)(?:detach|unbind|unset|remove|release|free|disable|unregister|block|put|destroy|exit|fini|teardown|cleanup)(?:_|$)/;

const SKIPPED = /^(?:current|THIS_MODULE|jiffies)$/;

/** Results read through untested, pointers read through though NULL or before their test, and tests that cannot see the failure. */
export const pointerRule: PathRule = (program, { programs }) => {
  const hits: RuleHit[] = [];
  const seen = new Set<string>();
  const cursors = new Set(
    program.nodes.flatMap((node) =>
      node.kind === 'each' ? node.args.flatMap((arg) => (arg.kind === 'name' ? [arg.name] : [])) : [],
    ),
  );
  const tests = new Map<
    string,
    { used: Extract<Known, { kind: 'used' }> | null; unused: boolean; node: ProgramNode }
  >();
  const left = new Map<string, Given>();
  const tested = new Set<string>();
  for (const node of program.nodes)
    if (node.kind === 'branch' && !node.loop) for (const text of askedIn(node)) tested.add(text);
  const complete = explore<readonly Known[]>(program, {
    initial: [],
    key: (state) => state.map((one) => `${one.kind}${textOf(one)}`).join(),
    unseen: () => [],
    step(state, node, decision, index, trail) {
      const asked = askedIn(node);
      const through = touched(node);
      const writes = written(node);
      let known = state;
      for (const one of known) {
        const text = textOf(one);
        if (!through.has(text) || asked.has(text)) continue;
        if (one.kind === 'untested') unchecked(one.given, node, trail);
        else if (one.kind === 'null') isNull(one, node, trail);
      }
      known = known.filter((one) => one.kind === 'used' || !through.has(textOf(one)) || asked.has(textOf(one)));
      if (node.kind === 'branch' && decision?.kind === 'branch') {
        for (const one of known) if (one.kind === 'untested' && asked.has(one.given.text)) wrongTest(one.given, node);
        if (!node.loop)
          for (const text of asked) {
            if (!nullTest(node.condition, text)) continue;
            const used = known.find((one) => one.kind === 'used' && one.text === text);
            const key = `${index}|${text}`;
            const entry = tests.get(key) ?? { used: null, unused: false, node };
            if (used?.kind === 'used') entry.used ??= used;
            else entry.unused = true;
            tests.set(key, entry);
          }
      }
      known = known.filter((one) => !asked.has(textOf(one)));
      if (node.kind === 'branch' && decision?.kind === 'branch')
        for (const text of asked) {
          const said = says(node.condition, decision.taken, text);
          if (said?.sure && said.said === 'zero' && /^[A-Za-z_]\w*$/.test(text))
            known = [...known, { kind: 'null', text, at: node.at }];
        }
      const reached = doings(node);
      if (writes.length > 0) known = known.filter((one) => !writes.some((place) => readsPlace(textOf(one), place)));
      if (reached.length > 0)
        known = known.filter((one) => {
          const text = textOf(one);
          // Who gets the address of a variable, or what leads to a field, may set it.
          return !reached.some((doing) =>
            doing.call.args.some((arg) => {
              const bare = withoutCasts(arg);
              if (bare.kind === 'unary' && bare.operator === '&') return readsPlace(text, print(bare.operand));
              return one.kind === 'used' && /\W/.test(text) && [...namesIn(arg)].some((name) => readsPlace(text, name));
            }),
          );
        });
      if (reached.some((doing) => NO_RETURN.test(doing.name))) known = known.filter((one) => one.kind !== 'null');
      for (const text of through) {
        if (!tested.has(text) || asked.has(text) || cursors.has(text) || SKIPPED.test(text)) continue;
        if (writes.some((place) => readsPlace(text, place))) continue;
        if (!known.some((one) => one.kind === 'used' && one.text === text))
          known = [...known, { kind: 'used', text, at: node.at, node: index }];
      }
      for (const doing of reached) {
        if (doing.into === null) continue;
        const text = print(doing.into);
        const shape = shapeOf(doing, programs);
        if (shape === null || (node.kind === 'branch' && asked.has(text))) continue;
        known = [
          ...known.filter((one) => textOf(one) !== text),
          { kind: 'untested', given: { text, shape, call: doing.name, made: doing.call, at: doing.call.at } },
        ];
      }
      return known;
    },
    exit(state, exit) {
      for (const one of state)
        if (
          one.kind === 'untested' &&
          neverTested(one.given) &&
          !(exit.value !== null && pointerIn(exit.value, one.given.text))
        )
          left.set(one.given.text, one.given);
    },
  });
  if (!complete) return [];
  for (const given of left.values()) stored(given);
  for (const { used, unused, node } of tests.values()) {
    if (used === null || unused || node.kind !== 'branch') continue;
    const text = used.text;
    hits.push({
      rule: TESTED_AFTER_USE,
      at: used.at,
      message: `${text} is read through here, before the test whether it is NULL`,
      key: text,
      why: [
        {
          text: 'every way to the test has read through it: the test comes too late, or is not needed',
          reference: null,
        },
      ],
      related: [{ at: node.at, message: `${text} is tested here` }],
    });
  }
  return hits;

  function unchecked(given: Given, node: ProgramNode, trail: Trail | null): void {
    const known = primitive(given.call);
    if (known !== null && !MUST_CHECK.test(known.kind) && known.returns !== 'ptr_err') return;
    // Who undoes what was set up finds again what was found then.
    if (known?.kind === 'refcount' && known.returns === 'ptr_null' && UNDOES.test(program.name)) return;
    const key = `unchecked|${given.text}|${given.at.line}`;
    if (seen.has(key) || assuredBefore(given.made, programs, program, trail)) return;
    seen.add(key);
    const failure = given.shape === 'ptr_err' ? 'an error pointer' : 'NULL';
    hits.push({
      rule: UNCHECKED_POINTER,
      at: node.at,
      message: `${given.text} is read through here, and ${given.call}() may have given ${failure}`,
      key: `${given.text}|${given.call}`,
      why: [{ text: 'no test of it lies on this way', reference: null }],
      related: [{ at: given.at, message: `${given.text} comes from ${given.call}() here` }, ...turned(trail)],
    });
  }

  /** Nothing in the function asks of it or of a place it is stored in, and no unknown call gets it, which might. */
  function neverTested(given: Given): boolean {
    if (
      program.evidence === 'fragment' ||
      !/^\w+$/.test(given.text) ||
      !MUST_CHECK.test(primitive(given.call)?.kind ?? '')
    )
      return false;
    const names = new Set([given.text]);
    for (const node of program.nodes)
      if (node.kind === 'do' && node.expression.kind === 'assign' && pointerIn(node.expression.value, given.text))
        names.add(print(withoutCasts(node.expression.target)));
    return !program.nodes.some(
      (node) =>
        [...askedIn(node)].some((text) => names.has(text)) ||
        doings(node).some(
          (doing) =>
            primitive(doing.name) === null &&
            doing.call.args.some((arg) => [...namesIn(arg)].some((name) => names.has(name))),
        ),
    );
  }

  function stored(given: Given): void {
    const stores = program.nodes.find(
      (node) =>
        node.kind === 'do' &&
        node.expression.kind === 'assign' &&
        node.expression.target.kind === 'field' &&
        pointerIn(node.expression.value, given.text),
    );
    if (stores === undefined || seen.has(`unchecked|${given.text}|${given.at.line}`)) return;
    hits.push({
      rule: UNCHECKED_POINTER,
      at: given.at,
      message: `${given.text} of ${given.call}() is stored and nothing tests whether the call failed`,
      key: `${given.text}|${given.call}`,
      why: [{ text: 'no test of it lies in the function', reference: null }],
      related: [{ at: stores.at, message: `${given.text} is stored here` }],
    });
  }

  function isNull(one: Extract<Known, { kind: 'null' }>, node: ProgramNode, trail: Trail | null): void {
    const key = `null|${one.text}|${node.at.line}`;
    if (seen.has(key)) return;
    seen.add(key);
    hits.push({
      rule: NULL_DEREFERENCE,
      at: node.at,
      message: `${one.text} is read through here although it is NULL on this way`,
      key: one.text,
      why: [{ text: 'it was found to be NULL, and the way goes on', reference: null }],
      related: [{ at: one.at, message: `${one.text} is found to be NULL here` }, ...turned(trail)],
    });
  }

  function wrongTest(given: Given, node: ProgramNode & { kind: 'branch' }): void {
    const said = says(node.condition, true, given.text)?.said;
    const sees =
      given.shape === 'ptr_err' ? said !== 'zero' && said !== 'nonzero' : said !== 'error' && said !== 'good';
    const key = `wrong|${given.text}|${given.at.line}`;
    if (
      said === undefined ||
      sees ||
      seen.has(key) ||
      rightlyTested(given) ||
      (said === 'good' && /OR_NULL/.test(print(node.condition)))
    )
      return;
    seen.add(key);
    hits.push({
      rule: WRONG_ERROR_TEST,
      at: node.at,
      message:
        given.shape === 'ptr_err'
          ? `${given.call}() fails with an error pointer, never with NULL: this test of ${given.text} does not see it`
          : `${given.call}() fails with NULL, never with an error pointer: this test of ${given.text} does not see it`,
      key: `${given.text}|${given.call}`,
      why: [{ text: 'a failed call is taken for a success', reference: null }],
      related: [{ at: given.at, message: `${given.text} comes from ${given.call}() here` }],
    });
  }

  /** Some other test in the function sees the failure. */
  function rightlyTested(given: Given): boolean {
    return program.nodes.some((node) => {
      if (node.kind !== 'branch') return false;
      const said = says(node.condition, true, given.text)?.said;
      const sees: readonly unknown[] =
        given.shape === 'ptr_err' ? ['error', 'good', 'absent'] : ['zero', 'nonzero', 'absent'];
      return sees.includes(said);
    });
  }

  function turned(trail: Trail | null): RuleHit['related'] {
    const turn = lastTurn(program, trail);
    return turn === null ? [] : [{ at: turn.at, message: 'the path turns here' }];
  }
};
