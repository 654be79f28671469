import { beforeAll, describe, expect, it } from 'vitest';
import { UNSEEN } from '../../../src/code/expressions';
import type { FrontEnd } from '../../../src/code/front-end';
import { frontEnd } from './c';
import { hitsOf } from './hits';

let front: FrontEnd;
beforeAll(async () => {
  front = await frontEnd();
});
/** Hits in `int f(struct s *s, struct device *dev)` with these statements, one a line from line 3 on. */
const inside = (...statements: string[]): string[] =>
  hitsOf(front, `int f(struct s *s, struct device *dev)\n{\n${statements.join('\n')}\n}`, ['lifetime', 'context']);

describe('freed memory', () => {
  it('is not read, passed on or freed again', () => {
    expect(inside('kfree(s);', 'g(s->id);', 'return 0;')).toEqual(['use-after-free@4']);
    expect(inside('kfree(s);', 'g(s);', 'return 0;')).toEqual(['use-after-free@4']);
    expect(inside('if (dev)', 'goto out;', 'kfree(s->a);', 'out:', 'kfree(s->a);', 'return 0;')).toEqual([
      'freed-twice@7',
    ]);
  });
  it('may get another value, and may be told of', () => {
    expect(inside('kfree(s->a);', 's->a = NULL;', 'kfree(s->a);', 'return 0;')).toEqual([]);
    expect(inside('kfree(s->a);', 'dev_dbg(dev, "%p", s->a);', 'return 0;')).toEqual([]);
    expect(inside('kfree(s->a);', 'renew(&s->a);', 'g(s->a);', 'return 0;')).toEqual([]);
    expect(inside('iommu_fwspec_free(dev);', 'g(dev->id);', 'return 0;')).toEqual([]);
  });
  it('is read by a loop that steps from what it freed', () => {
    const loop = (head: string): string[] => inside('struct e *e, *n;', `${head} {`, 'kfree(e);', '}', 'return 0;');
    expect(loop('list_for_each_entry(e, &s->list, node)')).toEqual(['use-after-free@4']);
    expect(loop('list_for_each_entry_safe(e, n, &s->list, node)')).toEqual([]);
  });
  it('is not said to be, where the bracket that ends the loop may end what nobody has seen begin', () => {
    const loop = (...middle: string[]): string[] =>
      inside('struct e *e;', 'list_for_each_entry(e, &s->list, node) {', 'kfree(e);', ...middle, '}', 'return 0;');
    expect(loop('s->n--;')).toEqual(['use-after-free@4']);
    expect(loop(`${UNSEEN};`)).toEqual([]);
    // What is read through after it was freed is seen as before.
    expect(loop('g(e->id);', `${UNSEEN};`)).toEqual(['use-after-free@6']);
  });
});

describe('pointers', () => {
  it('are tested before they are read through', () => {
    expect(
      inside('struct iommu_domain *d = iommu_domain_alloc(s->bus);', 's->d = d;', 'd->owner = s;', 'return 0;'),
    ).toEqual(['unchecked-pointer@5']);
    expect(
      inside(
        'struct iommu_domain *d = iommu_domain_alloc(s->bus);',
        'if (!d)',
        'return -ENOMEM;',
        's->d = d;',
        'd->owner = s;',
        'return 0;',
      ),
    ).toEqual([]);
    expect(inside('struct x *x = s->x;', 'int n = x->n;', 'if (!x)', 'return -EINVAL;', 'return n;')).toEqual([
      'tested-after-use@4',
    ]);
    expect(inside('struct x *x = s->x;', 'int n = x ? x->n : 0;', 'if (!x)', 'return -EINVAL;', 'return n;')).toEqual(
      [],
    );
  });
  it('are tested by what sees the failure', () => {
    expect(
      inside('void *p = devm_ioremap_resource(dev, s->res);', 'if (!p)', 'return -ENOMEM;', 's->p = p;', 'return 0;'),
    ).toEqual(['wrong-error-test@4']);
    expect(
      inside('struct a *p = kzalloc(8, GFP_KERNEL);', 'if (IS_ERR(p))', 'return PTR_ERR(p);', 's->p = p;', 'return 0;'),
    ).toEqual(['wrong-error-test@4']);
    expect(
      inside(
        'void *p = devm_ioremap_resource(dev, s->res);',
        'if (IS_ERR_OR_NULL(p))',
        'return -ENOMEM;',
        's->p = p;',
        'return 0;',
      ),
    ).toEqual([]);
  });
  it('found to be NULL are not read through on the same way', () => {
    expect(inside('struct x *x = s->x;', 'if (!x)', 'g(s);', 'x->n = 1;', 'return 0;')).toEqual(['null-dereference@6']);
    expect(inside('struct x *x = s->x;', 'if (!x)', 'panic("none");', 'x->n = 1;', 'return 0;')).toEqual([]);
    expect(inside('struct x *x = s->x;', 'if (!x)', 'x = s->y;', 'x->n = 1;', 'return 0;')).toEqual([]);
  });
});

