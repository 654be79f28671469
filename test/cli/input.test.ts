import { execFileSync } from 'node:child_process';
import { closeSync, ftruncateSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DIFF, mail, mbox } from '../core/series/mails';
import type { Outcome } from './run';
import { doorbell } from './run';

let folder = '';
const at = (name: string) => path.join(folder, name);
const write = (name: string, content: string | Uint8Array) => {
  mkdirSync(path.dirname(at(name)), { recursive: true });
  writeFileSync(at(name), content);
  return at(name);
};

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'doorbell-cli-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function refused(outcome: Outcome, sentence: RegExp): void {
  expect(outcome.err).toMatch(sentence);
  expect(outcome.err).not.toMatch(/\n\s+at |node:internal/);
  expect(outcome).toMatchObject({ status: 2, out: '' });
}

const series = (broken = '') =>
  mbox(
    ...[1, 2, 3].map((k) =>
      mail({
        subject: `[PATCH ${k}/3] part ${k}`,
        id: `${k}@x`,
        ...(k > 1 ? { reply: '1@x' } : {}),
        day: k,
        body: k === 2 && broken ? broken : DIFF.replaceAll('a.c', `f${k}.c`),
      }),
    ),
  );

describe('input that cannot be used', () => {
  it('is refused with its name, one sentence and 2', async () => {
    refused(await doorbell(['review', at('nowhere.mbox')]), /nowhere\.mbox does not exist/);
    refused(await doorbell(['review', write('empty.mbox', '')]), /empty\.mbox is empty/);
    refused(
      await doorbell(['review', write('a.out', new Uint8Array([0x7f, 69, 76, 70, 1, 0, 0, 0]))]),
      /a\.out is binary data/,
    );
    refused(await doorbell(['review', write('x.bundle', '# v2 git bundle\n0123 refs/heads/x\n\nPACK')]), /git bundle/);
    refused(
      await doorbell(['review', write('prose.txt', 'Dear diary,\n\nnothing to apply.\n')]),
      /prose\.txt holds neither a mail nor a patch/,
    );
    refused(await doorbell(['review', write('x.gz', new Uint8Array([0x1f, 0x8b, 8, 0, 0]))]), /compressed/);
    mkdirSync(at('bare'));
    refused(await doorbell(['review', at('bare')]), /bare holds no \.patch/);
    refused(await doorbell(['review', '-'], ''), /standard input is empty/);
  });

  it('is refused when it is no regular file, or a folder stands where a file is named', async () => {
    refused(await doorbell(['review', '/dev/null']), /\/dev\/null is neither a file nor a folder/);
    refused(await doorbell(['review', path.join(write('file', 'x'), 'below')]), /does not exist/);
  });

  it('is refused when it may not be read', async () => {
    // A superuser may read everything; a link that leads to itself nobody can read.
    execFileSync('ln', ['-s', at('loop'), at('loop')]);
    refused(await doorbell(['review', at('loop')]), /loop is a symbolic link that leads back to itself/);
  });

  it('is refused when it has 200 MB and is no mbox', async () => {
    const file = openSync(at('huge.patch'), 'w');
    writeSync(file, `${mail({ subject: '[PATCH] huge', body: DIFF })}${'+ a line\n'.repeat(2000)}`);
    ftruncateSync(file, 200 * 1024 * 1024);
    closeSync(file);
    refused(await doorbell(['review', at('huge.patch')]), /huge\.patch has 200 MB and is not an mbox/);
  });

  it('does not hide what can be read, and still says 2', async () => {
    const outcome = await doorbell(['review', at('nowhere'), write('good.mbox', series()), '--format', 'json']);
    expect(outcome.status).toBe(2);
    expect(outcome.err).toMatch(/nowhere does not exist/);
    expect(JSON.parse(outcome.out).series.patches).toHaveLength(3);
  });
});

