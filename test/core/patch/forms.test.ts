import { describe, expect, it } from 'vitest';
import { parseChange } from '../../../src/patch/parse';
import { bodyMessage } from './bodies';

const parse = (body: string) => parseChange(bodyMessage(body));
const codes = (body: string) => parse(body).damage.map((damage) => damage.code);

const HEAD = 'diff --git a/x.c b/x.c\nindex 1111111..2222222 100644\n--- a/x.c\n+++ b/x.c\n';

describe('one file', () => {
  it('keeps every line with its place, in the mail and in both files', () => {
    const message = bodyMessage(
      `Why.\n---\n x.c | 2 +-\n\n${HEAD}@@ -10,3 +12,4 @@ static int f(void)\n one\n-two\n+zwei\n+drei\n three\n-- \n2.5.0\n`,
    );
    const change = parseChange(message);
    expect(change).toMatchObject({ damage: [], diffLine: 8, message: 0 });
    const file = change.files[0]!;
    expect(file).toMatchObject({
      kind: 'modify',
      path: 'x.c',
      oldPath: 'x.c',
      newPath: 'x.c',
      oldBlob: '1111111',
      newBlob: '2222222',
      added: 2,
      deleted: 1,
      line: 8,
      endLine: 17,
    });
    expect(file.hunks[0]).toMatchObject({
      line: 12,
      oldStart: 10,
      oldCount: 3,
      newStart: 12,
      newCount: 4,
      section: 'static int f(void)',
      complete: true,
    });
    expect(
      file.hunks[0]!.lines.map(({ kind, text, line, oldLine, newLine }) => [kind, text, line, oldLine, newLine]),
    ).toEqual([
      ['context', 'one', 13, 10, 12],
      ['delete', 'two', 14, 11, null],
      ['add', 'zwei', 15, null, 13],
      ['add', 'drei', 16, null, 14],
      ['context', 'three', 17, 12, 15],
    ]);
    for (const line of file.hunks[0]!.lines) expect(message.lines[line.line - 1]!.slice(1)).toBe(line.text);
  });

  it('takes deleted and added lines that look like marks for what the counts say', () => {
    const change = parse(`${HEAD}@@ -1,3 +1,3 @@\n a\n--- old\n+++ new\n b\n@@ -9 +9 @@\n--- \n+-- \n-- \n2.5.0\n`);
    expect(change.damage).toEqual([]);
    expect(change.files).toHaveLength(1);
    expect(change.files[0]!.hunks.map((hunk) => hunk.lines.map((line) => line.text))).toEqual([
      ['a', '-- old', '++ new', 'b'],
      ['-- ', '-- '],
    ]);
  });

  it('takes an empty line for blank context, also at the end of a hunk', () => {
    const change = parse(`${HEAD}@@ -1,3 +1,4 @@\n a\n\n+b\n\n@@ -9,1 +10,2 @@\n c\n+d\n`);
    expect(change.damage).toEqual([]);
    expect(change.files[0]!.hunks.map((hunk) => hunk.lines.length)).toEqual([4, 2]);
  });

  it('marks a missing newline on the line it belongs to', () => {
    const change = parse(`${HEAD}@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b\n\\ No newline at end of file\n`);
    expect(change.files[0]!.hunks[0]!.lines).toMatchObject([
      { text: 'a', noNewline: true },
      { text: 'b', noNewline: true },
    ]);
    expect(change.damage).toEqual([]);
  });
});

