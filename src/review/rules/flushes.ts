/**
 * Hardware keeps copies of the entries it translates by: TLBs, caches of context, stream and device table entries, of interrupt
 * remapping entries, of the ITS's tables. An entry that is taken away works on until its copy is invalidated. In: functions and what a
 * patch makes of them. Out: memory and addresses given back before that, and invalidations that are gone.
 */
import { placeOf } from '../../code/file-image';
import type { Program, ProgramNode } from '../../code/types';
import { type CallExpression, calleeOf, callsOf, namesIn, print, withoutCasts } from '../../code/walk';
import { FLUSH_LOST, FREED_BEFORE_FLUSH, LEFT_BEFORE_DISABLED } from '../catalog-isolation';
import { reach, reachBehind } from './reach';
import type { PatchHit, PatchRule, PathRule, RuleHit } from './types';

/** What a name says is invalidated. */
const CACHED =
  /tlb|dte|ste(?:_|$)|_cd(?:_|$)|_irt(?:_|$)|iec|irte|context|pasid|lpi|translation|itt|atc|inv_?all|_invs?(?:_|$)|(?:^|_)domain|gather|device_table/;
const INVALIDATES = /(?:^|_)(?:flush|inv|inval|invalidate|invall|sync|tlbi)\w*(?:_|$)/;
const NO_CACHE =
  /(?:^|_)(?:compute|calc|get|encode|size|range_size|nr|num|count|can|has|is|needs?)_|dma_sync|sync_single|sync_sg|work|synchron|_irq_sync|timer|queue|workqueue|fence|icache|dcache/;

/** Does a function of this name make hardware forget what it holds a copy of? */
export function invalidates(name: string): boolean {
  return /iotlb_gather_add/.test(name) || (INVALIDATES.test(name) && CACHED.test(name) && !NO_CACHE.test(name));
}

/** Tells the ITS that a device or a vPE has no table any more; it drops what it cached of it. */
const takesFromHardware = (call: CallExpression): boolean =>
  /^its_send_(?:v)?map[dp]$/.test(calleeOf(call) ?? '') &&
  /^(?:0|false)$/.test(print(withoutCasts(call.args.at(-1) ?? call)));

const flushing = (node: ProgramNode): CallExpression | undefined =>
  callsOf(node).find((call) => invalidates(calleeOf(call) ?? '') || takesFromHardware(call));

/** Gives an address range or pages back that a device could reach. */
const GIVES_PAGES =
  /free_iova|unpin\w*page|^unpin_user|^put_page|^__free_pages?$|^free_pages?$|put_pages_list$|^put_pfn$|vfio_unpin|^iommu_free_page/;
const UNMAPS_FAST = /^(?:__)?iommu_unmap(?:_fast)?$|^unmap(?:_pages)?$/;

/** The variable that gathers what is to be invalidated. */
function gatherOf(call: CallExpression): string | null {
  const last = call.args.at(-1);
  const text = last === undefined ? '' : print(withoutCasts(last)).replace(/^&/, '');
  return /gather/.test(text) && call.args.length > 1 ? text : null;
}

const hit = (free: CallExpression, flush: CallExpression, what: string, reference: string): RuleHit => ({
  rule: FREED_BEFORE_FLUSH,
  at: free.at,
  message: `${calleeOf(free)}() gives back ${what} before ${calleeOf(flush)}()`,
  why: [
    {
      text: 'until the copy in hardware is invalidated the device still gets there, and the memory or address may be another owner’s by then',
      reference,
    },
  ],
  related: [{ at: flush.at, message: 'only here the hardware forgets it' }],
});

