import { describe, expect, it } from 'vitest';
import { type MailPart, seriesHits } from './series-mails';

const C = 'drivers/iommu/win.c';
const H = 'include/linux/win.h';

/** A patch that adds a call to an existing function. */
const caller = (call: string, path = C): MailPart => ({
  files: [{ path, text: `@@ static int win_open(struct win *w)\n \tint ret;\n \n+\t${call}\n \treturn ret;\n` }],
});
const definition = (text: string, path = C): MailPart => ({
  files: [{ path, text: `@@ struct a\n };\n \n${text}\n \n` }],
});
const prototype: MailPart = {
  files: [
    {
      path: H,
      text: '@@ struct win\n };\n \n+int win_map(struct win *w, u64 iova);\n void win_close(struct win *w);\n',
    },
    {
      path: 'drivers/iommu/map.c',
      text: '@@ struct a\n };\n \n+int win_map(struct win *w, u64 iova)\n+{\n+\treturn 0;\n+}\n \n',
    },
  ],
};

describe('used before it is added', () => {
  it('sees a call that an earlier patch makes', async () => {
    expect(await seriesHits([caller('ret = win_map(w, 0);'), prototype])).toEqual([
      'used-before-added 1: + ret = win_map(w, 0); → 2',
    ]);
  });
  it('is content in the other order', async () => {
    expect(await seriesHits([prototype, caller('ret = win_map(w, 0);')])).toEqual([]);
  });
  it('is quiet when the name was there before', async () => {
    const moved = definition('-static int win_map(struct win *w)\n-{\n-}\n+int win_map(struct win *w)\n+{\n+}');
    expect(await seriesHits([caller('ret = win_map(w);'), moved])).toEqual([]);
    const shown: MailPart = {
      files: [
        {
          path: C,
          text: '@@ static int win_other(struct win *w)\n \tret = win_map(w, 1);\n+\tother(w);\n \treturn 0;\n',
        },
      ],
    };
    expect(await seriesHits([caller('ret = win_map(w, 0);'), shown, prototype])).toEqual([]);
  });
  it('is quiet for a static function of another file, and for a callback of the name', async () => {
    const other = definition(
      '+static int win_map(struct win *w)\n+{\n+\treturn w->map(w);\n+}',
      'drivers/iommu/else.c',
    );
    expect(await seriesHits([caller('ret = win_map(w);'), other])).toEqual([]);
    const local = caller('int (*win_map)(struct win *) = w->map; ret = win_map(w);');
    expect(await seriesHits([local, prototype])).toEqual([]);
  });
  it('is quiet while the file is not built', async () => {
    const fresh: MailPart = {
      files: [
        { path: 'drivers/iommu/new.c', kind: 'new', text: 'int new_open(void)\n{\n\treturn win_map(NULL, 0);\n}' },
      ],
    };
    const build: MailPart = {
      files: [{ path: 'drivers/iommu/Makefile', text: '@@\n obj-y += win.o\n+obj-y += new.o\n' }],
    };
    expect(await seriesHits([fresh, prototype, build])).toEqual([]);
    expect(await seriesHits([fresh, build, prototype])).toEqual([
      'used-before-added 1: + return win_map(NULL, 0); → 3',
    ]);
  });
  it('sees constants, and is quiet for code of an option that comes with them', async () => {
    const constant: MailPart = { files: [{ path: H, text: '@@ struct win\n };\n \n+#define WIN_PAGES 16\n \n' }] };
    expect(await seriesHits([caller('ret = WIN_PAGES;'), constant])).toEqual([
      'used-before-added 1: + ret = WIN_PAGES; → 2',
    ]);
    const guarded: MailPart = {
      files: [
        {
          path: C,
          text: '@@ static int win_open(struct win *w)\n \tint ret;\n+#ifdef CONFIG_WIN_NEW\n+\tret = WIN_PAGES;\n+#endif\n \treturn ret;\n',
        },
      ],
    };
    const option: MailPart = {
      files: [
        ...constant.files,
        { path: 'drivers/iommu/Kconfig', text: '@@ config A\n \n+config WIN_NEW\n+\tbool "new"\n+\n config B\n' },
      ],
    };
    expect(await seriesHits([guarded, option])).toEqual([]);
  });
  it('sees a member of a structure whose type is in sight', async () => {
    const use: MailPart = {
      files: [
        {
          path: C,
          text: '@@ static int win_open(struct win *w)\n \tint ret;\n \n+\tw->cookie_base = 0;\n \treturn ret;\n',
        },
      ],
    };
    const field: MailPart = {
      files: [{ path: H, text: '@@ struct win {\n \tu64 size;\n+\tu64 cookie_base;\n };\n \n' }],
    };
    expect(await seriesHits([use, field])).toEqual(['used-before-added 1: + w->cookie_base = 0; → 2']);
    expect(await seriesHits([field, use])).toEqual([]);
    const another: MailPart = {
      files: [
        {
          path: C,
          text: '@@ static int win_open(struct other *w)\n \tint ret;\n \n+\tw->cookie_base = 0;\n \treturn ret;\n',
        },
      ],
    };
    expect(await seriesHits([another, field])).toEqual([]);
  });
});