describe('kinds of change', () => {
  it.each([
    [
      'new file',
      'diff --git a/n.c b/n.c\nnew file mode 100644\nindex 000..123\n--- /dev/null\n+++ b/n.c\n@@ -0,0 +1 @@\n+x\n',
      { kind: 'add', oldPath: null, newPath: 'n.c', newMode: '100644', added: 1 },
    ],
    [
      'deleted file',
      'diff --git a/n.c b/n.c\ndeleted file mode 100755\n--- a/n.c\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n',
      { kind: 'delete', oldPath: 'n.c', newPath: null, path: 'n.c', deleted: 1 },
    ],
    [
      'empty new file',
      'diff --git a/e b/e\nnew file mode 100644\nindex 0000000..e69de29\n',
      { kind: 'add', path: 'e', hunks: [] },
    ],
    [
      'rename',
      'diff --git a/o/x y.c b/n/x y.c\nsimilarity index 97%\nrename from o/x y.c\nrename to n/x y.c\n--- a/o/x y.c\n+++ b/n/x y.c\n@@ -1 +1 @@\n-a\n+b\n',
      { kind: 'rename', oldPath: 'o/x y.c', newPath: 'n/x y.c', similarity: 97 },
    ],
    [
      'pure rename',
      'diff --git a/a/o.c b/a/n.c\nsimilarity index 100%\nrename from a/o.c\nrename to a/n.c\n',
      { kind: 'rename', oldPath: 'a/o.c', newPath: 'a/n.c', hunks: [] },
    ],
    [
      'copy',
      'diff --git a/o.c b/n.c\nsimilarity index 80%\ncopy from o.c\ncopy to n.c\n',
      { kind: 'copy', oldPath: 'o.c', newPath: 'n.c', similarity: 80 },
    ],
    [
      'mode',
      'diff --git a/s.sh b/s.sh\nold mode 100644\nnew mode 100755\n',
      { kind: 'mode', oldMode: '100644', newMode: '100755', path: 's.sh' },
    ],
    [
      'binary note',
      'diff --git a/b.bin b/b.bin\nindex 123..456 100644\nBinary files a/b.bin and b/b.bin differ\n',
      { binary: true, path: 'b.bin' },
    ],
    [
      'binary literal',
      'diff --git a/b.bin b/b.bin\nindex 1234..4567 100644\nGIT binary patch\nliteral 3\nKcmZQzWMT#Y01f~L\n\ndelta 3\nKcmZQzWMT#Y01f~L\n\n',
      { binary: true },
    ],
    [
      'quoted name',
      'diff --git "a/caf\\303\\251\\t.c" "b/caf\\303\\251\\t.c"\n--- "a/caf\\303\\251\\t.c"\n+++ "b/caf\\303\\251\\t.c"\n@@ -1 +1 @@\n-a\n+b\n',
      { path: 'café\t.c' },
    ],
    [
      'name with blanks',
      'diff --git a/a b.c b/a b.c\n--- a/a b.c\t\n+++ b/a b.c\t\n@@ -1 +1 @@\n-a\n+b\n',
      { path: 'a b.c' },
    ],
    [
      'no diff --git',
      '--- linux.orig/k/x.c\t2016-01-01 00:00:00.000000000 +0000\n+++ linux/k/x.c\t2016-01-02 00:00:00.000000000 +0000\n@@ -1 +1,2 @@\n a\n+b\n',
      { kind: 'modify', path: 'k/x.c', added: 1 },
    ],
    [
      'no prefix',
      'diff --git k/x.c k/x.c\nindex 1111..2222 100644\n--- k/x.c\n+++ k/x.c\n@@ -1 +1,2 @@\n a\n+b\n',
      { path: 'k/x.c', oldPath: 'k/x.c' },
    ],
  ])('%s', (_, body, expected) => {
    const change = parse(body);
    expect(change.damage).toEqual([]);
    expect(change.files).toMatchObject([expected]);
  });

  it('notes a combined diff and reads on', () => {
    const change = parse(
      `diff --cc m.c\nindex 111,222..333\n--- a/m.c\n+++ b/m.c\n@@@ -1,1 -1,1 +1,2 @@@\n  a\n++b\n${HEAD}@@ -1 +1 @@\n-a\n+b\n`,
    );
    expect(change.files).toMatchObject([
      { path: 'm.c', combined: true, hunks: [], added: 0 },
      { path: 'x.c', combined: false, added: 1 },
    ]);
    expect(change.damage).toMatchObject([{ code: 'combined-diff', at: { line: 4 } }]);
  });
});

describe('text around diffs', () => {
  it('reads several diffs with text between and behind', () => {
    const change = parse(
      `${HEAD}@@ -1 +1 @@\n-a\n+b\n\nAnd also:\n\n${HEAD.replaceAll('x.c', 'y.c')}@@ -1 +1 @@\n-a\n+b\n-- \n2.5.0\n\n- a list\n+ more\n`,
    );
    expect(change.files.map((file) => file.path)).toEqual(['x.c', 'y.c']);
    expect(change.damage).toEqual([]);
  });

  it('does not read quoted diffs', () => {
    expect(parse(`${HEAD}@@ -1 +1 @@\n-a\n+b\n`.replace(/^/gm, '> '))).toEqual({
      message: 0,
      files: [],
      damage: [],
      diffLine: null,
    });
  });

  it('does not take dashes in a text for a file', () => {
    expect(parse('--- snip ---\n+++ really +++\nno more\n').files).toEqual([]);
    expect(parse('---\n a | 1 +\n')).toMatchObject({ files: [], damage: [] });
  });

  it('says that a hunk without a file is lost', () => {
    expect(codes('@@ -1 +1 @@\n-a\n+b\n')).toEqual(['stray-hunk']);
  });
});

