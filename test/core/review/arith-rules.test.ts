import { beforeAll, describe, expect, it } from 'vitest';
import type { FrontEnd } from '../../../src/code/front-end';
import { frontEnd } from './c';
import { hitsOf } from './hits';

let front: FrontEnd;
beforeAll(async () => {
  front = await frontEnd();
});
const hits = (text: string): string[] => hitsOf(front, text, ['arith']);
/** Hits in `void f(struct s *s)` with these statements, without lines. */
const inside = (statements: string, head = ''): string[] =>
  hits(`${head}\nvoid f(struct s *s, unsigned int n)\n{\n${statements}\n}`).map((hit) => hit.split('@')[0] ?? '');

describe('not-before-mask', () => {
  it('sees ! and == applied before &', () => {
    expect(inside('if (!s->prot & IOMMU_WRITE) g();')).toEqual(['not-before-mask']);
    expect(inside('s->flags = s->flags & !SAFE_FLAG;')).toEqual(['not-before-mask']);
    expect(inside('if (s->flags & SAFE_FLAG == SAFE_FLAG) g();')).toContain('not-before-mask');
  });
  it('is content with parentheses, ~, and two truths', () => {
    expect(inside('if (!(s->prot & IOMMU_WRITE)) g();')).toEqual([]);
    expect(inside('s->flags &= ~SAFE_FLAG;\nif (!s->a & !s->b) g();')).toEqual([]);
  });
});

describe('truth-as-value', () => {
  it('sees a switch on a truth value, a constant compared with nothing, a flag or-ed into a test', () => {
    expect(inside('switch (s && s->type) { case TYPE_RAM: g(); break; }')).toEqual(['truth-as-value']);
    expect(inside('if (s->type == TYPE_RAM || TYPE_MSI) g();')).toEqual(['truth-as-value']);
    expect(inside('if (s->flags | FLAG_A) g();')).toEqual(['truth-as-value']);
  });
  it('is content with switches on values, two comparisons and two variables or-ed', () => {
    expect(inside('switch (s->type) { case TYPE_RAM: g(); break; }')).toEqual([]);
    expect(inside('switch (!s->on) { case 0: g(); break; case 1: h(); break; }')).toEqual([]);
    expect(inside('if (s->type == TYPE_RAM || s->type == TYPE_MSI) g();\nif (s->high | s->low) g();')).toEqual([]);
  });
});

describe('mask-slip', () => {
  it('sees a flag and-ed into a zeroed object, and a negated mask or-ed in', () => {
    expect(inside('struct s *p = NULL;\np = kzalloc(8, GFP_KERNEL);\np->flags &= PASID_GUEST;')).toEqual(['mask-slip']);
    expect(inside('s->flags &= S_FLAG_GUEST;')).toEqual(['mask-slip']);
    expect(inside('s->flags |= ~S_GUEST;')).toEqual(['mask-slip']);
  });
  it('is content with masks of many bits and with a flag cleared', () => {
    expect(inside('s->flags &= S_FLAG_MASK;\ns->flags &= ~S_GUEST;\ns->value &= HANDLE;')).toEqual([]);
  });
});

describe('same-operands', () => {
  it('sees the same twice in a chain, a test repeated in vain, equal branches, a field set twice', () => {
    expect(inside('if (s->a || s->b || s->a) g();')).toEqual(['same-operands']);
    expect(inside('if (s->end < s->end) g();')).toEqual(['same-operands']);
    expect(inside('if (s->a)\n return;\nelse if (s->a)\n g();')).toEqual(['same-operands']);
    expect(inside('if (s->a)\n s->b = 1;\nelse\n s->b = 1;\ng();')).toEqual(['same-operands']);
    expect(inside('s->low = s->x;\ns->low = s->y;')).toEqual(['same-operands']);
  });
  it('is content with a retry, a polled register, and a default that is refined', () => {
    expect(inside('if (!s->a)\n s->a = make();\nif (!s->a)\n return;')).toEqual([]);
    expect(inside('if (readl(s->r) || readl(s->r)) g();')).toEqual([]);
    expect(inside('s->low = 0;\ns->low = s->y;\ns->mid = s->x;\ns->mid = s->mid | 1;')).toEqual([]);
  });
});