describe('used after it is removed', () => {
  const removal = definition('-static int win_map(struct win *w)\n-{\n-\treturn 0;\n-}');
  it('sees a later patch that calls it, and a call that is left', async () => {
    expect(await seriesHits([removal, caller('ret = win_map(w);')])).toEqual([
      'used-after-removed 2: + ret = win_map(w);',
    ]);
    const left: MailPart = {
      files: [
        {
          path: C,
          text: '@@ struct a\n };\n \n-static int win_map(struct win *w)\n-{\n-\treturn 0;\n-}\n \n@@ static int win_open(struct win *w)\n-\tint a;\n \tret = win_map(w);\n \treturn ret;\n',
        },
      ],
    };
    expect(await seriesHits([left])).toEqual(['used-after-removed 1: -static int win_map(struct win *w)']);
  });
  it('is quiet when it moves, or stays elsewhere', async () => {
    const moved: MailPart = {
      files: [
        ...removal.files,
        { path: H, text: '@@ struct a\n };\n \n+static inline int win_map(struct win *w)\n+{\n+\treturn 0;\n+}\n \n' },
      ],
    };
    expect(await seriesHits([moved, caller('ret = win_map(w);')])).toEqual([]);
    expect(await seriesHits([removal, caller('ret = win_map(w);', 'drivers/iommu/else.c')])).toEqual([]);
  });
  it('sees a call that a later patch converts', async () => {
    const converted: MailPart = {
      files: [
        {
          path: C,
          text: '@@ static int win_open(struct win *w)\n \tint ret;\n \n-\tret = win_map(w);\n+\tret = win_put(w);\n \treturn ret;\n',
        },
      ],
    };
    const renamed = definition(
      '-static int win_map(struct win *w)\n+static int win_put(struct win *w)\n {\n \treturn 0;\n }',
    );
    expect(await seriesHits([renamed, converted])).toEqual([
      'used-after-removed 1: -static int win_map(struct win *w) → 2',
      'static-unused 1: +static int win_put(struct win *w) → 2',
    ]);
    expect(await seriesHits([{ files: [...renamed.files, ...converted.files] }])).toEqual([]);
    // A part that is missing may have converted it, and another have put it back.
    expect((await seriesHits([renamed, converted], { total: 3 })).join()).not.toContain('used-after-removed');
  });
  it('sees a constant that goes while it is used', async () => {
    const gone: MailPart = { files: [{ path: H, text: '@@ struct win\n };\n \n-#define WIN_PAGES 16\n \n' }] };
    expect(await seriesHits([gone, caller('ret = WIN_PAGES;')])).toEqual(['used-after-removed 2: + ret = WIN_PAGES;']);
  });
});

