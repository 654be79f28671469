/** Rules on what text and comments say and the diff does not do. */
import type { Rule } from './rule';

export const DOC_DIFFERS: Rule = {
  id: 'comment-differs',
  title: 'Comment does not fit the function',
  class: 'described',
  severity: 'info',
};
export const NAMED_NOT_TOUCHED: Rule = {
  id: 'named-not-touched',
  title: 'Named and not touched',
  class: 'described',
  severity: 'info',
};
export const LATER_PATCH: Rule = {
  id: 'later-patch-missing',
  title: 'Later patch does not come',
  class: 'described',
  severity: 'info',
};

export const COMMENT_NUMBER: Rule = {
  id: 'comment-number',
  title: 'Comment keeps the old number',
  class: 'described',
  severity: 'warning',
};

export const CONFLICT_MARKER_IN_TEXT: Rule = {
  id: 'conflict-marker-in-text',
  title: 'Conflict marker left in a document',
  class: 'described',
  severity: 'warning',
};

export const COMMENT_RETURN: Rule = {
  id: 'comment-return',
  title: 'Comment tells another result',
  class: 'described',
  severity: 'warning',
};
export const REFACTOR_CHANGED: Rule = {
  id: 'refactor-changed',
  title: 'Behaviour changed under “no functional change”',
  class: 'described',
  severity: 'warning',
};
export const SIBLING_DIFFERS: Rule = {
  id: 'sibling-differs',
  title: 'One of the siblings left out',
  class: 'described',
  severity: 'warning',
};

export const DESCRIBED_RULES: readonly Rule[] = [
  DOC_DIFFERS,
  NAMED_NOT_TOUCHED,
  LATER_PATCH,
  COMMENT_NUMBER,
  CONFLICT_MARKER_IN_TEXT,
  COMMENT_RETURN,
  REFACTOR_CHANGED,
  SIBLING_DIFFERS,
];
