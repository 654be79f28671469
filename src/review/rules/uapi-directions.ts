import type { SourceLine } from '../../code/types';
import { IOCTL_DIRECTION } from '../catalog-uapi';
import { codeOf, isAddedBy, joined, type StatedView, statedFunctions } from './stated-text';
import type { PatchHit } from './types';

interface Numbered {
  readonly name: string;
  /** `_IOW`, `_IOR`, `_IOWR`. */
  readonly macro: string;
  readonly structure: string;
  readonly line: SourceLine;
}

/** The ioctl numbers with a direction that the series has defined so far. */
function numbersOf(view: StatedView): ReadonlyMap<string, Numbered> {
  const found = new Map<string, Numbered>();
  for (const [path, image] of view.after.files) {
    if (!/\.h$/.test(path)) continue;
    for (const run of image.runs)
      for (const line of run.lines) {
        const match =
          /^\s*#\s*define\s+(\w+)\s+(_IOWR|_IOW|_IOR)\s*\(\s*[^,]+,\s*[^,]+,\s*(?:struct\s+)?(\w+)\s*\)/.exec(
            line.text,
          );
        if (match !== null && line.at.kind === 'message' && line.at.added)
          found.set(match[1] ?? '', { name: match[1] ?? '', macro: match[2] ?? '', structure: match[3] ?? '', line });
      }
  }
  return found;
}

/**
 * The direction in an ioctl's number is userspace's: `_IOW` for what it gives, `_IOR` for what it gets. Held against the block of the `case`,
 * or the one function it calls, where the whole of that is in sight.
 */
export function ioctlDirections(view: StatedView): PatchHit[] {
  const functions = statedFunctions(view);
  if (!functions.some((one) => one.body.some((line) => /^\s*case\s+\w+:/.test(line.text)))) return [];
  const numbers = numbersOf(view);
  if (numbers.size === 0) return [];
  return functions.flatMap((one) => {
    const body = codeOf(one.body);
    return body.flatMap((line, i): PatchHit[] => {
      const number = numbers.get(/^\s*case\s+(\w+):/.exec(line.text)?.[1] ?? '');
      if (number === undefined || !isAddedBy(line, view.change.message)) return [];
      const depth = /^\t*/.exec(line.text)?.[0] ?? '';
      const after = body.slice(i + 1);
      const end = after.findIndex((each) => new RegExp(`^${depth}(?:case\\b|default\\b|\\}\\s*$)`).test(each.text));
      if (end < 0 || /^\s*case/.test(after[0]?.text ?? '')) return [];
      const block = joined(after.slice(0, end));
      const moves = (text: string) => ({
        takes: /copy_from_user|get_user|copy_struct_from_user|memdup_user/.test(text),
        gives: /copy_to_user|put_user|copy_struct_to_user/.test(text),
      });
      let seen = moves(block);
      // Handed to one function, whose whole body is in sight.
      const handed = [...block.matchAll(/\b([a-z_]\w*)\s*\([^;]*\b(?:arg|argp|uarg|user_\w+)\b[^;]*\)\s*;/g)]
        .map((match) => match[1] ?? '')
        .filter((name) => !/^(?:copy_|get_user|put_user|if|switch|return|u64_to)/.test(name));
      if (handed.length > 0) {
        const callee = functions.find((each) => each.name === handed[0] && each.whole);
        if (handed.length > 1 || callee === undefined || seen.takes || seen.gives) return [];
        const inner = joined(codeOf(callee.body));
        seen = moves(inner);
        if (
          /\b\w+\s*\([^;]*\b(?:arg|argp|uarg)\b[^;]*\)/.test(
            inner.replace(/\b(?:copy_\w+|get_user|put_user|offsetof\w*|sizeof)\s*\([^;]*;/g, ' '),
          )
        )
          return [];
      }
      const wanted = seen.takes && seen.gives ? '_IOWR' : seen.takes ? '_IOW' : seen.gives ? '_IOR' : null;
      // Both ways with one of the two in the number is an old custom; the contrary way is nobody's.
      if (wanted === null || wanted === '_IOWR' || number.macro === '_IOWR' || wanted === number.macro) return [];
      const isNew = isAddedBy(number.line, view.change.message);
      return [
        {
          rule: IOCTL_DIRECTION,
          at: isNew ? number.line.at : line.at,
          message: `${number.name} is made by ${number.macro}(), and the kernel ${wanted === '_IOR' ? 'only writes struct '.concat(number.structure, ' to userspace') : 'only reads struct '.concat(number.structure, ' from userspace')}: ${wanted}()`,
          why: [
            {
              text: 'tools that go by the number (strace, sanitizers, seccomp) take the wrong direction, and the number cannot be changed later',
              reference: 'Documentation/driver-api/ioctl.rst, Command number definitions',
            },
          ],
          related: [{ at: isNew ? line.at : number.line.at, message: isNew ? 'handled here' : 'defined here' }],
          file: one.file,
          function: one.name,
        },
      ];
    });
  });
}
