import { describe, expect, it } from 'vitest';
import { print } from '../../../src/code/walk';
import { at, dump } from './reading';
import { added, after, baseOf } from './series';

const DESIGN = {
  'drivers/vfio/a.c': `#define WINDOW 0x100000
struct win {
	dma_addr_t base;
	size_t size;
};

static int win_map(struct win *w, phys_addr_t door)
{
	int ret;

	mutex_lock(&w->lock);
	ret = alloc_page_of(w);
	if (ret)
		goto out;
	ret = iommu_map(w->domain, w->base, door, SZ_4K, IOMMU_WRITE);
out:
	mutex_unlock(&w->lock);
	return ret;
}

static bool win_capable(enum iommu_cap cap)
{
	switch (cap) {
	case IOMMU_CAP_INTR_REMAP:
		return true;
	default:
		return false;
	}
}

static const struct iommu_ops win_ops = {
	.capable = win_capable,
	.map = win_map,
};`,
};

const summary = (state: {
  touched: readonly { name: string; evidence: string; source: string; removed: boolean; reason: string | null }[];
}): string[] =>
  state.touched.map(
    (one) =>
      `${one.name}: ${one.removed ? 'removed' : `${one.evidence}/${one.source}`}${one.reason === null ? '' : ` (${one.reason})`}`,
  );

describe('a stub in a header', () => {
  it('gives way to the function, in whichever order they come', async () => {
    const stub = 'static inline void door_keep(void *p)\n{\n}';
    const own = 'static void *kept;\n\nvoid door_keep(void *p)\n{\n\tkept = p;\n}';
    for (const texts of [
      [added('include/linux/door.h', stub), added('kernel/door.c', own)],
      [added('kernel/door.c', own), added('include/linux/door.h', stub)],
    ]) {
      const last = (await after(await baseOf({}), ...texts)).at(-1);
      expect(last?.set.programs.get('door_keep')?.file).toBe('kernel/door.c');
      expect([...(last?.set.programs.values() ?? [])].map((one) => one.file).sort()).toEqual([
        'include/linux/door.h',
        'kernel/door.c',
      ]);
    }
  });
});

