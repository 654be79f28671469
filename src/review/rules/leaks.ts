import type { Expression, Program, ProgramNode } from '../../code/types';
import { namesIn, print, visit } from '../../code/walk';
import { type Primitive, primitive } from '../../kernel/primitives';
import { LEAK_ON_EXIT } from '../catalog-lifetime';
import { type Doing, doings, written } from './calls';
import { says, saysFailed } from './conditions';
import { exitText, type Verdict, verdictAt } from './exits';
import { explore, lastTurn, type Trail } from './explore';
import { nodesInLoops, variablesOf } from './flow';
import { COUNTS, isOwn, mayPair, ownPairs } from './own-pairs';
import { acquisitions, bearing, letsOut, overwrites, rootOf, type Taken } from './ownership';
import type { PathRule, RuleHit, Surroundings } from './types';

/** A call that got the object; on success it may have kept it. */
interface Loan {
  readonly name: string;
  /** What holds its result, or the text of the call itself when a condition asks it; null when nobody asks. */
  readonly result: string | null;
  /** How its result would tell a failure. */
  readonly returns: Primitive['returns'];
}

interface Item {
  readonly taken: Taken;
  readonly state: 'held' | 'released';
  /** The call that may have it now, until its result is known. */
  readonly loan: Loan | null;
  /** Calls that had it and did not say that they failed. */
  readonly had: readonly Loan[];
}

type State = readonly Item[];

/** How something leaves the function at one exit. */
interface Leaving {
  readonly item: Item;
  readonly exit: Extract<ProgramNode, { kind: 'return' }>;
  readonly index: number;
  readonly verdict: Verdict | null;
  readonly trail: Trail | null;
}

/** For each exit the sets of keys held there, by the ways that reach it. */
type Ways = Map<number, Map<string, ReadonlySet<string>>>;

/** Functions seen to leave a pointer with its caller: on any way, and on a way that ends well. */
interface Borrowers {
  readonly any: Set<string>;
  readonly sure: Set<string>;
}

function keyOf(state: State): string {
  return state
    .map(
      ({ taken, state: now, loan, had }) =>
        `${taken.key}${taken.result === null ? '' : '?'}${now === 'held' ? '+' : '-'}${loan === null ? '' : `${loan.name}?${loan.result}`}${had.map((one) => one.name).join()}`,
    )
    .join(';');
}