describe('atomic context', () => {
  it('has no call that may sleep', () => {
    expect(
      inside(
        'spin_lock(&s->lock);',
        'mutex_lock(&s->m);',
        'mutex_unlock(&s->m);',
        'spin_unlock(&s->lock);',
        'return 0;',
      ),
    ).toEqual(['sleep-in-atomic@4']);
    expect(inside('rcu_read_lock();', 's->p = kzalloc(8, GFP_KERNEL);', 'rcu_read_unlock();', 'return 0;')).toEqual([
      'sleep-in-atomic@4',
    ]);
    expect(
      hitsOf(
        front,
        'static void h(struct s *s)\n{\n\tmutex_lock(&s->m);\n\tmutex_unlock(&s->m);\n}\nvoid f(struct s *s)\n{\n\tspin_lock(&s->lock);\n\th(s);\n\tspin_unlock(&s->lock);\n}',
        ['context'],
      ),
    ).toEqual(['sleep-in-atomic@9']);
  });
  it('ends with the lock, and allows what cannot sleep', () => {
    expect(
      inside(
        'spin_lock(&s->lock);',
        'spin_unlock(&s->lock);',
        'mutex_lock(&s->m);',
        'mutex_unlock(&s->m);',
        'return 0;',
      ),
    ).toEqual([]);
    expect(
      inside('spin_lock(&s->lock);', 's->p = kzalloc(8, GFP_ATOMIC);', 'spin_unlock(&s->lock);', 'return 0;'),
    ).toEqual([]);
  });
});

describe('results', () => {
  it('are looked at before they are lost', () => {
    expect(inside('int ret;', 'ret = first(s);', 'ret = second(s);', 'return ret;')).toEqual(['result-lost@4']);
    expect(
      inside('int ret;', 'ret = first(s);', 'if (ret)', 'return ret;', 'ret = second(s);', 's->n = 1;', 'return 0;'),
    ).toEqual(['result-lost@7']);
  });
  it('may be read on one way only, or be nobody’s failure', () => {
    expect(inside('int ret;', 'ret = first(s);', 'if (s->on)', 'ret = second(s);', 'return ret;')).toEqual([]);
    expect(inside('int n;', 'n = first(s);', 'n = second(s);', 'return n;')).toEqual([]);
    expect(inside('int ret;', 'ret = first(s, &ret);', 'ret = second(s);', 'return ret;')).toEqual([]);
  });
});

describe('order of teardown', () => {
  it('has what reaches a thing go before the thing', () => {
    expect(inside('pci_free_irq_vectors(s->pdev);', 'free_irq(s->irq, s);', 'return 0;')).toEqual(['release-order@3']);
    expect(inside('free_irq(s->irq, s);', 'pci_free_irq_vectors(s->pdev);', 'return 0;')).toEqual([]);
    expect(inside('free_iova(s->iovad, pfn);', 'iommu_unmap(s->domain, iova, n);', 'return 0;')).toEqual([
      'release-order@3',
    ]);
    expect(inside('free_iova(a->iovad, pfn);', 'iommu_unmap(b->domain, iova, n);', 'return 0;')).toEqual([]);
  });
});
