/** Rules on the state of the tree between two patches, besides those of `catalog.ts`: names within a function, and linkage. */
import type { Rule } from './rule';

const bisect = (id: string, title: string, severity: Rule['severity'] = 'error'): Rule => ({
  id,
  title,
  class: 'bisect',
  severity,
});

export const MADE_STATIC = bisect('made-static', 'Made static while others use it');
export const OLD_NAME_LEFT = bisect('old-name-left', 'Old name left behind', 'warning');
export const VARIABLE_UNUSED = bisect('variable-unused', 'Variable that nothing uses', 'info');
export const MODULE_UNSEEN = bisect('module-unseen', 'Option asked for as if it could not be a module', 'warning');

export const CONFLICT_MARKER = bisect('conflict-marker', 'Conflict marker left');

export const BISECT_RULES: readonly Rule[] = [
  MODULE_UNSEEN,
  MADE_STATIC,
  OLD_NAME_LEFT,
  VARIABLE_UNUSED,
  CONFLICT_MARKER,
];
