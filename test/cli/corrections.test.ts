import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type MailPart, mboxOf } from '../core/review/series-mails';
import { doorbell } from './run';

const BROKEN: MailPart = {
  subject: 'win: Clear it',
  files: [
    {
      path: 'drivers/iommu/win.c',
      text: '@@ static int win_open(struct win *w)\n \tint ret;\n \n+\tmemset(w, 0, sizeof(*w);\n \treturn ret;\n',
    },
  ],
};
const DISMISSAL = {
  rule: 'unbalanced-statement',
  patch: 'win: Clear it',
  function: 'win_open',
  line: 'memset(w, 0, sizeof(*w);',
  reason: 'a macro closes it',
};

interface Json {
  readonly findings: readonly { readonly rule: string }[];
  readonly dismissed?: readonly { readonly reason: string }[];
  readonly series: { readonly damage: readonly { readonly code: string; readonly message: string }[] };
}

describe('a corrections file beside the series', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'doorbell-corrections-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('is heeded by text, JSON and exit status', async () => {
    const mbox = path.join(folder, 'one.mbox');
    writeFileSync(mbox, mboxOf([BROKEN]));
    expect((await doorbell(['review', mbox])).status).toBe(1);
    writeFileSync(`${mbox}.doorbell.json`, JSON.stringify({ dismissed: [DISMISSAL] }));
    const text = await doorbell(['review', mbox]);
    expect([text.status, text.out]).toEqual([0, expect.stringContaining(': a macro closes it')]);
    const json = JSON.parse((await doorbell(['review', mbox, '--format', 'json'])).out) as Json;
    expect([json.findings, json.dismissed?.map((one) => one.reason)]).toEqual([[], ['a macro closes it']]);
  }, 120_000);

  it('counts for a folder, and what is wrong with it is said with line and column', async () => {
    const many = path.join(folder, 'many');
    mkdirSync(many);
    const other: MailPart = {
      subject: 'win: Count',
      files: [{ path: 'drivers/iommu/win.c', text: '@@ f\n a;\n+b;\n' }],
    };
    const mails = mboxOf([BROKEN, other]).split(/(?=^From mboxrd)/m);
    mails.forEach((mail, i) => {
      writeFileSync(path.join(many, `000${i + 1}-part.patch`), mail);
    });
    const sidecar = path.join(many, 'series.doorbell.json');
    writeFileSync(sidecar, `{\n  "dismissed": [${JSON.stringify(DISMISSAL)}],\n  "design": "none"\n}\n`);
    const { out } = await doorbell(['review', many, '--format', 'json', '--fail-on', 'never']);
    const json = JSON.parse(out) as Json;
    expect(json.dismissed?.length).toBe(1);
    expect(json.series.damage.map(({ code, message }) => `${code} ${message}`)).toEqual([
      expect.stringMatching(/^correction-invalid .*series\.doorbell\.json:3:13: “design” must be one of /),
    ]);
  }, 120_000);
});
