/** Tells whether a text is worth a review: a mail that carries a patch, or speaks of one. Knows no VS Code. */

/** How far into a text to look: a mailing list's own headers are long, but not longer. */
const HEAD = 65_536;

/**
 * True for an mbox, a mail or the output of `git format-patch`: a mail header with a subject at the top, and either a
 * `[PATCH …]` tag or a diff below. False for a bare diff: it says neither who nor why.
 */
export function holdsPatchMail(text: string): boolean {
  const head = text.slice(0, HEAD).replaceAll('\r\n', '\n').trimStart();
  if (!/^(From \S|[A-Za-z][A-Za-z0-9-]*:[ \t])/.test(head)) return false;
  if (!/^Subject:/im.test(head)) return false;
  return (
    /^Subject:[^\n]*(\n[ \t][^\n]*)*\[[^\]\n]*(PATCH|RFC)[^\]\n]*\]/im.test(head) ||
    /^(diff --git |--- (a\/|\/dev\/null))/m.test(head)
  );
}