describe('shift-width', () => {
  it('sees a count shifted in 32 bits, and one shifted by a width of addresses', () => {
    expect(hits('u64 f(int ias)\n{\n\treturn (1ULL << ias) - 1;\n}')).toEqual([]);
    expect(hits('u64 f(int bit)\n{\n\tu64 x = 1 << bit;\n\treturn x;\n}')).toEqual([]);
    expect(hits('u32 f(unsigned int nr_pages)\n{\n\treturn nr_pages << PAGE_SHIFT;\n}')).toEqual([]);
  });
});

describe('shift-width of a bit', () => {
  const pick = (mask: string, amount: string): string[] =>
    hits(`int f(u64 word, int n)\n{\n\tint bit = ${amount};\n\treturn !!(word & (${mask}));\n}`);
  it('sees a bit of 64 picked by a mask of 32', () => {
    expect(pick('1U << bit', 'n % BITS_PER_TYPE(u64)')).toEqual(['shift-width@4']);
    expect(pick('1 << bit', 'n & 63')).toEqual(['shift-width@4']);
    expect(hits('void f(u64 word, int n)\n{\n\tword &= ~(1 << (n % 64));\n}')).toEqual(['shift-width@3']);
  });
  it('is content with a wide one, and with a bit of 32', () => {
    expect(pick('1ULL << bit', 'n % BITS_PER_TYPE(u64)')).toEqual([]);
    expect(pick('BIT_ULL(bit)', 'n % 64')).toEqual([]);
    expect(pick('1U << bit', 'n % 32')).toEqual([]);
    expect(pick('1U << bit', 'n % BITS_PER_BYTE')).toEqual([]);
  });
});

describe('half-unshifted', () => {
  it('sees an upper half put on a lower one', () => {
    const join = (half: string): string[] =>
      hits(`u64 f(u64 val, u64 old)\n{\n\tval = lower_32_bits(val);\n\tval |= ${half};\n\treturn val;\n}`);
    expect(join('upper_32_bits(old)')).toEqual(['half-unshifted@4']);
    expect(join('old >> 32')).toEqual(['half-unshifted@4']);
    expect(join('(u64)upper_32_bits(old) << 32')).toEqual([]);
    expect(hits('u64 f(u64 a, u64 b)\n{\n\treturn lower_32_bits(a) | upper_32_bits(b);\n}')).toEqual([
      'half-unshifted@3',
    ]);
    expect(
      hits('u64 f(u64 val, u64 old)\n{\n\tval = old & GENMASK(31, 0);\n\tval |= upper_32_bits(old);\n\treturn val;\n}'),
    ).toEqual([]);
  });
});

describe('sign-lost', () => {
  it('sees an unsigned result tested to be negative', () => {
    expect(
      hits('int f(void)\n{\n\tunsigned int irq = get();\n\tif (irq < 0)\n\t\treturn irq;\n\treturn 0;\n}'),
    ).toEqual(['sign-lost@4']);
    expect(hits('struct s { u32 id; };\nint f(struct s *s)\n{\n\treturn s->id >= 0;\n}')).toEqual(['sign-lost@4']);
  });
  it('is content with int, and with what it does not know', () => {
    expect(
      hits('int f(struct s *s)\n{\n\tint irq = get();\n\tif (irq < 0 || s->id < 0)\n\t\treturn irq;\n\treturn 0;\n}'),
    ).toEqual([]);
  });
});

describe('error-as-bool', () => {
  it('sees -EINVAL returned as bool', () => {
    expect(hits('static bool f(int a)\n{\n\tif (a)\n\t\treturn -EINVAL;\n\treturn true;\n}')).toEqual([
      'error-as-bool@4',
    ]);
  });
  it('is content with int', () => {
    expect(hits('static int f(int a)\n{\n\tif (a)\n\t\treturn -EINVAL;\n\treturn true;\n}')).toEqual([]);
  });
});

