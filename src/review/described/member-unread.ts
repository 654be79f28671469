import type { FileChange, HunkLine } from '../../patch/types';
import { MEMBER_UNREAD } from '../catalog-stated';
import { lineSpan } from '../spans';
import type { DescribedHit, DescribedRule } from './types';

interface Member {
  readonly name: string;
  readonly structure: string;
  readonly file: FileChange;
  readonly line: HunkLine;
}

const MEMBER =
  /^\t(?:const\s+)?(?:unsigned\s+|signed\s+)?(?:bool|int|u8|u16|u32|u64|size_t|long|enum\s+\w+)(?:\s+(?:int|long))?\s+(\w+)\s*;/;

/** The plain members of structures that a change adds whole. */
function membersAdded(file: FileChange): Member[] {
  if (/(?:^|\/)uapi\//.test(file.path) || !/\.[ch]$/.test(file.path) || file.combined) return [];
  return file.hunks.flatMap((hunk) => {
    const found: Member[] = [];
    for (const [i, line] of hunk.lines.entries()) {
      const head = line.kind === 'add' ? /^(?:static\s+)?struct\s+(\w+)\s*\{\s*$/.exec(line.text)?.[1] : undefined;
      if (head === undefined) continue;
      const rest = hunk.lines.slice(i + 1);
      const end = rest.findIndex((one) => /^\}/.test(one.text));
      const body = rest.slice(0, Math.max(end, 0));
      // What hardware, firmware or another machine reads; what is written as a whole.
      if (
        end < 0 ||
        !/^\}\s*;/.test(rest[end]?.text ?? '') ||
        body.some((one) => one.kind !== 'add' || /__(?:le|be)\d|:\s*\d+\s*;|union/.test(one.text))
      )
        continue;
      for (const one of body) {
        const name = MEMBER.exec(one.text)?.[1];
        if (name !== undefined && name.length > 3 && !/^(?:_|pad|res|rsv|unused|dummy)/.test(name))
          found.push({ name, structure: head, file, line: one });
      }
    }
    return found;
  });
}

/**
 * A member of a structure that the series makes, which its patches only set, in tables: what it is to say reaches nobody. Whole series only,
 * and names that stand nowhere else in it. What is set while running may be meant for readers to come, and is left alone.
 */
export const memberUnread: DescribedRule = ({ series, changes, complete }) => {
  if (!complete || changes.some((change) => change.damage.length > 0)) return [];
  const members = changes.flatMap((change) =>
    change.files.flatMap((file) => membersAdded(file).map((member) => ({ member, change }))),
  );
  if (members.length === 0) return [];
  const lines = changes.flatMap((change) => change.files.flatMap((file) => file.hunks.flatMap((hunk) => hunk.lines)));
  const code = lines
    .filter((line) => !/^\s*(?:\*|\/\*|\/\/)/.test(line.text))
    .map((line) => line.text.replace(/\/\*.*?\*\//g, ' '));
  const all = code.join('\n');
  return members.flatMap(({ member, change }): DescribedHit[] => {
    const word = new RegExp(`\\b${member.name}\\b`);
    const message = series.messages[change.message];
    const used = code.filter((text) => word.test(text));
    const sets = used.filter((text) => new RegExp(`^\\s*\\.${member.name}\\s*=(?!=)`).test(text));
    // Declared once, set at least once, and that is all there is of the name.
    if (message === undefined || sets.length === 0 || used.length !== sets.length + 1) return [];
    // Read by others than the series when the structure goes where it does not show.
    if (
      sets.some((text) => new RegExp(`=.*\\b${member.name}\\b`).test(text)) ||
      new RegExp(`sizeof\\(\\s*(?:struct ${member.structure}\\b|\\*)|memc(?:py|mp)`).test(all)
    )
      return [];
    return [
      {
        rule: MEMBER_UNREAD,
        at: lineSpan(message, member.line.line),
        file: member.file.path,
        function: member.structure,
        message: `${member.name} of struct ${member.structure} is set, and nothing in the series reads it: it has no effect`,
        why: [{ text: 'the structure comes with the series, so nobody else can read it', reference: null }],
      },
    ];
  });
};
