/** Rules on what functions, callers, modules and patches owe each other. */
import type { Rule } from './rule';

const rule = (id: string, title: string, of: Rule['class']): Rule => ({ id, title, class: of, severity: 'warning' });

export const SUCCESS_TOLD = rule('success-told', 'Failure told as success', 'described');
export const KEPT_NOT_GIVEN = rule('kept-not-given', 'What is there already is not given back', 'described');
export const RESULT_TURNED = rule('result-turned', 'Caller tests the old result', 'described');
export const STUB_ERRNO = rule('stub-errno', 'Error of the stub nobody expects', 'described');
export const OUTPUT_UNSET = rule('output-unset', 'Output left unset', 'described');
export const DOMAIN_KIND = rule('domain-kind', 'Kind of the domain not asked for', 'described');
export const ZERO_MESSAGE = rule('zero-message', 'All-zero message refused', 'described');
export const FIRST_NOT_LAST = rule('first-not-last', 'Begun once, ended by each', 'described');
export const UNMAP_PARTIAL = rule('unmap-partial', 'More accounted for than was unmapped', 'arith');
export const TESTED_NARROWED = rule('tested-narrowed', 'Tested after it was cut off', 'arith');
export const VALUE_IGNORED = rule('value-ignored', 'Value given decides nothing', 'arith');
export const NEGATIVE_PASSES = rule('negative-passes', 'Error compared as unsigned', 'arith');
export const OWNER_DIFFERS = rule('owner-differs', 'Another owner than described', 'described');
export const TEXT_DIFFERS = rule('text-differs', 'Text tells of the contrary', 'described');
export const LOCK_LATER = rule('lock-later', 'Lock comes with a later patch', 'bisect');
export const NAMESPACE_MISSING = rule('namespace-missing', 'Namespace not imported', 'bisect');
export const SELECT_LATER = rule('select-later', 'Selected by a later patch', 'bisect');

export const CONTRACT_RULES: readonly Rule[] = [
  SUCCESS_TOLD,
  KEPT_NOT_GIVEN,
  RESULT_TURNED,
  STUB_ERRNO,
  OUTPUT_UNSET,
  DOMAIN_KIND,
  ZERO_MESSAGE,
  FIRST_NOT_LAST,
  UNMAP_PARTIAL,
  TESTED_NARROWED,
  VALUE_IGNORED,
  NEGATIVE_PASSES,
  OWNER_DIFFERS,
  TEXT_DIFFERS,
  LOCK_LATER,
  NAMESPACE_MISSING,
  SELECT_LATER,
];
