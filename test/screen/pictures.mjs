// The pictures of docs/pictures/ and of the walkthrough, made anew when DOORBELL_KEEP_PICTURES is set.
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

/** Half as large and as a photograph, for the package; runs in a browser. @param {string} base64 a PNG */
async function photographOf(base64) {
  const bytes = Uint8Array.from(atob(base64), (unit) => unit.charCodeAt(0));
  const bitmap = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
  const canvas = new OffscreenCanvas(bitmap.width / 2, bitmap.height / 2);
  const context = canvas.getContext('2d');
  context.imageSmoothingQuality = 'high';
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  const photograph = new Uint8Array(
    await (await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.6 })).arrayBuffer(),
  );
  let units = '';
  for (const unit of photograph) units += String.fromCharCode(unit);
  return btoa(units);
}

/** Keeps a screenshot as the walkthrough's picture of this name, or does nothing. @param {string} name without ending @param {Buffer} png */
export async function keepWalkthroughPicture(name, png) {
  if (!process.env.DOORBELL_KEEP_PICTURES) return;
  const browser = await openBrowser();
  try {
    const page = await browser.newPage();
    const photograph = Buffer.from(await page.evaluate(photographOf, png.toString('base64')), 'base64');
    writeFileSync(path.join(root, `media/walkthrough-${name}.jpg`), photograph);
  } finally {
    await browser.close();
  }
}
