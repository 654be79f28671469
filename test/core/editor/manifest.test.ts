import { expect, test } from 'vitest';
import { keyOf, sentences, written } from './manifest';

/** Fields of `contributes` that people read. `modelDescription` is for models, `category` a name. */
const READ =
  /^(title|name|contextualTitle|contents|label|description|markdownDescription|displayName|userDescription|altText)$/;
const LISTS = /^(enumDescriptions|markdownEnumDescriptions)$/;

interface Text {
  readonly path: string;
  readonly text: string;
}

/** Every text that people read, with its path. */
function texts(value: unknown, path: readonly string[]): Text[] {
  const last = path.at(-1) ?? '';
  if (typeof value === 'string')
    return READ.test(last) || LISTS.test(path.at(-2) ?? '') ? [{ path: path.join('.'), text: value }] : [];
  if (typeof value !== 'object' || value === null || last === 'inputSchema') return [];
  return Object.entries(value).flatMap(([name, part]) => texts(part, [...path, name]));
}

const { contributes, capabilities } = written as { readonly contributes: unknown; readonly capabilities: unknown };
const all = [...texts(contributes, ['contributes']), ...texts(capabilities, ['capabilities'])];

test('each text of package.json that people read stands in package.nls.json', () => {
  expect(all.length).toBeGreaterThan(80);
  const plain = all.filter(
    ({ path, text }) => keyOf(text) === null && !/(languageModelTools\.\d+\.name|configuration\.title)$/.test(path),
  );
  expect(plain).toEqual([]);
});

test('each key is there, says something, and is used', () => {
  const used = all.flatMap(({ text }) => keyOf(text) ?? []);
  expect(used.filter((key) => (sentences[key] ?? '').trim() === '')).toEqual([]);
  expect(Object.keys(sentences).filter((key) => !used.includes(key))).toEqual([]);
});