/** All exits with what is held there. `learning`: every call leaves what it gets with its caller, and goes into `borrowers` when that turns out so. */
function leavings(
  program: Program,
  programs: Surroundings['programs'],
  pairs: ReadonlyMap<string, Primitive>,
  borrowers: Borrowers,
  learning = false,
): { readonly all: Leaving[]; readonly ways: Ways; readonly complete: boolean } {
  const locals = variablesOf(program);
  const loops = nodesInLoops(program);
  const types = new Map(
    program.nodes.flatMap((node) =>
      node.kind === 'declare' ? [[node.variable.name, node.variable.type] as const] : [],
    ),
  );
  const shapeOf = (doing: Doing): Primitive['returns'] => {
    const known = doing.direct ? primitive(doing.name) : null;
    if (known !== null) return known.returns;
    const type = doing.into?.kind === 'name' ? types.get(doing.into.name) : undefined;
    return type?.includes('*') ? 'ptr_null' : type === 'bool' ? 'bool' : 'err';
  };
  const all: Leaving[] = [];
  const ways: Ways = new Map();
  const seen = new Set<string>();
  const complete = explore<State>(program, {
    initial: [],
    key: keyOf,
    unseen: () => [],
    step(state, node, decision, index) {
      const calls = doings(node);
      const writes = written(node);
      let items = state.flatMap((item): Item[] => {
        let { taken, state: now, loan, had } = item;
        if (decision?.kind === 'branch' && node.kind === 'branch' && now === 'held') {
          if (taken.result !== null) {
            const said = says(node.condition, decision.taken, taken.result);
            if (said !== null && saysFailed(said, taken.primitive.returns)) return [];
            if (emptyFile(node.condition, decision.taken, taken)) return [];
          }
          const told = (one: Loan): boolean => {
            const said = one.result === null ? null : says(node.condition, decision.taken, one.result);
            return said?.sure === true && saysFailed(said, one.returns);
          };
          if (
            (asksOf(node.condition, taken) || (isOwn(taken.primitive) && mentionsOf(node.condition, taken))) &&
            releasedBeside(node, decision.taken, taken)
          )
            return [];
          had = had.filter((one) => !told(one));
          if (loan !== null && loan.result !== null) {
            if (told(loan)) loan = null;
            else if (says(node.condition, decision.taken, loan.result) !== null) return [];
          }
        }
        if (loan?.result != null && writes.includes(loan.result)) return [];
        // The variable tells of something else from here on.
        if (taken.kind === 'argument' && taken.result !== null && writes.includes(taken.result))
          taken = { ...taken, result: null };
        had = had.map((one) => (one.result !== null && writes.includes(one.result) ? { ...one, result: null } : one));
        for (const doing of calls) {
          const how = bearing(doing, taken, programs);
          if (how === 'released') {
            if (learning) for (const one of had) borrowers.any.add(one.name);
            now = 'released';
          } else if (how === 'dropped') return [];
          else if (how === 'lent' && now === 'held') {
            const result = doing.into !== null ? print(doing.into) : node.kind === 'branch' ? print(doing.call) : null;
            const one: Loan = { name: doing.name, result, returns: shapeOf(doing) };
            if (learning || borrowers.any.has(doing.name)) had = [...had, one].slice(-6);
            else if (result === null || node.kind === 'return') return [];
            else {
              loan = one;
              had = [...had, one].slice(-6);
              if (node.kind === 'branch' && decision?.kind === 'branch') {
                const said = says(node.condition, decision.taken, result);
                if (said?.sure === true && saysFailed(said, one.returns)) loan = null;
                else return [];
              }
            }
          }
        }
        if (taken.kind === 'local' && now === 'held' && (letsOut(node, taken.text) || returnsOf(node, taken)))
          return [];
        if (overwrites(writes, taken)) return [];
        return [{ taken, state: now, loan, had }];
      });
      for (const taken of acquisitions(node, locals, pairs)) {
        items = items.filter((item) => item.taken.key !== taken.key);
        if (taken.kind !== 'local' && loops.has(index)) continue;
        if (decision?.kind === 'branch' && node.kind === 'branch') {
          const said = says(node.condition, decision.taken, taken.result ?? callText(node, taken));
          if (said !== null && saysFailed(said, taken.primitive.returns)) continue;
        }
        // What a return hands on is the caller's.
        if (node.kind !== 'return') items = [...items, { taken, state: 'held', loan: null, had: [] }];
      }
      return items;
    },
    exit(state, exit, index, trail) {
      const verdict = verdictAt(program, exit, trail);
      const held = state.flatMap((item) => (item.state === 'held' ? [item.taken.key] : []));
      const met = ways.get(index) ?? new Map<string, ReadonlySet<string>>();
      ways.set(index, met.set(held.join(), new Set(held)));
      for (const item of state) {
        if (learning && item.state === 'released' && verdict !== 'fails' && verdict !== null)
          for (const one of item.had) borrowers.sure.add(one.name);
        const key = `${index}|${verdict}|${item.taken.key}|${item.state}|${item.loan?.name}|${item.had.length > 0}|${lastTurn(program, trail)?.at.line}`;
        if (seen.has(key)) continue;
        seen.add(key);
        all.push({ item, exit, index, verdict, trail });
      }
    },
  });
  return { all, ways, complete };

  /** Is the thing given back at once on the other side of the branch? Then its own state decides whether it must be. */
  function releasedBeside(node: Extract<ProgramNode, { kind: 'branch' }>, took: boolean, taken: Taken): boolean {
    let at = took ? node.otherwise : node.then;
    for (let steps = 0; steps < 4; steps++) {
      const next = program.nodes[at];
      if (next?.kind !== 'do') return false;
      if (doings(next).some((doing) => bearing(doing, taken, programs) === 'released')) return true;
      at = next.next;
    }
    return false;
  }

  function callText(node: ProgramNode, taken: Taken): string {
    const doing = doings(node).find((one) => one.call.at === taken.at);
    return doing === undefined ? '' : print(doing.call);
  }
}

