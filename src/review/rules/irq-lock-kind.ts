/**
 * Locks that an interrupt handler takes, taken elsewhere with interrupts enabled: the interrupt comes on the same processor and spins for ever. In: one function
 * before and after a patch, and the functions of its file in sight. Out: hits of class context.
 */
import type { Expression, Program } from '../../code/types';
import { print, withoutCasts } from '../../code/walk';
import type { Place } from '../../place';
import { IRQ_LOCK_KIND } from '../catalog-context';
import { doings } from './calls';
import { structureOf, writtenType } from './integer-types';
import { mentions } from './mentions';
import { isAdded } from './reach';
import type { PathRule, RuleHit, Surroundings } from './types';

type Kind = 'plain' | 'off';

interface Taken {
  /** As printed, without `&`. */
  readonly lock: string;
  /** The member's name; null for a lock that is none. */
  readonly member: string | null;
  /** The structure the member is of, where it can be told. */
  readonly structure: string | null;
  readonly kind: Kind;
  readonly call: string;
  readonly at: Place;
  readonly node: number;
}

const TAKES = /^(?:raw_)?(?:spin|read|write)_lock(_irqsave|_irq|_bh|_nested)?(?:_nested)?$/;

/** The spinlocks a function takes. */
function takenIn(program: Program, around: Surroundings): Taken[] {
  return program.nodes.flatMap((node, index) =>
    doings(node).flatMap(({ call, name, direct }): Taken[] => {
      const match = direct ? TAKES.exec(name) : null;
      const arg = call.args[0];
      if (match === null || arg === undefined) return [];
      let lock: Expression = withoutCasts(arg);
      if (lock.kind === 'unary' && lock.operator === '&') lock = withoutCasts(lock.operand);
      const base = lock.kind === 'field' ? writtenType(lock.base, program, around) : null;
      return [
        {
          lock: print(lock),
          member: lock.kind === 'field' ? lock.field : null,
          structure: base === null ? null : structureOf(base),
          kind: /_irq/.test(match[1] ?? '') ? 'off' : 'plain',
          call: name,
          at: node.at,
          node: index,
        },
      ];
    }),
  );
}

/** Surely the same lock, or the same member of the same structure. */
const same = (a: Taken, b: Taken): boolean =>
  a.member === null || b.member === null
    ? a.lock === b.lock && a.member === b.member && /^\w+$/.test(a.lock)
    : a.member === b.member && a.structure !== null && a.structure === b.structure;

const calls = (program: Program, name: string): boolean =>
  program.nodes.some((node) => doings(node).some((one) => one.direct && one.name === name));

/** Does anything in sight make the function the part of an interrupt that runs in a thread? */
const threaded = (handler: Program, programs: ReadonlyMap<string, Program>): boolean =>
  /thread/.test(handler.name) ||
  [...programs.values()].some((program) =>
    program.nodes.some((node) =>
      doings(node).some(
        ({ call, name }) =>
          /request_threaded_irq$/.test(name) &&
          mentions(call.args[name.startsWith('devm_') ? 3 : 2] ?? call.target, handler.name),
      ),
    ),
  );

export const irqLockKindRule: PathRule = (program, around) => {
  const { programs, before } = around;
  if (program.returns === 'irqreturn_t') return [];
  const own = takenIn(program, around);
  // Interrupts may be off already.
  if (!own.some((one) => one.kind === 'plain' && isAdded(program.nodes[one.node]))) return [];
  if (own.some((one) => one.kind === 'off')) return [];
  if (
    program.nodes.some((node) =>
      doings(node).some(({ name }) => /^local_irq_|irqs_disabled|lockdep_assert_irqs/.test(name)),
    )
  )
    return [];
  const others = [...programs.values()].filter((one) => one.file === program.file && one.name !== program.name);
  const handlers = others.filter((one) => one.returns === 'irqreturn_t' && !threaded(one, programs));
  if (handlers.length === 0) return [];
  const earlier = before?.() ?? null;
  const was = earlier === null ? [] : takenIn(earlier, around);
  const hits: RuleHit[] = [];
  for (const taken of own) {
    if (taken.kind !== 'plain' || !isAdded(program.nodes[taken.node])) continue;
    const handler = handlers
      .map((one) => ({ one, use: takenIn(one, around).find((use) => same(use, taken)) }))
      .find(({ one, use }) => use !== undefined && !calls(one, program.name));
    if (handler?.use === undefined) continue;
    const off = was.find((one) => one.kind === 'off' && one.lock === taken.lock);
    const convention = others
      .filter((one) => one.returns !== 'irqreturn_t')
      .flatMap((one) => takenIn(one, around).filter((use) => use.kind === 'off' && same(use, taken)))[0];
    const known = off === undefined ? convention : undefined;
    if (off === undefined && (known === undefined || earlier !== null)) continue;
    // Somebody calls it with interrupts disabled, or from the handler.
    if (
      others.some(
        (one) =>
          calls(one, program.name) &&
          (one.returns === 'irqreturn_t' || takenIn(one, around).some((use) => use.kind === 'off')),
      )
    )
      continue;
    hits.push({
      rule: IRQ_LOCK_KIND,
      at: taken.at,
      message: `${program.name}() takes ${taken.lock} by ${taken.call}() with interrupts as they are, and ${handler.one.name}() takes it in an interrupt${off === undefined ? '' : `; it was ${off.call}() before`}`,
      key: taken.lock,
      why: [
        {
          text: 'the interrupt that comes on this processor while the lock is held spins for it and never lets the holder go on',
          reference: 'Documentation/locking/spinlocks.rst, Lesson 3; Documentation/kernel-hacking/locking.rst',
        },
      ],
      related: [
        { at: handler.use.at, message: 'taken in the interrupt here' },
        ...(known === undefined ? [] : [{ at: known.at, message: `taken by ${known.call}() here` }]),
      ],
    });
  }
  return hits;
};
