import type { Program, ProgramTable } from '../../code/types';
import { withoutCasts } from '../../code/walk';
import { type CallContext, functionContext, memberContext, registration, shapeContext } from '../../kernel/contexts';
import { primitive } from '../../kernel/primitives';
import type { Change } from '../../patch/types';
import type { Place } from '../../place';
import { SLEEPS_IN_ATOMIC } from '../catalog-lifetime';
import { sectionText, visitAtomicCalls } from './atomic';
import { doings } from './calls';
import { allocatesNoDmaDomain } from './domain-types';
import { asksContext, type SleepingCall, sleepingCalls, sleepsWithin, waitsWithin } from './sleeping';
import type { PatchHit, PatchRule } from './types';

/** Why a function runs in atomic context. */
interface Called extends CallContext {
  /** How the kernel comes to call it, when that is in sight: `foo_chip.irq_mask`, `request_irq()`. */
  readonly as: string | null;
  readonly at: Place | null;
}

/** The functions that tables and registering calls in sight hand to the kernel, with the context they are called in. */
function handedOver(set: ProgramTable): ReadonlyMap<string, Called> {
  const found = new Map<string, Called>();
  for (const table of set.tables.values()) {
    const structure = /\bstruct\s+(\w+)/.exec(table.type)?.[1];
    if (structure === undefined || table.init.kind !== 'initializer') continue;
    for (const { field, value } of table.init.items) {
      const context = field === null ? null : memberContext(structure, field);
      const bare = withoutCasts(value);
      if (context === null || bare.kind !== 'name') continue;
      found.set(bare.name, { ...context, as: `${table.name}.${field}`, at: table.at });
    }
  }
  for (const program of set.programs.values()) {
    if (program.source === 'design') continue;
    for (const node of program.nodes)
      for (const doing of doings(node)) {
        const handed = doing.direct ? registration(doing.name) : null;
        const arg = handed === null ? undefined : doing.call.args[handed.argument];
        if (handed === null || arg === undefined) continue;
        const bare = withoutCasts(arg);
        const name = bare.kind === 'unary' && bare.operator === '&' ? withoutCasts(bare.operand) : bare;
        if (name.kind === 'name') found.set(name.name, { ...handed, as: `${doing.name}()`, at: doing.call.at });
      }
  }
  return found;
}

/** The types of a function's parameters; of one whose head stands behind an `@@` alone, what is written there. */
export function typesOf(
  program: Program,
  change: Change,
): { readonly types: readonly string[]; readonly cut: boolean } {
  if (program.parameters.length > 0 || program.evidence !== 'fragment')
    return { types: program.parameters.map((one) => one.type), cut: false };
  for (const file of change.files)
    for (const { section } of file.path === program.file ? file.hunks : []) {
      const open = section.indexOf(`${program.name}(`);
      if (open < 0) continue;
      const parts = section.slice(open + program.name.length + 1).split(',');
      // The last may go on behind the end of the line.
      return {
        types: parts.slice(0, -1).map((part) => part.replace(/\b\w+\s*$/, '')),
        cut: true,
      };
    }
  return { types: [], cut: true };
}

function contextOf(
  program: Program,
  handed: ReadonlyMap<string, Called>,
  change: Change,
  set: ProgramTable,
): Called | null {
  const { types, cut } = typesOf(program, change);
  const known =
    handed.get(program.name) ??
    functionContext(program.name) ??
    shapeContext(program.name, types, program.returns, cut);
  if (known === null) return null;
  const called: Called = { as: null, at: null, ...known };
  const table = called.as?.split('.')[0] ?? null;
  return called.dmaDomains === true && allocatesNoDmaDomain(set, program.file, table) ? null : called;
}

/**
 * A function of the patch that the kernel calls where nothing may sleep, and that sleeps: itself, through helpers in sight, or
 * because a function of the series that is called so, or that holds a spinlock, calls it.
 */
