import { beforeAll, describe, expect, it } from 'vitest';
import type { FrontEnd } from '../../../src/code/front-end';
import { pathHits } from '../../../src/review/rules';
import { frontEnd, read } from './c';
import { rulesOn } from './pairs';
import { seriesHits } from './series-mails';

let front: FrontEnd;
beforeAll(async () => {
  front = await frontEnd();
});

const left = (before: string, after: string): string[] => {
  const old = read(front, before).programs.get('win_open') ?? null;
  const now = read(front, after);
  return [...now.programs.values()].flatMap((program) =>
    pathHits(program, () => old, now)
      .filter((hit) => hit.rule.id === 'old-name-left')
      .map((hit) => hit.message),
  );
};

describe('a name that goes', () => {
  const body = (head: string, declare: string, use: string): string =>
    `static int win_open(${head})\n{\n\t${declare}\n\n\tif (${use})\n\t\treturn -EBUSY;\n\treturn 0;\n}`;
  it('is not used any more: a variable', () => {
    const before = body('struct win *w', 'int pages = w->pages;', 'pages');
    expect(left(before, body('struct win *w', 'int count = w->pages;', 'pages'))).toEqual([
      'win_open() does not declare pages any more, and uses it here',
    ]);
    expect(left(before, body('struct win *w', 'int count = w->pages;', 'count'))).toEqual([]);
  });
  it('is not used any more: a parameter', () => {
    const before = body('struct win *w, bool bypass', 'int ret = 0;', 'bypass');
    expect(left(before, body('struct win *w, bool resume', 'int ret = 0;', 'bypass'))).toHaveLength(1);
    expect(left(before, body('struct win *w, bool resume', 'int ret = 0;', 'resume'))).toEqual([]);
    // The body, of which a part is in sight, goes by a variable of the old name now.
    const cut = (line: string): string[] =>
      rulesOn(
        front,
        {
          path: 'drivers/iommu/win.c',
          text: [
            '-static int win_alloc(struct win *w, u64 limit)',
            '+static int win_alloc(struct win *w, u64 mask)',
            ' {',
            ' \tunsigned long shift;',
            `+${line}`,
            ' ',
          ].join('\n'),
        },
        false,
      ).filter((rule) => rule === 'old-name-left');
    expect(cut('\tint order = win_order(mask);')).toEqual(['old-name-left']);
    expect(cut('\tu64 limit = win_limit(w, mask);')).toEqual([]);
    // A macro may declare it.
    expect(left(before, body('struct win *w', 'DEFINE_BYPASS(bypass);', 'bypass'))).toEqual([]);
  });
});

describe('made static', () => {
  const patch = (exported: string): Parameters<typeof seriesHits>[0] => [
    {
      files: [
        {
          path: 'drivers/iommu/win.c',
          text: `@@ struct a\n };\n \n-int win_map(struct win *w)\n+static int win_map(struct win *w)\n {\n \treturn 0;\n }\n${exported}\n \n`,
        },
      ],
    },
  ];
  it('sees the export that stays', async () => {
    expect(await seriesHits(patch(' EXPORT_SYMBOL_GPL(win_map);'))).toEqual([
      'made-static 1: +static int win_map(struct win *w)',
    ]);
    expect(await seriesHits(patch('-EXPORT_SYMBOL_GPL(win_map);'))).toEqual([]);
  });
  it('sees a caller in another file', async () => {
    const user = (path: string): Parameters<typeof seriesHits>[0][number] => ({
      files: [
        { path, text: '@@ static int win_other(struct win *w)\n \tret = win_map(w);\n+\tother(w);\n \treturn 0;\n' },
      ],
    });
    const first = patch(' EXPORT_SYMBOL_GPL(win_other);');
    expect(await seriesHits([...first, user('drivers/vfio/user.c')])).toEqual([
      'made-static 1: +static int win_map(struct win *w)',
    ]);
    expect(await seriesHits([...first, user('drivers/iommu/win.c')])).toEqual([]);
  });
});

describe('a variable', () => {
  const unused = (body: string): string[] => {
    const now = read(front, `static int win_open(struct win *w)\n{\n\tstruct win *timer = w;\n\n${body}\n}`);
    return [...now.programs.values()].flatMap((program) =>
      pathHits(program, () => null, now)
        .filter((hit) => hit.rule.id === 'variable-unused')
        .map((hit) => hit.message),
    );
  };
  it('is used somewhere', () => {
    expect(unused('\treturn 0;')).toEqual(['Nothing in win_open() uses timer']);
    expect(unused('\treturn timer->pages;')).toEqual([]);
    expect(unused('\tdev_dbg(w->dev, "%p", timer);\n\treturn 0;')).toEqual([]);
    // Declarations alone are what a macro makes of its members: `FIXTURE(win) { int pages; };`.
    expect(unused('\tint pages;')).toEqual([]);
    // Text that nobody could read.
    expect(unused('\tasm volatile("nop" : : "r"(timer));\n\treturn 0;')).toEqual([]);
  });
});

describe('an unlock behind a return', () => {
  const patch = (lines: string): Parameters<typeof seriesHits>[0] => [
    {
      files: [
        { path: 'drivers/iommu/win.c', text: `@@ static int win_walk(struct win *w)\n \tint ret;\n \n${lines}\n }\n` },
      ],
    },
  ];
  it('is never reached', async () => {
    expect(await seriesHits(patch('+\twin_lock(w);\n \treturn win_step(w);\n+\twin_unlock(w);'))).toEqual([
      'lock-held-at-exit 1: + win_unlock(w);',
    ]);
    expect(
      await seriesHits(patch('+\twin_lock(w);\n+\tret = win_step(w);\n+\twin_unlock(w);\n+\treturn ret;')),
    ).toEqual([]);
    expect(await seriesHits(patch(' \tif (!w)\n \t\treturn 0;\n+\twin_unlock(w);\n \treturn 1;'))).toEqual([]);
  });
});

describe('stubs of functions that are declared together', () => {
  const header = (stubs: readonly string[]): Parameters<typeof seriesHits>[0] => [
    {
      files: [
        {
          path: 'include/linux/win.h',
          text: `@@ void win_close(void);\n void win_close(void);\n+int win_map(struct win *w);\n+void win_unmap(struct win *w);\n+int win_find(int id);\n #else /* !CONFIG_WIN */\n static inline void win_close(void)\n {\n }\n${stubs.map((stub) => `+static inline ${stub}\n+{\n+}\n`).join('')} #endif\n`,
        },
      ],
    },
  ];
  it('are there for each', async () => {
    const two = ['int win_map(struct win *w)', 'void win_unmap(struct win *w)'];
    expect(await seriesHits(header(two))).toEqual(['stub-missing 1: +int win_find(int id);']);
    expect(await seriesHits(header([...two, 'int win_find(int id)']))).toEqual([]);
    expect(await seriesHits(header([]))).toEqual([]);
    // The `#else` above the stubs is out of sight.
    const apart = header(two).map((one) => ({
      files: one.files.map((file) => ({ ...file, text: file.text.replace(' #else /* !CONFIG_WIN */\n', '@@\n') })),
    }));
    expect(await seriesHits(apart)).toEqual(['stub-missing 1: +int win_find(int id);']);
  });
});
