/** Messages that a guest can make the host print without end. In: one function of KVM. Out: hits of class uapi. */
import { GUEST_PRINTS } from '../catalog-uapi';
import { doings } from './calls';
import { isAdded } from './reach';
import type { PathRule, RuleHit } from './types';

/** What runs because the guest did something: exits, traps, accesses to emulated devices and registers, hypercalls. */
const GUEST_RUNS =
  /^(?:kvm_)?handle_|_handle_(?:guest|exit|sys_reg|mmio|hvc|smc|wfx|cp\d+|trap|dabt|fault)|^(?:access|trap|undef|emulate)_|_(?:mmio|reg)_(?:read|write)(?:_|$)|mmio_(?:read|write)|hypercall|^kvm_(?:emulate|hvc|psci|smccc)_|_its_cmd_handle_|^io_mem_abort$|^user_mem_abort$/;
const PRINTS = /^(?:kvm_(?:err|info)|pr_(?:emerg|alert|crit|err|warn|warning|notice|info)|printk)$/;

/** `kvm_err("…");` on the way of a guest's access. */
export const guestPrintsRule: PathRule = (program) => {
  // Tests of KVM are run by people.
  if (!/^(?:arch\/\w+|virt)\/kvm\//.test(program.file) || !GUEST_RUNS.test(program.name)) return [];
  return program.nodes.flatMap((node): RuleHit[] => {
    if (node.kind !== 'do' || !isAdded(node)) return [];
    return doings(node)
      .filter((one) => one.direct && PRINTS.test(one.name))
      .map((one) => ({
        rule: GUEST_PRINTS,
        at: one.call.at,
        message: `${one.name}() prints each time a guest does this: a guest that repeats it fills the host's log`,
        key: one.name,
        why: [
          { text: `${program.name}() runs on behalf of the guest, which chooses how often`, reference: null },
          {
            text: 'the forms with _ratelimited or _once, and kvm_debug(), are for that',
            reference: 'include/linux/kvm_host.h',
          },
        ],
        related: [],
        local: true,
      }));
  });
};
