/**
 * The message of an interrupt that is shut down is all zero: `msi_domain_deactivate()` writes it. In: a function that gets a message. Out: hits of class
 * described where a test of the address fails before the zero message is let pass.
 */
import { successors } from '../../code/lower';
import type { Expression, Program, ProgramNode } from '../../code/types';
import { expressionsOf, namesIn, print, visit, withoutCasts } from '../../code/walk';
import { ZERO_MESSAGE } from '../catalog-contracts';
import { says } from './conditions';
import { isFailure } from './exits';
import { isAdded, reach } from './reach';
import { tidyExit } from './tidy-exits';
import type { PathRule, RuleHit } from './types';

type Branch = Extract<ProgramNode, { kind: 'branch' }>;

/** The parts of the expression that hang on the address of the message. */
function hangsOn(expression: Expression, message: string, derived: ReadonlySet<string>): boolean {
  let found = false;
  visit(expression, (inner) => {
    if (inner.kind === 'field' && /^address_(?:lo|hi)$/.test(inner.field) && print(inner.base) === message)
      found = true;
  });
  return found || [...namesIn(expression)].some((name) => derived.has(name));
}

const sets = (node: ProgramNode, name: string): boolean =>
  node.kind === 'do' &&
  node.expression.kind === 'assign' &&
  node.expression.operator === '=' &&
  print(node.expression.target) === name;

/** Variables made from the address, and from others so made. */
function derivedFrom(program: Program, message: string): ReadonlySet<string> {
  const derived = new Set<string>();
  // Where lines are out of sight, an address whose source is not shown is the message's: the function is given no other.
  if (program.nodes.some((node) => node.kind === 'unknown' && node.gap))
    for (const node of program.nodes)
      if (node.kind === 'declare' && node.init === null && /^(?:phys|dma)_addr_t$/.test(node.variable.type))
        if (!program.nodes.some((one) => sets(one, node.variable.name))) derived.add(node.variable.name);
  for (let grown = true; grown; ) {
    grown = false;
    const note = (name: string, value: Expression): void => {
      if (!derived.has(name) && hangsOn(value, message, derived)) {
        derived.add(name);
        grown = true;
      }
    };
    for (const node of program.nodes) {
      if (node.kind === 'declare' && node.init !== null) note(node.variable.name, node.init);
      for (const expression of expressionsOf(node))
        visit(expression, (inner) => {
          if (inner.kind === 'assign' && inner.target.kind === 'name') note(inner.target.name, inner.value);
        });
    }
  }
  return derived;
}

/** `!address && !msg->data`: the side on which the message is all zero; null where the branch asks something else. */
function zeroSide(branch: Branch, message: string, derived: ReadonlySet<string>): boolean | null {
  for (const taken of [true, false]) {
    const data = says(branch.condition, taken, `${message}->data`);
    if (data?.said !== 'zero' || !data.sure) continue;
    const addresses = [`${message}->address_lo`, `${message}->address_hi`, ...derived];
    if (
      addresses.some((one) => {
        const said = says(branch.condition, taken, one);
        return said?.said === 'zero' && said.sure;
      })
    )
      return taken;
  }
  return null;
}

/** The side of a branch that leads straight to a failure; null when none does. */
function failingSide(program: Program, branch: Branch): boolean | null {
  for (const taken of [true, false]) {
    const exit = tidyExit(program, taken ? branch.then : branch.otherwise);
    const end = exit === null ? undefined : program.nodes[exit.index];
    if (end?.kind === 'return' && end.value !== null && isFailure(withoutCasts(end.value))) return taken;
  }
  return null;
}

export const zeroMessageRule: PathRule = (program) => {
  const messages = program.parameters.filter((one) => /\bstruct msi_msg \*$/.test(one.type)).map((one) => one.name);
  const hits: RuleHit[] = [];
  for (const message of messages) {
    const derived = derivedFrom(program, message);
    for (const [index, zero] of program.nodes.entries()) {
      if (zero.kind !== 'branch' || zeroSide(zero, message, derived) === null) continue;
      for (const [at, check] of program.nodes.entries()) {
        if (check.kind !== 'branch' || at === index || check.loop || !(isAdded(check) || isAdded(zero))) continue;
        if (!hangsOn(check.condition, message, derived) || zeroSide(check, message, derived) !== null) continue;
        // A range that 0 lies in, or a test for 0 itself, says nothing against it.
        if (!/[<>]|!=|==/.test(print(check.condition))) continue;
        const side = failingSide(program, check);
        if (side === null) continue;
        const on = side ? check.otherwise : check.then;
        const first = reach(program, [program.entry], (_, one) => one === at).has(index);
        if (first || !reach(program, [on]).has(index) || successors(check).includes(at)) continue;
        hits.push({
          rule: ZERO_MESSAGE,
          at: check.at,
          message: `${program.name}() lets an all-zero message pass only behind ${print(check.condition)}, which fails for address 0`,
          key: print(check.condition),
          why: [
            {
              text: 'an interrupt that is shut down gets a message of zeroes; when it fails here, the old one stays programmed',
              reference: 'kernel/irq/msi.c: msi_domain_deactivate()',
            },
          ],
          related: [{ at: zero.at, message: 'the zero message is asked for here' }],
        });
      }
    }
  }
  return hits.slice(0, 1);
};
