import type { HunkLine } from '../../patch/types';
import { DOC_DIFFERS } from '../catalog-described';
import { lineSpan } from '../spans';
import type { DescribedHit, DescribedRule } from './types';

/** Names declared in the lines of a structure's body, nested ones too; null when a line is not understood. */
function membersOf(lines: readonly HunkLine[]): ReadonlySet<string> | null {
  const text = lines
    .map((line) => line.text)
    .join('\n')
    .replace(/\/\*[\s\S]*?\*\//g, ' ')
    .replace(/\/\/.*$/gm, ' ');
  // What macros declare has names that nobody sees.
  if (
    /^\s*[A-Z][A-Z0-9_]*\s*\(|\b(?:DECLARE_\w+|struct_group|KABI_\w+|RH_\w+|__DECLARE_\w+)\b|^\s*#\s*(?:if|include)/m.test(
      text,
    )
  )
    return null;
  return new Set(text.match(/\b[A-Za-z_]\w*\b/g) ?? []);
}

/** `@member:` of a structure's kernel-doc that the structure does not have. */
export const structureComments: DescribedRule = ({ series, changes }) =>
  changes.flatMap((change) => {
    const message = series.messages[change.message];
    if (message === undefined) return [];
    return change.files.flatMap((file) => {
      if (!/\.[ch]$/.test(file.path) || file.combined) return [];
      return file.hunks.flatMap((hunk): DescribedHit[] => {
        const lines = hunk.lines.filter((line) => line.kind !== 'delete');
        const found: DescribedHit[] = [];
        for (let i = 0; i < lines.length; i++) {
          if (!/^\/\*\*\s*$/.test(lines[i]?.text ?? '')) continue;
          const close = lines.findIndex((line, j) => j > i && /\*\/\s*$/.test(line.text));
          if (close < 0) break;
          const comment = lines.slice(i, close + 1);
          const head = /^struct\s+(\w+)\s*\{\s*$/.exec(lines[close + 1]?.text ?? '');
          i = close;
          const end = lines.findIndex((line, j) => j > close + 1 && /^\}/.test(line.text));
          if (
            head === null ||
            end < 0 ||
            !comment.some((line) => new RegExp(`\\bstruct\\s+${head[1]}\\b`).test(line.text))
          )
            continue;
          const members = membersOf(lines.slice(close + 2, end));
          if (members === null) continue;
          for (const line of comment) {
            const name = /^\s*\*\s*@(\w+)\s*:/.exec(line.text)?.[1];
            if (name === undefined || members.has(name) || line.kind !== 'add') continue;
            found.push({
              rule: DOC_DIFFERS,
              at: lineSpan(message, line.line),
              file: file.path,
              function: null,
              message: `the comment explains @${name}, and struct ${head[1]} has no such member`,
              why: [
                {
                  text: 'who fills or reads the structure goes by the comment',
                  reference: 'Documentation/doc-guide/kernel-doc.rst, Structure, union, and enumeration documentation',
                },
              ],
            });
          }
        }
        return found;
      });
    });
  });
