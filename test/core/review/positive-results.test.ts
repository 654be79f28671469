/** Results of which a positive one is no failure: ids, counts, bytes, and errors compared with sizes. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { FrontEnd } from '../../../src/code/front-end';
import { frontEnd } from './c';
import { hitsOf } from './hits';
import { rulesOn } from './pairs';

let front: FrontEnd;
beforeAll(async () => {
  front = await frontEnd();
});

describe('positive-as-error', () => {
  const rules = (statements: string, head = 'static int door_open(struct door *door)'): string[] =>
    hitsOf(front, `${head}\n{\n\tint ret, id;\n\n${statements}\n}\n`, ['uapi']).filter((one) =>
      one.startsWith('positive-as-error'),
    );
  it('sees a number, an id, or the news that more happened taken for a failure', () => {
    expect(rules('ret = pm_runtime_get_sync(door->dev);\nif (ret)\n return ret;\nreturn door_go(door);')).toEqual([
      'positive-as-error@5',
    ]);
    expect(
      rules(
        'id = idr_alloc(&doors, door, 1, 0, GFP_KERNEL);\nif (id != 0) {\n kfree(door);\n return -ENOMEM;\n}\nreturn 0;',
      ),
    ).toHaveLength(1);
    expect(
      rules(
        'ret = pci_alloc_irq_vectors(door->pdev, 1, 8, PCI_IRQ_MSI);\nif (unlikely(ret))\n goto err_free;\nreturn 0;\nerr_free:\n kfree(door->ring);\n return ret;',
      ),
    ).toHaveLength(1);
    expect(
      rules(
        'if (xa_alloc_cyclic_irq(&door->keys, &id, door, xa_limit_16b, &door->next, GFP_ATOMIC))\n return -EBUSY;\nreturn id;',
      ),
    ).toHaveLength(1);
    expect(
      rules(
        'if ((ret = platform_get_irq(door->pdev, 0)))\n return dev_err_probe(door->dev, ret, "no irq");\nreturn 0;',
      ),
    ).toHaveLength(1);
  });
  it('is content with a test of the sign, of one value, and with what takes it for success', () => {
    for (const statements of [
      'ret = pm_runtime_get_sync(door->dev);\nif (ret < 0)\n return ret;\nreturn door_go(door);',
      'ret = pm_runtime_resume_and_get(door->dev);\nif (ret)\n return ret;\nreturn door_go(door);',
      'ret = xa_alloc(&door->keys, &id, door, xa_limit_16b, GFP_KERNEL);\nif (ret)\n return ret;\nreturn 0;',
      'ret = xa_alloc_cyclic(&door->keys, &id, door, xa_limit_16b, &door->next, GFP_KERNEL);\nif (ret == 1)\n ret = 0;\nif (ret)\n return ret;\nreturn 0;',
      'ret = pci_alloc_irq_vectors(door->pdev, 1, 8, PCI_IRQ_MSI);\nif (ret)\n door->vectors = ret;\nreturn door_go(door);',
      'ret = pin_user_pages_fast(door->addr, 1, 0, door->pages);\nif (ret != 1)\n return -EFAULT;\nreturn 0;',
      'ret = platform_get_irq(door->pdev, 0);\nret = door_setup(door, ret);\nif (ret)\n return ret;\nreturn 0;',
    ])
      expect(rules(statements)).toEqual([]);
  });
});

describe('raw-copy-result, in a function known in part', () => {
  const pair = (call: string, label = 'out_unlock') => ({
    path: 'drivers/vfio/sample.c',
    section: 'static int door_info(struct door *door, void __user *arg)',
    text: `
 	door_lock(door);
-	rc = door_fill(arg, door);
!	rc = ${call};
=	rc = ${call} ? -EFAULT : 0;
 	if (rc)
 		goto ${label};
 	door_count(door);
`,
  });
  it('sees bytes that leave by a label out of sight', () => {
    for (const call of [
      'copy_to_user(arg, door, sizeof(*door))',
      'clear_user(arg, 64)',
      '__copy_from_user(door, arg, 16)',
    ]) {
      expect(rulesOn(front, pair(call), false)).toContain('raw-copy-result');
      expect(rulesOn(front, pair(call), true)).not.toContain('raw-copy-result');
    }
  });
  it('is quiet where the error is set on the way, and where the number is kept as one', () => {
    const text = (lines: string): string => `
 	door_lock(door);
-	door_fill(arg, door);
${lines} 	door_count(door);
`;
    for (const lines of [
      '+	rc = clear_user(arg, 8);\n+	if (rc) {\n+		rc = -EFAULT;\n+		goto out;\n+	}\n',
      '+	left = copy_to_user(arg, door, 8);\n+	if (left)\n+		goto out;\n',
      '+	rc = clear_user(arg, 8);\n+	if (!rc)\n+		goto out;\n+	rc = -EFAULT;\n',
    ])
      expect(rulesOn(front, { ...pair(''), text: text(lines) }, false)).not.toContain('raw-copy-result');
  });
});

describe('sign-lost, of an error compared with a size', () => {
  const rules = (statements: string, declared = 'int ret;'): string[] =>
    hitsOf(
      front,
      `static int door_read(struct door *door, size_t want)\n{\n\t${declared}\n\tstruct head head;\n\n${statements}\n}\n`,
      ['arith'],
    ).map((hit) => hit.split('@')[0] ?? '');
  it('sees an error that no comparison finds', () => {
    expect(rules('ret = door_get(door, &head);\nif (ret < sizeof(head))\n return -EIO;\nreturn 0;')).toEqual([
      'sign-lost',
    ]);
    expect(rules('ret = door_get(door, &head);\nif (want > ret)\n return -EIO;\nreturn 0;', 'ssize_t ret;')).toEqual([
      'sign-lost',
    ]);
    expect(rules('long got = door_get(door, &head);\nif (got <= want)\n return -EIO;\nreturn 0;', 'int x;')).toEqual([
      'sign-lost',
    ]);
  });
  it('is content with a cast, a test of the sign first, equality, and what is never negative', () => {
    for (const statements of [
      'ret = door_get(door, &head);\nif (ret < (int)sizeof(head))\n return -EIO;\nreturn 0;',
      'ret = door_get(door, &head);\nif (ret < 0)\n return ret;\nif (ret < sizeof(head))\n return -EIO;\nreturn 0;',
      'ret = door_get(door, &head);\nif (ret != sizeof(head))\n return -EIO;\nreturn 0;',
      'ret = strnlen(door->name, 32);\nif (ret < sizeof(head))\n return -EIO;\nreturn 0;',
      'ret = 3;\nif (ret < sizeof(head))\n return -EIO;\nreturn 0;',
    ])
      expect(rules(statements)).toEqual([]);
    expect(
      rules('ret = door_get(door, &head);\nif (ret < sizeof(head))\n return -EIO;\nreturn 0;', 'u32 ret;'),
    ).toEqual([]);
  });
});
