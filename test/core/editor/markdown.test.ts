import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { code, commandLink, escaped, prose } from '../../../src/editor/markdown';
import { LINKS } from '../../../src/editor/names';

const hostile = [
  '<img src=x onerror=alert(1)>',
  '[click](command:workbench.action.quit)',
  '![x](https://example.org/x.png)',
  '$(zap) $(zap~spin)',
  '\u001b[31mred\u001b[0m',
  'abc\u202egnp.exe',
  '# heading\n\n---\n* item',
  '`code` ``` fence',
  'a\\*b **bold** _it_',
  'https://example.org/ and author@example.org',
];

/** Punctuation that no backslash keeps from being markup. */
const bare = /(?<!\\)(?:\\\\)*[<>[\]()!*_`#~|&@:/$]/;
const unseen = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

describe('text of a mail in a hover', () => {
  test.each(hostile)('%j is shown as it is, and is nothing else', (text) => {
    expect(escaped(text)).not.toMatch(bare);
    expect(escaped(text)).not.toMatch(unseen);
  });

  test('whatever the text, nothing in it is markup or moves the text around it', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom(...hostile)), (text) => {
        const line = escaped(text);
        expect(line).not.toMatch(bare);
        expect(line).not.toMatch(unseen);
        expect(line).not.toContain('\n');
      }),
    );
  });

  test('a code span cannot be left', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('`', 'a', ' ', '<', '[') }), (text) => {
        const span = code(text);
        const fence = /^`+/.exec(span)?.[0] ?? '';
        const inner = span.slice(fence.length, -fence.length);
        expect(span.endsWith(fence)).toBe(true);
        expect(inner.match(/`+/g) ?? []).not.toContain(fence);
      }),
    );
  });

  test('our own backquotes stay code, the rest is escaped', () => {
    expect(prose('see `iommu_map()` <b>now</b>')).toBe('see `iommu_map()` \\<b\\>now\\<\\/b\\>');
  });

  test('a link holds its arguments, whatever they are, and ends where it should', () => {
    const link = commandLink('a](b)', LINKS.reveal, [{ subject: 'file:///a) b(c' }]);
    const target = /^\[a\\\]\\\(b\\\)\]\(command:doorbell\.reveal\?([^()\s]+)\)$/.exec(link)?.[1];
    expect(target).toBeDefined();
    expect(JSON.parse(decodeURIComponent(target ?? ''))).toEqual([{ subject: 'file:///a) b(c' }]);
  });
});
