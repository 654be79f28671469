/** What kernel-doc says of the end of a range, and the arithmetic of the same function: inclusive or exclusive. */
import type { SourceLine } from '../../code/types';
import { END_DIFFERS } from '../catalog-stated';
import { statedHit } from './stated-hit';
import { codeOf, joined, type StatedFunction, type StatedView, statedFunctions } from './stated-text';
import type { PatchHit } from './types';

const SAID = /@(\w+):\s*([^@]*?\b(inclusive|exclusive)\b[^@]*)/i;
const TURNED =
  /\b(?:not|non)[- ]?(?:inclusive|exclusive)\b|\binclusive\b[^@]*\bexclusive\b|\bexclusive\b[^@]*\binclusive\b/i;

/** The line on which a parameter is used as the convention `kind` forbids; undefined when some line agrees with it. */
function against(body: readonly SourceLine[], name: string, kind: string): SourceLine | undefined {
  const code = joined(body);
  const beyond = new RegExp(
    `\\b${name}\\s*\\+\\s*1\\b|\\b${name}\\s*-\\s*[\\w.>-]+\\s*\\+\\s*1\\b|1\\s*\\+\\s*${name}\\b|<=\\s*${name}\\b|\\b${name}\\s*>=|>\\s*${name}\\b`,
  );
  const within = new RegExp(`(?<![<])<\\s*${name}\\b|\\b${name}\\s*-\\s*1\\b|>=\\s*${name}\\b`);
  // Set anew, or given its other form: which one it is cannot be told by name.
  if (new RegExp(`\\b${name}\\s*(?:[-+|&]?=(?!=)|\\+\\+|--)`).test(code)) return undefined;
  if (kind === 'inclusive') {
    if (beyond.test(code)) return undefined;
    const length = new RegExp(
      `\\b${name}\\s*-\\s*\\w*(?:start|first|begin|base|from|lo|iova|addr)\\w*\\b(?!\\s*(?:\\+|->|\\.|\\())`,
    );
    return body.find(
      (line) => length.test(line.text) || new RegExp(`\\bfor\\b.*;[^;]*[^<]<\\s*${name}\\b`).test(line.text),
    );
  }
  if (within.test(code)) return undefined;
  const closed = new RegExp(`\\bfor\\b.*;[^;]*<=\\s*${name}\\b|\\b${name}\\s*-\\s*\\w+\\s*\\+\\s*1\\b`);
  return body.find((line) => closed.test(line.text));
}

function endOf(view: StatedView, one: StatedFunction): PatchHit[] {
  const text = one.comment.map((line) => line.text.replace(/^\s*\/?\*+\/?/, '').trim()).join(' ');
  return text.split(/(?=@\w+:)/).flatMap((part): PatchHit[] => {
    const said = SAID.exec(part);
    const [name, kind] = [said?.[1] ?? '', (said?.[3] ?? '').toLowerCase()];
    if (said === null || TURNED.test(part) || !/(?:^|_)(?:end|last|limit|max|to|hi|stop)$/.test(name)) return [];
    const line = one.comment.find((each) => each.text.includes(`@${name}:`));
    const at = against(codeOf(one.body), name, kind);
    if (line === undefined || at === undefined) return [];
    return statedHit(view, {
      rule: END_DIFFERS,
      at,
      file: one.file,
      function: one.name,
      message: `the comment calls ${name} ${kind}, and ${one.name}() takes it for ${kind === 'inclusive' ? 'the first behind the range' : 'the last of the range'}`,
      said: { text: said[0], at: line.at },
    });
  });
}

/** `@end: … inclusive` over `end - start`, or exclusive over `<= end`. A comment and the rest of its function may stand in two hunks. */
export const describedEnds = (view: StatedView): PatchHit[] => {
  const all = statedFunctions(view);
  return all
    .filter((one) => one.comment.length > 0)
    .flatMap((one) => {
      const parts = one.whole ? [one] : all.filter((other) => other.name === one.name && other.file === one.file);
      return endOf(view, { ...one, body: parts.flatMap((part) => part.body) });
    });
};