describe('bodies complete in the patch', () => {
  it('reads a new file, and a function that stands whole in a hunk', async () => {
    const [, first] = await after(
      await baseOf({}),
      added('drivers/vfio/n.c', '#define N 3\n\nint f(void)\n{\n\treturn g(N);\n}'),
    );
    expect(summary(first!)).toEqual(['f: full/patch']);
    expect(dump(first!.touched[0]!.program!)).toEqual(['0 return g(N)']);
    expect(first!.touched[0]!.before()).toBeNull();
    expect(print(first!.set.constants.get('N')!)).toBe('3');
    expect(first!.set.name).toBe('base+1');
  });

  it('gives the image before as well', async () => {
    const [, state] = await after(
      await baseOf({}),
      'diff drivers/vfio/n.c\n@@ -10,5 +10,6 @@\n int f(void)\n {\n-\treturn g();\n+\th();\n+\treturn g() + 1;\n }\n ',
    );
    expect(dump(state!.touched[0]!.before()!)).toEqual(['0 return g()']);
    expect(dump(state!.touched[0]!.program!)).toEqual(['0 h()', '1 return g() + 1']);
    expect(state!.touched[0]!.program!.nodes.map((node) => node.at.kind === 'message' && node.at.added)).toEqual([
      true,
      true,
    ]);
  });

  it('knows what a function was before it was renamed or moved', async () => {
    const inner = [
      '\tint ret;',
      '',
      '\tret = first(w);',
      '\tif (ret)',
      '\t\treturn ret;',
      '\tsecond(w);',
      '\treturn 0;',
      '}',
    ];
    const old = ['static int old_name(struct win *w)', '{', ...inner];
    const [, first, second] = await after(
      await baseOf({}),
      added('drivers/vfio/n.c', old.join('\n')),
      `diff drivers/vfio/n.c\n@@ -1,${old.length} +1,${old.length + 1} @@\n${[
        '-static int old_name(struct win *w)',
        '+int new_name(struct win *w)',
        ' {',
        ...inner.slice(0, 5).map((line) => ` ${line}`),
        '+\tthird(w);',
        ...inner.slice(5).map((line) => ` ${line}`),
      ].join('\n')}`,
    );
    expect(summary(second!)).toContain('old_name: removed');
    const now = second!.touched.find((one) => one.name === 'new_name')!;
    expect(dump(now.before()!)).toEqual(dump(first!.touched[0]!.program!));
    const [, , other] = await after(
      await baseOf({}),
      added('drivers/vfio/n.c', old.join('\n')),
      `gone drivers/vfio/n.c\n@@ -1,${old.length} +0,0 @@\n${old.map((line) => `-${line}`).join('\n')}\n${added('drivers/vfio/m.c', 'int unlike(int a)\n{\n\tg(a);\n\th(a);\n\ti(a);\n\tj(a);\n\treturn 1;\n}')}`,
    );
    expect(other!.touched.find((one) => one.name === 'unlike')!.before()).toBeNull();
  });

  it('forgets a function that is removed, keeps one that moved', async () => {
    const [, first, second] = await after(
      await baseOf({}),
      added('drivers/vfio/n.c', 'int f(void)\n{\n\treturn 1;\n}\n\nint h(void)\n{\n\treturn 2;\n}'),
      'diff drivers/vfio/n.c\n@@ -1,9 +1,0 @@\n-int f(void)\n-{\n-\treturn 1;\n-}\n-\n-int h(void)\n-{\n-\treturn 2;\n-}\nnew drivers/vfio/m.c\n@@ -0,0 +1,4 @@\n+int h(void)\n+{\n+\treturn 2;\n+}',
    );
    expect([...first!.set.programs.keys()]).toEqual(['f', 'h']);
    expect(summary(second!)).toEqual(['h: full/patch', 'f: removed']);
    expect([...second!.set.programs.keys()]).toEqual(['h']);
    expect(second!.set.programs.get('h')!.file).toBe('drivers/vfio/m.c');
  });
});

describe('bodies stitched', () => {
  it('applies later hunks to what earlier patches showed, and keeps where each line was written', async () => {
    const states = await after(
      await baseOf({}),
      added('drivers/vfio/n.c', 'int f(void)\n{\n\ta();\n\tb();\n\tc();\n\td();\n\te();\n\treturn 0;\n}'),
      'diff drivers/vfio/n.c\n@@ -3,3 +3,4 @@ int f(void)\n \ta();\n-\tb();\n+\tb2();\n+\tb3();\n \tc();',
    );
    expect(summary(states[2]!)).toEqual(['f: full/stitched']);
    const program = states[2]!.touched[0]!.program!;
    expect(dump(program)).toEqual(['0 a()', '1 b2()', '2 b3()', '3 c()', '4 d()', '5 e()', '6 return 0']);
    expect(program.nodes.map((node) => (node.at.kind === 'message' ? node.at.message : -1))).toEqual([
      0, 1, 1, 0, 0, 0, 0,
    ]);
    expect(dump(states[2]!.touched[0]!.before()!)[1]).toBe('1 b()');
  });

  it('joins the parts several patches show', async () => {
    const states = await after(
      await baseOf({}),
      'diff a.c\n@@ -10,4 +10,5 @@\n int f(void)\n {\n \ta();\n+\ta2();\n \tb();',
      'diff a.c\n@@ -14,4 +14,5 @@ int f(void)\n \tb();\n+\tb2();\n \tc();\n \treturn 0;\n }',
    );
    expect(states[1]!.touched[0]!.evidence).toBe('fragment');
    expect(summary(states[2]!)).toEqual(['f: full/stitched']);
    expect(dump(states[2]!.touched[0]!.program!)).toEqual([
      '0 a()',
      '1 a2()',
      '2 b()',
      '3 b2()',
      '4 c()',
      '5 return 0',
    ]);
  });

  it('gives up what it knew when a hunk contradicts it', async () => {
    const states = await after(
      await baseOf({}),
      added('a.c', 'int f(void)\n{\n\ta();\n\tb();\n\treturn 0;\n}'),
      'diff a.c\n@@ -3,2 +3,3 @@ int f(void)\n \tother();\n+\tx();\n \tb();',
    );
    expect(states[2]!.touched[0]).toMatchObject({ name: 'f', evidence: 'spliced' });
    const base = await after(await baseOf({}), 'diff a.c\n@@ -3,2 +3,3 @@ int f(void)\n \tother();\n+\tx();\n \tb();');
    expect(summary(base[1]!)).toEqual(['f: fragment/hunk (only a part of it is in the mail)']);
  });
});

