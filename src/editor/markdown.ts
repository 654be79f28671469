/**
 * Text of a mail on its way into a hover: escaped, so that nothing in it is markup, link or icon.
 * Knows no VS Code.
 */
import type { CommandId } from './names';
import { plain } from './plain-text';

/** Every ASCII punctuation mark may be escaped in CommonMark; so all are. Neither links nor addresses are recognised in the result. */
export function escaped(text: string): string {
  return plain(text).replace(/[!-/:-@[-`{-~]/g, '\\$&');
}

/** A code span that no text can break out of. */
export function code(text: string): string {
  const line = plain(text);
  const longest = Math.max(0, ...[...line.matchAll(/`+/g)].map((run) => run[0].length));
  const fence = '`'.repeat(longest + 1);
  const pad = line.startsWith('`') || line.endsWith('`') || line === '' ? ' ' : '';
  return `${fence}${pad}${line}${pad}${fence}`;
}

/** Prose that may hold `code` in backquotes (our own sentences do): the code is set as code, the rest is escaped. */
export function prose(text: string): string {
  return plain(text)
    .split(/(`[^`]+`)/)
    .map((part) => (/^`[^`]+`$/.test(part) ? code(part.slice(1, -1)) : part.replace(/[!-/:-@[-`{-~]/g, '\\$&')))
    .join('');
}

/** A link that runs one of our commands; `label` is escaped. */
export function commandLink(label: string, command: CommandId, args: readonly unknown[]): string {
  const query = encodeURIComponent(JSON.stringify(args)).replace(
    /[()!'*~]/g,
    (mark) => `%${mark.charCodeAt(0).toString(16)}`,
  );
  return `[${escaped(label)}](command:${command}?${query})`;
}
