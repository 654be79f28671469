import { beforeAll, describe, expect, it } from 'vitest';
import type { FrontEnd } from '../../../src/code/front-end';
import { added } from '../code/series';
import { frontEnd } from './c';
import { hitsOfPatch, named } from './patch';

let front: FrontEnd;
beforeAll(async () => {
  front = await frontEnd();
});
const FILE = 'drivers/iommu/sample.c';
const fresh = (text: string) => named(hitsOfPatch(front, [added(FILE, text)]));
/** A patch that replaces one whole file's text by another, told by the subject to change nothing. */
const replaced = (before: string, after: string, subject = 'iommu: split up, no functional change') => {
  const [old, now] = [before.split('\n'), after.split('\n')];
  const diff = [
    `diff ${FILE}`,
    `@@ -1,${old.length} +1,${now.length} @@`,
    ...old.map((line) => `-${line}`),
    ...now.map((line) => `+${line}`),
  ];
  return named(hitsOfPatch(front, [diff.join('\n')], undefined, subject));
};

describe('comment-return', () => {
  const doc = (says: string, code: string) => `/*\n * Looks it up.\n * ${says}\n */\n${code}`;
  it('sees results that the comment does not tell', () => {
    expect(
      fresh(doc('Returns 0 on success, or a negative error.', 'static bool f(struct s *s)\n{\n\treturn !!s->a;\n}')),
    ).toEqual(['comment-return@5']);
    expect(
      fresh(
        doc(
          'Returns NULL on failure.',
          'static struct a *f(struct s *s)\n{\n\tif (!s)\n\t\treturn ERR_PTR(-EINVAL);\n\treturn ERR_PTR(-ENODEV);\n}',
        ),
      ),
    ).toEqual(['comment-return@5']);
    expect(
      fresh(
        doc('Returns 0 on success.', 'static int f(struct s *s)\n{\n\tif (!s)\n\t\treturn -EINVAL;\n\treturn 1;\n}'),
      ),
    ).toEqual(['comment-return@5']);
    expect(fresh(doc('Returns 0 on success.', 'static void f(struct s *s)\n{\n\tgo(s);\n}'))).toEqual([
      'comment-return@5',
    ]);
  });
  it('is content with what fits, and with what it cannot see', () => {
    expect(
      fresh(
        doc(
          'Returns 0 on success, or a negative error.',
          'static int f(struct s *s)\n{\n\tif (!s)\n\t\treturn -EINVAL;\n\treturn 0;\n}',
        ),
      ),
    ).toEqual([]);
    expect(
      fresh(
        doc(
          'Returns NULL on failure.',
          'static struct a *f(struct s *s)\n{\n\tif (!s)\n\t\treturn ERR_PTR(-EINVAL);\n\treturn find(s);\n}',
        ),
      ),
    ).toEqual([]);
    expect(
      fresh(
        doc(
          'Returns 0 on success, 1 when it was there.',
          'static int f(struct s *s)\n{\n\tif (!s)\n\t\treturn -EINVAL;\n\treturn 1;\n}',
        ),
      ),
    ).toEqual([]);
  });
});

describe('refactor-changed', () => {
  const attach = (
    test: string,
    error = 'EBUSY',
    release = '\tmutex_unlock(&g->lock);\n',
  ) => `static int attach(struct group *g)
{
	mutex_lock(&g->lock);
	if (${test})
		return -${error};
	go(g);
${release}	return 0;
}`;
  it('sees a condition turned round, another error, an effect taken out', () => {
    expect(replaced(attach('g->owner'), attach('!g->owner'))).toEqual(['refactor-changed@15']);
    expect(replaced(attach('g->owner'), attach('g->owner', 'EPERM'))).toEqual(['refactor-changed@15']);
    expect(replaced(attach('g->owner'), attach('g->owner', 'EBUSY', ''))).toEqual(['refactor-changed@9']);
  });
  it('is content with the same in other words, and with patches that claim nothing, or name an exception', () => {
    expect(replaced(attach('g->owner'), attach('g->owner != NULL'))).toEqual([]);
    expect(replaced(attach('!g->owner'), attach('g->owner == NULL'))).toEqual([]);
    expect(replaced(attach('g->owner'), attach('!g->owner'), 'iommu: refuse groups without an owner')).toEqual([]);
    expect(
      replaced(attach('g->owner'), attach('!g->owner'), 'iommu: no functional change except for the test'),
    ).toEqual([]);
  });
});

describe('sibling-differs', () => {
  const handler = (name: string, step: string) => `static int its_cmd_handle_${name}(struct its *its, u64 *cmd)
{
	struct ite *ite = find_ite(its, cmd);

	update_lpi(ite, cmd);
${step}	return 0;
}`;
  const drop = '\tits_invalidate_cache(its);\n';
  it('sees the one that leaves the step out', () => {
    expect(
      fresh([handler('movi', drop), handler('discard', drop), handler('clear', drop), handler('mapti', '')].join('\n')),
    ).toEqual(['sibling-differs@27']);
  });
  it('is content when all do it, when two do not, and when the one does other work', () => {
    expect(
      fresh(
        [handler('movi', drop), handler('discard', drop), handler('clear', drop), handler('mapti', drop)].join('\n'),
      ),
    ).toEqual([]);
    expect(
      fresh([handler('movi', drop), handler('discard', drop), handler('clear', ''), handler('mapti', '')].join('\n')),
    ).toEqual([]);
    expect(
      fresh(
        [
          handler('movi', drop),
          handler('discard', drop),
          handler('clear', drop),
          handler('sync', '').replace('update_lpi', 'wait_for'),
        ].join('\n'),
      ),
    ).toEqual([]);
  });
});
