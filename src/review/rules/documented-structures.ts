import { type FileImage, sourceLineOf } from '../../code/file-image';
import type { SourceLine } from '../../code/types';
import { STRUCTURE_DIFFERS } from '../catalog-stated';
import { codeOf, type StatedView } from './stated-text';
import type { PatchHit } from './types';

interface Shown {
  readonly name: string;
  readonly file: string;
  readonly line: SourceLine;
  /** `__u64 size`, `} reserved[2]`, `union {`: what stands between the braces, blanks folded. */
  readonly members: readonly string[];
}

/** The structures that stand whole in lines the series adds. */
function shownIn(file: string, image: FileImage): Shown[] {
  return image.runs.flatMap(({ lines }) => {
    const code = codeOf(lines);
    return code.flatMap((line, i): Shown[] => {
      const head = /^(\s*)struct\s+(\w+)\s*\{\s*$/.exec(line.text);
      if (head === null || line.at.kind !== 'message' || !line.at.added) return [];
      const end = code.findIndex(
        (one, k) => k > i && new RegExp(`^${head[1]}\\}\\s*(?:__attribute__.*|__packed)?;`).test(one.text),
      );
      const body = end < 0 ? [] : code.slice(i + 1, end);
      if (body.length === 0 || body.length > 60 || body.some((one) => /\.\.\.|^\s*#|^\S/.test(one.text))) return [];
      const members = body
        .map((one) => one.text.trim().replace(/\s+/g, ' ').replace(/\* /g, '*'))
        .filter((text) => text !== '');
      return [{ name: head[2] ?? '', file, line, members }];
    });
  });
}

/** A structure of userspace that a document of the patch shows otherwise than the header has it which the series brings. */
export function documentedStructures(view: StatedView): PatchHit[] {
  const { change } = view;
  const shown = change.files.flatMap((file) =>
    /^Documentation\/.*\.(?:rst|txt)$/.test(file.path) && !file.combined
      ? file.hunks.flatMap((hunk) => {
          const lines = hunk.lines
            .filter((line) => line.kind !== 'delete')
            .map((line) => sourceLineOf(line, change.message));
          return shownIn(file.path, { runs: [{ start: hunk.newStart, lines, section: null }] });
        })
      : [],
  );
  if (shown.length === 0) return [];
  const headers = new Map<string, Shown>();
  for (const [path, image] of view.after.files)
    if (/(?:^|\/)uapi\/.*\.h$/.test(path)) for (const one of shownIn(path, image)) headers.set(one.name, one);
  return shown.flatMap((told): PatchHit[] => {
    const header = headers.get(told.name);
    if (header === undefined) return [];
    const place = header.members.findIndex((member, i) => member !== told.members[i]);
    const at = place < 0 ? header.members.length : place;
    const [has, says] = [header.members[at], told.members[at]];
    if (has === says) return [];
    return [
      {
        rule: STRUCTURE_DIFFERS,
        at: told.line.at,
        message: `struct ${told.name} is documented with “${says ?? 'nothing more'}” where the header has “${has ?? 'nothing more'}”`,
        why: [
          {
            text: 'programs are written from the documentation, and compiled with the header',
            reference: 'Documentation/driver-api/ioctl.rst',
          },
        ],
        related: [{ at: header.line.at, message: 'in the header' }],
        file: told.file,
        function: null,
      },
    ];
  });
}
