import { ACCEPTED_BEFORE_SUPPORT } from '../catalog';
import type { SeriesHit, SeriesRule } from './types';
import { existedBefore, type Mention, type SeriesView } from './view';

/** What a line does with a constant of the interface to userspace. */
type Part = 'accept' | 'advertise' | 'serve' | null;

/**
 * A flag or capability of the userspace interface that the series adds, that one patch accepts or advertises, and that only a later
 * one looks at: in between userspace is told of a feature that is not there.
 */
export const acceptedBeforeSupport: SeriesRule = (view) => {
  const hits: SeriesHit[] = [];
  for (const [name, all] of view.definitions) {
    const one = all.find((each) => each.state === 'added' && (each.kind === 'macro' || each.kind === 'enumerator'));
    if (
      one === undefined ||
      /_MASK$/.test(name) ||
      !/(?:^|\/)uapi\//.test(one.file.path) ||
      existedBefore(view, name, one.patch)
    )
      continue;
    const uses = (view.mentions.get(name) ?? []).filter(
      (use) =>
        use.line.kind === 'add' &&
        !/(?:^|\/)uapi\//.test(use.file.path) &&
        !/^(?:tools|samples|Documentation)\//.test(use.file.path),
    );
    const parts = uses.map((use) => ({ use, part: partOf(view, use) }));
    const shown = parts.find(({ part }) => part === 'accept' || part === 'advertise');
    if (shown === undefined) continue;
    // A use that cannot be told apart may be the support.
    const served = parts.find(({ part }) => part === 'serve' || part === null);
    if (served?.part !== 'serve' || served.use.patch <= shown.use.patch) continue;
    const by = view.label(served.use.patch);
    hits.push({
      rule: ACCEPTED_BEFORE_SUPPORT,
      at: { patch: shown.use.patch, file: shown.use.file, line: shown.use.line.line },
      function: shown.use.code.inside,
      message: `${name} is ${shown.part === 'accept' ? 'accepted from userspace' : 'advertised to userspace'} here, and nothing acts on it before patch ${by}`,
      why: [
        {
          text: 'in between userspace sees a feature that does nothing; a flag that is accepted can not be refused later',
          reference: 'Documentation/process/adding-syscalls.rst',
        },
      ],
      related: [
        {
          patch: served.use.patch,
          file: served.use.file,
          line: served.use.line.line,
          message: 'the first line that acts on it',
        },
      ],
      fixedBy: served.use.patch,
    });
  }
  return hits;
};

function partOf(view: SeriesView, use: Mention): Part {
  const { bare } = use.code;
  const before = bare.slice(0, use.column);
  const after = bare.slice(use.column + use.name.length);
  if (/\bcase\s+$/.test(before)) {
    const next = [after.replace(/^\s*:/, ''), ...use.lines.slice(use.index + 1, use.index + 4).map((line) => line.bare)]
      .map((text) => text.trim())
      .find((text) => text !== '' && !/^case\b/.test(text));
    return next !== undefined && /^return\s+(?:1|true)\s*;/.test(next) ? 'advertise' : 'serve';
  }
  // The mask of known flags may have a name of its own.
  if (/~\s*\(?[^&=;]*$/.test(before) && !/[&|]=/.test(before)) return 'accept';
  if (use.code.directive) return acceptedMask(view, use) ? 'accept' : null;
  if (/[&^]=/.test(before) || /\bid\s*=\s*$/.test(before)) return null;
  if (/(?:\|=|\b\w*(?:flags|caps)\s*=)[\w\s|(]*$/i.test(before) && !/[&]\s*\(?$/.test(before)) return 'advertise';
  if (
    /&\s*\(?\s*$/.test(before) ||
    /^\s*\)?\s*&(?!&)/.test(after) ||
    /[=!]=\s*$/.test(before) ||
    /^\s*[=!]=/.test(after)
  )
    return 'serve';
  return null;
}

/** Is the use in the definition of a mask that some line negates: `flags & ~KNOWN`? */
function acceptedMask(view: SeriesView, use: Mention): boolean {
  const mask = /^\s*#\s*define\s+(\w+)/.exec(use.code.bare)?.[1];
  if (mask === undefined) return false;
  return (view.mentions.get(mask) ?? []).some((one) => /~\s*\(?\s*$/.test(one.code.bare.slice(0, one.column)));
}
