import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createTwoFilesPatch, parsePatch } from 'diff';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseChange } from '../../../src/patch/parse';
import type { Change } from '../../../src/patch/types';
import { bodyMessage } from './bodies';

const line = fc.oneof(
  fc.constantFrom(
    '',
    '-- ',
    '--- a/x',
    '+++ b/x',
    '@@ -1 +1 @@',
    '\tfoo();',
    'diff --git a/x b/x',
    '> quoted',
    '}',
    '+',
    '-',
  ),
  fc.string({ maxLength: 20 }).map((text) => text.replace(/[\r\n\u2028\u2029]/g, '_')),
);
const text = fc.array(line, { maxLength: 40 }).map((lines) => lines.map((one) => `${one}\n`).join(''));

/** The text before and after, as far as the hunks show it, and the numbers of its lines. */
function images(change: Change): { old: Map<number, string>; new: Map<number, string> } {
  const before = new Map<number, string>();
  const after = new Map<number, string>();
  for (const file of change.files)
    for (const hunk of file.hunks)
      for (const one of hunk.lines) {
        if (one.oldLine !== null) before.set(one.oldLine, one.text);
        if (one.newLine !== null) after.set(one.newLine, one.text);
      }
  return { old: before, new: after };
}

describe('generated diffs', () => {
  it('give back each line at its place', () => {
    fc.assert(
      fc.property(text, text, fc.constantFrom('', '-- \n2.5.0\n', '\nBye.\n'), (before, after, tail) => {
        const diff = createTwoFilesPatch('a/f.c', 'b/f.c', before, after, undefined, undefined, { context: 3 }).replace(
          /^=+\n/,
          '',
        );
        const message = bodyMessage(`Text.\n---\n\n${diff}${tail}`);
        const change = parseChange(message);
        expect(change.damage).toEqual([]);
        const shown = images(change);
        const [oldLines, newLines] = [before.split('\n'), after.split('\n')];
        for (const [n, content] of shown.old) expect(content).toBe(oldLines[n - 1]);
        for (const [n, content] of shown.new) expect(content).toBe(newLines[n - 1]);
        for (const hunk of change.files.flatMap((file) => file.hunks))
          for (const one of hunk.lines) expect(message.lines[one.line - 1]!.slice(1)).toBe(one.text);
      }),
      { numRuns: 300 },
    );
  });

  it('agree with the diff package on bodies cut at the signature', () => {
    fc.assert(
      fc.property(text, text, (before, after) => {
        const diff = createTwoFilesPatch('a/f.c', 'b/f.c', before, after, '', '', { context: 3 }).replace(/^=+\n/, '');
        const theirs = parsePatch(diff)[0]!;
        const ours = parseChange(bodyMessage(`${diff}-- \n2.5.0\n`)).files[0];
        expect(ours?.hunks.map((hunk) => [hunk.oldStart, hunk.oldCount, hunk.newStart, hunk.newCount]) ?? []).toEqual(
          // An empty side starts at line 0 in the text, and at 1 in that package.
          theirs.hunks.map((hunk) => [
            hunk.oldLines === 0 ? hunk.oldStart - 1 : hunk.oldStart,
            hunk.oldLines,
            hunk.newLines === 0 ? hunk.newStart - 1 : hunk.newStart,
            hunk.newLines,
          ]),
        );
        const signs = { add: '+', delete: '-', context: ' ' } as const;
        expect(ours?.hunks.map((hunk) => hunk.lines.map((one) => signs[one.kind] + one.text)) ?? []).toEqual(
          theirs.hunks.map((hunk) => hunk.lines.filter((one) => !one.startsWith('\\'))),
        );
      }),
      { numRuns: 300 },
    );
  });

  it('arbitrary bodies never throw, and every place is inside the mail', () => {
    const piece = fc.oneof(
      line,
      fc.constantFrom(
        '--- a/f',
        '+++ b/f',
        '@@ -1,3 +1,3 @@',
        '@@ -1,2 +1,9 @@ f',
        'diff --git a/f b/f',
        'diff --cc f',
        'GIT binary patch',
        'literal 4',
        'rename from a',
        '\\ No newline at end of file',
        '@@ -x',
      ),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
        const message = bodyMessage(pieces.join('\n'));
        const change = parseChange(message);
        for (const damage of change.damage) expect(damage.at!.line).toBeLessThanOrEqual(message.lines.length);
        for (const file of change.files) {
          expect(file.endLine).toBeLessThanOrEqual(message.lines.length);
          for (const hunk of file.hunks)
            for (const one of hunk.lines) expect(one.line).toBeLessThanOrEqual(file.endLine);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('git', () => {
  it('agrees on files and counts of generated commits', () => {
    const folder = mkdtempSync(join(tmpdir(), 'doorbell-git-'));
    const git = (...args: string[]) =>
      execFileSync(
        'git',
        ['-c', 'user.name=A', '-c', 'user.email=a@example.org', '-c', 'core.autocrlf=false', ...args],
        { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] },
      ).toString();
    const write = (path: string, content: string | Uint8Array) => {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), content);
    };
    try {
      git('init', '-q');
      const [firsts, seconds] = [fc.sample(text, { seed: 7, numRuns: 24 }), fc.sample(text, { seed: 8, numRuns: 24 })];
      const long = Array.from({ length: 40 }, (_, i) => `line ${i}\n`).join('');
      for (const [i, content] of firsts.entries()) write(`dir ${i % 3}/f${i}.c`, content);
      write('gone.c', long);
      write('moved.c', long);
      write('exec.sh', 'a\n');
      write('bin.dat', new Uint8Array([0, 1, 2, 3]));
      write('naïve "q".c', 'a\n');
      write('cut.c', 'no end');
      git('add', '-A');
      git('commit', '-qm', 'one');
      for (const [i, content] of seconds.entries())
        write(`dir ${i % 3}/f${i}.c`, i % 4 === 0 ? content.trimEnd() : content);
      unlinkSync(join(folder, 'gone.c'));
      renameSync(join(folder, 'moved.c'), join(folder, 'there.c'));
      writeFileSync(join(folder, 'there.c'), `${long}more\n`);
      chmodSync(join(folder, 'exec.sh'), 0o755);
      write('bin.dat', new Uint8Array([0, 9, 9, 9, 9]));
      write('naïve "q".c', 'b\n');
      write('cut.c', 'no end still');
      write('fresh.c', '');
      git('add', '-A');
      git('commit', '-qm', 'two\n\n- a list\n+ in the text');
      for (const options of [[], ['-U0'], ['-U10'], ['--no-renames'], ['--binary'], ['--no-prefix']]) {
        const patch = git('format-patch', '-1', '--stdout', '-M', ...options);
        const body = patch.slice(patch.indexOf('\n\n') + 2);
        const change = parseChange(bodyMessage(body));
        expect(change.damage).toEqual([]);
        const theirs = execFileSync(
          'git',
          ['apply', '--numstat', '-z', ...(options.includes('--no-prefix') ? ['-p0'] : []), '-'],
          { cwd: folder, input: patch },
        )
          .toString()
          .split('\0')
          .filter((row) => row !== '')
          .map((row) => row.split('\t'));
        expect(
          change.files.map((file) =>
            file.binary ? ['-', '-', file.path] : [`${file.added}`, `${file.deleted}`, file.path],
          ),
        ).toEqual(theirs);
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
