/** Rules on what is described: comments over functions, names in commit messages, later patches; each with near misses that stay quiet. */
import { describe, expect, it } from 'vitest';
import { parseChange } from '../../../src/patch/parse';
import { describedFindings, describedInput } from '../../../src/review/described';
import { saidIn } from '../../../src/review/said';
import { readSeries } from '../../../src/series/read';

interface PatchText {
  readonly title?: string;
  readonly body?: string;
  readonly diff: string;
}

async function found(...patches: readonly PatchText[]): Promise<string[]> {
  const mails = patches.map(({ title = 'vfio: a change', body = 'Some words.', diff }, i) => {
    const lines = diff.split('\n');
    const count = (marks: string) => lines.filter((line) => marks.includes(line[0] ?? ' ')).length;
    return [
      'From 0000000000000000000000000000000000000000 Mon Sep 17 00:00:00 2001',
      `Message-Id: <${i + 1}@example.org>`,
      'From: A <a@example.org>',
      'Date: Mon, 7 Mar 2022 10:00:00 +0000',
      `Subject: [PATCH ${i + 1}/${patches.length}] ${title}`,
      '',
      body,
      '',
      'Signed-off-by: A <a@example.org>',
      '---',
      'diff --git a/drivers/vfio/x.c b/drivers/vfio/x.c',
      '--- a/drivers/vfio/x.c',
      '+++ b/drivers/vfio/x.c',
      `@@ -10,${count(' -')} +10,${count(' +')} @@`,
      ...lines,
      '-- ',
      '2.30',
      '',
    ].join('\n');
  });
  const [series] = await readSeries([{ name: 'x', bytes: new TextEncoder().encode(mails.join('\n')) }]);
  const changes = series!.patches.map((patch) => parseChange(series!.messages[patch.message]!));
  const { claims } = saidIn(series!, changes);
  return describedFindings(describedInput(series!, changes, claims)).map(
    (finding) => `${finding.rule} ${finding.patch}: ${finding.message}`,
  );
}

const comment = (doc: readonly string[], head: string, body: readonly string[] = []): string =>
  [
    '+/**',
    ...doc.map((line) => `+ * ${line}`),
    '+ */',
    `+${head}`,
    '+{',
    ...body.map((line) => `+\t${line}`),
    '+}',
  ].join('\n');

