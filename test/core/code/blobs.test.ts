import { describe, expect, it } from 'vitest';
import type { Amended } from '../../../src/code/bodies';
import { type BlobAnswer, wantedBlobs } from '../../../src/code/whole-file';
import { dump } from './reading';
import { after, baseOf, mail } from './series';

const FILE = `#define WIN_MAX 8

struct win {
	struct mutex lock;
	int pages;
};

static void win_put(struct win *w)
{
	mutex_unlock(&w->lock);
}

static int win_get(struct win *w)
{
	mutex_lock(&w->lock);
	return 0;
}

static int win_map(struct win *w, int page)
{
	int ret;

	ret = win_get(w);
	if (ret)
		return ret;
	if (page > WIN_MAX)
		ret = -EINVAL;
	win_put(w);
	return ret;
}

static int unrelated(void)
{
	return 7;
}
`;

/** Adds a line behind `ret = win_get(w);`, which is line 23. */
const HUNK = `@@ -23,3 +23,4 @@ static int other(void)
 	ret = win_get(w);
+	w->pages++;
 	if (ret)
 		return ret;`;
const MORE = `@@ -27,2 +27,3 @@ static int win_map(struct win *w, int page)
 	if (page > WIN_MAX)
 		ret = -EINVAL;
+	w->pages--;`;

const blobs = (answers: Readonly<Record<string, string | BlobAnswer>>): ReadonlyMap<string, BlobAnswer> =>
  new Map(
    Object.entries(answers).map(([id, one]) => [id, typeof one === 'string' ? { kind: 'text', text: one } : one]),
  );

async function withBlobs(
  answers: Readonly<Record<string, string | BlobAnswer>>,
  ...texts: readonly string[]
): Promise<Amended[]> {
  return after({ ...(await baseOf({})), blobs: blobs(answers) }, ...texts);
}

const body = [
  '0 int ret',
  '1 ret = win_get(w)',
  '2 w->pages++',
  '3 if (ret) → 4 : 5',
  '4 return ret',
  '5 if (page > WIN_MAX) → 6 : 7',
  '6 ret = -EINVAL',
  '7 win_put(w)',
  '8 return ret',
];

describe('a blob named by the index line', () => {
  it('shows the whole function, before and after, under its true name', async () => {
    const [, state] = await withBlobs({ aaaa1111: FILE }, `diff drivers/vfio/w.c aaaa1111..bbbb2222\n${HUNK}`);
    const [touched, ...others] = state!.touched;
    expect(others).toEqual([]);
    expect(touched).toMatchObject({ name: 'win_map', evidence: 'full', source: 'blob', reason: null });
    expect(dump(touched!.program!)).toEqual(body);
    expect(dump(touched!.before()!)).not.toContain('2 w->pages++');
  });

  it('keeps the places of the mail for the lines it shows, and those of the blob for the others', async () => {
    const [, state] = await withBlobs({ aaaa1111: FILE }, `diff drivers/vfio/w.c aaaa1111..bbbb2222\n${HUNK}`);
    const places = state!.touched[0]!.program!.nodes.map(({ at }) =>
      at.kind === 'message' ? `mail:${at.line}${at.added ? '+' : ''}` : `${at.file}:${at.line}`,
    );
    expect(places.slice(1, 6)).toEqual(['mail:3', 'mail:4+', 'mail:5', 'mail:6', 'drivers/vfio/w.c:26']);
  });

  it('carries on through the series: the next old blob is the one the patch made', async () => {
    const states = await withBlobs(
      { aaaa1111: FILE },
      `diff drivers/vfio/w.c aaaa1111..bbbb2222\n${HUNK}`,
      `diff drivers/vfio/w.c bbbb..cccc3333\n${MORE}`,
    );
    const touched = states[2]!.touched[0]!;
    expect(touched).toMatchObject({ name: 'win_map', evidence: 'full', source: 'blob' });
    expect(dump(touched.program!)).toContain('7 w->pages--');
    expect(dump(touched.before()!)).toEqual(body);
    // The first patch's line keeps its place in the first mail.
    const line = touched.program!.nodes.find((node) => node.at.kind === 'message' && node.at.line === 4);
    expect(line?.at).toMatchObject({ message: 0, added: true });
  });

  it('takes the hunks back from the new blob when only that is known', async () => {
    const now = FILE.replace('	ret = win_get(w);\n', '	ret = win_get(w);\n	w->pages++;\n');
    const [, state] = await withBlobs({ bbbb2222: now }, `diff drivers/vfio/w.c aaaa1111..bbbb2222\n${HUNK}`);
    expect(state!.touched[0]).toMatchObject({ evidence: 'full', source: 'blob' });
    expect(dump(state!.touched[0]!.program!)).toEqual(body);
    expect(dump(state!.touched[0]!.before()!)).toHaveLength(body.length - 1);
  });

  it('gives rules what the file defines around the function, and scenarios nothing of it', async () => {
    const [, state] = await withBlobs({ aaaa1111: FILE }, `diff drivers/vfio/w.c aaaa1111..bbbb2222\n${HUNK}`);
    const { tree, set } = state!;
    expect(dump(tree.programs.get('win_put')!)).toEqual(['0 mutex_unlock(&w->lock)', '1 return']);
    expect(tree.programs.get('drivers/vfio/w.c:win_get')?.evidence).toBe('full');
    expect(tree.programs.has('unrelated')).toBe(false);
    expect([...tree.programs.keys()]).toContain('win_map');
    expect(tree.structures.get('win')?.fields.map((field) => field.name)).toEqual(['lock', 'pages']);
    expect(tree.constants.get('WIN_MAX')).toMatchObject({ kind: 'number', value: 8 });
    expect(set.programs.has('win_put')).toBe(false);
    expect(set.structures.has('win')).toBe(false);
  });

  it('lets the design feed the scenarios where it has the function', async () => {
    const base = await baseOf({
      'drivers/vfio/w.c':
        'static int win_map(struct win *w, int page)\n{\n\tint ret = win_get(w);\n\n\tif (ret)\n\t\treturn ret;\n\treturn 0;\n}',
    });
    const [, state] = await after(
      { ...base, blobs: blobs({ aaaa1111: FILE }) },
      `diff drivers/vfio/w.c aaaa1111..bbbb2222\n${HUNK.replace('other(void)', 'win_map(struct win *w, int page)')}`,
    );
    expect(state!.touched[0]).toMatchObject({ evidence: 'full', source: 'blob', modelled: 'spliced' });
    expect(dump(state!.set.programs.get('win_map')!)).toContain('1 w->pages++');
    expect(state!.set.programs.get('win_map')?.evidence).toBe('spliced');
  });

  it('reads through what a mail did to blanks and letters', async () => {
    const [, state] = await withBlobs(
      { aaaa1111: FILE.replace('ret = win_get(w);', 'ret = win_get(w); /* é */') },
      `diff drivers/vfio/w.c aaaa1111..bbbb2222\n${HUNK.replace('ret = win_get(w);', 'ret =  win_get(w); /* Ã© */')}`,
    );
    expect(state!.touched[0]).toMatchObject({ evidence: 'full', source: 'blob' });
  });
});

