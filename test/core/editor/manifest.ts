/** package.json as VS Code shows it: its `%key%`s replaced from package.nls.json. */
import { readFileSync } from 'node:fs';

const read = (name: string): unknown => JSON.parse(readFileSync(new URL(`../../../${name}`, import.meta.url), 'utf8'));

export const written = read('package.json');
export const sentences = read('package.nls.json') as Readonly<Record<string, string>>;

/** The key of a text that stands in package.nls.json, or null. */
export function keyOf(text: string): string | null {
  return /^%(.+)%$/.exec(text)?.[1] ?? null;
}

function shown(value: unknown): unknown {
  if (typeof value === 'string') {
    const key = keyOf(value);
    return key === null ? value : sentences[key];
  }
  if (Array.isArray(value)) return value.map(shown);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, shown(part)]));
}

export const manifest = shown(written);
