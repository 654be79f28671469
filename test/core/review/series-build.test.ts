import { describe, expect, it } from 'vitest';
import { type MailPart, seriesHits } from './series-mails';

const option = (body: string, name = 'WIN_NEW'): MailPart => ({
  files: [{ path: 'drivers/iommu/Kconfig', text: `@@ config A\n \n+config ${name}\n${body}+\n config B\n` }],
});
const makefile = (line: string): MailPart => ({
  files: [{ path: 'drivers/iommu/Makefile', text: `@@\n obj-y += win.o\n+${line}\n` }],
});
const source: MailPart = {
  files: [
    {
      path: 'drivers/iommu/new.c',
      kind: 'new',
      text: '#include <linux/win.h>\n\nint new_open(void)\n{\n\treturn 0;\n}',
    },
  ],
};

describe('build files', () => {
  it('sees a file that nothing builds', async () => {
    expect(await seriesHits([source])).toEqual(['not-built 1: +#include <linux/win.h>']);
    expect(await seriesHits([source, makefile('obj-$(CONFIG_WIN_NEW) += new.o')])).toEqual([]);
    expect(await seriesHits([source], { total: 3 })).toEqual([]);
  });
  it('sees an object whose source comes later', async () => {
    expect(await seriesHits([makefile('obj-y += new.o'), source])).toEqual([
      'object-without-source 1: +obj-y += new.o → 2',
    ]);
    expect(await seriesHits([source, makefile('obj-y += new.o')])).toEqual([]);
    expect(await seriesHits([makefile('obj-$(CONFIG_WIN_NEW) += new.o'), source, option('+\tbool "new"\n')])).toEqual(
      [],
    );
  });
  it('sees an option that nothing looks at', async () => {
    expect(await seriesHits([option('+\tbool "new"\n')])).toEqual(['option-unused 1: +config WIN_NEW']);
    expect(await seriesHits([option('+\tbool "new"\n+\tselect IOMMU_IOVA\n')])).toEqual([]);
    expect(await seriesHits([option('+\tbool\n')])).toEqual([]);
    expect(await seriesHits([option('+\tbool "new"\n'), source, makefile('obj-$(CONFIG_WIN_NEW) += new.o')])).toEqual(
      [],
    );
  });
  it('sees a header that knows a module only as off', async () => {
    const header = (line: string): MailPart => ({
      files: [
        {
          path: 'include/linux/new.h',
          text: `@@\n struct win;\n+${line}\n+int new_open(void);\n+#else\n+static inline int new_open(void) { return 0; }\n+#endif\n`,
        },
      ],
    });
    const build = makefile('obj-$(CONFIG_WIN_NEW) += new.o');
    const parts = (line: string, type = 'tristate') => [option(`+\t${type} "new"\n`), source, build, header(line)];
    expect(await seriesHits(parts('#ifdef CONFIG_WIN_NEW'))).toEqual(['module-unseen 4: +#ifdef CONFIG_WIN_NEW']);
    expect(await seriesHits(parts('#if defined(CONFIG_WIN_NEW) && defined(CONFIG_PCI)'))).toEqual([
      'module-unseen 4: +#if defined(CONFIG_WIN_NEW) && defined(CONFIG_PCI)',
    ]);
    for (const line of [
      '#if IS_ENABLED(CONFIG_WIN_NEW)',
      '#if defined(CONFIG_WIN_NEW) || defined(CONFIG_WIN_NEW_MODULE)',
      '#ifdef CONFIG_WIN_NEW_DEBUG',
    ])
      expect(await seriesHits(parts(line))).toEqual([]);
    expect(await seriesHits(parts('#ifdef CONFIG_WIN_NEW', 'bool'))).toEqual([]);
  });
  it('sees select without what the selected option depends on', async () => {
    const two = (body: string): MailPart => ({
      files: [
        {
          path: 'drivers/iommu/Kconfig',
          text: `@@ config A\n \n+config WIN_BASE\n+\tbool\n+\tdepends on MMU\n+\n+config WIN_NEW\n+\tbool "new"\n${body}+\tselect WIN_BASE\n+\n config B\n`,
        },
        makefile('obj-$(CONFIG_WIN_BASE) += win-base.o').files[0] ?? { path: 'x', text: '' },
      ],
    });
    expect(await seriesHits([two('')])).toEqual(['select-unmet 1: + select WIN_BASE']);
    expect(await seriesHits([two('+\tdepends on MMU\n')])).toEqual([]);
    expect(await seriesHits([two('+\tdepends on ARM64\n')])).toEqual([]);
  });
});

const provider = (more = ''): MailPart => ({
  files: [
    {
      path: 'drivers/iommu/win.c',
      text: `@@ struct a\n };\n \n+int win_map(struct win *w)\n+{\n+\treturn 0;\n+}\n${more} \n`,
    },
    { path: 'include/linux/win.h', text: '@@ struct win\n };\n \n+int win_map(struct win *w);\n \n' },
  ],
});
const call = (path: string): MailPart => ({
  files: [
    { path, text: '@@ static int user_open(struct win *w)\n \tint ret;\n \n+\tret = win_map(w);\n \treturn ret;\n' },
  ],
});