export const atomicCallersRule: PatchRule = ({ change, after }) => {
  const { set } = after;
  const hits: PatchHit[] = [];
  const seen = new Set<string>();
  let handed: ReadonlyMap<string, Called> | null = null;
  const isNew = (at: Place): boolean => at.kind === 'message' && at.message === change.message && at.added;
  for (const touched of after.touched) {
    const { program } = touched;
    if (touched.removed || program === null) continue;
    const calls = sleepingCalls(program, set.programs);
    if (calls.length === 0) continue;
    handed ??= handedOver(set);
    const own = contextOf(program, handed, change, set);
    for (const call of calls) {
      if (own !== null) report(program, call, own, []);
      else if (isNew(call.at) || call.through.some((one) => isNew(one.at))) fromCallers(program, call, 0, []);
    }
  }
  return hits;

  /** Functions of the series that call `program`: do they run in atomic context, or hold a spinlock there? */
  function fromCallers(
    program: Program,
    call: SleepingCall,
    depth: number,
    chain: readonly { readonly name: string; readonly at: Place }[],
  ): void {
    for (const caller of set.programs.values()) {
      if (caller === program || caller.source === 'design' || chain.some((one) => one.name === caller.name)) continue;
      const at = callOf(caller, program.name);
      if (at === null || asksContext(caller)) continue;
      const context = contextOf(caller, handed ?? new Map(), change, set);
      const way = [...chain, { name: program.name, at }];
      if (context !== null) {
        report(caller, { ...call, through: [...way.toReversed(), ...call.through] }, context, []);
        continue;
      }
      // What is seen from the caller's side is said there.
      const said = sleepsWithin(program, set.programs, 0) ?? waitsWithin(program);
      if (said === null || !after.touched.some((one) => one.name === caller.name))
        underLock(caller, program.name, call, way);
      if (depth < 1) fromCallers(caller, call, depth + 1, way);
    }
  }

  function underLock(
    caller: Program,
    name: string,
    call: SleepingCall,
    way: readonly { readonly name: string; readonly at: Place }[],
  ): void {
    visitAtomicCalls(caller, set.programs, (section, doing) => {
      if (!doing.direct || doing.name !== name) return;
      report(
        caller,
        { ...call, through: [...way.toReversed(), ...call.through] },
        { context: sectionText(section.shown), source: 'Documentation/locking/spinlocks.rst', as: null, at: null },
        [{ at: section.at, message: 'atomic from here on' }],
        name,
      );
    });
  }

  function report(
    root: Program,
    call: SleepingCall,
    context: Called,
    also: readonly { readonly at: Place; readonly message: string }[],
    callee: string | null = null,
  ): void {
    const ways = [...call.through.map((one) => one.at), call.at];
    const at = ways.toReversed().find(isNew) ?? (context.at !== null && isNew(context.at) ? call.at : undefined);
    if (at === undefined || at.kind !== 'message') return;
    const key = `${at.line}|${call.name}`;
    if (seen.has(key)) return;
    seen.add(key);
    const first = call.through[0];
    const does =
      first === undefined
        ? `${call.name}() may sleep`
        : `${[...call.through.map((one) => `${one.name}()`)].join(' calls ')} calls ${call.name}(), which may sleep`;
    hits.push({
      rule: SLEEPS_IN_ATOMIC,
      at,
      message:
        callee === null
          ? `${does}, and ${root.name}() is called ${context.context}`
          : `${does}, and ${root.name}() calls ${callee}() ${context.context}`,
      why: [
        {
          text:
            context.as === null
              ? 'in atomic context nothing may wait for a lock, for memory or for another thread'
              : `${context.as} hands it to the kernel, which calls it ${context.context}`,
          reference: context.source,
        },
      ],
      related: [
        ...also,
        ...(context.at === null ? [] : [{ at: context.at, message: `${root.name}() is handed over here` }]),
        ...call.through
          .filter((one) => one.at !== at)
          .map((one) => ({ at: one.at, message: `${one.name}() is called here` })),
        ...(call.at === at ? [] : [{ at: call.at, message: `${call.name}() is called here` }]),
      ],
      file: root.file,
      function: first !== undefined && at === call.at ? (call.through.at(-1)?.name ?? root.name) : root.name,
    });
  }
};

function callOf(program: Program, name: string): Place | null {
  if (primitive(name) !== null) return null;
  for (const node of program.nodes)
    for (const doing of doings(node)) if (doing.direct && doing.name === name) return doing.call.at;
  return null;
}
