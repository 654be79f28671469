import { STUB_MISSING } from '../catalog';
import type { SeriesHit, SeriesRule } from './types';
import type { Definition } from './view';

/**
 * Of several functions that one patch declares together in a header, all but one get a stub for the option off in the same header: the
 * one that does not was forgotten.
 */
export const stubLeftOut: SeriesRule = (view) => {
  const byFile = new Map<string, Definition[]>();
  for (const all of view.definitions.values())
    for (const one of all)
      if (one.file.path.endsWith('.h') && one.state === 'added') {
        const key = `${one.patch}|${one.file.path}`;
        byFile.set(key, [...(byFile.get(key) ?? []), one]);
      }
  const hits: SeriesHit[] = [];
  for (const added of byFile.values()) {
    // The `#else` above a stub may be out of sight: the declaration next to it tells all the same what it is.
    const stubs = new Map(
      added.filter((one) => one.kind === 'function' && one.static && one.inline).map((one) => [one.name, one]),
    );
    const declared = added.filter(
      (one) => one.kind === 'prototype' && !one.guards.some((guard) => /^[!?]/.test(guard)),
    );
    const served = declared.filter((one) => stubs.has(one.name));
    const [missing, ...more] = declared.filter((one) => !stubs.has(one.name));
    if (missing === undefined || more.length > 0 || served.length < 2) continue;
    // They stand together: nothing but heads of the patch between them.
    const lines = declared.map((one) => one.line.line);
    const last = Math.max(...declared.flatMap((one) => one.lines.map((line) => line.line)));
    const own = declared.flatMap((one) => one.lines).length;
    if (last - Math.min(...lines) + 1 > own + declared.length) continue;
    const elsewhere = (view.definitions.get(missing.name) ?? []).some(
      (one) => one !== missing && one.state !== 'removed' && (one.kind === 'macro' || one.file.path.endsWith('.h')),
    );
    if (elsewhere) continue;
    hits.push({
      rule: STUB_MISSING,
      at: { patch: missing.patch, file: missing.file, line: missing.line.line },
      function: missing.name,
      message: `${missing.name}() has no stub for the option off, and the ${served.length} functions declared with it have one`,
      why: [{ text: 'who calls it without the option does not compile', reference: null }],
      related: served.flatMap((one) => {
        const stub = stubs.get(one.name);
        return stub === undefined
          ? []
          : [{ patch: stub.patch, file: stub.file, line: stub.line.line, message: `the stub of ${one.name}()` }];
      }),
      fixedBy: null,
    });
  }
  return hits;
};
