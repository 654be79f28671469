/** The drawing as a file of its own: the colours that the theme gives it on screen are written into it. */

/** What an SVG needs of a computed style to look the same elsewhere. */
const KEPT = [
  'fill',
  'stroke',
  'stroke-width',
  'stroke-opacity',
  'stroke-dasharray',
  'font-family',
  'font-size',
  'letter-spacing',
  'opacity',
];

/** The text of an SVG file; '' when there is no drawing. */
export function svgOf(drawing: Element | null): string {
  if (drawing === null) return '';
  const copy = drawing.cloneNode(true) as Element;
  const originals = [drawing, ...drawing.querySelectorAll('*')];
  const copies = [copy, ...copy.querySelectorAll('*')];
  originals.forEach((original, i) => {
    const style = getComputedStyle(original);
    const target = copies[i];
    for (const name of KEPT) {
      const value = style.getPropertyValue(name);
      if (value !== '') target?.setAttribute(name, value);
    }
    target?.removeAttribute('class');
  });
  for (const pulse of copy.querySelectorAll('path[pathLength]')) pulse.remove();
  copy.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  const ground = getComputedStyle(document.body).backgroundColor;
  const rect = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
  for (const [name, value] of Object.entries({ width: '100%', height: '100%', fill: ground }))
    rect.setAttribute(name, value);
  copy.prepend(rect);
  return new XMLSerializer().serializeToString(copy);
}

/** Two drawings in one file, the second to the right of the first; '' when either is missing. */
export function sideBySide(left: Element | null, right: Element | null): string {
  const sizes = [left, right].map((one) => ({
    width: Number(one?.getAttribute('width') ?? 0),
    height: Number(one?.getAttribute('height') ?? 0),
  }));
  const [first, second] = sizes;
  if (left === null || right === null || first === undefined || second === undefined) return '';
  const height = Math.max(first.height, second.height);
  const inner = svgOf(right).replace(/^<svg /, `<svg x="${first.width}" y="0" `);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${first.width + second.width}" height="${height}">${svgOf(left)}${inner}</svg>`;
}
