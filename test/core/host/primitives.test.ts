import { describe, expect, it } from 'vitest';
import { runBody } from './support';

const kinds = (run: { host: { incidents: readonly { kind: string }[] } }) => run.host.incidents.map((i) => i.kind);

const LOCKED = 'static DEFINE_MUTEX(big);\nstatic DEFINE_SPINLOCK(small);\n';

describe('broken rules become incidents', () => {
  const cases: readonly (readonly [string, string, readonly string[]])[] = [
    ['a balanced mutex is none', 'mutex_lock(&big); mutex_unlock(&big); return 0;', []],
    ['unlock without lock', 'mutex_unlock(&big); return 0;', ['unlock-not-held']],
    [
      'unlock of another lock',
      'mutex_lock(&big); spin_unlock(&small); mutex_unlock(&big); return 0;',
      ['unlock-not-held'],
    ],
    [
      'a return that keeps the lock',
      'mutex_lock(&big); if (1) return -22; mutex_unlock(&big); return 0;',
      ['lock-held-at-exit'],
    ],
    [
      'a mutex under a spinlock',
      'spin_lock(&small); mutex_lock(&big); mutex_unlock(&big); spin_unlock(&small); return 0;',
      ['sleep-in-atomic'],
    ],
    [
      'a sleeping allocation with interrupts off',
      'unsigned long flags; void *p; local_irq_save(flags); p = kmalloc(8, GFP_KERNEL); local_irq_restore(flags); return !p;',
      ['sleep-in-atomic'],
    ],
    [
      'an atomic allocation with interrupts off is none',
      'unsigned long flags; void *p; local_irq_save(flags); p = kmalloc(8, GFP_ATOMIC); local_irq_restore(flags); return !p;',
      [],
    ],
    [
      'a sleeping allocation after the spinlock is none',
      'void *p; spin_lock_irq(&small); spin_unlock_irq(&small); p = kmalloc(8, GFP_KERNEL); return !p;',
      [],
    ],
    ['memory freed twice', 'void *p = kmalloc(8, GFP_KERNEL); kfree(p); kfree(p); return 0;', ['double-free']],
    ['kfree(NULL) is none', 'kfree(NULL); return 0;', []],
    [
      'a field read after the free',
      'struct s *p = kzalloc(sizeof(*p), GFP_KERNEL); kfree(p); return p->v;',
      ['use-after-free'],
    ],
    [
      'an element written after the free',
      'int *p = kcalloc(4, sizeof(int), GFP_KERNEL); kfree(p); p[1] = 2; return 0;',
      ['use-after-free'],
    ],
    ['a NULL pointer followed', 'struct s *p = NULL; return p->v;', ['null-dereference']],
    ['an error pointer followed', 'struct s *p = ERR_PTR(-22); return p->v;', ['null-dereference']],
    ['a callback that is not there', 'struct ops o = { 0 }; return o.go(1);', ['null-dereference']],
    [
      'a reference put too often',
      'struct s *p = kzalloc(sizeof(*p), GFP_KERNEL); kref_init(&p->ref); kref_put(&p->ref, done); kref_put(&p->ref, done); return 0;',
      ['double-free'],
    ],
  ];
  for (const [title, body, wanted] of cases)
    it(title, async () => {
      const run = await runBody(
        body,
        `${LOCKED}struct s { int v; struct kref ref; };\nstruct ops { int (*go)(int); };\nstatic void done(struct kref *ref)\n{\n}`,
      );
      expect(kinds(run)).toEqual(wanted);
    });

  it('an incident points at the statement', async () => {
    const run = await runBody('void *p = kmalloc(8, GFP_KERNEL);\nkfree(p);\nkfree(p);\nreturn 0;');
    const [first] = run.host.incidents;
    expect(run.events[first!.event]).toMatchObject({
      at: { kind: 'design', line: 6 },
      function: 'vfio_iommu_type1_attach_group',
    });
  });

  it('a NULL pointer ends the stage without a value', async () => {
    const run = await runBody('struct s *p = NULL; return p->v;', 'struct s { int v; };');
    expect(run.value).toBeNull();
  });
});

const DOMAIN =
  'struct iommu_domain *d = iommu_domain_alloc(&pci_bus_type);\nint ret = iommu_attach_group(d, group);\nif (ret)\n\treturn ret;\n';

