/**
 * Calls and macros without meaning for interrupts and translation: logging, assertions at build time, barriers, tracing.
 * They return 0 and are never reported.
 */
const QUIET =
  /^(pr_(debug|info|warn|warning|warn_once|err|notice|cont|alert|crit|warn_ratelimited|err_ratelimited|info_once|devel)|dev_(dbg|info|warn|err|notice|vdbg|warn_once|warn_ratelimited|err_ratelimited|info_once)|(pci|netdev)_(dbg|info|warn|err|notice)|print\w*|dump_stack|trace_\w+|smp_(mb|rmb|wmb|mb__\w+)|mb|rmb|wmb|dma_(wmb|rmb)|barrier|cpu_relax|cond_resched|udelay|ndelay|lockdep_\w+|might_lock|might_fault|BUILD_BUG_ON(_\w+)?|static_assert|MODULE_\w+|EXPORT_SYMBOL\w*|__init_or_module|kmemleak_\w+|debugfs_\w+|vfio_lock_acct|put_pfn|module_put|__module_get|irq_bypass_unregister_producer|vfio_virqfd_disable|pci_intx|pci_intx_for_msi|pci_clear_master|pci_set_master|pci_disable_device|pci_restore_state|pci_save_state|irq_chip_(un)?mask_parent|iounmap|irq_set_handler_data|irq_domain_set_info|pci_dev_(get|put)|(get|put)_device|get_task_struct|put_task_struct|mutex_destroy|lockdep_set_class|flush_work|cancel_work_sync|assert_\w+|prefetch|unreachable|sev_\w+|rcu_barrier|synchronize_(rcu|irq)|irq_chip_(eoi|ack)_parent|fallthrough|acpi_\w+|of_node_(get|put)|(get|put)_online_cpus|cpus_read_(un)?lock|pm_runtime_\w+)$/;

export function isQuiet(name: string): boolean {
  return QUIET.test(name);
}

/** Is a statement the front end could not read worth saying? Empty statements and labels are not. */
export function runsUnknown(text: string): boolean {
  const plain = text.trim();
  return plain !== '' && plain !== ';' && plain !== 'fallthrough;' && !plain.startsWith('#');
}
