/** Rules on what the patches of a series owe each other: errors of stubs, locks, namespaces, options. */
import { describe, expect, it } from 'vitest';
import { type FilePart, type MailPart, seriesHits } from './series-mails';

const only = async (rule: string, parts: readonly MailPart[]): Promise<string[]> =>
  (await seriesHits(parts)).filter((one) => one.startsWith(`${rule} `));
const part = (...files: FilePart[]): MailPart => ({ files });

describe('stub-errno', () => {
  const stub = (body: string, head = 'static inline struct gate *gate_find(struct device *dev)'): FilePart => ({
    path: 'include/linux/gate.h',
    text: `@@ struct gate\n #ifdef CONFIG_GATE\n struct gate *gate_find(struct device *dev);\n+#else\n+${head}\n+{\n+\t${body}\n+}\n #endif\n`,
  });
  const caller = (lines: string): FilePart => ({
    path: 'drivers/iommu/door.c',
    text: `@@ static int door_probe(struct device *dev)\n \tstruct gate *g;\n \n+\tg = gate_find(dev);\n${lines} \treturn 0;\n`,
  });
  const FALLS_BACK =
    '+\tif (g == ERR_PTR(-ENODEV))\n+\t\treturn door_plain(dev);\n+\tif (IS_ERR(g))\n+\t\treturn PTR_ERR(g);\n';
  it('sees an error that the caller does not go on for', async () => {
    expect(await only('stub-errno', [part(stub('return ERR_PTR(-EOPNOTSUPP);'), caller(FALLS_BACK))])).toEqual([
      'stub-errno 1: +static inline struct gate *gate_find(struct device *dev)',
    ]);
    expect(
      await only('stub-errno', [
        part(
          stub('return ERR_PTR(-ENOSYS);'),
          caller(
            '+\tif (IS_ERR(g)) {\n+\t\tif (PTR_ERR(g) != -ENOENT)\n+\t\t\treturn PTR_ERR(g);\n+\t\tg = NULL;\n+\t}\n',
          ),
        ),
      ]),
    ).toHaveLength(1);
    const number: FilePart = {
      path: 'include/linux/gate.h',
      text: '@@ struct gate\n int gate_join(struct device *dev);\n #else\n+static inline int gate_join(struct device *dev) { return -ENODEV; }\n #endif\n',
    };
    const joins = (errno: string): FilePart => ({
      path: 'drivers/iommu/door.c',
      text: `@@ static int door_probe(struct device *dev)\n \tint ret;\n \n+\tret = gate_join(dev);\n+\tif (ret && ret != -${errno})\n+\t\treturn ret;\n \treturn 0;\n`,
    });
    expect(await only('stub-errno', [part(number, joins('EOPNOTSUPP'))])).toHaveLength(1);
    expect(await only('stub-errno', [part(number, joins('ENODEV'))])).toEqual([]);
  });
  it('is quiet where the caller knows it, takes every error alike, or hands the one on', async () => {
    for (const [body, lines] of [
      ['return ERR_PTR(-ENODEV);', FALLS_BACK],
      ['return ERR_PTR(-EOPNOTSUPP);', '+\tif (IS_ERR(g))\n+\t\treturn PTR_ERR(g);\n'],
      [
        'return ERR_PTR(-ENODEV);',
        '+\tif (PTR_ERR(g) == -EPROBE_DEFER)\n+\t\treturn door_later(dev);\n+\tif (IS_ERR(g))\n+\t\treturn PTR_ERR(g);\n',
      ],
      ['return NULL;', FALLS_BACK],
      [
        'return ERR_PTR(-EOPNOTSUPP);',
        '+\tif (g == ERR_PTR(-ENODEV))\n+\t\treturn PTR_ERR(g);\n+\tif (IS_ERR(g))\n+\t\treturn -EIO;\n',
      ],
    ] as const)
      expect(await only('stub-errno', [part(stub(body), caller(lines))]), `${body} ${lines}`).toEqual([]);
  });
});