/** Pages and addresses go back between the unmapping and the sync of its gather. */
function pagesBeforeSync(program: Program): RuleHit[] {
  const hits: RuleHit[] = [];
  const seen = new Set<CallExpression>();
  const syncs = (one: ProgramNode): boolean => {
    const call = flushing(one);
    return call !== undefined && !UNMAPS_FAST.test(calleeOf(call) ?? '') && !GIVES_PAGES.test(calleeOf(call) ?? '');
  };
  // In a fragment the unmapping may stand above what is seen.
  const starts = program.nodes.flatMap((node, index) =>
    (program.evidence === 'fragment' && index === program.entry) ||
    callsOf(node).some((call) => UNMAPS_FAST.test(calleeOf(call) ?? '') && gatherOf(call) !== null)
      ? [index]
      : [],
  );
  for (const from of starts) {
    const open = reachBehind(program, from, syncs);
    for (const at of open) {
      const freeing = program.nodes[at];
      const free =
        freeing === undefined ? undefined : callsOf(freeing).find((call) => GIVES_PAGES.test(calleeOf(call) ?? ''));
      if (free === undefined || freeing === undefined || seen.has(free) || syncs(freeing)) continue;
      const behind = reachBehind(program, at);
      const sync = [...behind].flatMap((index) => {
        const one = program.nodes[index];
        const call = one === undefined ? undefined : flushing(one);
        return call !== undefined && gatherOf(call) !== null && index !== at ? [{ call, index }] : [];
      })[0];
      if (sync === undefined || reachBehind(program, sync.index).has(at)) continue;
      seen.add(free);
      hits.push(hit(free, sync.call, 'what was unmapped', 'struct iommu_iotlb_gather in include/linux/iommu.h'));
    }
  }
  return hits;
}

const FREES =
  /^(?:k|kv|v)free$|^kmem_cache_free$|^(?:__)?free_pages?$|iommu_free_pages?$|free_pgtable_page$|^dma_free_coherent$|^dma_pool_free$|free\w*_table$|^\w+_free_(?:device|dev|itt|table|pgtable|cd|ctx)\w*$/;
const TABLE =
  /table|(?:^|_|>|\.)itt\b|irte|(?:->|\.)(?:ste|cd|cdtab|dte|pgd|pgtbl?|root|ptr|context|vpt_page|l1_desc)\b|pgtable|pgtbl/;

/** A table that hardware walks goes back before hardware is told. */
function tableBeforeFlush(program: Program): RuleHit[] {
  return program.nodes.flatMap((node, from) =>
    callsOf(node).flatMap((free): RuleHit[] => {
      if (!FREES.test(calleeOf(free) ?? '')) return [];
      const behind = reachBehind(program, from, (one) => flushing(one) !== undefined);
      const index = [...behind].find((at) => {
        const one = program.nodes[at];
        return one !== undefined && flushing(one) !== undefined;
      });
      const flush = index === undefined ? undefined : flushing(program.nodes[index] as ProgramNode);
      if (index === undefined || flush === undefined || index === from) return [];
      if (reach(program, [index]).has(from)) return [];
      const text = free.args.map((arg) => print(withoutCasts(arg))).join(' ');
      const given = new Set(flush.args.flatMap((arg) => [...namesIn(arg)]));
      const owner =
        free.args.length === 1 &&
        free.args.some((arg) => {
          const inner = withoutCasts(arg);
          return inner.kind === 'name' && given.has(inner.name);
        });
      if (!owner && !TABLE.test(`${text} ${calleeOf(free)}`)) return [];
      return [
        hit(
          free,
          flush,
          `${print(free.args[0] ?? free)}`,
          'Documentation/arch/arm64, VT-d specification ch. 6: caching of translation structures',
        ),
      ];
    }),
  );
}

/** Freed while hardware may still use its copy. */
export const freedBeforeFlushRule: PathRule = (program) => [...pagesBeforeSync(program), ...tableBeforeFlush(program)];

/** A message that says the invalidation is not needed has been asked that question already. */
const NOT_NEEDED =
  /redundan|unnecessar|superfluous|needless|not (?:be )?need|no need|no longer|duplicat|already|double|useless|pointless|doesn't need|does not need|don't need|extra|implied|revert|remove|drop/i;

const lines = (change: Parameters<PatchRule>[0]['change'], kind: 'add' | 'delete') =>
  change.files.flatMap((file) => file.hunks.flatMap((hunk) => hunk.lines.filter((line) => line.kind === kind)));

