/** Ends that were rounded, steps of another page than the one rounded to, and highest indexes taken for counts. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { FrontEnd } from '../../../src/code/front-end';
import { frontEnd } from './c';
import { hitsOf } from './hits';
import { rulesOn } from './pairs';

let front: FrontEnd;
beforeAll(async () => {
  front = await frontEnd();
});
const rules = (statements: string, head = 'static int door_reserve(struct door *door, u64 start, u64 end)'): string[] =>
  hitsOf(front, `${head}\n{\n${statements}\n}\n`, ['arith']).map((hit) => hit.split('@')[0] ?? '');

describe('inclusive-end, of a rounded end', () => {
  it('sees a length that adds one to a rounded end, and a last byte that is rounded', () => {
    expect(
      rules(' u64 top_end = round_up(door->top, door->granule);\n\n return door_add(door, top_end - start + 1);'),
    ).toEqual(['inclusive-end']);
    expect(
      rules(
        ' u64 size, top_end;\n\n top_end = round_up(door->top, SZ_64K);\n size = top_end - start + 1;\n return door_add(door, size);',
      ),
    ).toEqual(['inclusive-end']);
    expect(rules(' size_t len = PAGE_ALIGN(end) - start + 1;\n\n return door_add(door, len);')).toEqual([
      'inclusive-end',
    ]);
    expect(rules(' door->node.last = ALIGN(end, SZ_4K);\n return 0;')).toEqual(['inclusive-end']);
    expect(
      rules(' end = door->end = roundup(end, door->granule);\n door->size = (end - start) + 1;\n return 0;'),
    ).toEqual(['inclusive-end']);
  });
  it('works in a function known in part, and is content with the corrected one', () => {
    const pair = {
      path: 'drivers/iommu/sample.c',
      section: 'static int door_window(struct door *door, u64 first, u64 top)',
      text: `
 	door_lock(door);
-	door->end = le64_to_cpu(head->end);
!	door->end = ALIGN(le64_to_cpu(head->end), door->granule);
=	door->end = ALIGN(le64_to_cpu(head->end) + 1, door->granule) - 1;
 	door->size = door->end - first + 1;
 	if (!door->size)
 		return -EOVERFLOW;
`,
    };
    expect(rulesOn(front, pair, false)).toEqual(['inclusive-end']);
    expect(rulesOn(front, pair, true)).toEqual([]);
  });
  it('is quiet where nothing is added, where the end was not rounded up, and where it is set again', () => {
    for (const statements of [
      ' end = ALIGN(end, SZ_4K);\n door->size = end - start;\n return 0;',
      ' end = ALIGN_DOWN(end, SZ_4K);\n door->size = end - start + 1;\n return 0;',
      ' end = ALIGN(end, SZ_4K);\n end = end - 1;\n door->size = end - start + 1;\n return 0;',
      ' start = ALIGN(start, SZ_4K);\n door->size = end - start + 1;\n return 0;',
      ' door->node.last = ALIGN(end + 1, SZ_4K) - 1;\n return 0;',
    ])
      expect(rules(statements)).toEqual([]);
  });
});

describe('granule-mix, of rounding and stepping', () => {
  const loop = (first: string, step: string): string[] =>
    rules(` phys_addr_t at;\n\n for (at = ${first}; at < end; at += ${step})\n  door_map(door, at);\n return 0;`);
  it('sees an address rounded to one page and stepped by the other', () => {
    expect(loop('start & PAGE_MASK', 'iovad->granule')).toEqual(['granule-mix']);
    expect(loop('round_down(start, PAGE_SIZE)', 'door->granule')).toEqual(['granule-mix']);
    expect(loop('ALIGN_DOWN(start, door->granule)', 'PAGE_SIZE')).toEqual(['granule-mix']);
  });
  it('is content with one page size for both, and with another address rounded', () => {
    expect(loop('start & PAGE_MASK', 'PAGE_SIZE')).toEqual([]);
    expect(loop('round_down(start, door->granule)', 'door->granule')).toEqual([]);
    expect(loop('start & ~(door->granule - 1)', 'door->granule')).toEqual([]);
    expect(
      rules(
        ' phys_addr_t at = start, base = start & PAGE_MASK;\n\n for (; at < end; at += door->granule)\n  door_map(door, at, base);\n return 0;',
      ),
    ).toEqual([]);
  });
});

describe('off-by-one, of the highest index as a count', () => {
  const two = (alloc: string, test: string, index = 'id'): string[] =>
    hitsOf(
      front,
      `static int door_setup(struct door *door, unsigned int max_key)
{
	door->hits = ${alloc};
	if (!door->hits)
		return -ENOMEM;
	return 0;
}

static void door_show(struct seq_file *m, struct house *house)
{
	unsigned int id;

	for (id = 1; ${test}; id++)
		seq_printf(m, "%u", house->door->hits[${index}]);
}
`,
      ['arith'],
    );
  it('sees an array that lacks its last element', () => {
    expect(two('kcalloc(door->bus->max_key, sizeof(u32), GFP_KERNEL)', 'id <= house->bus.max_key')).toEqual([
      'off-by-one@3',
    ]);
    expect(two('kvmalloc_array(door->top_id, 8, GFP_KERNEL)', 'id <= door->top_id')).toEqual(['off-by-one@3']);
    expect(two('devm_kcalloc(door->dev, door->highest, 8, GFP_KERNEL)', 'id <= house->door->highest')).toEqual([
      'off-by-one@3',
    ]);
    expect(
      rules(
        ' u8 *seen = kcalloc(door->max, 1, GFP_KERNEL);\n int i;\n\n for (i = 0; i <= door->max; i++)\n  seen[i] = 1;\n return 0;',
      ),
    ).toEqual(['off-by-one']);
  });
  it('is content with one more, with a count, with an index less one, and with another array', () => {
    expect(two('kcalloc(door->bus->max_key + 1, sizeof(u32), GFP_KERNEL)', 'id <= house->bus.max_key')).toEqual([]);
    expect(two('kcalloc(door->bus->max_key, sizeof(u32), GFP_KERNEL)', 'id < house->bus.max_key')).toEqual([]);
    expect(two('kcalloc(door->bus->max_key, sizeof(u32), GFP_KERNEL)', 'id <= house->bus.max_key', 'id - 1')).toEqual(
      [],
    );
    expect(two('kcalloc(door->bus->keys, sizeof(u32), GFP_KERNEL)', 'id <= house->bus.max_key')).toEqual([]);
    expect(two('kcalloc(max_key, sizeof(u32), GFP_KERNEL)', 'id <= max_key')).toEqual([]);
  });
});
