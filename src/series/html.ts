/**
 * The text of an HTML mail: what a reader would see, without layout. Each block or `<br>` ends a line. Entities are those that mail programs
 * write. Time is linear in the input, whatever is left unclosed.
 */
export function textOfHtml(html: string): string {
  let text = '';
  let preformatted = false;
  for (let at = 0; at < html.length; ) {
    const open = html.indexOf('<', at);
    const run = html.slice(at, open < 0 ? html.length : open);
    text += decodeEntities(preformatted ? run : run.replace(/[ \t\r\n]+/g, ' '));
    if (open < 0) break;
    if (html.startsWith('<!--', open)) {
      at = behind(html, '-->', open);
      continue;
    }
    const close = html.indexOf('>', open);
    if (close < 0) break;
    const name = /^<(\/?[a-z][a-z0-9]*)/i.exec(html.slice(open, Math.min(close, open + 20)))?.[1]?.toLowerCase() ?? '';
    at = close + 1;
    if (name === 'script' || name === 'style' || name === 'head')
      at = behind(html, '>', html.indexOf(`</${name}`, close));
    if (name === 'pre') preformatted = true;
    if (name === '/pre') preformatted = false;
    if (/^(?:br|\/(?:p|div|tr|li|h[1-6]|blockquote|pre))$/.test(name)) text += '\n';
  }
  return text
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
    .replace(/^\n+/, '');
}

/** Offset behind the next `mark`; the end where there is none. */
function behind(html: string, mark: string, from: number): number {
  const found = from < 0 ? -1 : html.indexOf(mark, from);
  return found < 0 ? html.length : found + mark.length;
}

function decodeEntities(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]{2,6}));/gi, (whole, decimal, hex, name) => {
    const point = decimal ? Number(decimal) : hex ? Number.parseInt(hex, 16) : null;
    if (point !== null) return point <= 0x10ffff ? String.fromCodePoint(point === 0xa0 ? 32 : point) : whole;
    return ENTITIES[String(name).toLowerCase()] ?? whole;
  });
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' };
