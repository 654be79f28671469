import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const root = new URL('../../../', import.meta.url);
const bundle = JSON.parse(readFileSync(new URL('l10n/bundle.l10n.json', root), 'utf8')) as Readonly<
  Record<string, string>
>;

test('the bundle for translators holds sentences of the surfaces, placeholders and all', () => {
  expect(bundle['Add to reply']).toBe('Add to reply');
  expect(bundle['{0} says: {1}']).toBeDefined();
  expect(bundle['Holds in every order: all of it was looked at.']).toBeDefined();
  for (const [sentence, said] of Object.entries(bundle)) expect(said).toBe(sentence);
});

test('settings are told of in the README', () => {
  const readme = readFileSync(new URL('README.md', root), 'utf8');
  const { contributes } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as {
    readonly contributes: { readonly configuration: { readonly properties: Readonly<Record<string, unknown>> } };
  };
  for (const name of Object.keys(contributes.configuration.properties))
    expect(readme.includes(name) || readme.includes(`\`.${name.split('.').at(-1)}\``), name).toBe(true);
});
