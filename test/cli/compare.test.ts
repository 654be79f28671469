import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type MailPart, mboxOf } from '../core/review/series-mails';
import { doorbell } from './run';

const patch = (title: string, line: string): MailPart => ({
  subject: title,
  files: [
    {
      path: 'drivers/iommu/win.c',
      text: `@@ static int win_open(struct win *w)\n \tint ret;\n \n+\t${line}\n \treturn ret;\n`,
    },
  ],
});
const clear = (line: string) => [patch('win: Clear it', line), patch('win: Count it', 'w->count++;')];
const OLD = mboxOf(clear('memset(w, 0, sizeof(*w);'));
const NEW = mboxOf(clear('memset(w, 0, sizeof(*w));'), { version: 2, id: 'y' });

describe('doorbell compare', () => {
  let folder = '';
  const file = (name: string, text: string): string => {
    const to = path.join(folder, name);
    writeFileSync(to, text);
    return to;
  };
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'doorbell-compare-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('compares two files, and fails for a new error only', async () => {
    const [old, now] = [file('old.mbox', OLD), file('new.mbox', NEW)];
    const better = await doorbell(['compare', old, now, '--format', 'json']);
    const json = JSON.parse(better.out) as { old: { version: number }; findings: { status: string }[] };
    expect([better.status, json.old.version, json.findings.map((one) => one.status)]).toEqual([0, 1, ['fixed']]);
    expect((await doorbell(['compare', now, old])).status).toBe(1);
  }, 120_000);

  it('finds both versions in one file, where review compares them too', async () => {
    const both = file('both.mbox', OLD + NEW);
    const { out } = await doorbell(['compare', both]);
    expect(out).toContain('(v1 → v2)');
    const review = await doorbell(['review', both, '--fail-on', 'never', '--format', 'json']);
    const reviews = JSON.parse(review.out) as {
      series: { version: number };
      comparison?: { old: { version: number } };
    }[];
    expect(reviews.map((one) => [one.series.version, one.comparison?.old.version ?? null])).toEqual([
      [1, null],
      [2, 1],
    ]);
  }, 120_000);

  it('says what it cannot compare', async () => {
    const alone = await doorbell(['compare', file('alone.mbox', OLD)]);
    expect([alone.status, alone.err]).toEqual([2, expect.stringContaining('does not hold two versions of one series')]);
    expect((await doorbell(['compare'])).err).toContain('compare needs one file or folder with two versions, or two.');
    const gone = await doorbell(['compare', file('one.mbox', OLD), path.join(folder, 'none.mbox')]);
    expect([gone.status, gone.err]).toEqual([2, expect.stringContaining('does not exist')]);
  }, 120_000);
});