describe('damage', () => {
  const two = (bad: string) => `${HEAD}${bad}@@ -50,2 +50,3 @@ g\n a\n+b\n c\n-- \n2.5.0\n`;

  it('a wrapped line is joined to the one before, with its place', () => {
    const change = parse(two('@@ -1,3 +1,3 @@\n a long\n-line that was\nwrapped by a mailer\n+c\n d\n'));
    expect(change.damage).toMatchObject([{ code: 'wrapped-line', at: { line: 11 } }]);
    expect(change.files[0]!.hunks).toMatchObject([
      { complete: false, lines: [{}, { text: 'line that was wrapped by a mailer' }, {}, {}] },
      { complete: true, newStart: 50 },
    ]);
  });

  it('a hunk that is cut loses only itself', () => {
    const change = parse(two('@@ -1,9 +1,9 @@\n a\n-b\n+c\n'));
    expect(change.damage).toMatchObject([{ code: 'short-hunk', at: { line: 8 } }]);
    expect(change.files[0]!.hunks.map((hunk) => [hunk.complete, hunk.lines.length])).toEqual([
      [false, 3],
      [true, 3],
    ]);
  });

  it('a hunk that is cut at the signature does not eat it', () => {
    const change = parse(`${HEAD}@@ -1,9 +1,9 @@\n a\n-b\n+c\n-- \n2.5.0\n\n`);
    expect(change.files[0]).toMatchObject({ added: 1, deleted: 1 });
    expect(change.damage).toMatchObject([{ code: 'short-hunk' }]);
  });

  it('a hunk that is cut before another file does not eat its marks', () => {
    const change = parse(`--- a/x.c\n+++ b/x.c\n@@ -1,9 +1,9 @@\n a\n+c\n--- a/y.c\n+++ b/y.c\n@@ -1 +1 @@\n-a\n+b\n`);
    expect(change.files.map((file) => [file.path, file.added, file.deleted])).toEqual([
      ['x.c', 1, 0],
      ['y.c', 1, 1],
    ]);
  });

  it('a hunk that goes on beyond its counts is said, and the next one is read', () => {
    const change = parse(two('@@ -1,2 +1,2 @@\n a\n b\n+c\n'));
    expect(change.damage).toMatchObject([{ code: 'long-hunk', at: { line: 11 } }]);
    expect(change.files[0]!.hunks).toHaveLength(2);
  });

  it('an unreadable hunk header loses only that hunk', () => {
    const change = parse(two('@@ -1,2 +1 @\n a\n b\n'));
    expect(change.damage).toMatchObject([{ code: 'bad-hunk', at: { line: 8 } }]);
    expect(change.files[0]!.hunks).toHaveLength(1);
  });

  it('a lost blank before a tab is mended and said', () => {
    const change = parse(`${HEAD}@@ -1,2 +1,3 @@\n\ta\n+b\n c\n`);
    expect(change.damage).toMatchObject([{ code: 'lost-blank', at: { line: 9 } }]);
    expect(change.files[0]!.hunks[0]!.lines[0]).toMatchObject({ kind: 'context', text: '\ta' });
  });

  it('absurd counts stop at the end of the mail', () => {
    const change = parse(`${HEAD}@@ -1,999999999 +1,999999999 @@\n a\n`);
    expect(change.damage).toMatchObject([{ code: 'short-hunk' }]);
  });

  it('a mail full of damage is told in a hundred places and a sum', () => {
    const change = parse(`${HEAD}${'@@ -1,3 +1,3 @@\n a\n'.repeat(200_000)}`);
    expect(change.damage).toHaveLength(101);
    expect(change.damage.at(-1)).toMatchObject({
      code: 'more-damage',
      message: '199900 more places from here on are damaged.',
    });
  });
});
