import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { b4Mbox, formatPatch, messageIdOf, rangeOf, tabName } from '../../../src/editor/opening';

describe('a git range', () => {
  test('is two revisions, or one up to HEAD', () => {
    expect(rangeOf(' v4.4..topic/msi ')).toEqual({ base: 'v4.4', head: 'topic/msi' });
    expect(rangeOf('HEAD~3')).toEqual({ base: 'HEAD~3', head: 'HEAD' });
    expect(rangeOf('v4.4^{commit}..')).toEqual({ base: 'v4.4^{commit}', head: 'HEAD' });
  });

  test.each([
    '',
    '-n',
    '--output=/tmp/x..HEAD',
    'a..-b',
    'a...b',
    'a..b..c',
    'a b..c',
    'a\n..b',
    ':/text',
    '../x',
    'a..b\u0000',
  ])('refuses %j', (text) => {
    expect(rangeOf(text)).toBeNull();
  });

  test('whatever is typed, no argument but ours is an option', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (base, head) => {
        const range = rangeOf(`${base}..${head}`);
        if (range === null) return;
        const args = formatPatch(range);
        expect(args.at(-2)).toBe('--end-of-options');
        expect(args.at(-1)?.startsWith('-')).toBe(false);
      }),
    );
  });
});

describe('a Message-ID', () => {
  test.each([
    ['<a.b-1@example.org>', 'a.b-1@example.org'],
    ['20160112.1-x@mail.example.org', '20160112.1-x@mail.example.org'],
    ['https://lore.kernel.org/all/one-2@example.org/', 'one-2@example.org'],
    ['https://lore.kernel.org/kvm/one%40example.org/T/#u', 'one@example.org'],
    ['https://lore.kernel.org/r/one@example.org', 'one@example.org'],
    ['https://patch.msgid.link/one@example.org', 'one@example.org'],
  ])('is read from %s', (text, id) => {
    expect(messageIdOf(text)).toBe(id);
  });

  test.each([
    '',
    'nothing',
    '--help@example.org',
    '-o@x',
    'a b@example.org',
    '$(id)@example.org',
    'a;b@example.org',
    'https://example.org/%zz@example.org',
  ])('refuses %j', (text) => {
    expect(messageIdOf(text)).toBeNull();
  });

  test('is b4’s last argument and never an option', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const id = messageIdOf(`${text}@example.org`);
        if (id !== null) expect(b4Mbox(id).at(-1)).toMatch(/^[A-Za-z0-9_]/);
      }),
    );
  });
});

test('a tab is named after what was asked for, and after nothing else', () => {
  expect(tabName('v4.4..topic/msi')).toBe('v4.4..topic-msi.mbox');
  expect(tabName('../../etc')).toBe('etc.mbox');
  expect(tabName('…')).toBe('series.mbox');
});
