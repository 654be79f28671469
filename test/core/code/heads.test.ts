import { describe, expect, it } from 'vitest';
import { headsAgree, headTypes } from '../../../src/code/heads';

const HEAD = ['static int join(struct iommu_group *group, phys_addr_t *base,', '\t\tsize_t size)', '{', '\treturn 0;'];

describe('heads of functions', () => {
  it('types of parameters over several lines, without names and qualifiers', () => {
    expect(headTypes(HEAD, 'join')).toEqual(['struct iommu_group *', 'phys_addr_t *', 'size_t']);
    expect(headTypes(['int run(void)', '{'], 'run')).toEqual(['void']);
    expect(headTypes(['void run(const struct dev *dev, unsigned int nr)'], 'run')).toEqual([
      'struct dev *',
      'unsigned int',
    ]);
  });

  it('a call is no head, nor is a head cut off', () => {
    expect(headTypes(['\tret = join(group, base, size);'], 'join')).toBeNull();
    expect(headTypes(['static int join(struct iommu_group *group,'], 'join')).toBeNull();
  });

  it('agree where names, qualifiers and integer types differ', () => {
    expect(headsAgree(HEAD, ['int join(const struct iommu_group *g, u64 *where, u32 len)'], 'join')).toBe(true);
  });

  it('differ by another structure, and by another number of parameters', () => {
    expect(headsAgree(HEAD, ['int join(struct list_head *regions, phys_addr_t *base, size_t size)'], 'join')).toBe(
      false,
    );
    expect(headsAgree(HEAD, ['int join(struct iommu_group *group, phys_addr_t *base)'], 'join')).toBe(false);
  });

  it('where one is not in sight nothing is said against them', () => {
    expect(headsAgree(['\tgo();'], HEAD, 'join')).toBe(true);
  });
});
