import { CONFLICT_MARKER } from '../catalog-bisect';
import { CONFLICT_MARKER_IN_TEXT } from '../catalog-described';
import type { SeriesHit, SeriesRule } from './types';

/** Seven signs at the margin; behind the outer ones git names a side. The line of equal signs alone may be a heading's. */
const MARKER = /^(?:<{7}|>{7}|\|{7})(?: \S.*)?$/;
const DOCUMENT = /\.(?:rst|txt|md|yaml)$|^Documentation\//;

/** A line that git left where two sides of a merge did not fit, and that nobody took out. */
export const conflictMarker: SeriesRule = (view) => {
  const hits: SeriesHit[] = [];
  for (const [patch, change] of view.changes.entries())
    for (const file of change.files)
      for (const hunk of file.hunks)
        for (const line of hunk.lines) {
          if (line.kind !== 'add' || !MARKER.test(line.text)) continue;
          const document = DOCUMENT.test(file.path);
          hits.push({
            rule: document ? CONFLICT_MARKER_IN_TEXT : CONFLICT_MARKER,
            at: { patch, file, line: line.line },
            function: null,
            message: `A conflict marker of a merge is left in ${file.path}`,
            why: [
              {
                text: document ? 'it becomes part of the document' : 'nothing that reads the file takes the line',
                reference: null,
              },
            ],
            related: [],
            fixedBy: null,
          });
        }
  return hits;
};
