/** `review --kernel`: bodies from git, on small repositories made here. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { doorbell } from './run';

const FILE = 'drivers/vfio/window.c';
const filler = (name: string): string =>
  Array.from({ length: 12 }, (_, i) => `static int ${name}_${i}(int a)\n{\n\treturn a + ${i};\n}\n`).join('\n');
const CODE = `${filler('front')}
static int window_take(struct window *w)
{
	int ret;

	mutex_lock(&w->lock);
	ret = window_space(w);
	if (ret) {
		window_shrink(w);
		window_report(w);
		window_trace(w);
		mutex_unlock(&w->lock);
		return ret;
	}

	w->pages++;
	w->used++;
	w->total++;
	w->last = w->next;
	w->next = window_next(w);

	window_wake(w);
	window_trace(w);
	mutex_unlock(&w->lock);
	return 0;
}

${filler('back')}`;

let folder = '';
const at = (name: string): string => path.join(folder, name);

function git(where: string, ...args: string[]): string {
  return execFileSync(
    'git',
    ['-c', 'user.name=A Author', '-c', 'user.email=author@example.org', '-c', 'init.defaultBranch=main', ...args],
    { cwd: where, encoding: 'utf8', env: { ...process.env, GIT_CONFIG_NOSYSTEM: '1', HOME: folder } },
  );
}

/** A repository with the file; gives the patches of a change that forgets the lock, and of a later one in the same function. */
function repository(name: string, ...init: string[]): string {
  const where = at(name);
  mkdirSync(path.join(where, path.dirname(FILE)), { recursive: true });
  git(where, 'init', '-q', ...init);
  writeFileSync(path.join(where, FILE), CODE);
  git(where, 'add', '-A');
  git(where, 'commit', '-q', '-m', 'base');
  git(where, 'checkout', '-q', '-b', 'series');
  const broken = CODE.replace(
    '\tw->last = w->next;\n',
    '\tif (w->last == w->next)\n\t\treturn -EBUSY;\n\tw->last = w->next;\n',
  );
  writeFileSync(path.join(where, FILE), broken);
  git(where, 'commit', '-q', '-a', '-m', 'vfio: refuse a window without a step');
  writeFileSync(
    path.join(where, FILE),
    broken.replace('\twindow_wake(w);\n', '\twindow_wake(w);\n\twindow_count(w);\n'),
  );
  git(where, 'commit', '-q', '-a', '-m', 'vfio: count the windows taken');
  const series = git(where, 'format-patch', '--stdout', 'main');
  git(where, 'checkout', '-q', 'main');
  git(where, 'branch', '-q', '-D', 'series');
  git(where, 'reflog', 'expire', '--expire=now', '--all');
  git(where, 'gc', '-q', '--prune=now');
  return series;
}

interface Json {
  readonly findings: readonly { readonly rule: string; readonly patch: number; readonly evidence: string }[];
  readonly coverage: {
    readonly full: number;
    readonly fragment: number;
    readonly sources: Readonly<Record<string, number>>;
    readonly reasons: Readonly<Record<string, number>>;
  };
}

async function reviewed(
  series: string,
  ...args: string[]
): Promise<{ json: Json; status: number | null; err: string }> {
  const { out, status, err } = await doorbell(['review', '-', '--format', 'json', ...args], series);
  return { json: JSON.parse(out) as Json, status, err };
}

const lost = (json: Json): string[] =>
  json.findings.filter((one) => one.rule === 'lock-held-at-exit').map((one) => `${one.patch} ${one.evidence}`);

let series = '';

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'doorbell-kernel-'));
  series = repository('work');
  git(folder, 'clone', '-q', '--bare', 'work', 'bare.git');
  mkdirSync(at('other'));
  git(at('other'), 'init', '-q');
  mkdirSync(at('plain'));
}, 60_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('bodies from a checkout', () => {
  it('shows the function whole, and what its exits forget', async () => {
    const bare = await reviewed(series, '--kernel', at('bare.git'));
    expect(bare.json.coverage).toMatchObject({ full: 2, fragment: 0, sources: { blob: 2 } });
    expect(lost(bare.json)).toEqual(['1 full']);
    expect(bare.status).toBe(1);
    const work = await reviewed(series, '--kernel', at('work'));
    expect(work.json).toEqual(bare.json);
  });

  it('is not needed, and said to be missing only where one was named', async () => {
    const alone = await reviewed(series);
    expect(alone.json.coverage).toMatchObject({ full: 0, fragment: 2, sources: { hunk: 2 } });
    expect(Object.keys(alone.json.coverage.reasons)).toEqual(['only a part of it is in the mail']);
    const other = await reviewed(series, '--kernel', at('other'));
    expect(other.json.coverage.reasons).toEqual({
      'only a part of it is in the mail, and no checkout has the blob that its index line names': 2,
    });
    expect(other.err).toBe('');
  });

  it('asks one checkout after the other', async () => {
    const { json, err } = await reviewed(series, '--kernel', at('other'), '--kernel', at('work'));
    expect(json.coverage.sources).toEqual({ blob: 2 });
    expect(err).toBe('');
  });

  it('takes the last blob where the series is applied already', async () => {
    cpSync(at('work'), at('applied'), { recursive: true });
    execFileSync('git', ['-c', 'user.name=A', '-c', 'user.email=a@example.org', 'am', '-q'], {
      cwd: at('applied'),
      input: series,
    });
    git(at('applied'), 'checkout', '-q', '--orphan', 'alone');
    git(at('applied'), 'commit', '-q', '-m', 'all of it');
    for (const branch of ['main']) git(at('applied'), 'branch', '-q', '-D', branch);
    git(at('applied'), 'reflog', 'expire', '--expire=now', '--all');
    git(at('applied'), 'gc', '-q', '--prune=now');
    const { json } = await reviewed(series, '--kernel', at('applied'));
    // The blob between the two patches is gone: the first cannot be known, the second is by what it ends with.
    expect(json.coverage.sources).toEqual({ hunk: 1, blob: 1 });
  });

  it('knows repositories that name their objects by SHA-256', async () => {
    const sha256 = repository('sha256', '--object-format=sha256');
    const { json } = await reviewed(sha256, '--kernel', at('sha256'));
    expect(json.coverage.sources).toEqual({ blob: 2 });
    expect(lost(json)).toEqual(['1 full']);
    // Ids of the other kind are in no repository of this one.
    expect((await reviewed(series, '--kernel', at('sha256'))).json.coverage.sources).toEqual({ hunk: 2 });
  });

  it('says what cannot be asked, reviews all the same, and exits with 2', async () => {
    const { json, status, err } = await reviewed(series, '--kernel', at('plain'), '--kernel', at('nowhere'));
    expect(json.coverage.fragment).toBe(2);
    expect(err).toMatch(/No blob can be read from .*plain: it is no git repository\./);
    expect(err).toMatch(/No blob can be read from .*nowhere: /);
    expect(status).toBe(2);
  });

  it('is asked by worker threads too', async () => {
    writeFileSync(at('one.mbox'), series);
    const again = series.replaceAll('vfio: ', 'vfio/again: ');
    writeFileSync(at('two.mbox'), again);
    const { out } = await doorbell([
      'review',
      at('one.mbox'),
      at('two.mbox'),
      '--format',
      'jsonl',
      '--jobs',
      '2',
      '--kernel',
      at('work'),
    ]);
    const all = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Json);
    expect(all.length).toBeGreaterThan(1);
    for (const json of all) expect(json.coverage.fragment).toBe(0);
  });
});
