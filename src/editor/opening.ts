/**
 * What people type to name a series that is no file: a range of git, a Message-ID, a URL of a mail archive. Comes in: their text. Goes
 * out: the arguments for the program that fetches it, or null for what is no such name. Knows no VS Code.
 */

/** A range of commits: those of `head` that `base` has not. */
export interface Range {
  readonly base: string;
  readonly head: string;
}

/** Git's rules for names, and expressions on them (`HEAD~3`, `v4.5^{}`): nothing that could be an option, a path or two words. */
const REVISION = /^(?![-.:])(?!.*\.\.)[^\s:?*[\\\u0000-\u0020\u007f]{1,255}$/;

/** Reads `base..head`, or `base` alone for all up to HEAD. */
export function rangeOf(text: string): Range | null {
  const [base, head, ...more] = text.trim().split('..');
  if (more.length > 0 || base === undefined || !REVISION.test(base)) return null;
  if (head === undefined || head === '') return { base, head: 'HEAD' };
  return REVISION.test(head) ? { base, head } : null;
}

/** Arguments for git that print the range as `git format-patch` writes it by default, whatever the user's own settings are. */
export function formatPatch({ base, head }: Range): readonly string[] {
  return [
    '-c',
    'diff.noprefix=false',
    '-c',
    'diff.mnemonicPrefix=false',
    'format-patch',
    '--stdout',
    '--no-cover-letter',
    '--no-attach',
    '--no-color',
    '--no-ext-diff',
    '--no-textconv',
    '--full-index',
    '--numbered',
    '--end-of-options',
    `${base}..${head}`,
  ];
}

/** A Message-ID as such, in brackets, or in the URL of an archive that names mails by it; null for anything else. */
export function messageIdOf(text: string): string | null {
  const trimmed = text.trim();
  const url = /^https?:\/\/[A-Za-z0-9.-]+\/(?:[^/?#\s]+\/)*?([^/?#\s]+(?:@|%40)[^/?#\s]+)(?:\/[^\s]*)?$/i.exec(trimmed);
  let id = url?.[1] ?? /^<?([^<>\s]+)>?$/.exec(trimmed)?.[1] ?? '';
  try {
    if (url !== null) id = decodeURIComponent(id);
  } catch {
    return null;
  }
  return /^[A-Za-z0-9_][^\s<>"'`$\\;|&/]*@[A-Za-z0-9.[\]:_-]+$/.test(id) && id.length <= 250 ? id : null;
}

/** Arguments for b4 that print the whole thread of a mail as an mbox. */
export function b4Mbox(id: string): readonly string[] {
  return ['mbox', '--output', '-', id];
}

/** A file name for a tab, made of what was asked for. */
export function tabName(asked: string): string {
  const name = asked
    .replace(/[^A-Za-z0-9._@-]+/g, '-')
    .replace(/^[-.]+|[-.]+$/g, '')
    .slice(0, 80);
  return `${name === '' ? 'series' : name}.mbox`;
}
