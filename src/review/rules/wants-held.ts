/**
 * Helpers of the kernel that assert a lock of what they are given, called by a function that takes this lock only behind the call. In:
 * one function. Out: nothing where the function was entered with the lock, or never takes it: then its callers may hold it.
 */
import { LOCK_NOT_HELD } from '../catalog-context';
import { doings, named } from './calls';
import { heldBy, pathOf } from './held-locks';
import { lockCalls } from './locking';
import { reachBehind } from './reach';
import type { PathRule, RuleHit } from './types';

/** Which lock of the first argument a helper asserts, and the file where it does. */
const WANTS: Readonly<Record<string, readonly [lock: string, file: string]>> = {
  __iommu_group_alloc_blocking_domain: ['mutex', 'drivers/iommu/iommu.c'],
  __iommu_group_set_domain: ['mutex', 'drivers/iommu/iommu.c'],
  __iommu_group_set_domain_nofail: ['mutex', 'drivers/iommu/iommu.c'],
  __iommu_take_dma_ownership: ['mutex', 'drivers/iommu/iommu.c'],
  __vfio_pci_intx_mask: ['igate', 'drivers/vfio/pci/vfio_pci_intrs.c'],
  kvm_io_bus_register_dev: ['slots_lock', 'virt/kvm/kvm_main.c'],
  kvm_io_bus_unregister_dev: ['slots_lock', 'virt/kvm/kvm_main.c'],
  vgic_v4_init: ['arch.config_lock', 'arch/arm64/kvm/vgic/vgic-v4.c'],
};

/** A helper that asserts a lock is called before the function takes the lock. */
export const wantsHeldRule: PathRule = (program) => {
  const hits: RuleHit[] = [];
  for (const [index, node] of program.nodes.entries())
    for (const doing of doings(node)) {
      const wants = doing.direct && Object.hasOwn(WANTS, doing.name) ? WANTS[doing.name] : undefined;
      const thing = pathOf(named(doing.call.args[0]));
      if (wants === undefined || !/^[\w.]+$/.test(thing)) continue;
      const path = `${thing}.${wants[0]}`;
      const locks = program.nodes.flatMap((each, at) =>
        lockCalls(each).flatMap((call) => (heldBy(call).path === path ? [{ call, at }] : [])),
      );
      // Taken or given back on a way to the call: who holds it there is another question.
      if (locks.some((one) => reachBehind(program, one.at).has(index))) continue;
      const behind = reachBehind(program, index, (each) => each.kind === 'unknown' && each.gap === true);
      const reached = locks.filter((one) => behind.has(one.at));
      const taken = reached.find((one) => one.call.takes);
      // Given back behind the call on a way that did not take it: it was held.
      const past = reachBehind(program, index, (each) =>
        lockCalls(each).some((call) => call.takes && heldBy(call).path === path),
      );
      if (taken === undefined || reached.some((one) => !one.call.takes && past.has(one.at))) continue;
      hits.push({
        rule: LOCK_NOT_HELD,
        at: doing.call.at,
        message: `${doing.name}() wants ${taken.call.shown} held, and is called here before it is taken`,
        key: `${doing.name}|${path}`,
        why: [{ text: `${doing.name}() asserts the lock`, reference: wants[1] }],
        related: [{ at: taken.call.doing.call.at, message: 'taken only here' }],
      });
    }
  return hits;
};
