import { DEFINITION_IN_HEADER } from '../catalog';
import type { SeriesHit, SeriesRule } from './types';

/**
 * A function defined in a header without `static`: every file that includes the header defines it, and the link fails when two do.
 * The usual place is the stub for a disabled option. Quiet for headers that are made to be included once.
 */
export const definitionInHeader: SeriesRule = (view) => {
  const hits: SeriesHit[] = [];
  for (const all of view.definitions.values())
    for (const one of all) {
      if (one.kind !== 'function' || one.state !== 'added' || !one.file.path.endsWith('.h')) continue;
      if (one.static || one.inline || !one.lines.every((line) => line.kind === 'add')) continue;
      if (!/^(?:include|arch\/[^/]+\/include|drivers|kernel|mm|virt|net|block|fs|sound|lib)\//.test(one.file.path))
        continue;
      // `type name(…) {`: anything else in front (a macro's own declaration) is not read as a type.
      if (
        one.parameters === null ||
        !/^[a-z_][\w\s*]*$/.test(one.before) ||
        /\b(?:extern|asmlinkage|__weak)\b/.test(one.before)
      )
        continue;
      if (/^(?:TRACE|DEFINE|DECLARE)_/.test(one.name) || /\b(?:notrace|noinstr)\b/.test(one.before)) continue;
      const stub = one.guards.some((guard) => guard.startsWith('!') || guard === '?');
      hits.push({
        rule: DEFINITION_IN_HEADER,
        at: { patch: one.patch, file: one.file, line: one.line.line },
        function: one.name,
        message: `${one.name}() is defined in a header and is not static inline: each file that includes ${base(one.file.path)} defines it`,
        why: [
          {
            text: stub
              ? 'the stub for a disabled option is compiled into every user; two users do not link'
              : 'two files that include the header do not link',
            reference: null,
          },
        ],
        related: [],
        fixedBy: null,
      });
    }
  return oncePerHeader(hits);
};

/** One patch that does so to several functions of one header makes one slip: the first tells of it, and of the others. */
function oncePerHeader(hits: readonly SeriesHit[]): SeriesHit[] {
  const inOrder = [...hits].sort((a, b) => a.at.line - b.at.line);
  const alike = (a: SeriesHit, b: SeriesHit): boolean => a.at.patch === b.at.patch && a.at.file === b.at.file;
  return inOrder
    .filter((one, index) => inOrder.findIndex((other) => alike(one, other)) === index)
    .map((one) => ({
      ...one,
      related: inOrder
        .filter((other) => other !== one && alike(one, other))
        .map((other) => ({ ...other.at, message: `and ${other.function ?? ''}() too` })),
    }));
}

function base(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
