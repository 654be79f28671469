/**
 * A patch that says it changes nothing, and stores a fixed value where the value of a variable of the file was stored. In: blocks of lines exchanged for
 * others. Out: hits of class described at the new assignment.
 */
import { placeOf } from '../../code/file-image';
import type { FileChange, HunkLine } from '../../patch/types';
import { REFACTOR_CHANGED } from '../catalog-described';
import { claim } from './refactoring';
import type { PatchHit, PatchRule } from './types';

interface Stored {
  readonly target: string;
  readonly value: string;
  readonly line: HunkLine;
}

const ASSIGNS = /^\s*(\*?[\w>.[\]()-]+)\s*=\s*([^=;][^;]*);\s*$/;

/** `smmu->entries[i]` and `*entry`: what is stored to, without the way to it and the plural. */
function stem(target: string): string {
  const bare = target.replace(/\[[^\]]*\]/g, '').replace(/^[*(]+|\)+$/g, '');
  return (/(\w+)$/.exec(bare)?.[1] ?? bare).replace(/s$/, '');
}

const storedIn = (lines: readonly HunkLine[]): Stored[] =>
  lines.flatMap((line) => {
    const match = ASSIGNS.exec(line.text);
    return match?.[1] === undefined || match[2] === undefined
      ? []
      : [{ target: match[1], value: match[2].trim(), line }];
  });

/** Runs of removed lines with the added ones behind them. */
function blocksOf(file: FileChange): { readonly gone: HunkLine[]; readonly now: HunkLine[] }[] {
  const blocks: { gone: HunkLine[]; now: HunkLine[] }[] = [];
  for (const hunk of file.hunks) {
    let block: { gone: HunkLine[]; now: HunkLine[] } | null = null;
    for (const line of hunk.lines) {
      if (line.kind === 'context') {
        block = null;
        continue;
      }
      if (block === null || (line.kind === 'delete' && block.now.length > 0)) {
        block = { gone: [], now: [] };
        blocks.push(block);
      }
      (line.kind === 'delete' ? block.gone : block.now).push(line);
    }
  }
  return blocks;
}

/** A value written out: a constant, a number, a structure of such. */
const FIXED = /^(?:-?(?:0x)?[0-9a-fA-F]+[uUlL]*|[A-Z][A-Z0-9_]{3,}|\(\s*(?:const\s+)?struct\s+\w+\s*\)\s*\{.*\})$/;
/** The name of something that is neither a constant nor one of the short names locals have. */
const VARIABLE = /^[a-z]\w*_\w+$/;

export const storedOtherwiseRule: PatchRule = (view) => {
  const said = claim(view);
  if (said === null || view.change.damage.length > 0) return [];
  const all = view.change.files.flatMap((file) => file.hunks.flatMap((hunk) => hunk.lines));
  return view.change.files.flatMap((file): PatchHit[] => {
    if (!/\.c$/.test(file.path)) return [];
    return blocksOf(file).flatMap(({ gone, now }): PatchHit[] => {
      const [then, after] = [storedIn(gone), storedIn(now)];
      if (then.length !== after.length) return [];
      return then.flatMap((old, i): PatchHit[] => {
        const fresh = after[i];
        if (fresh === undefined || stem(old.target) !== stem(fresh.target)) return [];
        if (!VARIABLE.test(old.value) || !FIXED.test(fresh.value)) return [];
        // A variable that goes, or that the function sets, may have held just that.
        const word = new RegExp(`\\b${old.value}\\b`);
        const others = all.filter((line) => line !== old.line && word.test(line.text));
        if (others.length > 0) return [];
        return [
          {
            rule: REFACTOR_CHANGED,
            at: placeOf(fresh.line, view.change.message),
            message: `${old.value} was stored to ${old.target} before, and ${fresh.value} is stored now, whatever ${old.value} holds`,
            why: [
              {
                text: `the commit message says: ${said.length > 90 ? `${said.slice(0, 89)}…` : said}`,
                reference: null,
              },
            ],
            related: [{ at: placeOf(old.line, view.change.message), message: 'stored here before' }],
            file: file.path,
            function: null,
          },
        ];
      });
    });
  });
};