describe('lock-later', () => {
  const path = 'drivers/iommu/faults.c';
  const born = (body: string): MailPart =>
    part({
      path,
      text: `@@ int faults_init(struct faults *f)\n \treturn 0;\n }\n \n+void faults_forget(struct faults *f, u32 id)\n+{\n${body}+}\n+\n /* end */\n`,
    });
  const WALK =
    '+\tstruct fault *one, *next;\n+\n+\tlist_for_each_entry_safe(one, next, &f->pending, node)\n+\t\tfault_drop(one, id);\n';
  const OTHERS =
    '@@ void faults_add(struct faults *f, struct fault *one)\n {\n-\tmutex_lock(&f->lock);\n+\tguard(mutex)(&f->lock);\n \tlist_add(&one->node, &f->pending);\n-\tmutex_unlock(&f->lock);\n }\n';
  const later = (take: string, others = OTHERS): MailPart =>
    part({
      path,
      text: `${others}@@ void faults_forget(struct faults *f, u32 id)\n \tstruct fault *one, *next;\n \n+\t${take}\n \tlist_for_each_entry_safe(one, next, &f->pending, node)\n`,
    });
  it('sees a lock that comes with a later patch', async () => {
    for (const take of ['guard(mutex)(&f->lock);', 'mutex_lock(&f->lock);', 'scoped_guard(mutex, &f->lock)'])
      expect(await only('lock-later', [born(WALK), later(take)])).toEqual([`lock-later 2: + ${take}`]);
  });
  it('sees it where the others are only shown, and for another kind of lock', async () => {
    const shown =
      '@@ void faults_add(struct faults *f, struct fault *one)\n {\n \tspin_lock(&f->queue_lock);\n+\tf->count++;\n \tlist_add(&one->node, &f->pending);\n';
    expect(await only('lock-later', [born(WALK), later('spin_lock(&f->queue_lock);', shown)])).toHaveLength(1);
  });
  it('is quiet where it was taken from the start, where the callers gave it up, and where nobody took it before', async () => {
    expect(
      await only('lock-later', [
        born(`+\tmutex_lock(&f->lock);\n${WALK}+\tmutex_unlock(&f->lock);\n`),
        later('guard(mutex)(&f->lock);'),
      ]),
    ).toEqual([]);
    const moved =
      '@@ void faults_reset(struct faults *f)\n {\n-\tmutex_lock(&f->lock);\n \tfaults_forget(f, 0);\n-\tmutex_unlock(&f->lock);\n }\n';
    expect(await only('lock-later', [born(WALK), later('mutex_lock(&f->lock);', moved)])).toEqual([]);
    const none =
      '@@ void faults_add(struct faults *f, struct fault *one)\n {\n+\tf->count++;\n \tlist_add(&one->node, &f->pending);\n';
    expect(await only('lock-later', [born(WALK), later('mutex_lock(&f->lock);', none)])).toEqual([]);
    expect(
      await only('lock-later', [
        born('+\tlockdep_assert_held(&f->lock);\n+\tfaults_walk(&f->pending, id);\n'),
        later('mutex_lock(&f->lock);'),
      ]),
    ).toEqual([]);
  });
});

