import type { SourceLine } from '../../code/types';
import { ERROR_LOST } from '../catalog-uapi';
import { codeOf, conditionAt, isAddedBy, joined, type StatedView, statedFunctions } from './stated-text';
import type { PatchHit } from './types';

/** The lines of a label, up to the end. */
const behindLabel = (body: readonly SourceLine[], label: string): string => {
  const at = body.findIndex((line) => new RegExp(`^\\s*${label}:`).test(line.text));
  return at < 0 ? '' : joined(body.slice(at));
};

/**
 * `ret = find(…, &object); if (ret || !object) goto out;`: where the callee found nothing and that was no error to it, `ret` is 0, and the caller
 * is told of a success. Only for pointers: a flag that is not set may well be a reason to be done.
 */
export const absentResultRule = (view: StatedView): PatchHit[] =>
  statedFunctions(view).flatMap((one) => {
    const body = codeOf(one.body);
    return body.flatMap((line, i): PatchHit[] => {
      const condition = isAddedBy(line, view.change.message) ? conditionAt(body, i) : null;
      const match = /^(ret|rc|err|error|r)\s*\|\|\s*!(\w+)$/.exec(condition?.text ?? '');
      const [result, object] = [match?.[1] ?? '', match?.[2] ?? ''];
      if (condition === null || match === null) return [];
      const earlier = joined(body.slice(0, i));
      const asked = new RegExp(`\\b${result}\\s*=\\s*(\\w+)\\([^;]*&${object}\\b[^;]*\\);\\s*$`).exec(earlier)?.[1];
      if (
        asked === undefined ||
        !new RegExp(`^\\s*struct\\s+\\w+\\s+(?:[^;]*[,\\s])?\\*${object}\\b`, 'm').test(joined(body))
      )
        return [];
      const leave = body[condition.next]?.text.trim() ?? '';
      const label = /^goto\s+(\w+);$/.exec(leave)?.[1];
      const end = label === undefined ? leave : behindLabel(body, label);
      // The way out gives what the callee gave.
      if (!new RegExp(`\\breturn\\s+${result};`).test(end) || new RegExp(`\\b${result}\\s*=[^=]`).test(end)) return [];
      return [
        {
          rule: ERROR_LOST,
          at: line.at,
          message: `where ${asked}() gives 0 and no ${object}, ${one.name}() returns 0: what was not there is reported as a success`,
          why: [{ text: `${result} is 0 on this way, and nothing chooses an error`, reference: null }],
          related: [],
          file: one.file,
          function: one.name,
        },
      ];
    });
  });
