import { beforeAll, describe, expect, it } from 'vitest';
import type { FrontEnd } from '../../../src/code/front-end';
import { frontEnd } from './c';
import { hitsOf } from './hits';

let front: FrontEnd;
beforeAll(async () => {
  front = await frontEnd();
});
const said = (rule: string, head: string, ...lines: string[]): string[] =>
  hitsOf(front, `${head}\n{\n${lines.join('\n')}\n}`, ['arith', 'lifetime']).filter((hit) => hit.startsWith(rule));

describe('an alignment mask', () => {
  const area = (...lines: string[]): string[] =>
    said(
      'align',
      'int f(unsigned long *map, int count)',
      ...lines,
      'return bitmap_find_next_zero_area(map, 64, 0, count, mask);',
    );
  it('is one less than a power of two', () => {
    expect(area('unsigned long mask = count - 1;')).toEqual(['align-mask@4']);
    expect(area('unsigned long mask = roundup_pow_of_two(count) - 1;')).toEqual([]);
    expect(area('unsigned long mask;', 'count = roundup_pow_of_two(count);', 'mask = count - 1;')).toEqual([]);
    expect(area('unsigned long mask = count - 1;', 'if (!is_power_of_2(count))', 'return -EINVAL;')).toEqual([]);
    expect(area('unsigned long mask = NR_SLOTS - 1;')).toEqual([]);
  });
});

describe('a flag', () => {
  it('is asked for with and', () => {
    const ask = (condition: string): string[] =>
      said('truth-as-value', 'int f(u32 x)', `if (${condition})`, 'return -EINVAL;', 'return 0;');
    expect(ask('!(x | FEATURE_PTP)')).toEqual(['truth-as-value@3']);
    expect(ask('x && (x | BIT(3))')).toEqual(['truth-as-value@3']);
    expect(ask('!(x & FEATURE_PTP)')).toEqual([]);
    expect(ask('(x | FEATURE_PTP) == 3')).toEqual([]);
    expect(ask('A_FLAG | B_FLAG')).toEqual([]);
    expect(ask('x | y')).toEqual([]);
  });
});

describe('a variable just set', () => {
  it('is not compared with what it was set to', () => {
    const test = (...lines: string[]): string[] => said('same-op', 'int f(struct s *s, int n)', ...lines, 'return 1;');
    expect(test('s->n = n;', 'if (s->n == n)', 'return 0;')).toEqual(['same-operands@4']);
    expect(test('s->n = n;', 'if (s->n == s->m)', 'return 0;')).toEqual([]);
    expect(test('s->n = g(n);', 'if (s->n == g(n))', 'return 0;')).toEqual([]);
    expect(test('while (n--) {', 's->n = n;', '}', 'if (s->n == n)', 'return 0;')).toEqual([]);
  });
});

describe('a loop that tells userspace', () => {
  const each = (target: string, ...more: string[]): string[] =>
    said(
      'same-slot',
      'int f(u64 __user *out, const u64 *regs, int n)',
      'int i;',
      'for (i = 0; i < n; i++) {',
      `if (put_user(regs[i], ${target}))`,
      'return -EFAULT;',
      ...more,
      '}',
      'return 0;',
    );
  it('moves on', () => {
    expect(each('out')).toEqual(['same-slot@5']);
    expect(each('out++')).toEqual([]);
    expect(each('out', 'out++;')).toEqual([]);
    expect(each('&out[i]')).toEqual([]);
  });
});

describe('units of arguments', () => {
  it('are orders and bytes where they are wanted', () => {
    const given = (call: string): string[] =>
      said('unit', 'void f(struct s *s, int nvec, long npage, int order)', `${call};`);
    expect(given('bitmap_release_region(s->bm, s->first, nvec)')).toEqual(['unit-mix@3']);
    expect(given('bitmap_release_region(s->bm, s->first, get_count_order(nvec))')).toEqual([]);
    expect(given('bitmap_release_region(s->bm, s->first, order)')).toEqual([]);
    expect(given('nvec = get_count_order(nvec);\n\tbitmap_release_region(s->bm, s->first, nvec)')).toEqual([]);
    expect(given('s->size = get_order(PAGE_ALIGN(s->bytes));\n\tfree_pages(s->at, s->size)')).toEqual([]);
    expect(given('iommu_unmap(s->domain, s->iova, npage)')).toEqual(['unit-mix@3']);
    expect(given('iommu_unmap(s->domain, s->iova, npage << PAGE_SHIFT)')).toEqual([]);
  });
});

describe('a rollback', () => {
  const undo = (...lines: string[]): string[] =>
    said(
      'undoes',
      'int f(struct d *domain, struct device **devs, int n)',
      'int i, ret;',
      'for (i = 0; i < n; i++) {',
      'ret = unit_attach(domain, devs[i]);',
      'if (ret)',
      'goto undo;',
      '}',
      'return 0;',
      'undo:',
      ...lines,
      'return ret;',
    );
  it('starts before the element that failed', () => {
    expect(undo('while (i >= 0)', 'unit_detach(domain, devs[i--]);')).toEqual(['undoes-failed@11']);
    expect(undo('for (; i >= 0; i--)', 'unit_detach(domain, devs[i]);')).toEqual(['undoes-failed@11']);
    expect(undo('while (--i >= 0)', 'unit_detach(domain, devs[i]);')).toEqual([]);
    expect(undo('i--;', 'while (i >= 0)', 'unit_detach(domain, devs[i--]);')).toEqual([]);
    expect(undo('for (i = i - 1; i >= 0; i--)', 'unit_detach(domain, devs[i]);')).toEqual([]);
    expect(undo('while (i >= 0)', 'unit_trace(domain, devs[i--]);')).toEqual([]);
  });
});

describe('bounds and signs', () => {
  it('hold a position against the number of elements', () => {
    const bound = (condition: string, use: string): string[] =>
      said(
        'off-by',
        'int f(unsigned int index, int v)',
        `if (${condition})`,
        'return -EINVAL;',
        `${use} = v;`,
        'return 0;',
      );
    expect(bound('index > VFIO_PCI_NUM_IRQS', 'handlers[index]')).toEqual(['off-by-one@3']);
    expect(bound('index >= VFIO_PCI_NUM_IRQS', 'handlers[index]')).toEqual([]);
    expect(bound('index > VFIO_PCI_NUM_IRQS', 'handlers[index - 1]')).toEqual([]);
    expect(bound('index > VFIO_PCI_LAST', 'handlers[index]')).toEqual([]);
  });
  it('see that a difference without a sign is never negative', () => {
    const loop = (types: string, condition: string): string[] =>
      said('sign', `void f(${types})`, `while (${condition})`, 'b++;');
    expect(loop('size_t a, size_t b', 'a - b >= 0')).toEqual(['sign-lost@3']);
    expect(loop('size_t a, size_t b', 'a - b > 0')).toEqual([]);
    expect(loop('int a, int b', 'a - b >= 0')).toEqual([]);
    expect(loop('u16 a, u16 b', 'a - b >= 0')).toEqual([]);
  });
});
