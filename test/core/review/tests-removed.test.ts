import { beforeAll, describe, expect, it } from 'vitest';
import type { FrontEnd } from '../../../src/code/front-end';
import { pathHits } from '../../../src/review/rules';
import { frontEnd, read } from './c';
import { hitsOf } from './hits';

let front: FrontEnd;
beforeAll(async () => {
  front = await frontEnd();
});

/** Rules of the function `f` as it is after a patch, told apart from how it was. */
function since(before: readonly string[], after: readonly string[], more = ''): string[] {
  const text = (body: readonly string[]): string =>
    `${more}static int f(struct win *w, dma_addr_t base)\n{\n${body.map((line) => `\t${line}`).join('\n')}\n}\n`;
  const then = read(front, text(before)).programs.get('f') ?? null;
  const now = read(front, text(after));
  const program = now.programs.get('f');
  return program === undefined ? [] : pathHits(program, () => then, now).map((hit) => hit.rule.id);
}

describe('test-removed', () => {
  const locked = (...test: string[]) => [
    'int ret;',
    'mutex_lock(&w->lock);',
    'ret = win_enable(w);',
    ...test,
    'w->users++;',
    'unlock:',
    'mutex_unlock(&w->lock);',
    'return ret;',
  ];
  const tested = locked('if (ret)', '\tgoto unlock;');
  it('sees a result that is still returned, and what runs in between', () => {
    expect(since(tested, locked())).toEqual(['test-removed']);
    expect(since(tested, tested)).toEqual([]);
  });
  it('sees a lookup, an allocation and a mapping of which nothing asks any more', () => {
    const got = (take: string, ...test: string[]) => [
      'struct iommu_group *group;',
      'int ret = 0;',
      take,
      ...test,
      'w->users++;',
      'iommu_group_put(group);',
      'return ret;',
    ];
    const take = 'group = iommu_group_get(w->dev);';
    expect(since(got(take, 'if (!group)', '\treturn -ENODEV;'), got(take))).toEqual(['test-removed']);
    expect(
      since(got(take, 'if (!group)', '\treturn -ENODEV;'), got(take, 'if (WARN_ON(!group))', '\treturn -EINVAL;')),
    ).toEqual([]);
  });
  it('is content when the test was reworded, moved, left to the end or to a new helper', () => {
    expect(since(tested, locked('if (ret < 0)', '\tgoto unlock;'))).toEqual([]);
    expect(since(tested, locked('if (!ret)', '\tw->users++;', 'goto unlock;'))).toEqual([]);
    expect(since(tested, locked('win_note(w, ret);'))).toEqual([]);
    const last = (...test: string[]) => ['int ret;', 'ret = win_enable(w);', ...test, 'return ret;'];
    expect(since(last('if (ret)', '\treturn ret;'), last())).toEqual([]);
  });
  it('is content when the test was meant for another way to the same result', () => {
    const two = (inner: string[], outer: string[]) => [
      'void *p;',
      'int ret = -ENOMEM;',
      'if (w->high) {',
      '\tp = win_remap(w);',
      ...inner,
      '} else {',
      '\tp = win_address(w);',
      '}',
      ...outer,
      'w->p = p;',
      'return 0;',
    ];
    const test = ['if (!p)', '\treturn ret;'];
    expect(since(two([], test), two(test, []))).toEqual([]);
  });
  it('is content when the result is not used any more', () => {
    const got = (...test: string[]) => ['struct door *d;', 'd = door_of(w);', ...test, 'w->users++;', 'return 0;'];
    expect(since(got('if (!d)', '\treturn -ENODEV;'), got()).filter((rule) => rule === 'test-removed')).toEqual([]);
    expect(since(got('if (!d)', '\treturn -ENODEV;', 'w->d = d;'), got('w->d = d;'))).toEqual(['test-removed']);
  });
  it('is content when the callee is in sight: it may have lost its failure', () => {
    expect(since(tested, locked(), 'static int win_enable(struct win *w)\n{\n\treturn 0;\n}\n')).toEqual([]);
  });
});

describe('mapping-untested', () => {
  const f = (...lines: string[]): string[] =>
    hitsOf(
      front,
      `void f(struct win *w, void *buffer, size_t size)\n{\n\tdma_addr_t handle;\n\n\thandle = dma_map_single(w->dev, buffer, size, DMA_TO_DEVICE);\n${lines.map((line) => `\t${line}`).join('\n')}\n}\n`,
      ['lifetime'],
    );
  const use = [
    'writel(lower_32_bits(handle), w->base);',
    'win_wait(w);',
    'dma_unmap_single(w->dev, handle, size, DMA_TO_DEVICE);',
  ];
  it('sees an address that goes to the device untested', () => {
    expect(f(...use)).toEqual(['mapping-untested@5']);
  });
  it('is content with the test, with a helper that makes it, and with what the caller gets', () => {
    expect(f('if (dma_mapping_error(w->dev, handle))', '\treturn;', ...use)).toEqual([]);
    expect(f('if (win_address_valid(w, handle) < 0)', '\treturn;', ...use)).toEqual([]);
    expect(
      f('w->handle = handle;', 'if (dma_mapping_error(w->dev, w->handle))', '\treturn;', ...use.slice(0, 2)),
    ).toEqual([]);
  });
});

describe('what one family of calls gives back', () => {
  const f = (last: string): string[] =>
    hitsOf(
      front,
      `int f(struct win *w, unsigned long iova, size_t size)
{
	dma_addr_t handle;
	int ret;

	handle = dma_map_single(w->dev, w->buffer, size, DMA_TO_DEVICE);
	if (dma_mapping_error(w->dev, handle))
		return -EIO;
	ret = iommu_map(w->domain, iova, w->paddr, size, IOMMU_READ);
	if (ret)
		goto unmap;
	ret = win_start(w);
	if (ret)
		goto undo;
	w->handle = handle;
	return 0;
undo:
	${last}
unmap:
	dma_unmap_single(w->dev, handle, size, DMA_TO_DEVICE);
	return ret;
}
`,
      ['lifetime'],
    );
  it('is not what another family took', () => {
    expect(f(';').map((hit) => hit.split('@')[0])).toEqual(['leak-on-exit']);
    expect(f('iommu_unmap(w->domain, iova, size);')).toEqual([]);
    expect(f('iommu_unmap_fast(w->domain, iova, size, &w->gather);')).toEqual([]);
  });
});
