/**
 * Vectors that are masked when their doorbells are moved. In: one function. Out: walks that leave a masked vector out of what they enter
 * in a new table: it stays set up, and writes to the same address once it is unmasked.
 */
import type { Expression, Program } from '../../code/types';
import { calleeOf, expressionsOf, print, printShort, visit, withoutCasts } from '../../code/walk';
import { MASKED_LEFT_OUT } from '../catalog-window';
import { doings, UNDOES } from './calls';
import { reach } from './reach';
import { localHit, operandsOf } from './scan';
import type { PathRule, RuleHit } from './types';

/** Calls that ask whether an interrupt is masked now. */
const ASKS_MASKED: ReadonlySet<string> = new Set([
  'irqd_irq_masked',
  'irqd_irq_disabled',
  'irq_is_masked',
  'irqs_disabled_desc',
  'msi_is_masked',
  'vfio_msi_masked',
  'vgic_is_masked',
]);
const MASKED_FIELD = /^(?:masked|is_masked|msi_masked|irq_masked|mask_state|maskbit)$/;
const MASK_BIT = /^(?:PCI_MSIX_ENTRY_CTRL_MASKBIT|IRQD_IRQ_(?:MASKED|DISABLED)|ITS_MASKED|VFIO_IRQ_INFO_MASKED)$/;

/** Enters something for a vector: a mapping, a table entry, a message. */
const ENTERS =
  /(?:^|_)(?:map|remap|install|preinstall|prepare|insert|populate|enter|replay|program|carry|transfer|move|copy|write_(?:entry|irte|ite|msi\w*))(?:_|$)/;
/** What tells that it is an address or an entry for MSIs. */
const OF_DOORBELL = /msi|doorbell|irte|(?:^|_)ir_|remap|iova|vector|(?:^|_)it[et](?:_|$)|its_|interrupt_file|imsic/i;

/** Does the expression hold for a masked interrupt (true), for one that is not (false); null when it asks something else. */
function saysMasked(expression: Expression): boolean | null {
  const inner = withoutCasts(expression);
  if (inner.kind === 'unary' && inner.operator === '!') {
    const said = saysMasked(inner.operand);
    return said === null ? null : !said;
  }
  if (inner.kind === 'call') {
    const callee = calleeOf(inner) ?? '';
    if (ASKS_MASKED.has(callee)) return true;
    return /^(?:un)?likely$/.test(callee) && inner.args[0] !== undefined ? saysMasked(inner.args[0]) : null;
  }
  if (inner.kind === 'field') return MASKED_FIELD.test(inner.field) ? true : null;
  if (inner.kind === 'binary' && inner.operator === '&')
    return MASK_BIT.test(print(withoutCasts(inner.right))) || MASK_BIT.test(print(withoutCasts(inner.left)))
      ? true
      : null;
  return null;
}

/** The heads of loops with what lies inside. */
function loopsOf(program: Program): { readonly head: number; readonly body: ReadonlySet<number> }[] {
  return program.nodes.flatMap((node, head) => {
    const start = node.kind === 'each' ? node.body : node.kind === 'branch' && node.loop ? node.then : null;
    if (start === null) return [];
    const out = node.kind === 'each' ? node.next : node.kind === 'branch' ? node.otherwise : -1;
    return [{ head, body: reach(program, [start], (_, at) => at === head || at === out) }];
  });
}

/** A walk over vectors that enters what is not masked, and passes the masked ones over. */
export const maskedLeftOutRule: PathRule = (program) => {
  const hits: RuleHit[] = [];
  const loops = loopsOf(program);
  for (const [index, node] of program.nodes.entries()) {
    if (node.kind !== 'branch' || node.loop) continue;
    const parts = operandsOf(node.condition, '||');
    const all = operandsOf(node.condition, '&&');
    const masked = parts.map(saysMasked).includes(true);
    const unmasked = all.map(saysMasked).includes(false);
    if (masked === unmasked) continue;
    const [left, onward] = masked ? [node.then, node.otherwise] : [node.otherwise, node.then];
    const loop = loops.filter((one) => one.body.has(index)).sort((a, b) => a.body.size - b.body.size)[0];
    if (loop === undefined) continue;
    const within = (start: number): ReadonlySet<number> =>
      reach(program, [start], (_, at) => at === loop.head || !loop.body.has(at));
    const entered = [...within(onward)].filter((at) => at !== loop.head && loop.body.has(at));
    const passed = within(left);
    const entering = entered.flatMap((at) => {
      const one = program.nodes[at];
      return one === undefined || passed.has(at) ? [] : doings(one);
    });
    const enters = entering.find(
      (doing) => ENTERS.test(doing.name) && !UNDOES.test(doing.name) && isOfDoorbell(doing.name, doing.call.args),
    );
    // A masked vector that is dealt with in another way is not left out.
    const dealt = [...passed].some(
      (at) => at !== loop.head && loop.body.has(at) && (program.nodes[at]?.kind === 'unknown' || acts(at, entered)),
    );
    if (enters === undefined || dealt) continue;
    hits.push({
      ...localHit(
        MASKED_LEFT_OUT,
        node.at,
        `${program.name}() does ${enters.name}() for vectors that are not masked now, and ${printShort(node.condition)} passes the others over`,
        'a masked vector is still set up: when it is unmasked it writes to an address that nobody has entered, and its interrupts are lost',
        'Documentation/core-api/genericirq.rst: masking stops delivery, not the set-up of an interrupt',
      ),
      related: [{ at: enters.call.at, message: 'what the masked ones need too' }],
    });
  }
  return hits;

  function isOfDoorbell(name: string, args: readonly Expression[]): boolean {
    return OF_DOORBELL.test([program.file, program.name, name, ...args.map(print)].join(' ').replace(/^.*\//, ''));
  }

  function acts(at: number, entered: readonly number[]): boolean {
    const node = program.nodes[at];
    if (node === undefined || entered.includes(at)) return false;
    let does = doings(node).length > 0 || node.kind === 'return';
    for (const expression of expressionsOf(node))
      visit(expression, (inner) => {
        if (inner.kind === 'assign') does = true;
      });
    return does;
  }
};
