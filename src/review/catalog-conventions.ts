/** Rules on what a patch takes apart, and on what userspace has to find out. */
import type { Rule } from './rule';

const rule = (id: string, title: string, of: Rule['class']): Rule => ({ id, title, class: of, severity: 'warning' });

export const SECTION_NARROWED = rule('section-narrowed', 'Left outside of the section', 'context');
export const UNDETECTABLE = rule('undetectable', 'Userspace cannot find it out', 'uapi');

export const CONVENTION_RULES: readonly Rule[] = [SECTION_NARROWED, UNDETECTABLE];