describe('the IOMMU', () => {
  it('maps, translates, unmaps', async () => {
    const run = await runBody(
      `${DOMAIN}ret = iommu_map(d, 0x10000, 0x8020000, 0x1000, IOMMU_WRITE);
      if (ret || iommu_iova_to_phys(d, 0x10040) != 0x8020040) return -1;
      if (iommu_unmap(d, 0x10000, 0x1000) != 0x1000) return -2;
      return iommu_iova_to_phys(d, 0x10040);`,
    );
    expect(run.undecided).toEqual([]);
    expect(run.value).toBe(0);
    expect(run.events.map((e) => e.text)).toContain('map IOVA 0x10000 → v2m0 (0x8020000), 1 page in domain 1');
    expect(run.host.domains).toEqual([{ id: 1, agent: 'guest-a', requesterIds: [0x180] }]);
  });

  it('says what the hardware says of bad maps', async () => {
    expect((await runBody(`${DOMAIN}return iommu_map(d, 0x10800, 0x8020000, 0x1000, IOMMU_WRITE);`)).value).toBe(-22);
    expect(
      (
        await runBody(
          `${DOMAIN}iommu_map(d, 0x10000, 0x8020000, 0x1000, IOMMU_WRITE); return iommu_map(d, 0x10000, 0x40000000, 0x1000, IOMMU_WRITE);`,
        )
      ).value,
    ).toBe(-17);
  });

  it('takes note when nothing is unmapped, and when a freed domain is used', async () => {
    expect(kinds(await runBody(`${DOMAIN}iommu_unmap(d, 0x5000, 0x1000); return 0;`))).toEqual(['unmap-nothing']);
    expect(
      kinds(
        await runBody(`${DOMAIN}iommu_detach_group(d, group); iommu_domain_free(d); iommu_domain_free(d); return 0;`),
      ),
    ).toEqual(['double-free']);
    expect(
      kinds(
        await runBody(
          `${DOMAIN}iommu_detach_group(d, group); iommu_domain_free(d); return iommu_map(d, 0, 0x40000000, 0x1000, 3);`,
        ),
      ),
    ).toEqual(['use-after-free']);
  });

  it('a group is in one domain at a time', async () => {
    expect((await runBody(`${DOMAIN}return iommu_attach_group(iommu_domain_alloc(&pci_bus_type), group);`)).value).toBe(
      -16,
    );
  });

  it('there is no domain without an IOMMU driver on the bus', async () => {
    expect((await runBody('return iommu_present(&pci_bus_type);')).value).toBe(1);
  });
});

const WINDOW =
  'struct iova_domain *w = kzalloc(sizeof(*w), GFP_KERNEL);\nstruct iova *a, *b;\ninit_iova_domain(w, 0x1000, 0x8000, 0x8001);\n';

describe('the window', () => {
  it('hands out pages from the top and takes them back', async () => {
    const run = await runBody(
      `${WINDOW}a = alloc_iova(w, 1, w->dma_32bit_pfn, true);
      b = alloc_iova(w, 1, w->dma_32bit_pfn, true);
      if (alloc_iova(w, 1, w->dma_32bit_pfn, true)) return -1;
      if (iova_dma_addr(w, a) != 0x8001000 || iova_dma_addr(w, b) != 0x8000000) return -2;
      __free_iova(w, a);
      a = alloc_iova(w, 1, w->dma_32bit_pfn, true);
      return iova_dma_addr(w, a);`,
    );
    expect(run.undecided).toEqual([]);
    expect(run.value).toBe(0x8001000);
    expect(run.host.windows).toMatchObject([
      {
        agent: 'guest-a',
        domain: null,
        base: 0x8000000,
        size: 0x2000,
        granule: 0x1000,
        allocated: [0x8000000, 0x8001000],
      },
    ]);
    expect(run.events.filter((e) => e.windowDelta !== 0).map((e) => e.windowDelta)).toEqual([1, 1, -1, 1]);
    expect(run.events.map((e) => e.text)).toContain(
      'no 1 page of IOVA left in the window at 0x8000000: 2 of 2 pages in use',
    );
  });

  it('takes a size-aligned range where it fits only', async () => {
    const run = await runBody(
      'struct iova_domain *w = kzalloc(sizeof(*w), GFP_KERNEL);\ninit_iova_domain(w, 0x1000, 0x8000, 0x8006);\nreturn iova_dma_addr(w, alloc_iova(w, 3, w->dma_32bit_pfn, true));',
    );
    expect(run.value).toBe(0x8000000);
  });

  it('knows the door that is mapped from it, and forgets it', async () => {
    const run = await runBody(
      `${DOMAIN}${WINDOW}a = alloc_iova(w, 1, w->dma_32bit_pfn, true);
      ret = iommu_map(d, iova_dma_addr(w, a), 0x8020000, 0x1000, IOMMU_WRITE);
      return ret;`,
    );
    expect(run.value).toBe(0);
    expect(run.host.windows[0]).toMatchObject({ domain: 1, allocated: [0x8001000] });
    expect(run.host.state()['windows/guest-a/pages/0x8001000']).toBe('v2m0');
    expect(run.host.state()['domains/1/maps/0x8001000']).toBe('0x8020000+0x1000 v2m0');
  });

  it('gives a page back once only', async () => {
    expect(
      kinds(
        await runBody(
          `${WINDOW}a = alloc_iova(w, 1, w->dma_32bit_pfn, true); __free_iova(w, a); __free_iova(w, a); return 0;`,
        ),
      ),
    ).toEqual(['double-free']);
  });

  it('is gone with its allocator', async () => {
    const run = await runBody(`${WINDOW}a = alloc_iova(w, 1, w->dma_32bit_pfn, true); put_iova_domain(w); return 0;`);
    expect(run.host.windows).toEqual([]);
    expect(run.events.at(-2)).toMatchObject({
      text: 'close the window at 0x8000000, 1 page still allocated',
      windowDelta: -1,
    });
    expect(Object.keys(run.host.state()).filter((path) => path.startsWith('windows/'))).toEqual([]);
  });
});

