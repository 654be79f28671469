/** Rules on what a sentence or a comment states in so many words, and the code of the same patch does otherwise. */
import type { Rule } from './rule';

const rule = (id: string, title: string, severity: Rule['severity'] = 'warning'): Rule => ({
  id,
  title,
  class: 'described',
  severity,
});

export const ERRNO_DIFFERS = rule('errno-differs', 'Another error than described');
export const CLEANUP_MISSING = rule('cleanup-missing', 'Described cleanup not done');
export const CONTEXT_DIFFERS = rule('context-differs', 'Another context than described');
export const VALUE_DIFFERS = rule('value-differs', 'Another value than described');
export const DEFAULT_DIFFERS = rule('default-differs', 'Another default than described');
export const UNIT_DIFFERS = rule('unit-differs', 'Another unit than described');
export const CONDITION_TURNED = rule('condition-turned', 'Condition turned round');
export const ORDER_TURNED = rule('order-turned', 'Another order than described');
export const NAME_DIFFERS = rule('name-differs', 'Another name than described');

export const PRINT_MISSING = rule('print-missing', 'Promised message not printed');
export const COMMENT_COPIED = rule('comment-copied', 'Comment of the contrary function');
export const REFERENCE_MISSING = rule('reference-missing', 'Promised reference not taken');
export const MEMBER_UNREAD = rule('member-unread', 'Set and never read');
export const ABSENT_ANSWER = rule('absent-answer', 'Another answer where nothing is there');
export const DEED_MISSING = rule('deed-missing', 'Promised step not taken');
export const STRUCTURE_DIFFERS = rule('structure-differs', 'Structure documented otherwise');
export const END_DIFFERS = rule('end-differs', 'Another end than described');

export const STATED_RULES: readonly Rule[] = [
  ERRNO_DIFFERS,
  END_DIFFERS,
  CLEANUP_MISSING,
  CONTEXT_DIFFERS,
  VALUE_DIFFERS,
  DEFAULT_DIFFERS,
  UNIT_DIFFERS,
  CONDITION_TURNED,
  ORDER_TURNED,
  NAME_DIFFERS,
  PRINT_MISSING,
  COMMENT_COPIED,
  REFERENCE_MISSING,
  MEMBER_UNREAD,
  DEED_MISSING,
  ABSENT_ANSWER,
  STRUCTURE_DIFFERS,
];
