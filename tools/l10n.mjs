// Collects the editor's sentences for translators. Comes in: src/editor and the panel's words. Goes out: l10n/bundle.l10n.json, which a
// translator copies to bundle.l10n.LANGUAGE.json. With --check nothing is written: it fails when the file is not up to date.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { root } from './steps.mjs';

/** A sentence handed to VS Code, or to a function that hands it on. */
const CALL = /\b(?:l10n\.t|words)\(\s*'((?:[^'\\]|\\.)*)'/g;
const WORD = /^\s*'((?:[^'\\]|\\.)*)',?$/gm;

const sentences = new Set();
const collect = (/** @type {string} */ file, /** @type {RegExp} */ pattern) => {
  for (const [, text = ''] of readFileSync(path.join(root, file), 'utf8').matchAll(pattern))
    sentences.add(text.replace(/\\(.)/g, '$1'));
};
for (const name of readdirSync(path.join(root, 'src/editor')))
  if (name.endsWith('.ts')) collect(`src/editor/${name}`, CALL);
collect('src/topology/words.ts', WORD);

const file = path.join(root, 'l10n/bundle.l10n.json');
const sorted = [...sentences].sort();
const text = `${JSON.stringify(Object.fromEntries(sorted.map((one) => [one, one])), null, 2)}\n`;
if (process.argv.includes('--check')) {
  if (readFileSync(file, 'utf8') !== text) {
    console.error('l10n/bundle.l10n.json is not what the sources say: node tools/l10n.mjs');
    process.exitCode = 1;
  }
} else {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
  console.log(`${sorted.length} sentences`);
}