describe('namespace-missing', () => {
  const lib = (to: string): FilePart => ({
    path: 'drivers/iommu/frames.c',
    text: `@@ void frame_set(struct frame *f)\n \tf->set = 1;\n }\n-EXPORT_SYMBOL_GPL(frame_set);\n+${to}\n`,
  });
  const makefile: FilePart = {
    path: 'drivers/iommu/Makefile',
    text: '@@\n obj-$(CONFIG_IOMMU) += iommu.o\n+obj-$(CONFIG_FRAMES_LIB) += frames.o\n',
  };
  const kconfig = (name: string, folder: string): FilePart => ({
    path: `${folder}/Kconfig`,
    text: `@@\n config ${name}\n \ttristate "driver"\n+\tselect FRAMES_LIB\n \thelp\n`,
  });
  const imports = (folder: string, file = 'main.c', name = 'FRAMES'): FilePart => ({
    path: `${folder}/${file}`,
    text: `@@ module_init(x);\n \n MODULE_LICENSE("GPL");\n+MODULE_IMPORT_NS(${name});\n`,
  });
  const NS = 'EXPORT_SYMBOL_NS_GPL(frame_set, FRAMES);';
  const DOORS = ['drivers/vfio/one', 'drivers/vfio/two'] as const;
  it('sees a module that selects the library and does not import the namespace', async () => {
    const base = [lib(NS), makefile, kconfig('ONE', DOORS[0]), kconfig('TWO', DOORS[1]), imports(DOORS[0])];
    expect(await only('namespace-missing', [part(...base)])).toEqual([`namespace-missing 1: +${NS}`]);
    expect(await only('namespace-missing', [part(...base, imports(DOORS[1], 'drv.c'))])).toEqual([]);
    expect(await only('namespace-missing', [part(...base), part(imports(DOORS[1]))])).toEqual([
      `namespace-missing 1: +${NS} → 2`,
    ]);
  });
  it('sees a caller in another folder, and a name in quotes', async () => {
    const quoted = 'EXPORT_SYMBOL_NS_GPL(frame_set, "FRAMES");';
    const calls: FilePart = {
      path: 'drivers/vfio/three/dirty.c',
      text: '@@ static void dirty(struct frame *f)\n \tlog(f);\n+\tframe_set(f);\n }\n',
    };
    const moved: FilePart = {
      path: 'drivers/iommu/frames.c',
      text: `@@ void other(struct frame *f)\n }\n+void frame_set(struct frame *f)\n+{\n+\tf->set = 1;\n+}\n-void frame_set(struct frame *f)\n-{\n-\tf->set = 2;\n-}\n-EXPORT_SYMBOL(frame_set);\n+${quoted}\n`,
    };
    expect(await only('namespace-missing', [part(moved, calls, imports(DOORS[0], 'main.c', '"FRAMES"'))])).toHaveLength(
      1,
    );
  });
  it('is quiet where nobody is seen to need it, and where the symbol was in no use before', async () => {
    expect(await only('namespace-missing', [part(lib(NS), makefile, kconfig('TWO', DOORS[1]))])).toEqual([]);
    const fresh: FilePart = {
      path: 'drivers/iommu/frames.c',
      text: `@@ void frame_set(struct frame *f)\n }\n+${NS}\n`,
    };
    expect(
      await only('namespace-missing', [part(fresh, makefile, kconfig('TWO', DOORS[1]), imports(DOORS[0]))]),
    ).toEqual([]);
    expect(
      await only('namespace-missing', [
        part(lib('EXPORT_SYMBOL_NS_GPL(frame_get, FRAMES);'), makefile, kconfig('TWO', DOORS[1]), imports(DOORS[0])),
      ]),
    ).toEqual([]);
  });
});

describe('select-later', () => {
  const uses = (path = 'drivers/irqchip/irq-door-v2.c', header = '"irq-frame-lib.h"'): FilePart => ({
    path,
    text: `@@\n #include <linux/irq.h>\n \n+#include ${header}\n+\n struct door {\n`,
  });
  const selects = (option = 'DOOR_V2', library = 'IRQ_FRAME_LIB'): FilePart => ({
    path: 'drivers/irqchip/Kconfig',
    text: `@@ config OTHER\n \tbool\n \n config ${option}\n \tbool\n+\tselect ${library}\n \tselect PCI_MSI\n`,
  });
  it('sees the option follow the use', async () => {
    expect(await only('select-later', [part(uses()), part(selects())])).toEqual([
      'select-later 1: +#include "irq-frame-lib.h" → 2',
    ]);
    const section: FilePart = {
      path: 'drivers/irqchip/Kconfig',
      text: '@@ config DOOR_V2\n \tbool\n+\tselect IRQ_FRAME_LIB\n \tselect PCI_MSI\n',
    };
    expect(await only('select-later', [part(uses()), part(section)])).toHaveLength(1);
    const makefile: FilePart = {
      path: 'drivers/irqchip/Makefile',
      text: '@@\n obj-$(CONFIG_GATE) += irq-door-v2.o\n+obj-$(CONFIG_NEW) += new.o\n',
    };
    expect(await only('select-later', [part(uses()), part(makefile, selects('GATE'))])).toHaveLength(1);
  });
  it('is quiet in the other order, for another file, and for another library', async () => {
    expect(await only('select-later', [part(selects()), part(uses())])).toEqual([]);
    expect(await only('select-later', [part(uses(), selects())])).toEqual([]);
    expect(await only('select-later', [part(uses('drivers/irqchip/irq-gate.c')), part(selects())])).toEqual([]);
    expect(await only('select-later', [part(uses()), part(selects('DOOR_V2', 'IRQ_OTHER_LIB'))])).toEqual([]);
  });
});