describe('user memory and failures', () => {
  it('copies a user structure in', async () => {
    const run = await runBody(
      'return vfio_iommu_type1_ioctl(iommu_data, 0, 0);',
      'static long vfio_iommu_type1_ioctl(void *d, unsigned int cmd, unsigned long arg)\n{\n\treturn 4;\n}',
    );
    expect(run.value).toBe(4);
  });

  it('asks the chooser whether a fallible primitive fails', async () => {
    const asked: string[] = [];
    const chooser = {
      decide: () => false,
      fail: (name: string) => {
        asked.push(name);
        return name === 'eventfd_ctx_fdget' ? -9 : null;
      },
    };
    const run = await runBody(
      'void *p = kzalloc(8, GFP_KERNEL); void *e = eventfd_ctx_fdget(3); kfree(p); return IS_ERR(e) ? PTR_ERR(e) : 0;',
      '',
      { chooser },
    );
    expect(asked).toEqual(['kzalloc', 'eventfd_ctx_fdget']);
    expect(run.value).toBe(-9);
  });

  it('a function known from the kernel facts alone works, and may be made to fail', async () => {
    const chooser = {
      decide: () => false,
      fail: (name: string) => (name === 'blocking_notifier_chain_register' ? -16 : null),
    };
    const body = 'return blocking_notifier_chain_register(group, NULL);';
    expect((await runBody(body)).value).toBe(0);
    expect((await runBody(body, '', { chooser })).value).toBe(-16);
  });
});

describe('a NULL pointer of which nobody knows how it came', () => {
  const AROUND = `struct table { int (*go)(int); };
struct owner { struct table *ops; };
static struct table known = { .go = NULL };
static int inc(int v)
{
	return v + 1;
}
static void installs(struct owner *o)
{
	o->ops = &known;
}
`;
  const MAKE = 'struct owner *o = kzalloc(sizeof(*o), GFP_KERNEL); ';

  it('read from a field that nothing set: a gap, not an incident', async () => {
    const run = await runBody(`${MAKE}int v = o->ops->go(1); kfree(o); return v;`, AROUND);
    expect(kinds(run)).toEqual([]);
    expect(run.undecided.join()).toContain('nothing that is known sets owner.ops');
  });

  it('set to NULL on the way: an incident', async () => {
    const run = await runBody(`${MAKE}o->ops = NULL; int v = o->ops->go(1); kfree(o); return v;`, AROUND);
    expect(kinds(run)).toEqual(['null-dereference']);
  });

  it('a table that leaves the callback out: an incident', async () => {
    const run = await runBody(`${MAKE}installs(o); int v = o->ops->go(1); kfree(o); return v;`, AROUND);
    expect(kinds(run)).toEqual(['null-dereference']);
  });

  it('read from a field that tables set to something, and this object has not: a gap', async () => {
    const run = await runBody(
      `${MAKE}int v = o->ops->go(1); kfree(o); return v;`,
      `${AROUND}static struct owner first = { .ops = &known };\n`,
    );
    expect(kinds(run)).toEqual([]);
    expect(run.undecided.join()).toContain('nothing that is known sets owner.ops');
  });

  it('a callback asked of a table of another type: a gap', async () => {
    const run = await runBody(
      `${MAKE}o->ops = (void *)&other; int v = o->ops->go(1); kfree(o); return v;`,
      `${AROUND}struct wide { int (*halt)(int); };\nstatic struct wide other = { .halt = inc };\n`,
    );
    expect(kinds(run)).toEqual([]);
    expect(run.undecided.join()).toContain('o->ops is another table');
  });

  it('a question that is answered by NULL is not made to fail', async () => {
    const asked: string[] = [];
    const chooser = {
      decide: () => false,
      fail: (name: string) => {
        asked.push(name);
        return null;
      },
    };
    await runBody('void *d = iommu_get_dma_domain(NULL); return d == NULL;', '', { chooser });
    expect(asked).toEqual([]);
  });
});
