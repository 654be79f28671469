import { describe, expect, it } from 'vitest';
import { addComments, changeComment, removeComment } from '../../../src/review/comments-file';
import { parseCorrections } from '../../../src/review/corrections';
import { EMPTY_FILE, type FileChange } from '../../../src/review/corrections-file';
import { commentsIn, type FileComment, reviewedPart } from '../../../src/review/reviewer-comments';

const NAME = 'x.mbox.doorbell.json';
const one: FileComment = { mail: 'a@example.org', line: '+int b;', at: 14, text: 'Static?' };
const two: FileComment = { mail: 'a@example.org', line: '', at: 3, text: 'First.\n\n  int c;\nLast “\u202e”.' };
const OLD = `{
  // kept
  "design": "v4.5",
  "dismissed": [
    { "rule": "r", "line": "x;", "reason": "y" }, // and this
  ]
}
`;

function textOf(change: FileChange): string {
  if (change.kind !== 'edits') throw new Error(change.why);
  return change.text;
}

/** The edits, applied to the old text, give the new one. */
function applied(old: string, change: FileChange): string {
  if (change.kind !== 'edits') throw new Error(change.why);
  return [...change.edits]
    .sort((a, b) => b.offset - a.offset)
    .reduce((text, { offset, length, content }) => text.slice(0, offset) + content + text.slice(offset + length), old);
}

describe('comments in the file beside a series', () => {
  it('are read back as they were written, several lines too', () => {
    const text = textOf(addComments('', NAME, [one, two]));
    expect(commentsIn(text)).toEqual([one, two]);
    expect(text).toContain('"First.",\n');
    expect(parseCorrections({ name: NAME, text }).problems).toEqual([]);
  });

  it('leave everything else in the file as it stands', () => {
    const added = addComments(OLD, NAME, [one]);
    expect(applied(OLD, added)).toBe(textOf(added));
    for (const kept of ['// kept', '"design": "v4.5"', '// and this']) expect(textOf(added)).toContain(kept);
    const more = textOf(addComments(textOf(added), NAME, [two]));
    const changed = changeComment(more, NAME, one, 'Static, please.');
    expect(applied(more, changed)).toBe(textOf(changed));
    expect(commentsIn(textOf(changed))).toEqual([{ ...one, text: 'Static, please.' }, two]);
    const removed = removeComment(textOf(changed), NAME, two);
    expect(applied(textOf(changed), removed)).toBe(textOf(removed));
    expect(commentsIn(textOf(removed))).toEqual([{ ...one, text: 'Static, please.' }]);
    for (const kept of ['// kept', '"design": "v4.5"', '// and this']) expect(textOf(removed)).toContain(kept);
  });

  it('are added where the one to change is gone, and nothing happens where the one to take away is', () => {
    const text = textOf(addComments('', NAME, [two]));
    expect(commentsIn(textOf(changeComment(text, NAME, one, 'New.')))).toEqual([two, { ...one, text: 'New.' }]);
    expect(textOf(removeComment(text, NAME, one))).toBe(text);
  });

  it('are not written into a file that cannot be read', () => {
    for (const broken of ['{\n  "dismissed": [\n', '[]', '{ "comments": 1 }'])
      for (const change of [
        addComments(broken, NAME, [one]),
        changeComment(broken, NAME, one, 'x'),
        removeComment(broken, NAME, one),
      ]) {
        expect(change.kind).toBe('refused');
        expect(change.kind === 'refused' && change.why).toContain(NAME);
      }
    expect(commentsIn('{\n  "comments": [\n')).toBeNull();
  });

  it('are said where they cannot be read; the others hold', () => {
    const text = `{
  "comments": [
    { "mail": "a@example.org", "line": "x", "at": 0, "text": "y" },
    ${JSON.stringify(one)},
    { "mail": "a@example.org", "line": "x", "at": 2, "text": [] }
  ]
}
`;
    expect(parseCorrections({ name: NAME, text }).problems.map(({ at, kind }) => [kind, at.line])).toEqual([
      ['invalid', 3],
      ['invalid', 5],
    ]);
    expect(commentsIn(text)).toEqual([one]);
    // The one that cannot be read keeps its place.
    expect(commentsIn(textOf(removeComment(text, NAME, one)))).toEqual([]);
    expect(textOf(removeComment(text, NAME, one))).toContain('"text": []');
  });
});

describe('what a review reads of the file', () => {
  it('is the same whatever is commented', () => {
    const text = textOf(addComments(OLD, NAME, [one]));
    expect(reviewedPart(text)).toBe(reviewedPart(OLD));
    expect(reviewedPart(textOf(changeComment(text, NAME, one, 'Other.')))).toBe(reviewedPart(OLD));
    expect(reviewedPart(textOf(addComments('', NAME, [one])))).toBe(reviewedPart(''));
    expect(reviewedPart(EMPTY_FILE)).toBe('');
  });

  it('is another when a correction changes, moves, or cannot be read', () => {
    for (const other of [
      OLD.replace('v4.5', 'cookie'),
      `\n${OLD}`,
      OLD.slice(0, -3),
      OLD.replace('  "design"', '  "comments": [{}],\n  "design"'),
    ])
      expect(reviewedPart(other)).not.toBe(reviewedPart(OLD));
  });
});