describe('off-by-one', () => {
  it('sees a loop over one too many, a position let through, an inclusive limit, a mask too wide', () => {
    expect(inside('int i;\nfor (i = 0; i <= s->nr_ctx; i++)\n g(s->ctx[i]);')).toEqual(['off-by-one']);
    expect(inside('int i;\nint a[4];\nfor (i = 0; i <= ARRAY_SIZE(a); i++)\n a[i] = 0;')).toEqual(['off-by-one']);
    expect(
      hits(
        'int f(struct s *s, u32 tail)\n{\n\tif (tail > s->nb_entries)\n\t\treturn -EINVAL;\n\ts->tail = tail;\n\treturn 0;\n}',
      ),
    ).toEqual(['off-by-one@3']);
    expect(inside('xa_alloc(&x, &id, s, XA_LIMIT(1, 1 << s->asid_bits), GFP_KERNEL);')).toEqual(['off-by-one']);
    expect(inside('s->mask = GENMASK_ULL(s->oas, 0);')).toEqual(['off-by-one']);
  });
  it('is content with < and >=, with counts compared, and with one taken off', () => {
    expect(
      inside(
        'int i;\nfor (i = 0; i < s->nr_ctx; i++)\n g(s->ctx[i]);\nfor (i = 1; i <= s->nr_ctx; i++)\n g(s->ctx[i - 1]);',
      ),
    ).toEqual([]);
    expect(
      hits(
        'int f(struct s *s, u32 tail, u32 count)\n{\n\tif (tail >= s->nb_entries || count > s->nb_entries)\n\t\treturn -EINVAL;\n\treturn 0;\n}',
      ),
    ).toEqual([]);
    expect(
      inside(
        'xa_alloc(&x, &id, s, XA_LIMIT(1, (1 << s->asid_bits) - 1), GFP_KERNEL);\ns->mask = GENMASK_ULL(s->oas - 1, 0);',
      ),
    ).toEqual([]);
  });
});

describe('inclusive-end', () => {
  it('sees a last byte set to start plus length, and a length one too short', () => {
    expect(inside('s->last = s->start + s->length;')).toEqual(['inclusive-end']);
    expect(hits('void f(struct resource *res)\n{\n\tsize_t size = res->end - res->start;\n\tg(size);\n}')).toEqual([
      'inclusive-end@3',
    ]);
    expect(inside('g(interval_tree_iter_first(&s->tree, s->iova, s->iova + s->length));')).toEqual(['inclusive-end']);
  });
  it('is content with one taken off or put on, and with exclusive ends', () => {
    expect(
      inside('s->last = s->start + s->length - 1;\ns->end = s->start + s->length;\ns->size = s->last - s->start + 1;'),
    ).toEqual([]);
    expect(inside('g(interval_tree_iter_first(&s->tree, s->iova, s->iova + s->length - 1));')).toEqual([]);
  });
});

describe('rollback-index', () => {
  const undo = (loop: string) => `int i;\nfor (i = 0; i < n; i++)\n if (get(s->v[i]))\n  break;\n${loop}`;
  it('sees a rollback that ends before element 0', () => {
    expect(inside(undo('for (; i > 0; i--)\n put(s->v[i]);'))).toEqual(['rollback-index']);
    expect(inside(undo('while (--i)\n put(s->v[i]);'))).toEqual(['rollback-index']);
  });
  it('is content with one that reaches it', () => {
    expect(inside(undo('while (i--)\n put(s->v[i]);'))).toEqual([]);
    expect(inside(undo('while (--i >= 0)\n put(s->v[i]);'))).toEqual([]);
    expect(inside(undo('for (; i > 0; i--)\n put(s->v[i - 1]);'))).toEqual([]);
  });
});

describe('narrow-pointer', () => {
  it('sees bit functions on 32 bits, and an attribute stored in a bool', () => {
    expect(inside('u32 map = 0;\nset_bit(n, (unsigned long *)&map);')).toEqual(['narrow-pointer']);
    expect(inside('bool nested;\niommu_domain_get_attr(s->d, DOMAIN_ATTR_NESTING, &nested);')).toEqual([
      'narrow-pointer',
    ]);
  });
  it('is content with what is wide enough', () => {
    expect(
      inside(
        'unsigned long map = 0;\nint nested;\nset_bit(n, &map);\niommu_domain_get_attr(s->d, DOMAIN_ATTR_NESTING, &nested);',
      ),
    ).toEqual([]);
  });
});

describe('prepared-count', () => {
  const prepare = (count: string) =>
    `struct qi desc[3];\ndesc[0].a = 1;\ndesc[1].a = 2;\ndesc[2].a = 3;\nsubmit(s, desc, ${count});`;
  it('sees fewer handed over than filled', () => {
    expect(inside(prepare('1'))).toEqual(['prepared-count']);
  });
  it('is content with all, and with a count it does not know', () => {
    expect(inside(prepare('3'))).toEqual([]);
    expect(inside(prepare('n'))).toEqual([]);
  });
});

describe('pointer-size', () => {
  it('sees the size of the pointer', () => {
    expect(inside('memset(s, 0, sizeof(s));')).toEqual(['pointer-size']);
  });
  it('is content with the size of what it points to, and with arrays', () => {
    expect(inside('char name[8];\nmemset(s, 0, sizeof(*s));\nmemset(name, 0, sizeof(name));')).toEqual([]);
  });
});