describe('signatures', () => {
  const change = (rest = ''): MailPart =>
    definition(
      `-static int win_map(struct win *w)\n+static int win_map(struct win *w, u64 iova)\n {\n \treturn 0;\n }${rest}`,
    );
  it('sees a call that is left until a later patch', async () => {
    const convert: MailPart = {
      files: [
        {
          path: C,
          text: '@@ static int win_open(struct win *w)\n-\tret = win_map(w);\n+\tret = win_map(w, 0);\n \treturn ret;\n',
        },
      ],
    };
    expect(await seriesHits([change(), convert])).toEqual([
      'signature-not-converted 1: +static int win_map(struct win *w, u64 iova) → 2',
    ]);
    const together: MailPart = {
      files: [{ path: C, text: `${change().files[0]?.text ?? ''}${convert.files[0]?.text ?? ''}` }],
    };
    expect(await seriesHits([together])).toEqual([]);
  });
  it('sees a call that is added with the old number', async () => {
    expect(await seriesHits([change(), caller('ret = win_map(w);')])).toEqual([
      'signature-not-converted 2: + ret = win_map(w);',
    ]);
    expect(await seriesHits([change(), caller('ret = win_map(w, f(a, b));')])).toEqual([]);
  });
  it('sees a stub that differs from the declaration', async () => {
    const header = (stub: string): MailPart => ({
      files: [
        {
          path: H,
          text: `@@ struct win\n };\n \n+#ifdef CONFIG_WIN\n+int win_map(struct win *w, u64 iova);\n+#else\n+${stub}\n+{\n+\treturn 0;\n+}\n+#endif\n \n`,
        },
      ],
    });
    expect(await seriesHits([header('static inline int win_map(struct win *w)')])).toEqual([
      'stub-differs 1: +static inline int win_map(struct win *w)',
    ]);
    expect(await seriesHits([header('static inline int win_map(struct win *w, u64 iova)')])).toEqual([]);
    expect(await seriesHits([header('int win_map(struct win *w, u64 iova)')])).toEqual([
      'definition-in-header 1: +int win_map(struct win *w, u64 iova)',
    ]);
  });
  it('tells functions that one patch defines in one header once', async () => {
    const stub = (head: string): string => `+${head}\n+{\n+\treturn 0;\n+}\n`;
    const headers = (...paths: string[]): MailPart => ({
      files: paths.map((path) => ({
        path,
        text: `@@ struct win\n };\n \n${stub('int win_map(struct win *w)')}${stub('int win_unmap(struct win *w)')} \n`,
      })),
    });
    expect(await seriesHits([headers(H)])).toEqual(['definition-in-header 1: +int win_map(struct win *w)']);
    expect(await seriesHits([headers(H, 'include/linux/door.h')])).toHaveLength(2);
  });
});

describe('static functions', () => {
  const helper = definition('+static int win_helper(struct win *w)\n+{\n+\treturn 0;\n+}');
  it('sees one whose user comes later', async () => {
    expect(await seriesHits([helper, caller('ret = win_helper(w);')])).toEqual([
      'static-unused 1: +static int win_helper(struct win *w) → 2',
    ]);
  });
  it('is quiet with a user in the same patch, in a table, marked, or put together by a macro', async () => {
    const both: MailPart = {
      files: [
        { path: C, text: `${helper.files[0]?.text ?? ''}${caller('ret = win_helper(w);').files[0]?.text ?? ''}` },
      ],
    };
    expect(await seriesHits([both, caller('ret = win_helper(w);')])).toEqual([]);
    const marked = definition('+static int __maybe_unused win_helper(struct win *w)\n+{\n+\treturn 0;\n+}');
    expect(await seriesHits([marked, caller('ret = win_helper(w);')])).toEqual([]);
    const pasted = definition('+static int win_helper(struct win *w)\n+{\n+\treturn 0;\n+}\n+DEFINE_WIN(helper);');
    expect(await seriesHits([pasted, caller('ret = win_helper(w);')])).toEqual([]);
  });
});

describe('statements', () => {
  it('sees a bracket that is not closed', async () => {
    expect(await seriesHits([caller('memset(w, 0, sizeof(*w);')])).toEqual([
      'unbalanced-statement 1: + memset(w, 0, sizeof(*w);',
    ]);
  });
  it('is content with else branches, loops, and macros that take statements', async () => {
    expect(
      await seriesHits([caller('if (a) {\n+\t\tb();\n+\t} else if (c &&\n+\t\t   d) {\n+\t\te();\n+\t}')]),
    ).toEqual([]);
    expect(await seriesHits([caller('for (i = 0; i < n;\n+\t     i++)\n+\t\tf(i);')])).toEqual([]);
    expect(
      await seriesHits([
        definition('+TRACE_EVENT(x,\n+\tTP_fast_assign(\n+\t\t__entry->a = a;\n+\t),\n+\tTP_printk("a")\n+);'),
      ]),
    ).toEqual([]);
  });
});

describe('repairs of the own series', () => {
  it('sees a Fixes: tag that names an earlier patch', async () => {
    const fix: MailPart = { message: 'Why.\n\nFixes: 0123456789ab ("part 1")\n', files: caller('b();').files };
    expect(await seriesHits([caller('a();'), fix])).toEqual(['repairs-own-series 2: Fixes: 0123456789ab ("part 1")']);
    const old: MailPart = { message: 'Why.\n\nFixes: 0123456789ab ("another commit")\n', files: caller('b();').files };
    expect(await seriesHits([caller('a();'), old])).toEqual([]);
  });
});
