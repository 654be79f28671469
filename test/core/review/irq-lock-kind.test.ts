/** Locks of interrupt handlers, taken elsewhere with interrupts enabled. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { FrontEnd } from '../../../src/code/front-end';
import { frontEnd } from './c';
import { rulesOn } from './pairs';

let front: FrontEnd;
beforeAll(async () => {
  front = await frontEnd();
});
const says = (text: string, twin = false): boolean =>
  rulesOn(front, { path: 'drivers/iommu/sample.c', text }, twin).includes('irq-lock-kind');

const HANDLER = `
 static irqreturn_t door_fault(int irq, void *data)
 {
 	struct door *door = data;
 
 	spin_lock(&door->fault_lock);
 	door->faults++;
 	spin_unlock(&door->fault_lock);
 	return IRQ_HANDLED;
 }
`;
const changed = (before: string, now: string, twin: string, after: string): string => `
 static u32 door_faults(struct door *door)
 {
 	unsigned long flags;
 	u32 faults;
 
-	${before};
!	${now};
=	${twin};
 	faults = door->faults;
-	spin_unlock_irqrestore(&door->fault_lock, flags);
+	${after};
 	return faults;
 }
`;

describe('irq-lock-kind', () => {
  it('sees a lock that was taken with interrupts disabled and is not any more', () => {
    const plain = changed(
      'spin_lock_irqsave(&door->fault_lock, flags)',
      'spin_lock(&door->fault_lock)',
      'spin_lock_irq(&door->fault_lock)',
      'spin_unlock(&door->fault_lock)',
    );
    expect(says(plain + HANDLER)).toBe(true);
    expect(says(plain + HANDLER, true)).toBe(false);
    const scoped = changed(
      'spin_lock_irqsave(&door->fault_lock, flags)',
      'guard(spinlock)(&door->fault_lock)',
      'guard(spinlock_irqsave)(&door->fault_lock)',
      'door_seen(door)',
    );
    expect(says(HANDLER + scoped)).toBe(true);
    expect(says(HANDLER + scoped, true)).toBe(false);
  });
  const fresh = (take: string, name = 'door_forget'): string => `
+static void ${name}(struct door *door)
+{
+	${take}(&door->fault_lock);
+	door->faults = 0;
+	spin_unlock(&door->fault_lock);
+}
+
`;
  const HABIT = `
 static void door_set(struct door *door, u32 faults)
 {
 	unsigned long flags;
 
 	spin_lock_irqsave(&door->fault_lock, flags);
 	door->faults = faults;
 	spin_unlock_irqrestore(&door->fault_lock, flags);
 }
`;
  it('sees a new function that takes it otherwise than the others', () => {
    expect(says(HANDLER + HABIT + fresh('spin_lock'))).toBe(true);
    expect(says(HANDLER + HABIT + fresh('spin_lock_irq'))).toBe(false);
  });
  it('is quiet without a habit, without a handler, in threads, for other locks, and where interrupts are off', () => {
    expect(says(HANDLER + fresh('spin_lock'))).toBe(false);
    expect(says(HABIT + fresh('spin_lock'))).toBe(false);
    expect(says(HANDLER.replaceAll('door_fault(', 'door_fault_thread(') + HABIT + fresh('spin_lock'))).toBe(false);
    const registered = `
 static int door_probe(struct door *door)
 {
+	door_forget_soon(door);
 	return devm_request_threaded_irq(door->dev, door->irq, NULL, door_fault, IRQF_ONESHOT, "door", door);
 }
`;
    expect(says(HANDLER + HABIT + registered + fresh('spin_lock'))).toBe(false);
    expect(says(HANDLER.replaceAll('fault_lock', 'irq_lock') + HABIT + fresh('spin_lock'))).toBe(false);
    expect(
      says(HANDLER.replace('struct door *door = data', 'struct gate *door = data') + HABIT + fresh('spin_lock')),
    ).toBe(false);
    expect(
      says(
        HANDLER +
          HABIT.replace('	door->faults = faults;', '	door->faults = faults;\n 	door_forget(door);') +
          fresh('spin_lock'),
      ),
    ).toBe(false);
    const called = HANDLER.replace(' 	return', '+	door_forget(door);\n 	return');
    expect(says(called + HABIT + fresh('spin_lock'))).toBe(false);
  });
});