describe('swapped-arguments', () => {
  it('sees arguments in each other’s place', () => {
    expect(inside('memset(s, sizeof(*s), 0);')).toEqual(['swapped-arguments']);
    expect(inside('s->m = GENMASK(0, 7);')).toEqual(['swapped-arguments']);
    expect(inside('iommu_map(s->d, s->paddr, s->iova, s->size, 3);')).toEqual(['swapped-arguments']);
    expect(
      hits(
        'static int set(u64 iova, u64 size) { return use(iova, size); }\nint f(u64 iova, u64 size)\n{\n\treturn set(size, iova);\n}',
      ),
    ).toEqual(['swapped-arguments@4']);
  });
  it('is content with the right order and with other names', () => {
    expect(
      inside('memset(s, 0, sizeof(*s));\ns->m = GENMASK(7, 0);\niommu_map(s->d, s->iova, s->paddr, s->size, 3);'),
    ).toEqual([]);
    expect(
      hits(
        'static int set(u64 iova, u64 size) { return use(iova, size); }\nint f(u64 iova, u64 size)\n{\n\treturn set(iova, size) + set(iova, iova);\n}',
      ),
    ).toEqual([]);
  });
});

describe('unit-mix', () => {
  it('sees an address where a page number is wanted', () => {
    expect(inside('free_iova(s->iovad, s->iova);')).toEqual(['unit-mix']);
    expect(inside('s->i = alloc_iova(s->iovad, n, DMA_BIT_MASK(32), true);')).toEqual(['unit-mix']);
    expect(inside('iommu_unmap(s->d, s->start_pfn, s->size);')).toEqual(['unit-mix']);
  });
  it('is content with shifted ones', () => {
    expect(
      inside(
        'free_iova(s->iovad, iova_pfn(s->iovad, s->iova));\ns->i = alloc_iova(s->iovad, n, DMA_BIT_MASK(32) >> PAGE_SHIFT, true);\niommu_unmap(s->d, s->iova, s->size);',
      ),
    ).toEqual([]);
  });
});

describe('unmap-progress', () => {
  const loop = (test: string) =>
    `while (s->size) {\n size_t done = iommu_unmap(s->d, iova, s->size);\n${test} iova += done;\n s->size -= done;\n}`;
  it('sees a loop that nothing ends when nothing is unmapped', () => {
    expect(inside(loop(''))).toEqual(['unmap-progress']);
  });
  it('is content when it is tested', () => {
    expect(inside(loop(' if (!done)\n  break;\n'))).toEqual([]);
    expect(inside(loop(' if (WARN_ON(!done))\n  break;\n'))).toEqual([]);
  });
});

describe('rounded-down', () => {
  const alloc = (before: string) =>
    `void *my_alloc(struct device *dev, size_t size)\n{\n\tint num_pages;\n\n${before}\tnum_pages = size >> PAGE_SHIFT;\n\treturn get(num_pages);\n}`;
  it('sees a page count rounded down', () => {
    expect(hits(alloc(''))).toEqual(['rounded-down@5']);
  });
  it('is content when the size is rounded up or refused', () => {
    expect(hits(alloc('\tsize = PAGE_ALIGN(size);\n'))).toEqual([]);
    expect(hits(alloc('\tif (size & ~PAGE_MASK)\n\t\treturn NULL;\n'))).toEqual([]);
  });
});

describe('granule-mix', () => {
  it('sees the CPU page where the granule is known', () => {
    expect(
      inside(
        'size_t size = cookie_msi_granule(s->cookie);\niommu_map(s->d, s->iova, s->doorbell & ~(size - 1), PAGE_SIZE, 3);',
      ),
    ).toEqual(['granule-mix']);
    expect(inside('size_t size = iovad->granule;\ns->doorbell &= PAGE_MASK;\ng(size);')).toEqual(['granule-mix']);
  });
  it('is content with the granule, and where none is known', () => {
    expect(
      inside(
        'size_t size = cookie_msi_granule(s->cookie);\niommu_map(s->d, s->iova, s->doorbell & ~(size - 1), size, 3);',
      ),
    ).toEqual([]);
    expect(inside('iommu_map(s->d, s->iova, s->doorbell, PAGE_SIZE, 3);')).toEqual([]);
  });
});
