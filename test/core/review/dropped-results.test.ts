/** Results that nobody asks for: each rule on a defective patch and on the same patch corrected. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { FrontEnd } from '../../../src/code/front-end';
import { frontEnd } from './c';
import { rulesOn } from './pairs';

let front: FrontEnd;
beforeAll(async () => {
  front = await frontEnd();
});

const both = (path: string, ...lines: string[]): string[][] =>
  [false, true].map((twin) => rulesOn(front, { path, text: lines.join('\n') }, twin));
const inside = (section: string, ...lines: string[]): string[][] =>
  [false, true].map((twin) => rulesOn(front, { path: 'drivers/vfio/door.c', section, text: lines.join('\n') }, twin));

describe('result-lost', () => {
  it('sees the one place of two that lost its test', () => {
    expect(
      inside(
        'static void *door_alloc(struct door *d, size_t size)',
        ' \tp = door_page(d);',
        ' \tif (d->simple) {',
        '-\tif (door_private(d)) {',
        '-\t\terr = set_memory_decrypted(p, size);',
        '-\t\tif (err)',
        '-\t\t\tgoto out_free;',
        '-\t}',
        '+\terr = door_decrypt(d, p, size);',
        '=\tif (err)',
        '=\t\tgoto out_free;',
        ' \tmemset(p, 0, size);',
        ' \tgoto done;',
        ' \t}',
        ' \tq = door_other(d);',
        '-\tif (door_private(d)) {',
        '-\t\terr = set_memory_decrypted(q, size);',
        '-\t\tif (err)',
        '-\t\t\tgoto out_free;',
        '-\t}',
        '+\terr = door_decrypt(d, q, size);',
        '+\tif (err)',
        '+\t\tgoto out_free;',
        ' \tmemset(q, 0, size);',
      ),
    ).toEqual([['result-lost'], []]);
  });
});

describe('attach-result-dropped', () => {
  it('sees a domain given although the attach may have failed', () => {
    expect(
      both(
        'drivers/iommu/iommu.c',
        ' struct iommu_domain *door_domain(struct device *dev)',
        ' {',
        '-\treturn dev->iommu_group->default_domain;',
        '+\tstruct iommu_domain *domain = dev->iommu_group->default_domain;',
        '+',
        '!\tif (door_deferred(domain, dev))',
        '!\t\t__iommu_attach_device(domain, dev);',
        '=\tif (door_deferred(domain, dev) && __iommu_attach_device(domain, dev))',
        '=\t\treturn NULL;',
        '+\treturn domain;',
        ' }',
      ),
    ).toEqual([['attach-result-dropped'], []]);
  });
  it('leaves who puts back what was', () => {
    const once = (...lines: string[]): string[] =>
      rulesOn(front, { path: 'drivers/iommu/iommu.c', text: lines.join('\n') }, false);
    expect(
      once(
        ' static int door_move(struct door *d)',
        ' {',
        ' \tint ret = door_ready(d);',
        ' ',
        ' \tif (ret) {',
        '+\t\tiommu_attach_group(d->old, d->group);',
        ' \t\treturn ret;',
        ' \t}',
        ' \treturn 0;',
        ' }',
      ),
    ).toEqual([]);
    expect(
      once(
        ' static void door_release(struct door *d)',
        ' {',
        '+\tiommu_attach_group(d->old, d->group);',
        ' \tdoor_put(d);',
        ' }',
      ),
    ).toEqual([]);
  });
});

describe('allocated-unused', () => {
  const attach = (...last: string[]): string[][] =>
    both(
      'drivers/of/door.c',
      '+int door_attach(struct device *dev, unsigned long offset)',
      '+{',
      '+\tstruct door_range *r;',
      '+',
      '+\tr = devm_kzalloc(dev, sizeof(*r), GFP_KERNEL);',
      '+\tif (!r)',
      '+\t\treturn -ENOMEM;',
      '+\tr->offset = offset;',
      ...last,
      '+\treturn 0;',
      '+}',
    );
  it('sees an object that nothing keeps', () => {
    expect(attach('=\tdev->door_range = r;')).toEqual([['allocated-unused'], []]);
    expect(attach('=\tlist_add(&r->node, &doors);')).toEqual([['allocated-unused'], []]);
    expect(attach('=\tdoor_register(r);')).toEqual([['allocated-unused'], []]);
  });
});

describe('guest-prints', () => {
  it('sees a message on the way of a guest access', () => {
    expect(
      both(
        'arch/arm64/kvm/mmu.c',
        ' int kvm_handle_guest_abort(struct kvm_vcpu *vcpu)',
        ' {',
        '+\tif (door_cache(vcpu)) {',
        '!\t\tkvm_err("cache maintenance on a read-only range\\n");',
        '=\t\tkvm_debug("cache maintenance on a read-only range\\n");',
        '+\t\treturn 1;',
        '+\t}',
        ' \treturn 0;',
        ' }',
      ),
    ).toEqual([['guest-prints'], []]);
  });
  it('leaves what runs once, and other parts of the kernel', () => {
    const once = (path: string, name: string): string[] =>
      rulesOn(
        front,
        { path, text: [` int ${name}(void)`, ' {', '+\tpr_err("no door\\n");', ' \treturn 0;', ' }'].join('\n') },
        false,
      );
    expect(once('arch/arm64/kvm/arm.c', 'kvm_door_init')).toEqual([]);
    expect(once('drivers/vfio/door.c', 'handle_door')).toEqual([]);
    expect(once('tools/testing/selftests/kvm/door.c', 'handle_door')).toEqual([]);
  });
});
