/** Rules on lines that a patch puts in the place of others: each on a defective patch and on the same patch corrected. */
import { describe, expect, it } from 'vitest';
import { seriesHits } from './series-mails';

const hits = (path: string, ...lines: string[]): Promise<string[]> =>
  seriesHits([{ files: [{ path, text: `${lines.join('\n')}\n` }] }]);
const C = 'drivers/vfio/door.c';
const head = '@@ static int door_open(struct door *d)';

describe('a statement in the place of a whole one', () => {
  it('lacks its semicolon', async () => {
    const wake = (line: string): Promise<string[]> =>
      hits(
        C,
        head,
        ' \td->wait = 0;',
        '-\tif (door_sleeps(d))',
        '-\t\twake_up(&d->queue);',
        `+${line}`,
        ' ',
        ' \treturn 0;',
      );
    expect(await wake('\trcuwait_wake_up(&d->wait)')).toEqual(['unbalanced-statement 1: + rcuwait_wake_up(&d->wait)']);
    expect(await wake('\trcuwait_wake_up(&d->wait);')).toEqual([]);
    // The head of a loop.
    expect(await wake('\tfor_each_door(d)')).toEqual([]);
  });
  it('lacks a bracket, right behind a comment that begins out of sight', async () => {
    const clean = (line: string): Promise<string[]> =>
      hits(C, head, ' \t * a comment from above', ' \t */', '-\tclean(pfn, SIZE);', `+${line}`, ' \treturn 0;');
    expect(await clean('\tclean(address(to_page(pfn), SIZE);')).toEqual([
      'unbalanced-statement 1: + clean(address(to_page(pfn), SIZE);',
    ]);
    expect(await clean('\tclean(address(to_page(pfn)), SIZE);')).toEqual([]);
  });
});

describe('a conflict marker', () => {
  it('is left in a document and in code', async () => {
    expect(
      await hits('Documentation/virt/kvm/api.rst', '@@', ' unlocked.', '+>>>>>>> 0123456789ab (doors)', ' '),
    ).toEqual(['conflict-marker-in-text 1: +>>>>>>> 0123456789ab (doors)']);
    expect(await hits(C, head, '+<<<<<<< HEAD', ' \treturn 0;')).toEqual(['conflict-marker 1: +<<<<<<< HEAD']);
  });
  it('is no heading and no longer row of signs', async () => {
    expect(await hits('Documentation/virt/kvm/api.rst', '@@', ' Doors', '+=======', '+>>>>>>>>>>', ' ')).toEqual([]);
    expect(await hits(C, head, '+\td->a <<= 7;', ' \treturn 0;')).toEqual([]);
  });
});

describe('a message that was limited', () => {
  const said = (line: string, name = 'door_cache_invalidate'): Promise<string[]> =>
    hits(
      C,
      `@@ static int ${name}(struct door *d)`,
      ' \tif (d->bad)',
      '-\t\tpr_err_ratelimited("bad\\n");',
      `+${line}`,
      ' \treturn 0;',
    );
  it('becomes a warning of the kernel', async () => {
    expect(await said('\t\tWARN_ONCE(1, "bad\\n");')).toEqual(['warn-from-user 1: + WARN_ONCE(1, "bad\\n");']);
    expect(await said('\t\tdev_err_ratelimited(d->dev, "bad\\n");')).toEqual([]);
    // What the kernel alone decides may be asserted.
    expect(await said('\t\tWARN_ONCE(1, "bad\\n");', 'door_settle')).toEqual([]);
  });
});

describe('a comment behind a value', () => {
  const value = (comment: string): Promise<string[]> =>
    hits(
      'include/acpi/door.h',
      '@@ enum door_type {',
      '-\tDOOR_RESERVED = 5,\t/* 5 and greater are reserved */',
      `+\tDOOR_RESERVED = 6,\t${comment}`,
      ' };',
    );
  it('keeps the old number', async () => {
    expect(await value('/* 5 and greater are reserved */')).toEqual([
      'comment-number 1: + DOOR_RESERVED = 6, /* 5 and greater are reserved */',
    ]);
    expect(await value('/* 6 and greater are reserved */')).toEqual([]);
  });
  it('may tell of something else', async () => {
    expect(await hits(C, head, '-\td->n = 5;\t/* see 7.3 */', '+\td->n = 6;\t/* see 7.3 */', ' \treturn 0;')).toEqual(
      [],
    );
  });
});
