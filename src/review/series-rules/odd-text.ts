import type { CodeLine } from './code-lines';

/**
 * Assembly, strings cut by a mailer, comments that began out of sight, and macros that take statements or members as arguments:
 * text where brackets need not match within a statement.
 */
export function oddText(lines: readonly CodeLine[]): boolean {
  if (lines.some(({ bare }) => /^\s*(?:TP_\w+|[A-Z][A-Z0-9_]+|\w*_group\w*)\s*\([^)]*$|^\s*\)/.test(bare))) return true;
  return lines.some(({ line, bare }) => /["'\\]|^\s*\*|\*\/|\/\*|\basm\b|__asm/.test(line.text) || /["'\\]/.test(bare));
}