describe('comment-differs', () => {
  it('finds a parameter that is explained and not there', async () => {
    const diff = comment(
      ['x_map - map a door', '@dev: the device', '@flags: what is wanted'],
      'int x_map(struct device *dev, size_t size)',
    );
    expect(await found({ diff })).toEqual([
      'comment-differs 1: the comment explains @flags, and x_map() has no such parameter (dev, size)',
    ]);
  });
  it('finds the comment that stayed when the parameter went', async () => {
    const diff = [
      ' /**',
      '  * x_map - map a door',
      '  * @dev: the device',
      '  * @prot: how',
      '  */',
      '-int x_map(struct device *dev, int prot)',
      '+int x_map(struct device *dev)',
      ' {',
      ' }',
    ].join('\n');
    expect(await found({ diff })).toEqual([
      'comment-differs 1: the comment explains @prot, and x_map() has no such parameter (dev)',
    ]);
  });
  it('leaves alone what was wrong before, callbacks, variable arguments and macros', async () => {
    const before = [
      ' /**',
      '  * x_map - map',
      '  * @prot: how',
      '  */',
      ' int x_map(struct device *dev)',
      ' {',
      '+\tfoo();',
      ' }',
    ];
    expect(await found({ diff: before.join('\n') })).toEqual([]);
    const callback = comment(
      ['x_walk - walk', '@fn: called for each', '@data: handed to it'],
      'void x_walk(struct list *list, int (*fn)(struct item *item, void *data), void *data)',
    );
    expect(await found({ diff: callback })).toEqual([]);
    const printing = comment(['x_say - say', '@fmt: format', '@args: what'], 'void x_say(const char *fmt, ...)');
    expect(await found({ diff: printing })).toEqual([]);
    const macro = '+/**\n+ * DEFINE_X - define\n+ * @name: its name\n+ */\n+#define DEFINE_X(n) int n';
    expect(await found({ diff: macro })).toEqual([]);
  });
  it('finds the comment of another function', async () => {
    const diff = comment(['x_unmap - unmap a door', '@dev: the device'], 'int x_map(struct device *dev)');
    expect(await found({ diff })).toEqual([
      'comment-differs 1: the comment is that of x_unmap(), and stands over x_map()',
    ]);
    const same = comment(['__x_map - map a door', '@dev: the device'], 'int x_map(struct device *dev)');
    expect(await found({ diff: same })).toEqual([]);
  });
  it('finds a return value told otherwise', async () => {
    const pointer = comment(
      ['x_get - get a door', '', 'Return: the door, or NULL on failure.'],
      'struct door *x_get(int id)',
      ['if (id < 0)', '\treturn ERR_PTR(-EINVAL);', 'return doors + id;'],
    );
    expect(await found({ diff: pointer })).toEqual([
      'comment-differs 1: the comment says that x_get() returns NULL on failure, and it returns an error pointer',
    ]);
    const nothing = comment(
      ['x_get - get a door', '', 'Return: the door or an ERR_PTR() on failure.'],
      'struct door *x_get(int id)',
      ['if (id < 0)', '\treturn NULL;', 'return doors + id;'],
    );
    expect(await found({ diff: nothing })).toEqual([
      'comment-differs 1: the comment says that x_get() returns an error pointer on failure, and it returns NULL here',
    ]);
    const none = comment(
      ['x_close - close', '', 'Returns 0 on success, a negative errno otherwise.'],
      'void x_close(void)',
    );
    expect(await found({ diff: none })).toEqual([
      'comment-differs 1: the comment says what x_close() returns, and it returns nothing',
    ]);
    const boolean = comment(['x_ok - ask', '', 'Return: 0 or -EINVAL.'], 'bool x_ok(int id)', ['return id > 0;']);
    expect(await found({ diff: boolean })).toEqual([
      'comment-differs 1: the comment says that x_ok() returns an error code, and it returns bool',
    ]);
  });
  it('is quiet where both are told, where nothing contradicts, and where void says so', async () => {
    const both = comment(
      ['x_get - get a door', '', 'Return: the door, NULL if there is none, or an ERR_PTR() on failure.'],
      'struct door *x_get(int id)',
      ['if (id < 0)', '\treturn ERR_PTR(-EINVAL);', 'return NULL;'],
    );
    expect(await found({ diff: both })).toEqual([]);
    const fits = comment(['x_get - get a door', '', 'Returns NULL on failure.'], 'struct door *x_get(int id)', [
      'if (id < 0)',
      '\treturn NULL;',
      'return doors + id;',
    ]);
    expect(await found({ diff: fits })).toEqual([]);
    const quiet = comment(['x_close - close', '', 'Return: nothing.'], 'void x_close(void)');
    expect(await found({ diff: quiet })).toEqual([]);
  });
});

describe('named-not-touched', () => {
  const diff = '+int x_map_door(void)\n+{\n+\treturn 0;\n+}';
  it('finds a function that the text adds and the diff does not know', async () => {
    expect(await found({ body: 'Add x_bind_page() and use it.', diff })).toEqual([
      'named-not-touched 1: the text speaks of x_bind_page(), and no line of the patch names it',
    ]);
    expect(await found({ body: 'Factor the loop out into a helper x_bind_page().', diff })).toHaveLength(1);
  });
  it.each([
    'Add x_map_door() and use it.',
    'Add x_bind_page() later, in a subsequent patch.',
    'x_bind_page() is slow, so do without.',
    'Add a comment on x_bind_page().',
    'Add x_map(), a family of helpers.',
    'Add ida_alloc_xxx() where it is missing.',
    'Say more.\n\nSigned-off-by: A <a@example.org>\n---\nChanges since v1:\n\nDrop x_bind_page().',
  ])('is quiet: %s', async (body) => {
    expect(await found({ body, diff })).toEqual([]);
  });
});