function borrowersOf(
  programs: readonly Program[],
  all: Surroundings['programs'],
  pairs: ReadonlyMap<string, Primitive>,
): Borrowers {
  const borrowers: Borrowers = { any: new Set(), sure: new Set() };
  for (const program of programs) leavings(program, all, pairs, borrowers, true);
  return borrowers;
}

/** Does a condition ask, by a call or by counting, how the thing itself stands: `list_empty(&p->users)`, `--p->count`? */
function asksOf(condition: Expression, taken: Taken): boolean {
  let asks = false;
  visit(condition, (inner) => {
    if (inner.kind === 'call' || inner.kind === 'update') asks ||= namesIn(inner).has(taken.text);
  });
  return asks && says(condition, true, taken.text) === null;
}

/** Does a condition read the thing itself: `new.bitmap && !old.bitmap`? A test of the step's result is none. */
function mentionsOf(condition: Expression, taken: Taken): boolean {
  return namesIn(condition).has(rootOf(taken.text)) && says(condition, true, taken.result ?? taken.text) === null;
}

/** `return filp->private_data;`: what a counted object leads to is good as long as the count is held, which goes to the caller with it. */
function returnsOf(node: ProgramNode, { primitive: { acquires }, text }: Taken): boolean {
  if (node.kind !== 'return' || acquires?.resource !== 'file_ref') return false;
  return node.value?.kind === 'field' && print(node.value.base) === text;
}

/** Does the condition say that a descriptor has no file: `!f.file`, `!fd_file(f)`, `fd_empty(f)`? Then there is nothing to put. */
function emptyFile(condition: Expression, side: boolean, { primitive: { acquires }, result }: Taken): boolean {
  if (acquires?.resource !== 'file_ref') return false;
  const none = [`${result}.file`, `fd_file(${result})`].some((text) => says(condition, side, text)?.said === 'zero');
  return none || says(condition, side, `fd_empty(${result})`)?.said === 'nonzero';
}

/** Does the function give the thing back anywhere? */
function givesBack(program: Program, taken: Taken, programs: Surroundings['programs']): boolean {
  return program.nodes.some((node) => doings(node).some((doing) => bearing(doing, taken, programs) === 'released'));
}

const OFF_ON_FAILURE =
  /^(?:clk_\w+|regulator_on|irq|module_ref|iommu_mapping|pci_regions|sysfs_entry|irq_vector|mmu_notifier)$/;

const NO_PAIRS: ReadonlyMap<string, Primitive> = new Map();

