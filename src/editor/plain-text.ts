/**
 * Text of a mail on its way to a screen: what comes in may hold anything, what goes out is one harmless line.
 * Knows no VS Code.
 */

/** Control characters, marks that turn the direction of writing, and lone surrogates: nothing a line may show. */
const UNSEEN =
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** One line: unseen characters become U+FFFD, blanks fold, and `$(name)` can no longer name an icon. */
export function plain(text: string): string {
  return text.replace(/\s+/g, ' ').trim().replace(UNSEEN, '\ufffd').replaceAll('$(', '$ (');
}

/** `plain`, at most `limit` characters, cut with an ellipsis. */
export function clipped(text: string, limit: number): string {
  const line = plain(text);
  if (line.length <= limit) return line;
  const cut = line.slice(0, limit - 1).replace(/[\ud800-\udbff]$/, '');
  return `${cut.trimEnd()}…`;
}

/** File name of a path in a kernel tree. */
export function fileName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
