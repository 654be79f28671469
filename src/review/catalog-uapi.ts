import type { Rule } from './rule';

/** The rules of class uapi: what userspace and kernel agree on. */
const rule = (id: string, title: string, severity: Rule['severity'] = 'warning'): Rule => ({
  id,
  title,
  class: 'uapi',
  severity,
});

export const ARGSZ_UNCHECKED = rule('argsz-unchecked', 'argsz not checked');
export const FLAGS_UNCHECKED = rule('flags-unchecked', 'Unknown flags accepted');

export const UAPI_RULES: readonly Rule[] = [ARGSZ_UNCHECKED, FLAGS_UNCHECKED];