describe('bodies spliced', () => {
  it("lays a hunk over the design's condensed body", async () => {
    const base = await baseOf(DESIGN);
    const [, state] = await after(
      base,
      'diff drivers/vfio/a.c\n@@ -210,8 +210,9 @@ static int win_map(struct win *w, phys_addr_t door)\n \tif (ret)\n \t\tgoto out;\n \n-\tret = iommu_map(w->domain, w->base, door, PAGE_SIZE, prot);\n+\tret = iommu_map(w->domain, w->base + w->used, door, PAGE_SIZE, prot);\n+\tw->used += PAGE_SIZE;\n \tdev_dbg(dev, "mapped\\n");\n \n out:\n \tmutex_unlock(&w->lock);',
    );
    expect(summary(state!)).toEqual(['win_map: spliced/design (its hunks were laid over the design)']);
    const program = state!.set.programs.get('win_map')!;
    expect(dump(program)).toEqual([
      '0 int ret',
      '1 mutex_lock(&w->lock)',
      '2 ret = alloc_page_of(w)',
      '3 if (ret) → 6 : 4',
      '4 ret = iommu_map(w->domain, w->base + w->used, door, PAGE_SIZE, prot)',
      '5 w->used += PAGE_SIZE',
      '6 mutex_unlock(&w->lock)',
      '7 return ret',
    ]);
    expect(program.nodes.map((node) => node.at.kind)).toEqual([
      'design',
      'design',
      'design',
      'design',
      'message',
      'message',
      'design',
      'design',
    ]);
    expect(dump(state!.touched[0]!.before()!)).toEqual(dump(base.set.programs.get('win_map')!));
    expect(base.set.programs.get('win_map')!.nodes).toHaveLength(7);
  });

  it('removes what the hunk removes, and goes on from there', async () => {
    const [, , state] = await after(
      await baseOf(DESIGN),
      'diff drivers/vfio/a.c\n@@ -230,8 +230,8 @@ static bool win_capable(enum iommu_cap cap)\n \tswitch (cap) {\n \tcase IOMMU_CAP_CACHE_COHERENCY:\n \t\treturn true;\n \tcase IOMMU_CAP_INTR_REMAP:\n-\t\treturn true; /* MSIs are translated */\n+\t\treturn false;\n \tdefault:\n \t\treturn false;\n \t}',
      'diff drivers/vfio/a.c\n@@ -233,4 +233,6 @@ static bool win_capable(enum iommu_cap cap)\n \tcase IOMMU_CAP_INTR_REMAP:\n \t\treturn false;\n+\tcase IOMMU_CAP_NOEXEC:\n+\t\treturn true;\n \tdefault:\n \t\treturn false;',
    );
    expect(dump(state!.set.programs.get('win_capable')!)).toEqual([
      '0 switch (cap) IOMMU_CAP_INTR_REMAP → 1, IOMMU_CAP_NOEXEC → 2, default → 3',
      '1 return false',
      '2 return true',
      '3 return false',
    ]);
  });

  it('puts a further arm of an if chain in front of the brace that ends it', async () => {
    const base = await baseOf({
      'a.c':
        'static long ioctl(struct s *s, unsigned int cmd)\n{\n\tif (cmd == MAP) {\n\t\treturn map(s);\n\t} else if (cmd == UNMAP) {\n\t\treturn unmap(s);\n\t}\n\n\treturn -ENOTTY;\n}',
    });
    const [, state] = await after(
      base,
      'diff a.c\n@@ -700,6 +700,8 @@ static long ioctl(struct s *s,\n \t\t\t\t\t    &unmap, minsz) ?\n \t\t\t-EFAULT : 0;\n+\t} else if (cmd == REGISTER) {\n+\t\treturn register_window(s);\n \t}\n \n \treturn -ENOTTY;\n }',
    );
    expect(dump(state!.set.programs.get('ioctl')!)).toEqual([
      '0 if (cmd == MAP) → 1 : 2',
      '1 return map(s)',
      '2 if (cmd == UNMAP) → 3 : 4',
      '3 return unmap(s)',
      '4 if (cmd == REGISTER) → 5 : 6',
      '5 return register_window(s)',
      '6 return -ENOTTY',
    ]);
  });

  it('keeps the design when nothing of the hunk is in it, and says so', async () => {
    const base = await baseOf(DESIGN);
    const [, state] = await after(
      base,
      'diff drivers/vfio/a.c\n@@ -400,3 +400,4 @@ static int win_map(struct win *w, phys_addr_t door)\n \tfoo(w);\n+\tbar(w);\n \tbaz(w);\n ',
    );
    expect(summary(state!)).toEqual([
      "win_map: fragment/hunk (only a part of it is in the mail, and no line of the hunk is in the design's win_map())",
    ]);
    expect(state!.set.programs.get('win_map')).toBe(base.set.programs.get('win_map'));
  });

  it('amends tables, structures and constants of which a part is in sight', async () => {
    const [, state] = await after(
      await baseOf(DESIGN),
      'diff drivers/vfio/a.c\n@@ -1,3 +1,3 @@\n-#define WINDOW 0x100000\n+#define WINDOW 0x200000\n struct win {\n \tdma_addr_t base;\n@@ -100,3 +100,4 @@ struct win {\n \tdma_addr_t base;\n+\tdma_addr_t used;\n \tsize_t size;\n \tint more;\n@@ -250,3 +251,3 @@ static const struct iommu_ops win_ops = {\n-\t.capable\t= win_capable,\n+\t.capable\t= new_capable,\n \t.attach_dev\t= win_attach,\n \t.map\t\t= win_map,',
    );
    expect(print(state!.set.constants.get('WINDOW')!)).toBe('0x200000');
    expect(state!.set.structures.get('win')!.fields.map((field) => field.name)).toEqual(['base', 'size', 'used']);
    expect(print(state!.set.tables.get('win_ops')!.init)).toBe('{ .map = win_map, .capable = new_capable }');
  });

  it("does not take another driver's function of the same name for the design's", async () => {
    const base = await baseOf(DESIGN);
    const [, state] = await after(base, added('drivers/iommu/other.c', 'static int win_map(int a)\n{\n\treturn a;\n}'));
    expect(state!.set.programs.get('win_map')).toBe(base.set.programs.get('win_map'));
    expect(dump(state!.set.programs.get('drivers/iommu/other.c:win_map')!)).toEqual(['0 return a']);
  });
});

