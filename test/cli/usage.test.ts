import { spawn } from 'node:child_process';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { readArguments } from '../../src/cli/arguments';
import { DIFF, mail, mbox } from '../core/series/mails';
import { doorbell } from './run';

describe('arguments', () => {
  it('are read with their defaults', () => {
    expect(readArguments(['review', 'a', 'b'])).toEqual({
      kind: 'review',
      files: ['a', 'b'],
      format: 'text',
      failOn: 'error',
      jobs: 1,
      design: null,
      kernels: [],
    });
    expect(
      readArguments([
        'review',
        '-',
        '--jobs=4',
        '--fail-on',
        'never',
        '--format',
        'jsonl',
        '--kernel',
        'a',
        '--kernel',
        'b',
      ]),
    ).toEqual({
      kind: 'review',
      files: ['-'],
      format: 'jsonl',
      failOn: 'never',
      jobs: 4,
      design: null,
      kernels: ['a', 'b'],
    });
    expect(readArguments(['simulate', 's', '--design', 'd', '--machine', 'm'])).toEqual({
      kind: 'simulate',
      scenario: 's',
      design: 'd',
      machine: 'm',
      format: 'text',
    });
  });

  it.each([
    [[], /command is missing/],
    [['frobnicate'], /no command “frobnicate”/],
    [['review'], /needs a file/],
    [['review', 'x', '--format', 'xml'], /--format is text, json or jsonl/],
    [['review', 'x', '--jobs', '0'], /--jobs is a number from 1 to 64/],
    [['review', 'x', '--fail-on', 'info'], /--fail-on is/],
    [['review', 'x', '--machine', 'd'], /review has no option --machine/],
    [['review', '-', '-'], /once only/],
    [['review', '--bogus'], /bogus/],
    [['simulate'], /needs one scenario/],
  ])('%j is wrong', (argv, why) => {
    const command = readArguments(argv);
    expect(command.kind === 'wrong' && command.message).toMatch(why);
  });
});

describe('the built command', () => {
  it('helps, tells its version, and sends usage errors to standard error', async () => {
    const help = await doorbell(['--help']);
    expect(help).toMatchObject({ status: 0, err: '' });
    expect(help.out).toMatch(/Examples\n {2}doorbell review/);
    expect((await doorbell(['--version'])).out).toMatch(/^doorbell \d+\.\d+\.\d+\n$/);
    const wrong = await doorbell(['review']);
    expect(wrong).toMatchObject({ status: 2, out: '' });
    expect(wrong.err).toMatch(/^doorbell: review needs a file.*\ndoorbell: doorbell --help tells more\.\n$/);
  });

  it('lists scenarios, and runs one with every design', async () => {
    const listed = JSON.parse((await doorbell(['scenarios', '--format', 'json'])).out) as { id: string }[];
    expect(listed.map((one) => one.id)).toContain('own-interrupt');
    const ran = await doorbell(['simulate', 'own-interrupt', '--machine', 'arm64-smmuv3-its', '--format', 'json']);
    const results = JSON.parse(ran.out) as { design: string; machine: string; verdict: string }[];
    expect(results.map((result) => result.design)).toEqual(expect.arrayContaining(['v4.5', 'fixup', 'transparent']));
    expect(new Set(results.map((result) => result.machine))).toEqual(new Set(['arm64-smmuv3-its']));
    expect(ran.status).toBe(results.some((result) => result.verdict === 'violated') ? 1 : 0);
  });

  it('says which scenarios, designs and machines there are not', async () => {
    expect((await doorbell(['simulate', 'nothing'])).err).toMatch(/no scenario “nothing”/);
    expect((await doorbell(['simulate', 'own-interrupt', '--design', 'x'])).err).toMatch(
      /no design “x”: there are v4\.5/,
    );
    expect((await doorbell(['simulate', 'own-interrupt', '--machine', 'x'])).err).toMatch(/does not run on “x”/);
    expect(await doorbell(['simulate', './nowhere.json'])).toMatchObject({
      status: 2,
      err: 'doorbell: ./nowhere.json does not exist.\n',
    });
  });

  it('ends quietly when the reader of its pipe leaves', async () => {
    const input = mbox(
      ...Array.from({ length: 200 }, (_, i) => mail({ subject: `[PATCH] number ${i}`, id: `${i}@x`, body: DIFF })),
    );
    const cli =
      process.env.DOORBELL_CLI ?? path.join(path.dirname(new URL(import.meta.url).pathname), '../../dist/cli.js');
    const err = await new Promise<string>((resolve) => {
      const child = spawn(process.execPath, [cli, 'review', '-'], { stdio: ['pipe', 'pipe', 'pipe'] });
      let said = '';
      child.stderr.on('data', (piece: Buffer) => {
        said += piece.toString();
      });
      child.stdout.once('data', () => child.stdout.destroy());
      child.stdin.on('error', () => {});
      child.on('close', () => resolve(said));
      child.stdin.end(input);
    });
    expect(err).toBe('');
  });
});
