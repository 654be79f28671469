/** Keys of the flat state that several files write. */
import type { Interrupt } from '../machine/types';

/** `spi:84`, `lpi:8192`, `cpu1:0x23`. */
export function interruptKey(interrupt: Interrupt): string {
  return interrupt.kind === 'vector'
    ? `cpu${interrupt.target}:0x${interrupt.number.toString(16)}`
    : `${interrupt.kind}:${interrupt.number}`;
}
