// The pictures of docs/pictures/, made anew when DOORBELL_KEEP_PICTURES is set.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { openBrowser } from '../../tools/browser.mjs';
import { root } from '../../tools/steps.mjs';
import { smallPicture } from './small-picture.mjs';

const folder = path.join(root, 'docs/pictures');
/** Of one picture, in bytes. */
const LIMIT = 150_000;

/** Keeps a screenshot under a name without ending, or does nothing. @param {string} name @param {Buffer} png */
export async function keepPicture(name, png) {
  if (!process.env.DOORBELL_KEEP_PICTURES) return;
  const browser = await openBrowser();
  try {
    const small = await smallPicture(await browser.newPage(), png);
    if (small.length > LIMIT) throw new Error(`${name}.png has ${small.length} bytes; ${LIMIT} are allowed`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, `${name}.png`), small);
  } finally {
    await browser.close();
  }
}