describe('fragments', () => {
  it('reads what is in sight, with what is not as unknown', async () => {
    const [, state] = await after(
      await baseOf({}),
      'diff a.c\n@@ -30,9 +30,11 @@ static int f(struct x *x,\n \t\t\tsize, prot);\n \t\tif (ret)\n \t\t\tgoto err;\n \t} else {\n+\t\tif (!y)\n+\t\t\treturn -ENOMEM;\n \t\tz();\n \t}\n \tlist_for_each_entry(g, &x->l, n) {\n \t\tuse(g,\n \t\t    very,\n@@ -60,3 +62,2 @@ static int f(struct x *x,\n-\tkfree(x);\n \treturn 0;\n }',
    );
    const { program, at: place } = state!.touched[0]!;
    const before = state!.touched[0]!.before();
    expect(program).toMatchObject({ name: 'f', evidence: 'fragment', source: 'hunk', static: true });
    expect(dump(program!)).toEqual([
      '0 unknown «not in the mail»',
      '1 if (not in the mail) → 2 : 3',
      '2 if (ret) → 10 : 6',
      '3 if (!y) → 4 : 5',
      '4 return -ENOMEM',
      '5 z()',
      '6 each list_for_each_entry(g, &x->l, n) → 6 : 7',
      '7 unknown «not in the mail»',
      '8 unknown «not in the mail»',
      '9 return 0',
      '10 unknown «goto err: the label is not in sight» → -1',
    ]);
    const gaps = program!.nodes.flatMap((node, index) => (node.kind === 'unknown' && node.gap === true ? [index] : []));
    expect(gaps).toEqual([0, 7, 8]);
    expect(dump(before!)).toContain('7 kfree(x)');
    expect(at(place)).toBe('7:1-7:10');
    expect(at(program!.at)).toBe('2:19-2:33');
  });

  it('runs what stands behind lines out of sight although every way in front of them ends', async () => {
    const [, state] = await after(
      await baseOf({}),
      'diff a.c\n@@ -30,4 +30,5 @@ static int f(struct x *x,\n \tcase FIRST:\n+\t\ttell(x);\n \t\treturn 0;\n \tdefault:\n \t\treturn -EINVAL;\n@@ -60,3 +61,4 @@ static int f(struct x *x,\n \tcase SECOND:\n+\t\tfill(x);\n \t\treturn 0;\n \tdefault:',
    );
    expect(dump(state!.touched[0]!.program!)).toEqual([
      '0 if (not in the mail) → 2 : 6',
      '1 unknown «not in the mail» → 0',
      '2 switch (not in the mail) not in the mail → 3, FIRST → 3, default → 5',
      '3 tell(x)',
      '4 return 0',
      '5 return -EINVAL',
      '6 unknown «not in the mail»',
      '7 unknown «not in the mail»',
      '8 switch (not in the mail) not in the mail → 9, SECOND → 9, default → 11',
      '9 fill(x)',
      '10 return 0',
      '11 unknown «not in the mail»',
      '12 return',
    ]);
  });

  const unwinding = (section: string, jump = 'out_free'): string =>
    `diff a.c\n@@ -30,5 +30,6 @@ static int first(struct x *x)\n \tint ret = ready(x);\n \n+\ttell(x);\n \tif (ret)\n \t\tgoto ${jump};\n \tfill(x);\n@@ -60,6 +61,5 @@ ${section}\n \tunplug(x);\n-\tkfree(x->buffer);\n out:\n \tput(x);\n \treturn ret;\n }`;

  it('puts a hunk that git heads by a label into the function above that jumps there', async () => {
    const [, state] = await after(await baseOf({}), unwinding('out_free:'));
    expect(state!.touched.map((one) => one.name)).toEqual(['first']);
    const calls = (program: Parameters<typeof dump>[0] | null) =>
      dump(program!).map((line) => line.replace(/^\d+ /, ''));
    expect(calls(state!.touched[0]!.program)).toEqual(expect.arrayContaining(['unplug(x)', 'put(x)', 'return ret']));
    expect(calls(state!.touched[0]!.before())).toContain('kfree(x->buffer)');
  });

  it('leaves out a hunk headed by a label nobody in sight jumps to', async () => {
    const [, state] = await after(await baseOf({}), unwinding('err_unlock:'));
    expect(dump(state!.touched[0]!.program!).join('\n')).toContain('tell(x)');
    expect(dump(state!.touched[0]!.program!).join('\n')).not.toContain('put(x)');
  });

  it('takes the type of a head from the section where the line with it stands right above the hunk', async () => {
    const body = ' make(int n)\n {\n \tstruct x *x = get(n);\n \n+\ttell(x);\n \treturn x;\n }';
    const type = async (section: string): Promise<string | undefined> => {
      const [, state] = await after(await baseOf({}), `diff a.c\n@@ -30,6 +30,7 @@${section}\n${body}`);
      return state!.touched[0]!.program?.returns;
    };
    expect(await type(' static struct x *')).toBe('struct x *');
    expect(await type(' int other(void)')).toBe('int');
    expect(await type('')).toBe('int');
  });
});
