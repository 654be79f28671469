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

test('the table of surfaces has every file that registers one, and every suite that shows them', () => {
  const root = new URL('../../../', import.meta.url);
  const readme = readFileSync(new URL('README.md', root), 'utf8');
  const table = readme.slice(
    readme.indexOf('| surface | file in'),
    readme.indexOf('\n\n', readme.indexOf('| surface |')),
  );
  const folder = (name: string): readonly string[] => readdirSync(new URL(name, root));
  const surfaces = folder('src/editor/').filter((name) =>
    /^export (async )?function register/m.test(readFileSync(new URL(`src/editor/${name}`, root), 'utf8')),
  );
  expect(surfaces.length).toBeGreaterThan(20);
  // That the host runs at all is no surface.
  const suites = [...folder('test/editor/'), ...folder('test/screen/')].filter(
    (name) => /\.test\.(ts|mjs)$/.test(name) && name !== 'harness.test.ts',
  );
  expect(suites.length).toBeGreaterThan(15);
  const absent = [...surfaces, ...suites].filter((name) => !table.includes(`${name}\``));
  expect(absent).toEqual([]);
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
