/**
 * The sample series for the tests: its mails, the list of what is planted, and repositories in which it is applied.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';

interface Line {
  readonly patch: number;
  readonly line: string;
  readonly mailLine: number;
}

interface Planted extends Line {
  readonly id: string;
  readonly class: string;
  readonly version: number;
  readonly file: string | null;
  readonly function: string | null;
  readonly since: number;
  readonly fixedBy: number | null;
  readonly why: string;
  readonly also?: readonly Line[];
}

export const samples = fileURLToPath(new URL('../../../samples/', import.meta.url));
export const planted = JSON.parse(readFileSync(path.join(samples, 'planted.json'), 'utf8')) as {
  readonly files: Readonly<Record<string, string>>;
  readonly defects: readonly Planted[];
  /** What the design brings with it, in the same form. */
  readonly inherent: readonly Planted[];
};
export const versions = Object.keys(planted.files).map(Number);

/** The mails of one version, cover first, each as lines without the mbox line. */
export function mailsOf(version: number): string[][] {
  const text = readFileSync(path.join(samples, planted.files[String(version)]!), 'utf8');
  return text
    .split(/^From [0-9a-f]{40} Mon Sep 17 00:00:00 2001\n/m)
    .slice(1)
    .map((mail) => mail.split('\n'));
}

const scratch: string[] = [];
afterAll(() => {
  for (const directory of scratch) rmSync(directory, { recursive: true, force: true });
});

export function git(directory: string, args: readonly string[], input = ''): string {
  return execFileSync('git', ['-c', 'user.name=Test', '-c', 'user.email=test@example.org', ...args], {
    cwd: directory,
    encoding: 'utf8',
    input,
    env: { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' },
  });
}

/** A repository of the pre-image with the version's patches applied one by one; the cover, which has no diff, is left out. */
export function applied(version: number): string {
  const directory = mkdtempSync(path.join(tmpdir(), 'doorbell-samples-'));
  scratch.push(directory);
  cpSync(path.join(samples, 'tree'), directory, { recursive: true });
  git(directory, ['init', '-q']);
  git(directory, ['add', '.']);
  git(directory, ['commit', '-qm', 'base']);
  git(directory, ['tag', 'base']);
  const from = `From ${'0'.repeat(40)} Mon Sep 17 00:00:00 2001`;
  const patches = mailsOf(version).slice(1);
  git(directory, ['am', '-q'], patches.map((mail) => `${from}\n${mail.join('\n')}`).join(''));
  return directory;
}

export function commitsOf(directory: string): string[] {
  return git(directory, ['rev-list', '--reverse', 'base..HEAD']).trim().split('\n');
}