describe('guard-gap for what a test kept out', () => {
  const lets = (removed: string): FilePart => ({
    path: 'drivers/vfio/door.c',
    text: `@@ static int door_add(struct door *d)\n {\n${removed} \tdoor_init(d);\n \treturn door_register(d);\n }\n`,
  });
  const GATE = '-\tif (door_is_raw(d))\n-\t\treturn -ENODEV;\n';
  const asks = (text: string): FilePart => ({
    path: 'drivers/vfio/open.c',
    text: `@@ int door_open(struct inode *inode, struct file *file)\n \tint ret;\n \n${text} \tret = door_get(d);\n`,
  });
  const CAPABLE = '+\tif (door_is_raw(d) && !capable(CAP_SYS_RAWIO))\n+\t\treturn -EPERM;\n';
  it('sees a capability that is asked for later', async () => {
    expect(await only('guard-gap', [part(lets(GATE)), part(asks(CAPABLE))])).toEqual([
      'guard-gap 1: - if (door_is_raw(d)) → 2',
    ]);
    const member = '-\tif (d->unconfined)\n-\t\tgoto out;\n';
    expect(
      await only('guard-gap', [
        part(lets(member)),
        part(
          asks('+\tif (d->unconfined && !ns_capable(ns, CAP_SYS_ADMIN)) {\n+\t\tret = -EPERM;\n+\t\tgoto out;\n+\t}\n'),
        ),
      ]),
    ).toHaveLength(1);
    expect(
      await only('guard-gap', [
        part(lets(GATE)),
        part(lets('+\td->count = 0;\n')),
        part(asks(CAPABLE.replace('EPERM', 'EACCES'))),
      ]),
    ).toEqual(['guard-gap 1: - if (door_is_raw(d)) → 3']);
  });
  it('is quiet when it is asked for from the start, when it moved, and for another test', async () => {
    expect(await only('guard-gap', [part(lets(GATE), asks(CAPABLE))])).toEqual([]);
    expect(await only('guard-gap', [part(asks(CAPABLE)), part(lets(GATE))])).toEqual([]);
    expect(
      await only('guard-gap', [part(lets('-\tif (door_is_idle(d))\n-\t\treturn -ENODEV;\n')), part(asks(CAPABLE))]),
    ).toEqual([]);
    const kept =
      '-\tif (door_is_raw(d))\n-\t\treturn -ENODEV;\n+\tif (door_is_raw(d) && !allowed)\n+\t\treturn -ENODEV;\n';
    expect(await only('guard-gap', [part(lets(kept)), part(asks(CAPABLE))])).toEqual([]);
  });
});

describe('accepted-before-support by a member', () => {
  const header: FilePart = {
    path: 'include/linux/door.h',
    text: '@@\n \tbool\t\t\tnointx;\n+\tbool\t\t\tcan_grow;\n \tbool\t\t\tpm;\n',
  };
  const tells = (lines: string): FilePart => ({
    path: 'drivers/vfio/door.c',
    text: `@@ static int door_info(struct door *d, void __user *arg)\n \tinfo.count = d->count;\n${lines} \treturn copy_to_user(arg, &info, minsz) ? -EFAULT : 0;\n`,
  });
  const LEAVES_OUT =
    '-\tinfo.flags |= VFIO_IRQ_INFO_NORESIZE;\n+\tif (!d->can_grow)\n+\t\tinfo.flags |= VFIO_IRQ_INFO_NORESIZE;\n';
  const SETS = '+\tif (d->can_grow)\n+\t\tinfo.flags |= VFIO_DOOR_INFO_GROWS;\n';
  const works: FilePart = {
    path: 'drivers/vfio/door_intr.c',
    text: '@@ static int door_vector(struct door *d, int n)\n \tint irq;\n \n+\tif (d->can_grow)\n+\t\tirq = door_grow(d, n);\n \treturn irq;\n',
  };
  it('sees userspace told by a member that nothing works by yet', async () => {
    expect(await only('accepted-before-support', [part(header, tells(LEAVES_OUT)), part(works)])).toEqual([
      'accepted-before-support 1: + if (!d->can_grow) → 2',
    ]);
    expect(await only('accepted-before-support', [part(header, tells(SETS)), part(works)])).toHaveLength(1);
    expect(await only('accepted-before-support', [part(header), part(tells(SETS)), part(works)])).toEqual([
      'accepted-before-support 2: + if (d->can_grow) → 3',
    ]);
  });
  it('is quiet in the other order, with both at once, and where it is no answer to userspace', async () => {
    expect(await only('accepted-before-support', [part(header, works), part(tells(SETS))])).toEqual([]);
    expect(await only('accepted-before-support', [part(header, works, tells(SETS))])).toEqual([]);
    expect(await only('accepted-before-support', [part(header, tells(SETS))])).toEqual([]);
    const inner = tells('+\tif (d->can_grow)\n+\t\td->flags |= DOOR_INTERNAL_GROWS;\n');
    expect(await only('accepted-before-support', [part(header, inner), part(works)])).toEqual([]);
  });
});
