/**
 * Command queues of IOMMUs. In: one function. Out: memory that hardware reads given back behind a command that is only queued. Until the
 * queue has been waited for, the hardware may still use what it read.
 */
import { calleeOf, callsOf } from '../../code/walk';
import { QUEUED_ONLY } from '../catalog-lifetime';
import { reachBehind } from './reach';
import type { PathRule, RuleHit } from './types';

interface Queue {
  /** Queues a command and comes back at once. */
  readonly queues: RegExp;
  /** Waits until the queue is done. */
  readonly waits: RegExp;
  readonly by: string;
  readonly source: string;
}

const QUEUES: readonly Queue[] = [
  {
    queues:
      /^(?:iommu_flush_(?:dte|irt|all_caches|tlb_all|int_tab\w*)|device_flush_(?:dte|iotlb)|__?domain_flush_pages|iommu_queue_command|amd_iommu_flush_(?:dte|irt))$/,
    waits: /completion_wait|_and_complete|queue_command_sync/,
    by: 'iommu_completion_wait()',
    source: 'AMD I/O Virtualization Technology specification, COMPLETION_WAIT',
  },
  {
    queues: /^(?:riscv_iommu_cmd_send|riscv_iommu_send)$/,
    waits: /cmd_sync|_sync$/,
    by: 'riscv_iommu_cmd_sync()',
    source: 'RISC-V IOMMU specification, IOFENCE.C',
  },
  {
    queues: /^(?:arm_smmu_cmdq_issue_cmd|arm_smmu_cmdq_batch_add)$/,
    waits: /_with_sync|_sync$|batch_submit/,
    by: 'a CMD_SYNC',
    source: 'Arm SMMUv3 specification, IHI 0070, CMD_SYNC',
  },
];

const FREES =
  /^(?:k|kv|v)free\w*$|^kmem_cache_free$|^free_pages?$|^__free_pages?$|^dma_free_\w+$|^dma_pool_free$|^iommu_free_pages?\w*$/;

/** A table goes back to the allocator on a way that queued its invalidation and never waited for it. */
export const queuedFlushRule: PathRule = (program) => {
  const hits: RuleHit[] = [];
  for (const [index, node] of program.nodes.entries())
    for (const call of callsOf(node)) {
      const queue = QUEUES.find((one) => one.queues.test(calleeOf(call) ?? ''));
      if (queue === undefined) continue;
      const open = reachBehind(program, index, (one) =>
        callsOf(one).some((other) => queue.waits.test(calleeOf(other) ?? '')),
      );
      for (const at of open) {
        const later = program.nodes[at];
        if (later === undefined || callsOf(later).some((other) => queue.waits.test(calleeOf(other) ?? ''))) continue;
        const free = callsOf(later).find((other) => FREES.test(calleeOf(other) ?? ''));
        if (free === undefined || hits.some((hit) => hit.related[0]?.at === call.at)) continue;
        hits.push({
          rule: QUEUED_ONLY,
          at: free.at,
          message: `${calleeOf(free)}() gives memory back that ${calleeOf(call)}() only queued the invalidation of`,
          why: [
            {
              text: `the hardware may still read it until the queue is done, which ${queue.by} waits for`,
              reference: queue.source,
            },
          ],
          related: [{ at: call.at, message: 'queued here' }],
        });
      }
    }
  return hits;
};
