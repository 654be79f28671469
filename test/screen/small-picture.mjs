// A screenshot made small enough to keep with the sources: at most 256 colours. What is on screen has few, and shades of them where letters
// are smoothed. Comes in: a PNG, and a page to decode it with. Goes out: a PNG with a palette.
import { crc32, deflateSync } from 'node:zlib';

/** The 255 most frequent colours and the nearest of them for each other one; runs in a browser. @param {string} base64 a PNG */
async function paletteOf(base64) {
  const bytes = Uint8Array.from(atob(base64), (unit) => unit.charCodeAt(0));
  const bitmap = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext('2d');
  context.drawImage(bitmap, 0, 0);
  const { data } = context.getImageData(0, 0, width, height);
  const colours = new Uint32Array(width * height);
  /** @type {Map<number, number>} */
  const counts = new Map();
  for (let i = 0; i < colours.length; i++) {
    const colour = (data[4 * i] << 16) | (data[4 * i + 1] << 8) | data[4 * i + 2];
    colours[i] = colour;
    counts.set(colour, (counts.get(colour) ?? 0) + 1);
  }
  const palette = [...counts]
    .sort((a, b) => b[1] - a[1])
    .slice(0, 255)
    .map(([colour]) => colour);
  const distance = (a, b) =>
    ((a >> 16) - (b >> 16)) ** 2 + (((a >> 8) & 255) - ((b >> 8) & 255)) ** 2 + ((a & 255) - (b & 255)) ** 2;
  const nearest = new Map(palette.map((colour, index) => [colour, index]));
  for (const colour of counts.keys())
    if (!nearest.has(colour)) {
      let best = 0;
      for (let i = 1; i < palette.length; i++)
        if (distance(palette[i], colour) < distance(palette[best], colour)) best = i;
      nearest.set(colour, best);
    }
  let indices = '';
  for (const colour of colours) indices += String.fromCharCode(nearest.get(colour));
  return { width, height, palette, indices: btoa(indices) };
}

/** @param {string} type @param {Buffer} data */
function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const ends = Buffer.alloc(8);
  ends.writeUInt32BE(data.length, 0);
  ends.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([ends.subarray(0, 4), body, ends.subarray(4)]);
}

/** @param {import('playwright-core').Page} page any page without a policy of its own @param {Buffer} png @returns {Promise<Buffer>} */
export async function smallPicture(page, png) {
  const { width, height, palette, indices } = await page.evaluate(paletteOf, png.toString('base64'));
  const pixels = Buffer.from(indices, 'base64');
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 3, 0, 0, 0], 8);
  const rows = Buffer.alloc((width + 1) * height);
  for (let y = 0; y < height; y++) pixels.copy(rows, y * (width + 1) + 1, y * width, (y + 1) * width);
  const colours = Buffer.from(palette.flatMap((colour) => [colour >> 16, (colour >> 8) & 255, colour & 255]));
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    chunk('PLTE', colours),
    chunk('IDAT', deflateSync(rows, { level: 9, memLevel: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}
