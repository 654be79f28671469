/** Tells whether a text is worth a review: a mail that carries a patch, or speaks of one. Knows no VS Code. */

/** How far into a text to look: a mailing list's own headers are long, but not longer. */
const HEAD = 65_536;

/** A mail of a patch's thread as a web archive shows it: its subject as a title, then `From:` and `Date:`. */
function isWebCopy(head: string): boolean {
  const [title = '', ...rest] = head.split('\n', 8).filter((line) => line.trim() !== '');
  return (
    /\[[^\]\n]*(PATCH|RFC)[^\]\n]*\]/i.test(title) &&
    !/^(From|Subject|diff|---)\b/.test(title) &&
    rest.some((line) => /^From:[ \t]/.test(line)) &&
    rest.some((line) => /^(Date|Sent):[ \t]/.test(line))
  );
}

/**
 * True for an mbox, a mail or the output of `git format-patch`: a mail header with a subject at the top, and either a
 * `[PATCH …]` tag or a diff below; and for a web archive's copy of one. False for a bare diff: it says neither who nor why.
 */
export function holdsPatchMail(text: string): boolean {
  const head = text.slice(0, HEAD).replaceAll('\r\n', '\n').trimStart();
  if (isWebCopy(head)) return true;
  if (!/^(From \S|[A-Za-z][A-Za-z0-9-]*:[ \t])/.test(head)) return false;
  if (!/^Subject:/im.test(head)) return false;
  return (
    /^Subject:[^\n]*(\n[ \t][^\n]*)*\[[^\]\n]*(PATCH|RFC)[^\]\n]*\]/im.test(head) ||
    /^(diff --git |--- (a\/|\/dev\/null))/m.test(head)
  );
}
