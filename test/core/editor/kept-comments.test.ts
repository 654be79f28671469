import { describe, expect, test } from 'vitest';
import {
  anchorOf,
  commentOn,
  fileComment,
  identified,
  lineHash,
  mailKey,
  quoted,
  readKept,
} from '../../../src/editor/kept-comments';
import { readSeries } from '../../../src/series/read';

const mail = `From: A Author <author@example.org>
Subject: [PATCH] vfio: map the doorbell
Message-ID: <one@example.org>

One line.
Another line.
One line.
`;

async function message() {
  const [series] = await readSeries([{ name: 'a.eml', bytes: new TextEncoder().encode(mail) }]);
  const found = series?.messages[0];
  if (found === undefined) throw new Error('no message');
  return found;
}

describe('a kept comment', () => {
  test('finds its line again, the nearer one of two that are equal', async () => {
    const read = await message();
    const last = read.lines.lastIndexOf('One line.') + 1;
    const kept = commentOn(read, last, 'Why twice?', 'c1');
    expect(anchorOf(kept, read.lines)).toEqual({ line: last, found: true });
    const moved = [...read.lines.slice(0, last - 1), 'New.', ...read.lines.slice(last - 1)];
    expect(anchorOf(kept, moved)).toEqual({ line: last + 1, found: true });
  });

  test('stays where it stood when its text is gone, and within the mail', async () => {
    const read = await message();
    const kept = commentOn(read, 6, 'Hm.', 'c1');
    const edited = read.lines.map((line) => line.replace('Another', 'A different'));
    expect(anchorOf(kept, edited)).toEqual({ line: 6, found: false });
    expect(anchorOf(kept, ['short'])).toEqual({ line: 1, found: false });
    expect(anchorOf(kept, []).line).toBe(1);
  });

  test('belongs to its Message-ID, and to its subject where there is none', async () => {
    expect(mailKey(await message())).toBe('one@example.org');
    expect(mailKey({ id: '', subject: 'x' })).toBe('subject:x');
  });

  test('does not mind blanks at the end of a line', () => {
    expect(lineHash('a  ')).toBe(lineHash('a'));
    expect(lineHash('a')).not.toBe(lineHash('b'));
  });

  test('is read back from what was stored; anything else is left out', async () => {
    const kept = commentOn(await message(), 5, 'x', 'c1');
    expect(readKept(JSON.parse(JSON.stringify([kept, null, { id: 1 }, 'text'])))).toEqual([kept]);
    expect(readKept('nothing')).toEqual([]);
  });

  test('keeps its whole text, however long', async () => {
    const long = 'x'.repeat(100_000);
    expect(commentOn(await message(), 5, long, 'c1').text).toBe(long);
  });

  test('is the same comment when the file is read again, and a new one when it says something else', async () => {
    const read = await message();
    const kept = [commentOn(read, 5, 'x', 'c1'), commentOn(read, 6, 'y', 'c2'), commentOn(read, 5, 'x', 'c3')];
    let made = 0;
    const newId = () => `new${++made}`;
    const again = identified(kept, kept.map(fileComment), newId);
    again.forEach((one, i) => {
      expect(one).toBe(kept[i]);
    });
    const [first, second, third] = kept.map(fileComment);
    if (!first || !second || !third) return expect.unreachable();
    const changed = identified(kept, [third, { ...second, text: 'z' }, first], newId);
    expect(changed.map(({ id }) => id)).toEqual(['c1', 'new1', 'c3']);
    expect(changed[1]).toEqual({ ...kept[1], id: 'new1', text: 'z' });
  });

  test('that was kept without the text of its line gets it from the mail, where the mail has it', async () => {
    const read = await message();
    const { quote: _, ...old } = commentOn(read, 6, 'y', 'c2');
    const [kept] = readKept([old]);
    if (kept === undefined) return expect.unreachable();
    expect(kept.quote).toBeNull();
    expect(quoted(kept, ['New.', ...read.lines])).toEqual({ ...kept, line: 7, quote: 'Another line.' });
    expect(quoted(kept, ['nothing like it'])).toBeNull();
  });
});