describe('a blob that does not help', () => {
  const reason = async (
    answers: Readonly<Record<string, string | BlobAnswer>>,
    file = 'diff drivers/vfio/w.c aaaa1111..bbbb2222',
  ): Promise<string | null> => {
    const [, state] = await withBlobs(answers, `${file}\n${HUNK}`);
    expect(state!.touched).toHaveLength(1);
    expect(state!.touched[0]).toMatchObject({ evidence: 'fragment', source: 'hunk' });
    expect(state!.tree).toBe(state!.set);
    return state!.touched[0]!.reason;
  };

  it('is said, with the reason', async () => {
    const part = 'only a part of it is in the mail, and ';
    expect(await reason({})).toBe(`${part}no checkout has the blob that its index line names`);
    expect(await reason({ aaaa1111: { kind: 'ambiguous' } })).toBe(
      `${part}the blob id of its index line is too short to be one blob of the checkout`,
    );
    expect(await reason({ aaaa1111: { kind: 'unreadable' } })).toBe(
      `${part}the blob that its index line names is too large or no text`,
    );
    expect(await reason({ aaaa1111: FILE.replace('struct win', 'struct door') }, 'diff drivers/vfio/w.c')).toBe(
      `${part}its diff names no blob`,
    );
    expect(await reason({ aaaa1111: FILE.replace('#define', '\n#define') })).toBe(
      `${part}its hunks do not fit the blob that its index line names`,
    );
    expect(await reason({ aaaa1111: 'int x;\n' })).toBe(
      `${part}its hunks do not fit the blob that its index line names`,
    );
  });

  it('is not asked for where the user named no checkout', async () => {
    const [, state] = await after(await baseOf({}), `diff drivers/vfio/w.c aaaa1111..bbbb2222\n${HUNK}`);
    expect(state!.touched[0]!.reason).toBe('only a part of it is in the mail');
  });
});

describe('ids to ask for', () => {
  it('are those of C files that are changed, each once', () => {
    const one = mail(0, `diff a.c aaaa1111..bbbb2222\n${HUNK}\ndiff Kconfig cccc..dddd`).change;
    const two = mail(1, `diff a.c bbbb2222..eeee5555\n${HUNK}\nnew b.c 0000000..ffff6666`).change;
    expect(wantedBlobs([one, two])).toEqual(['aaaa1111', 'bbbb2222', 'eeee5555']);
  });
});