/** An exit at which something this function acquired is held and lost. */
export const leakRule: PathRule = (program, surroundings) => {
  const { programs } = surroundings;
  const locals = variablesOf(program);
  if (!program.nodes.some((node) => acquisitions(node, locals, NO_PAIRS).length > 0 || mayPair(node))) return [];
  const earlier = surroundings.before?.() ?? null;
  const images = earlier === null ? [program] : [program, earlier];
  const pairs = ownPairs(images, programs);
  if (!program.nodes.some((node) => acquisitions(node, locals, pairs).length > 0)) return [];
  const borrowers = borrowersOf(images, programs, pairs);
  const { all, ways, complete } = leavings(program, programs, pairs, borrowers);
  if (!complete) return [];
  const hits: RuleHit[] = [];
  const said = new Set<string>();
  let past: readonly Leaving[] | null = null;
  for (const leaving of all) {
    const { taken } = leaving.item;
    if (leaving.item.state !== 'held' || leaving.item.loan !== null) continue;
    if (!lost(leaving)) continue;
    // Exits that some way leaves rightly: there the turn towards them is to blame, not the exit.
    const shared = [...(ways.get(leaving.index)?.values() ?? [])].some((held) => !held.has(taken.key));
    const turn = lastTurn(program, leaving.trail);
    const blamed = shared && leaving.verdict === 'fails' ? (turn ?? leaving.exit) : leaving.exit;
    const key = `${taken.key}|${program.nodes.indexOf(blamed)}`;
    if (said.has(key)) continue;
    said.add(key);
    const how = leaving.verdict === 'fails' ? 'fails' : 'returns';
    hits.push({
      rule: LEAK_ON_EXIT,
      at: blamed.at,
      message:
        taken.kind === 'argument'
          ? `${program.name}() ${how} here without ${taken.release}(): what ${taken.call}() did to ${taken.text} is not undone`
          : `${program.name}() ${how} here without ${taken.release}(): ${taken.text} of ${taken.call}() is lost`,
      key: `${taken.key}|${taken.call}`,
      cause: taken.at,
      why: [
        {
          text:
            taken.kind === 'local'
              ? `nothing else holds ${taken.text}: it was neither stored nor passed on before this exit`
              : `other ways out of ${program.name}() give it back`,
          reference: null,
        },
      ],
      related: [
        { at: taken.at, message: `${taken.text} is acquired here` },
        ...(turn === null || turn === blamed ? [] : [{ at: turn.at, message: 'the path turns here' }]),
        ...(blamed === leaving.exit
          ? []
          : [{ at: leaving.exit.at, message: `and leaves by ${exitText(leaving.exit)}` }]),
      ],
    });
  }
  return hits;

  /** Whoever switches it on and then fails has to switch it off, whatever the rest of the function shows. */
  function certain(taken: Taken): boolean {
    const resource = taken.primitive.acquires?.resource ?? '';
    return resource === COUNTS || (program.evidence !== 'fragment' && OFF_ON_FAILURE.test(resource));
  }

  function lost(leaving: Leaving): boolean {
    const { taken, had } = leaving.item;
    const fails = leaving.verdict === 'fails';
    // Nobody knows what success keeps of it.
    if (!fails && isOwn(taken.primitive)) return false;
    const backHere = all.some((one) => one.item.taken.key === taken.key && one.item.state === 'released');
    const backBefore = earlier !== null && givesBack(earlier, taken, programs);
    if (taken.kind === 'local') {
      const declared = program.nodes.some((node) => node.kind === 'declare' && node.variable.name === taken.text);
      if (!declared && !givesBack(program, taken, programs) && !backBefore) return false;
      if (fails) return true;
      if (had.length === 0) return declared && taken.primitive.kind !== 'query';
      return had.every((one) => borrowers.sure.has(one.name));
    }
    if (fails && taken.kind === 'argument' && certain(taken)) return true;
    if (!backHere && !backBefore && !(program.evidence === 'fragment' && givesBack(program, taken, programs)))
      return false;
    if (fails) return true;
    if (earlier === null) return false;
    // Before the patch it was given back on every way that ended well: it was taken for the time of the call.
    past ??= leavings(earlier, programs, pairs, borrowers).all;
    const own = past.filter((one) => one.item.taken.key === taken.key);
    const ended = own.filter((one) => one.verdict === leaving.verdict);
    if (ended.length === 0 || !ended.every((one) => one.item.state === 'released')) return false;
    // A result that may tell of either: then success kept it, and this way did not.
    return leaving.verdict !== null || own.some((one) => one.verdict === 'succeeds' && one.item.state === 'held');
  }
};
