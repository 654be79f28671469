import { beforeAll, describe, expect, it } from 'vitest';
import type { FrontEnd } from '../../../src/code/front-end';
import { pathHits } from '../../../src/review/rules';
import { frontEnd, read } from './c';
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
