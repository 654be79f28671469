import type { FrontEnd } from '../../../src/code/front-end';
import { pathHits } from '../../../src/review/rules';
import type { FindingClass } from '../../../src/review/types';
import { read } from './c';

/** `rule@line` of every hit of these classes in the text, functions in order; the text stands as if a patch added all of it. */
export function hitsOf(front: FrontEnd, text: string, classes: readonly FindingClass[]): string[] {
  const unit = read(front, text);
  return [...unit.programs.values()].flatMap((program) =>
    pathHits(program, () => null, unit)
      .filter((hit) => classes.includes(hit.rule.class))
      .map((hit) => `${hit.rule.id}@${hit.at.kind === 'message' ? hit.at.line : '?'}`),
  );
}
