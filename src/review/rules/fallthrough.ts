import type { HunkLine } from '../../patch/types';
import { FALLS_INTO_UNWIND } from '../catalog-lifetime';
import type { PatchHit, PatchRule } from './types';

const JUMP = /^\s*(?:return\b.*|goto\s+\w+|break|continue);\s*$/;
/** A label by whose name what stands behind it is for failures. */
const FAILURE = /^\s*(\w*(?:err|fail|undo|unwind|rollback|bail)\w*):\s*$/;
const GIVES_BACK = /\b\w*(?:free|put|release|disable|unprepare|unmap|unregister|destroy|remove|detach|unpin)\w*\s*\(/;

const isBlank = (line: HunkLine): boolean => /^\s*(?:\/\*.*\*\/\s*)?$/.test(line.text);

/** The return in front of an error label goes, and nothing takes its place: success runs into what undoes failures. */
export const fallsIntoUnwindRule: PatchRule = ({ change, after }) => {
  const hits: PatchHit[] = [];
  for (const file of change.files) {
    if (!/\.[ch]$/.test(file.path)) continue;
    for (const hunk of file.hunks)
      for (const [index, line] of hunk.lines.entries()) {
        if (line.kind !== 'delete' || !/^\s*return\b.*;\s*$/.test(line.text)) continue;
        const behind = hunk.lines.slice(index + 1).filter((one) => one.kind !== 'delete' && !isBlank(one));
        const before = hunk.lines
          .slice(0, index)
          .filter((one) => one.kind !== 'delete' && !isBlank(one))
          .at(-1);
        const label = behind[0];
        const name = label === undefined ? undefined : FAILURE.exec(label.text)?.[1];
        if (label === undefined || name === undefined || before === undefined) continue;
        if (JUMP.test(before.text) || /[{:]\s*$/.test(before.text) || !GIVES_BACK.test(behind[1]?.text ?? '')) continue;
        const touched = after.touched.find(
          (one) => one.file === file.path && contains(one.program?.at, one.program?.end, label.line),
        );
        hits.push({
          rule: FALLS_INTO_UNWIND,
          at: {
            kind: 'message',
            message: change.message,
            line: line.line,
            column: 0,
            endLine: line.line,
            endColumn: line.text.length + 1,
            added: false,
          },
          message: `without this return, success runs into ${name}: and undoes what it did`,
          why: [{ text: 'nothing else leaves the function in front of the label', reference: null }],
          related: [
            {
              at: {
                kind: 'message',
                message: change.message,
                line: label.line,
                column: 0,
                endLine: label.line,
                endColumn: label.text.length + 1,
                added: label.kind === 'add',
              },
              message: `${name}: is reached from above here`,
            },
          ],
          file: file.path,
          function: touched?.name ?? null,
        });
      }
  }
  return hits;
};

type At = { readonly kind: string; readonly line: number } | undefined;
function contains(from: At, to: At, line: number): boolean {
  return from?.kind === 'message' && to?.kind === 'message' && from.line <= line && line <= to.line;
}
