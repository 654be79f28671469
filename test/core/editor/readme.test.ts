/** README and the files it names. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { expect, test } from 'vitest';

test('the table of surfaces in the README names files that are there', () => {
  const root = new URL('../../../', import.meta.url);
  const readme = readFileSync(new URL('README.md', root), 'utf8');
  const rows = readme.split('\n').filter((line) => /^\|.*\| `test\/|^\|.*`, `.*test\.(ts|mjs)` \|$/.test(line));
  expect(rows.length).toBeGreaterThan(15);
  const missing = rows.flatMap((row) => {
    const [, , sources = '', tests = ''] = row.split('|');
    let folder = '';
    const named = (cell: string, start: string): string[] =>
      [...cell.matchAll(/`([^`]+)`/g)].map((found) => {
        const name = found[1] ?? '';
        folder = name.includes('/') ? name.slice(0, name.lastIndexOf('/') + 1) : folder;
        if (name.endsWith('.json')) return name;
        return name.includes('/') ? name : `${start || folder}${name}`;
      });
    const files = [...named(sources, 'src/editor/'), ...named(tests, '')];
    return files.filter((file) => !existsSync(new URL(file, root)));
  });
  expect(missing).toEqual([]);
});

test('the pictures that the README shows are there, each is shown, and they are small', () => {
  const root = new URL('../../../', import.meta.url);
  const readme = readFileSync(new URL('README.md', root), 'utf8');
  const shown = [...readme.matchAll(/\]\(docs\/pictures\/([^)]+)\)/g)].map((found) => found[1] ?? '');
  const kept = readdirSync(new URL('docs/pictures/', root));
  expect([...new Set(shown)].sort()).toEqual([...kept].sort());
  const sizes = kept.map((name) => statSync(new URL(`docs/pictures/${name}`, root)).size);
  expect(Math.max(...sizes)).toBeLessThan(150_000);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(1_500_000);
});
