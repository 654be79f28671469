import type { FrontEnd } from '../../../src/code/front-end';
import { pathHits } from '../../../src/review/rules';
import { read } from './c';

/** `rule@line` of every hit in the text, functions in order; the text stands as if a patch added all of it. */
export function hitsOf(front: FrontEnd, text: string): string[] {
  const unit = read(front, text);
  return [...unit.programs.values()].flatMap((program) =>
    pathHits(program, () => null, unit).map((hit) => `${hit.rule.id}@${hit.at.kind === 'message' ? hit.at.line : '?'}`),
  );
}
