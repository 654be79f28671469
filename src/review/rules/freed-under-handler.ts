/**
 * What an interrupt handler uses, freed before the interrupt is stopped. In: a patch. The handler of the patch reads a member untested;
 * a teardown of the patch frees that member, and stops interrupts only behind it.
 */
import type { Program } from '../../code/types';
import { print } from '../../code/walk';
import type { Place } from '../../place';
import { FREED_UNDER_HANDLER } from '../catalog-handovers';
import { doings, named } from './calls';
import { reachBehind } from './reach';
import { scan } from './scan';
import type { PatchHit, PatchRule } from './types';

const FREES =
  /^(?:kfree(?:_sensitive)?|kvfree|vfree|free_percpu|free_page|bitmap_free|destroy_workqueue|eventfd_ctx_put|kmem_cache_destroy|mempool_destroy|kfifo_free|iounmap)$/;
/** From then on the handler does not run, or what makes it run is switched off. */
const STOPS =
  /^(?:devm_)?free_irq$|^(?:disable_irq|synchronize_irq|synchronize_hardirq|free_percpu_irq|pci_free_irq|pci_free_irq_vectors|pci_disable_msix?|pci_clear_master|platform_device_msi_free_irqs_all|msi_domain_free_irqs_all)$|(?:^|_)(?:irq|irqs|intx|msi|msix|interrupts?)_(?:disable|teardown|free|release|shutdown|stop|exit)$|(?:^|_)(?:disable|free|teardown|release|stop)_(?:irq|irqs|intx|msi|msix|interrupts?)$|_set_irqs_ioctl$/;

/** The members that a handler follows, without asking whether they are there. */
function followed(handler: Program): ReadonlyMap<string, Place> {
  const found = new Map<string, Place>();
  const asked = new Set<string>();
  for (const node of handler.nodes)
    if (node.kind === 'branch') for (const [word] of print(node.condition).matchAll(/\b\w+\b/g)) asked.add(word);
  for (const { expression, at } of scan(handler)) {
    const inner =
      expression.kind === 'unary' && expression.operator === '*'
        ? expression.operand
        : expression.kind === 'index' || expression.kind === 'field'
          ? expression.base
          : null;
    if (inner?.kind === 'field' && (expression.kind !== 'field' || expression.arrow) && !asked.has(inner.field))
      found.set(inner.field, at);
    if (expression.kind === 'call')
      for (const arg of expression.args)
        if (
          arg.kind === 'field' &&
          /^(?:queue_(?:delayed_)?work|this_cpu_\w+|eventfd_signal\w*|iowrite\w*|writel\w*)$/.test(
            print(expression.target),
          ) &&
          !asked.has(arg.field)
        )
          found.set(arg.field, at);
  }
  return found;
}

/** A teardown frees what the handler of the patch follows, and stops the interrupt behind it only. */
export const freedUnderHandlerRule: PatchRule = ({ change, after }) => {
  const hits: PatchHit[] = [];
  const used = new Map<string, { readonly at: Place; readonly handler: string }>();
  const isNew = (at: Place): boolean => at.kind === 'message' && at.message === change.message && at.added;
  for (const { name, program, removed } of after.touched) {
    if (
      removed ||
      program === null ||
      !/\birqreturn_t\b/.test(
        returnsOf(
          program,
          change.files.flatMap((file) => file.hunks.map((hunk) => hunk.section)),
        ),
      )
    )
      continue;
    for (const [field, at] of followed(program)) used.set(field, { at, handler: name });
  }
  if (used.size === 0) return hits;
  for (const { name, file, program, removed } of after.touched) {
    if (removed || program === null) continue;
    for (const [index, node] of program.nodes.entries())
      for (const doing of doings(node)) {
        const text = named(doing.call.args[0]);
        const field = /(?:->|\.)(\w+)$/.exec(text)?.[1];
        const use = field === undefined ? undefined : used.get(field);
        if (use === undefined || !doing.direct || !FREES.test(doing.name)) continue;
        // One of the two lines is the patch's.
        if (!isNew(doing.call.at) && !isNew(use.at)) continue;
        const stopped = program.nodes.some((each, at) => stopOf(each) !== null && reachBehind(program, at).has(index));
        const behind = [...reachBehind(program, index, (each) => each.kind === 'unknown' && each.gap === true)];
        const stop = behind
          .map((at) => program.nodes[at])
          .flatMap((each) => (each === undefined ? [] : [stopOf(each)]))
          .find((one) => one !== null);
        if (stopped || stop == null) continue;
        hits.push({
          rule: FREED_UNDER_HANDLER,
          at: doing.call.at,
          message: `${text} is freed here, and ${use.handler}() may run until ${stop.name}() and follows it`,
          key: `${name}|${text}`,
          why: [
            {
              text: 'an interrupt that comes in between finds freed memory; teardown goes the way of setup backwards',
              reference: null,
            },
          ],
          related: [
            { at: use.at, message: `${use.handler}() follows it here` },
            { at: stop.at, message: 'interrupts end only here' },
          ],
          file,
          function: name,
        });
      }
  }
  return hits;
};

function stopOf(node: Program['nodes'][number]): { readonly name: string; readonly at: Place } | null {
  const found = doings(node).find((doing) => STOPS.test(doing.name));
  return found === undefined ? null : { name: found.name, at: found.call.at };
}

/** The type a function returns; of one whose head stands behind an `@@` alone, what is written before its name there. */
function returnsOf(program: Program, sections: readonly string[]): string {
  if (program.returns !== '' && program.evidence !== 'fragment') return program.returns;
  const section = sections.find((one) => one.includes(`${program.name}(`));
  return section === undefined ? program.returns : section.slice(0, section.indexOf(`${program.name}(`));
}