describe('across files', () => {
  it('sees a function that a module calls and nobody exports', async () => {
    expect(await seriesHits([provider(), call('drivers/vfio/pci/vfio_pci_intrs.c')])).toEqual([
      'not-exported 1: +int win_map(struct win *w)',
    ]);
    expect(
      await seriesHits([provider('+EXPORT_SYMBOL_GPL(win_map);\n'), call('drivers/vfio/pci/vfio_pci_intrs.c')]),
    ).toEqual([]);
    expect(await seriesHits([provider(), call('drivers/irqchip/irq-win.c')])).toEqual([]);
  });
  it('sees one that is called and declared nowhere', async () => {
    const [body] = provider().files;
    const bare: MailPart = { files: body === undefined ? [] : [body] };
    expect(await seriesHits([bare, call('drivers/irqchip/irq-win.c')])).toEqual([
      'declared-nowhere 2: + ret = win_map(w);',
    ]);
    expect(await seriesHits([provider(), call('drivers/irqchip/irq-win.c')])).toEqual([]);
  });
  it('sees a header of the series that its user does not include', async () => {
    const header: MailPart = {
      files: [
        {
          path: 'include/linux/newwin.h',
          kind: 'new',
          text: 'static inline int win_map(struct win *w)\n{\n\treturn 0;\n}',
        },
      ],
    };
    expect(await seriesHits([header, call('drivers/irqchip/irq-win.c')])).toEqual([
      'include-missing 2: + ret = win_map(w);',
    ]);
    const including: MailPart = {
      files: [
        {
          path: 'drivers/irqchip/irq-win.c',
          text: '@@\n #include <linux/irq.h>\n+#include <linux/newwin.h>\n \n@@ static int user_open(struct win *w)\n \tint ret;\n \n+\tret = win_map(w);\n \treturn ret;\n',
        },
      ],
    };
    expect(await seriesHits([header, including])).toEqual([]);
  });
  it('sees a declaration without a stub next to one that has it', async () => {
    const header = (stub: string): MailPart => ({
      files: [
        {
          path: 'include/linux/win.h',
          text: `@@ struct win\n };\n \n+#ifdef CONFIG_WIN\n+int win_map(struct win *w);\n+int win_close(struct win *w);\n+#else\n+static inline int win_close(struct win *w)\n+{\n+\treturn 0;\n+}\n${stub}+#endif\n \n`,
        },
        provider('+EXPORT_SYMBOL_GPL(win_map);\n').files[0] ?? { path: 'x', text: '' },
      ],
    });
    expect(await seriesHits([header(''), call('drivers/vfio/pci/vfio_pci_intrs.c')])).toEqual([
      'stub-missing 1: +int win_map(struct win *w);',
    ]);
    const stub = '+static inline int win_map(struct win *w)\n+{\n+\treturn -ENODEV;\n+}\n';
    expect(await seriesHits([header(stub), call('drivers/vfio/pci/vfio_pci_intrs.c')])).toEqual([]);
    expect(await seriesHits([header(''), call('drivers/iommu/other.c')])).toEqual([]);
  });
});

describe('the interface to userspace', () => {
  const uapi: MailPart = {
    files: [
      { path: 'include/uapi/linux/vfio.h', text: '@@ struct a\n };\n \n+#define VFIO_WIN_FLAG_LOCKED (1 << 3)\n \n' },
    ],
  };
  const accept = (line: string): MailPart => ({
    files: [
      {
        path: 'drivers/vfio/vfio_iommu_type1.c',
        text: `@@ static int win_ioctl(struct win *w)\n \tint ret;\n \n+\t${line}\n \treturn ret;\n`,
      },
    ],
  });
  it('sees a flag that is accepted before anything acts on it', async () => {
    const mask = accept('if (arg.flags & ~(VFIO_WIN_FLAG_RO | VFIO_WIN_FLAG_LOCKED))\n+\t\treturn -EINVAL;');
    const act = accept('if (arg.flags & VFIO_WIN_FLAG_LOCKED)\n+\t\tlock(w);');
    expect(await seriesHits([uapi, mask, act])).toEqual([
      'accepted-before-support 2: + if (arg.flags & ~(VFIO_WIN_FLAG_RO | VFIO_WIN_FLAG_LOCKED)) → 3',
    ]);
    expect(await seriesHits([uapi, act, mask])).toEqual([]);
  });
  it('sees an extension that is reported before it is served', async () => {
    const report = accept('case VFIO_WIN_FLAG_LOCKED:\n+\t\treturn 1;');
    const serve = accept('case VFIO_WIN_FLAG_LOCKED:\n+\t\tret = open_locked(w);');
    expect(await seriesHits([uapi, report, serve])).toEqual([
      'accepted-before-support 2: + case VFIO_WIN_FLAG_LOCKED: → 3',
    ]);
    expect(await seriesHits([uapi, serve, report])).toEqual([]);
  });
});

describe('the check for isolated interrupts', () => {
  const remove: MailPart = {
    files: [
      {
        path: 'drivers/vfio/vfio_iommu_type1.c',
        text: '@@ static int attach(struct win *w)\n \tint ret;\n \n-\tif (!iommu_capable(bus, IOMMU_CAP_INTR_REMAP))\n-\t\treturn -EPERM;\n \treturn ret;\n',
      },
    ],
  };
  const add: MailPart = {
    files: [
      {
        path: 'drivers/vfio/vfio_iommu_type1.c',
        text: '@@ static int attach(struct win *w)\n \tint ret;\n \n+\tif (!msi_device_has_isolated_msi(w->dev))\n+\t\treturn -EPERM;\n \treturn ret;\n',
      },
    ],
  };
  it('sees that it comes back too late', async () => {
    expect(await seriesHits([remove, add])).toEqual([
      'guard-gap 1: - if (!iommu_capable(bus, IOMMU_CAP_INTR_REMAP)) → 2',
    ]);
    expect(await seriesHits([add, remove])).toEqual([]);
  });
});