const NAME_CALLED = /\b(\w+)\s*\(/g;

const HARMLESS =
  /^(?:WRITE_ONCE|READ_ONCE|WARN\w*|dev_\w+|pr_\w+|lockdep_\w+|if|for|while|switch|return|sizeof|memset|kfree|list_\w+|spin_\w+|mutex_\w+|raw_spin_\w+|cpu_to_le64|FIELD_PREP|clear_bit|set_bit|__clear_bit|bitmap_\w+|le64_to_cpu|likely|unlikely|trace_\w+)$/;

/** A function takes an entry away as before, and does not invalidate any more. */
export const flushLostRule: PatchRule = ({ change, message, after }) => {
  const added = lines(change, 'add').map((line) => line.text);
  if (added.some((text) => [...text.matchAll(NAME_CALLED)].some((one) => invalidates(one[1] ?? '')))) return [];
  if (NOT_NEEDED.test(`${message.subject}`)) return [];
  return after.touched.flatMap((one): PatchHit[] => {
    const was = one.removed ? null : one.before();
    if (was === null || one.program === null || !/^drivers\/(?:iommu|vfio|irqchip|xen)\/|\/vgic\//.test(one.file))
      return [];
    const now = one.program.nodes.flatMap(callsOf);
    if (now.some((call) => invalidates(calleeOf(call) ?? '') || takesFromHardware(call))) return [];
    const earlier = was.nodes.flatMap(callsOf);
    const known = new Set(earlier.map((call) => calleeOf(call)));
    // Something new may do it instead.
    if (now.some((call) => !known.has(calleeOf(call)) && !HARMLESS.test(calleeOf(call) ?? ''))) return [];
    const lost = earlier.find((call) => invalidates(calleeOf(call) ?? '') || takesFromHardware(call));
    const callee = lost === undefined ? null : calleeOf(lost);
    if (lost === undefined || callee === null) return [];
    const own = change.files.find((file) => file.path === one.file);
    const line = own?.hunks
      .flatMap((hunk) => hunk.lines)
      .find((each) => each.kind === 'delete' && each.text.includes(`${callee}(`));
    if (line === undefined) return [];
    return [
      {
        rule: FLUSH_LOST,
        at: placeOf(line, change.message),
        message: `${one.name}() does not call ${callee}() any more, and nothing the patch adds invalidates`,
        why: [
          {
            text: 'hardware works on by its copy of the entry: the door stays open for whoever has it',
            reference: 'invariant I2; VT-d specification 6.5, AMD IOMMU specification 2.4, IHI 0070 (SMMUv3) 4',
          },
        ],
        related: [],
        file: one.file,
        function: one.name,
      },
    ];
  });
};

const DISABLES = /(?:^|_)disable_(?:ats|pri|pasid|dev_iotlb|iotlb|caps|pci_caps)$|(?:ats|pri)_disable$/;

/** The first node that takes an entry off a list, itself or by a function it calls; -1 when none does. */
function leavesList(program: Program, programs: ReadonlyMap<string, Program>): number {
  return program.nodes.findIndex((node) =>
    callsOf(node).some((call) => {
      const name = calleeOf(call) ?? '';
      if (/^list_del(?:_rcu|_init)?$/.test(name)) return true;
      const callee = programs.get(name);
      return (
        callee?.nodes.some((inner) =>
          callsOf(inner).some((one) => /^list_del(?:_rcu|_init)?$/.test(calleeOf(one) ?? '')),
        ) ?? false
      );
    }),
  );
}

/** A device is taken off the list by which invalidations find it while it may still fill its own cache. */
export const leftBeforeDisabledRule: PathRule = (program, { before, programs }) => {
  const disables = (one: Program): number =>
    one.nodes.findIndex((node) => callsOf(node).some((call) => DISABLES.test(calleeOf(call) ?? '')));
  const disable = disables(program);
  if (disable < 0) return [];
  const was = before?.() ?? null;
  if (was === null) return [];
  const [left, earlier, disabledEarlier] = [leavesList(program, programs), leavesList(was, new Map()), disables(was)];
  if (left < 0 || earlier < 0 || disabledEarlier < 0 || disabledEarlier > earlier || left > disable) return [];
  if (!reachBehind(program, left).has(disable)) return [];
  const [node, late] = [program.nodes[left], program.nodes[disable]];
  if (node === undefined || late === undefined) return [];
  return [
    {
      rule: LEFT_BEFORE_DISABLED,
      at: node.at,
      message: `${program.name}() takes the device off the list before its caches are disabled; it was the other way round`,
      why: [
        {
          text: 'invalidations go to the devices of the list: what this one still holds, or fetches meanwhile, none of them reaches',
          reference: 'PCI Express Base Specification 10.3, ATS invalidation',
        },
      ],
      related: [{ at: late.at, message: 'disabled only here' }],
    },
  ];
};