describe('damaged and hostile input', () => {
  it('a series with one damaged patch still has the others', async () => {
    const { status, out, err } = await doorbell([
      'review',
      write(
        'broken.mbox',
        series(DIFF.replace('-two', 'wrapped\n-two').replace('@@ -1,3 +1,4 @@', '@@ -1,30 +1,40 @@')),
      ),
      '--format',
      'json',
    ]);
    const json = JSON.parse(out);
    expect({ status, err }).toEqual({ status: 0, err: '' });
    expect(json.series.patches.map((patch: { files: { added: number }[] }) => patch.files[0]?.added)).toEqual([
      2, 2, 2,
    ]);
    expect(
      json.series.damage.map((damage: { code: string; messageId: string }) => [damage.code, damage.messageId]),
    ).toEqual([
      ['wrapped-line', '2@x'],
      ['short-hunk', '2@x'],
    ]);
    for (const { mailLine } of json.series.damage) expect(mailLine).toBeGreaterThan(5);
  });

  it('control characters do not reach the terminal', async () => {
    const { out, status } = await doorbell(
      ['review', '-'],
      mail({ subject: '[PATCH] \u001b]0;owned\u0007 \u202ecod', id: 'a@x', body: DIFF }),
    );
    expect(status).toBe(0);
    expect(out).toContain('<U+001B>]0;owned<U+0007> <U+202E>cod');
    expect(out).not.toMatch(/[\u001b\u0007\u202e]/);
  });

  it('deep nesting, broken encodings and absurd counts end in a report', async () => {
    let nested = 'Content-Type: text/plain\n\nend\n';
    for (let i = 0; i < 200; i++)
      nested = `Content-Type: multipart/mixed; boundary="b${i}"\n\n--b${i}\n${nested}\n--b${i}--\n`;
    const input = mbox(
      `From: a@example.org\nSubject: [PATCH 1/2] nested\nMessage-ID: <1@x>\n${nested}`,
      mail({
        subject: '[PATCH 2/2] =?utf-8?B?////?= =?x?q?=',
        id: '2@x',
        reply: '1@x',
        headers: ['Content-Transfer-Encoding: base64'],
        body: `${'A'.repeat(4000)}\n!!!\n====\n`,
      }),
      mail({ subject: 'Re: '.repeat(2000), id: '3@x', references: Array.from({ length: 2000 }, (_, i) => `${i}@y`) }),
    );
    const { status, err } = await doorbell(['review', '-', '--format', 'jsonl'], input);
    expect({ status, err }).toEqual({ status: 0, err: '' });
  });
});

describe('several series', () => {
  const two = () =>
    mbox(
      mail({ subject: '[PATCH] one', id: '1@x', body: DIFF }),
      mail({ subject: '[PATCH] two', id: '2@x', body: DIFF }),
      mail({ subject: 'talk', id: '3@x' }),
    );
  const subjects = (text: string) =>
    text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).series.subject);

  it('give one object a line with jsonl, a list with json, in the order of the mails', async () => {
    expect(subjects((await doorbell(['review', '-', '--format', 'jsonl'], two())).out)).toEqual(['one', 'two', 'talk']);
    expect(
      JSON.parse((await doorbell(['review', '-', '--format', 'json'], two())).out).map(
        (one: { series: { subject: string } }) => one.series.subject,
      ),
    ).toEqual(['one', 'two']);
  });

  it('come out the same on worker threads, from memory and from a file too large for it', async () => {
    const many = Array.from({ length: 30 }, (_, i) =>
      mail({ subject: `[PATCH] number ${i}`, id: `${i}@x`, body: DIFF }),
    );
    const small = mbox(...many);
    // A megabyte of header makes a mail large without giving anybody much to read.
    const filler = mail({
      subject: 'talk',
      id: 'f@x',
      headers: [`X-Filler: ${'0123456789abcdef\n '.repeat(60_000)}end`],
    });
    const large = write(
      'large.mbox',
      small +
        mbox(...Array.from({ length: 18 }, (_, i) => filler.replace('f@x', `f${i}@x`).replace('talk', `talk ${i}`))),
    );
    const [here, there, filed] = await Promise.all([
      doorbell(['review', '-', '--format', 'jsonl'], small),
      doorbell(['review', '-', '--format', 'jsonl', '--jobs', '2'], small),
      doorbell(['review', large, '--format', 'jsonl', '--jobs', '2']),
    ]);
    expect(there).toEqual(here);
    expect(here.status).toBe(0);
    expect(filed.err).toBe('');
    expect(filed.out.startsWith(here.out)).toBe(true);
    expect(subjects(filed.out)).toHaveLength(48);
  }, 60_000);

  it('are read from a folder of patches', async () => {
    for (const k of [2, 1])
      write(
        `out/000${k}-part.patch`,
        `From ${'a'.repeat(40)} Mon Sep 17 00:00:00 2001\n${mail({ subject: `[PATCH ${k}/2] part ${k}`, body: DIFF })}`,
      );
    write('out/notes.md', 'not a patch');
    const { out, status } = await doorbell(['review', at('out'), '--format', 'json']);
    expect(status).toBe(0);
    expect(JSON.parse(out).series.patches.map((patch: { subject: string }) => patch.subject)).toEqual([
      'part 1',
      'part 2',
    ]);
  });
});
