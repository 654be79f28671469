/** Rules on counts, sums, fields and addresses, each with near misses that stay quiet. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { FrontEnd } from '../../../src/code/front-end';
import { frontEnd } from './c';
import { hitsOf } from './hits';

let front: FrontEnd;
beforeAll(async () => {
  front = await frontEnd();
});
const OURS = /^(?:sum-wraps|address-narrowed|count-as-end|rollback-start|uneven-step|min-for-max|mask-shift)$/;
const hits = (...text: readonly string[]): string[] =>
  hitsOf(front, `${text.join('\n')}\n`, ['arith'])
    .map((hit) => hit.split('@')[0] ?? '')
    .filter((rule) => OURS.test(rule));

describe('sum-wraps', () => {
  const f = (type: string, ...tests: readonly string[]) => [
    'struct c { u64 iova; u64 length; };',
    'int f(struct c *cmd)',
    '{',
    `\t${type} last = cmd->iova + cmd->length - 1;`,
    '',
    ...tests,
    '\treturn reserve(cmd->iova, last);',
    '}',
  ];
  it('sees a test against the top of the type', () => {
    expect(hits(...f('u64', '\tif (last > ULONG_MAX)', '\t\treturn -EOVERFLOW;'))).toEqual(['sum-wraps']);
  });
  it('is content with a test of the sum against a part, a helper, and other bounds', () => {
    expect(hits(...f('u64', '\tif (last < cmd->iova || last > ULONG_MAX)', '\t\treturn -EOVERFLOW;'))).toEqual([]);
    expect(
      hits(
        ...f(
          'u64',
          '\tif (check_add_overflow(cmd->iova, cmd->length - 1, &last) || last > ULONG_MAX)',
          '\t\treturn -EOVERFLOW;',
        ),
      ),
    ).toEqual([]);
    expect(hits(...f('u64', '\tif (last > top)', '\t\treturn -EOVERFLOW;'))).toEqual([]);
  });
});

describe('address-narrowed', () => {
  const f = (declared: string) => [
    'int f(dma_addr_t iova, phys_addr_t size)',
    '{',
    `\t${declared}`,
    '\treturn use(a);',
    '}',
  ];
  it('sees an address in 32 bits', () => {
    expect(hits(...f('u32 a = iova;'))).toEqual(['address-narrowed']);
    expect(hits(...f('unsigned int a = iova + 64;'))).toEqual(['address-narrowed']);
  });
  it('is content with 64 bits, halves, page numbers and sizes', () => {
    for (const good of [
      'u64 a = iova;',
      'u32 a = lower_32_bits(iova);',
      'u32 a = iova >> 12;',
      'u32 a = (u32)iova;',
      'u32 a = size;',
    ])
      expect(hits(...f(good))).toEqual([]);
  });
});

describe('count-as-end', () => {
  const f = (end: string, head = 'unsigned start, unsigned count') => [
    `int f(struct v *v, ${head})`,
    '{',
    '\tint i;',
    '',
    `\tfor (i = start; i < ${end}; i++)`,
    '\t\tset(v, i);',
    '\treturn 0;',
    '}',
  ];
  it('sees the count as the end', () => {
    expect(hits(...f('count'))).toEqual(['count-as-end']);
  });
  it('is content with the sum, and with ends', () => {
    expect(hits(...f('start + count'))).toEqual([]);
    expect(hits(...f('end', 'unsigned start, unsigned end'))).toEqual([]);
  });
});

describe('rollback-start', () => {
  const f = (rollback: string, start = 'unsigned start') => [
    `int f(struct v *v, ${start}, unsigned count)`,
    '{',
    '\tint i, j, ret = 0;',
    '',
    '\tfor (i = 0, j = start; i < count && !ret; i++, j++)',
    '\t\tret = set(v, j);',
    '\tif (ret) {',
    `\t\tfor (${rollback}; j--)`,
    '\t\t\tclear(v, j);',
    '\t}',
    '\treturn ret;',
    '}',
  ];
  it('sees a rollback down to 0, and one that never ends', () => {
    expect(hits(...f('--j; j >= 0'))).toEqual(['rollback-start']);
    expect(hits(...f('--j; j >= start'))).toEqual(['rollback-start']);
  });
  it('is content with one down to its start', () => {
    expect(hits(...f('--j; j >= (int)start'))).toEqual([]);
    expect(hits(...f('--j; j >= start', 'int start'))).toEqual([]);
  });
});

describe('uneven-step', () => {
  const f = (args: string) => [
    'int f(struct irq_domain *d, unsigned int virq, unsigned int nr)',
    '{',
    '\tunsigned int i, hwirq = take(nr);',
    '',
    '\tfor (i = 0; i < nr; i++)',
    `\t\tirq_domain_set_hwirq_and_chip(d, ${args}, &chip, NULL);`,
    '\treturn 0;',
    '}',
  ];
  it('sees one that stays, and is content when both advance or one is a call', () => {
    expect(hits(...f('virq, hwirq + i'))).toEqual(['uneven-step']);
    expect(hits(...f('virq + i, hwirq'))).toEqual(['uneven-step']);
    expect(hits(...f('virq + i, hwirq + i'))).toEqual([]);
    expect(hits(...f('virq + i, next(d)'))).toEqual([]);
  });
});

describe('min-for-max', () => {
  const f = (start: string, step: string) => [
    'unsigned f(struct l *l)',
    '{',
    `\tunsigned most = ${start};`,
    '\tstruct e *e;',
    '',
    '\tlist_for_each_entry(e, &l->all, next)',
    `\t\tmost = ${step};`,
    '\treturn most;',
    '}',
  ];
  it('sees a minimum from 0 on, a maximum from the top, and a least that is the most', () => {
    expect(hits(...f('0', 'min(most, e->last)'))).toEqual(['min-for-max']);
    expect(hits(...f('UINT_MAX', 'max(most, e->last)'))).toEqual(['min-for-max']);
    expect(hits(...f('l->n', 'max(most, DOORS_MAX)'))).toEqual(['min-for-max']);
  });
  it('is content with the other way round', () => {
    expect(hits(...f('0', 'max(most, e->last)'))).toEqual([]);
    expect(hits(...f('UINT_MAX', 'min(most, e->last)'))).toEqual([]);
    expect(hits(...f('l->n', 'min(most, DOORS_MAX)'))).toEqual([]);
  });
  it('is content with a limit that something else set in between', () => {
    const limit = (...set: readonly string[]) =>
      hits(
        'unsigned f(struct l *l)',
        '{',
        '\tunsigned most = 0;',
        '',
        ...set,
        '\tmost = min(most, l->most);',
        '\treturn most;',
        '}',
      );
    expect(limit()).toEqual(['min-for-max']);
    expect(limit('\tif (l->pci)', '\t\tmost = hw_most_of(l);')).toEqual([]);
    expect(limit('\tread_limit(l, &most);')).toEqual([]);
  });
});

describe('mask-shift', () => {
  const f = (value: string) => [
    '#define DOORS_MASK GENMASK(7, 4)',
    'unsigned f(unsigned flags)',
    '{',
    `\treturn ${value};`,
    '}',
  ];
  it('sees a shift of another field, and a value too large', () => {
    expect(hits(...f('(flags & DOORS_MASK) >> 5'))).toEqual(['mask-shift']);
    expect(hits(...f('1 << ((flags & PCI_MSI_FLAGS_QSIZE) >> 1)'))).toEqual(['mask-shift']);
    expect(hits(...f('FIELD_PREP(DOORS_MASK, 16)'))).toEqual(['mask-shift']);
  });
  it('is content with the shift that belongs to it', () => {
    expect(hits(...f('(flags & DOORS_MASK) >> 4'))).toEqual([]);
    expect(hits(...f('1 << ((flags & PCI_MSI_FLAGS_QMASK) >> 1)'))).toEqual([]);
    expect(hits(...f('FIELD_PREP(DOORS_MASK, 15)'))).toEqual([]);
    expect(hits(...f('(flags & OTHER_MASK) >> 5'))).toEqual([]);
  });
  it('knows a field that is moved to its place beside others', () => {
    expect(hits(...f('(flags & LOW_MASK) | ((flags & DOORS_MASK) >> 2)'))).toEqual([]);
    expect(hits(...f('(flags & DOORS_MASK) >> 2'))).toEqual(['mask-shift']);
  });
});
