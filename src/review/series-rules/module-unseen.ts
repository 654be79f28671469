import { MODULE_UNSEEN } from '../catalog-bisect';
import type { SeriesHit, SeriesRule } from './types';

/**
 * An option that the series adds as a tristate, asked for in a header or another file by `#ifdef CONFIG_NAME`: built as a module it is
 * `CONFIG_NAME_MODULE` that is defined, and the branch for the option off is taken. Kbuild defines either; IS_ENABLED() asks for both
 * (include/linux/kconfig.h).
 */
export const moduleUnseen: SeriesRule = (view) => {
  const hits: SeriesHit[] = [];
  for (const option of view.build.options) {
    if (!option.added || option.type !== 'tristate') continue;
    const asks = new RegExp(`^\\s*#\\s*(?:ifn?def\\s+|(?:el)?if\\b.*\\bdefined\\s*\\(?\\s*)CONFIG_${option.name}\\b`);
    const module = new RegExp(`\\bCONFIG_${option.name}_MODULE\\b`);
    for (const [patch, change] of view.changes.entries())
      for (const file of change.files) {
        if (!file.path.endsWith('.h')) continue;
        const line = file.hunks
          .flatMap((hunk) => hunk.lines)
          .find((one) => one.kind === 'add' && asks.test(one.text) && !module.test(one.text));
        if (line === undefined) continue;
        // The option may lose its third state, or the question may be mended, before anybody builds it so: then a later patch says it.
        const mended = view.changes.some(
          (later, at) =>
            at > patch &&
            later.files.some(
              (other) =>
                other.path === file.path &&
                other.hunks.some((hunk) => hunk.lines.some((one) => one.kind === 'delete' && one.text === line.text)),
            ),
        );
        if (mended) continue;
        hits.push({
          rule: MODULE_UNSEEN,
          at: { patch, file, line: line.line },
          function: null,
          message: `CONFIG_${option.name} is not defined when ${option.name} is built as a module: this is the branch for the option off then`,
          why: [
            {
              text: `with =m it is CONFIG_${option.name}_MODULE that is defined; IS_ENABLED() and IS_REACHABLE() ask for both`,
              reference: 'include/linux/kconfig.h; Documentation/kbuild/kconfig-language.rst',
            },
          ],
          related: [{ patch: option.patch, file: option.file, line: option.line.line, message: 'a tristate' }],
          fixedBy: null,
        });
      }
  }
  return hits;
};