describe('later-patch-missing', () => {
  const adds = {
    body: 'x_map_door() will be used in the next patch.',
    diff: '+int x_map_door(void)\n+{\n+\treturn 0;\n+}',
  };
  it('finds a promise that the rest of the series does not keep', async () => {
    expect(await found(adds, { diff: '+int y;' })).toEqual([
      'later-patch-missing 1: the text says that a later patch takes up x_map_door, and none of the series names it',
    ]);
  });
  it('is quiet when a later patch does, when nothing comes behind, and when no name of the patch is named', async () => {
    expect(await found(adds, { diff: '+\tret = x_map_door();' })).toEqual([]);
    expect(await found({ diff: '+int y;' }, adds)).toEqual([]);
    expect(await found({ ...adds, body: 'The helper will be used in the next patch.' }, { diff: '+int y;' })).toEqual(
      [],
    );
  });
});

describe('comments of structures', () => {
  const structure = (told: string) =>
    `+/**\n+ * struct x_param - what a door needs\n+ * @handler: called on a fault\n+ * @${told}: private data\n+ */\n+struct x_param {\n+\thandler_t handler;\n+\tvoid *data;\n+};`;
  it('finds a member that is explained and not there', async () => {
    expect(await found({ diff: structure('private') })).toEqual([
      'comment-differs 1: the comment explains @private, and struct x_param has no such member',
    ]);
    expect(await found({ diff: structure('data') })).toEqual([]);
    expect(
      await found({ diff: structure('private').replace('void *data;', 'DECLARE_FLEX_ARRAY(int, private);') }),
    ).toEqual([]);
  });
});

describe('member-unread', () => {
  const table =
    '+struct x_match {\n+\tbool direct_mapping;\n+};\n+static const struct x_match x_mdss = {\n+\t.direct_mapping = true,\n+};';
  it('finds a member of a table that nothing of the whole series reads', async () => {
    expect(await found({ diff: table })).toEqual([
      'member-unread 1: direct_mapping of struct x_match is set, and nothing in the series reads it: it has no effect',
    ]);
    expect(await found({ diff: table }, { diff: '+\tif (match->direct_mapping)\n+\t\treturn 0;' })).toEqual([]);
    expect(await found({ diff: table.replace('\t.direct_mapping = true,', '\t.other = 1,') })).toEqual([]);
  });
});

describe('what the cover letter says of values', () => {
  const cover = (text: string) => [
    'From 0000000000000000000000000000000000000000 Mon Sep 17 00:00:00 2001',
    'Message-Id: <0@example.org>',
    'From: A <a@example.org>',
    'Date: Mon, 7 Mar 2022 09:00:00 +0000',
    'Subject: [PATCH 0/1] vfio: doors',
    '',
    text,
    '',
    '-- ',
    '2.30',
    '',
  ];
  const kconfig = (more: readonly string[]) => [
    'From 0000000000000000000000000000000000000000 Mon Sep 17 00:00:00 2001',
    'Message-Id: <1@example.org>',
    'In-Reply-To: <0@example.org>',
    'From: A <a@example.org>',
    'Date: Mon, 7 Mar 2022 10:00:00 +0000',
    'Subject: [PATCH 1/1] vfio: Add an option',
    '',
    'Some words.',
    '---',
    'diff --git a/drivers/vfio/Kconfig b/drivers/vfio/Kconfig',
    '--- a/drivers/vfio/Kconfig',
    '+++ b/drivers/vfio/Kconfig',
    `@@ -1,1 +1,${3 + more.length} @@`,
    ' menu "x"',
    '+config VFIO_DOORS',
    '+\tbool "Doors"',
    ...more,
    '-- ',
    '2.30',
    '',
  ];
  const said = async (text: string, more: readonly string[]) => {
    const bytes = new TextEncoder().encode([...cover(text), ...kconfig(more)].join('\n'));
    const [series] = await readSeries([{ name: 'x', bytes }]);
    const changes = series!.patches.map((patch) => parseChange(series!.messages[patch.message]!));
    return describedFindings(describedInput(series!, changes, [])).map((finding) => finding.rule);
  };
  it('finds an option that is said to be opt-in and is on', async () => {
    expect(await said('The new option VFIO_DOORS is off by default.', ['+\tdefault y'])).toEqual(['default-differs']);
    expect(await said('The new option VFIO_DOORS is off by default.', [])).toEqual([]);
    expect(await said('Changes since v1:\n\nThe option VFIO_DOORS is off by default.', ['+\tdefault y'])).toEqual([]);
  });
});
