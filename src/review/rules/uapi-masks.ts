/** Flags and sizes of userspace's structures, read as text: flags that are used and refused, members that are read beyond what was passed. */
import type { SourceLine } from '../../code/types';
import { ANSWER_LOST, ARGSZ_UNCHECKED, FLAG_REFUSED } from '../catalog-uapi';
import type { Rule } from '../rule';
import {
  codeOf,
  conditionAt,
  isAddedBy,
  joined,
  type StatedFunction,
  type StatedView,
  statedFunctions,
} from './stated-text';
import type { PatchHit } from './types';

function hit(
  rule: Rule,
  one: StatedFunction,
  at: SourceLine,
  message: string,
  text: string,
  reference: string | null,
  related: readonly { readonly at: SourceLine; readonly message: string }[] = [],
): PatchHit {
  return {
    rule,
    at: at.at,
    message,
    why: [{ text, reference }],
    related: related.map((each) => ({ at: each.at.at, message: each.message })),
    file: one.file,
    function: one.name,
  };
}

const literally = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** `x.flags & ~(A | B)`: the place, and the flags that pass. Null when a name in it is no plain flag. */
function maskIn(text: string, body: string): { readonly place: string; readonly passes: readonly string[] } | null {
  const match = /([\w>.-]*\bflags)\s*&\s*~\s*(\([^()]*\)|\w+)/.exec(text);
  if (match === null) return null;
  let mask = (match[2] ?? '').replace(/[()]/g, '').trim();
  // A variable: what it was given, and by one statement alone.
  if (/^[a-z]\w*$/.test(mask)) {
    const given = [...body.matchAll(new RegExp(`\\b${mask}\\s*(\\|?=)\\s*([^;=][^;]*);`, 'g'))];
    if (given.length !== 1 || given[0]?.[1] !== '=') return null;
    mask = (given[0]?.[2] ?? '').trim();
  }
  const names = mask.split('|').map((name) => name.trim());
  return names.every((name) => /^[A-Z][A-Z0-9_]+$/.test(name)) &&
    !names.some((name) => /MASK|ALL|VALID|SUPPORTED|KNOWN|FLAGS$/.test(name))
    ? { place: match[1] ?? '', passes: names }
    : null;
}

/** A flag that the function acts on and that its own mask of what is known leaves out. */
function flagRefused(view: StatedView, one: StatedFunction): PatchHit[] {
  const body = codeOf(one.body);
  const code = joined(body);
  return body.flatMap((_, i): PatchHit[] => {
    const condition = conditionAt(body, i);
    const mask = condition === null ? null : maskIn(condition.text, code);
    const test = body[i];
    if (condition === null || mask === null || test === undefined) return [];
    // Another case of a switch has its own structure, under the same name.
    const after = body.slice(condition.next);
    const depth = /^\t*/.exec(test.text)?.[0].length ?? 0;
    const close = after.findIndex(
      (line) =>
        // The block ends in which the test stands, or another one of it begins.
        (/^\t*\}/.test(line.text) && (/^\t*/.exec(line.text)?.[0].length ?? 0) < depth) ||
        /^\t?(?:case\b.*:|default:|\}\s*else\b)/.test(line.text) ||
        maskIn(line.text, code) !== null,
    );
    const region = close < 0 ? after : after.slice(0, close);
    if (!/^\s*(?:return\b|goto\b|\w+\s*=\s*-E)/.test(body[condition.next]?.text ?? '')) return [];
    for (const line of region) {
      const used = new RegExp(`(?<![\\w>.])${literally(mask.place)}\\s*&\\s*([A-Z][A-Z0-9_]+)\\b`).exec(line.text)?.[1];
      if (used === undefined || mask.passes.includes(used) || /MASK|ALL/.test(used)) continue;
      // Aliases: one flag made of others.
      if (mask.passes.some((name) => name.startsWith(`${used}_`) || used.startsWith(`${name}_`))) continue;
      if (!isAddedBy(line, view.change.message) && !isAddedBy(test, view.change.message)) continue;
      return [
        hit(
          FLAG_REFUSED,
          one,
          isAddedBy(line, view.change.message) ? line : test,
          `${one.name}() acts on ${used}, and refuses it before: the flags that pass are ${mask.passes.join(', ')}`,
          'who sets the flag gets an error, and what it stands for is never reached',
          'Documentation/process/botching-up-ioctls.rst, Basics',
          [{ at: test, message: 'unknown flags are refused here' }],
        ),
      ];
    }
    return [];
  });
}

/** A further part of the structure is copied behind `minsz`, and `argsz` was only compared with `minsz`. */
function readBeyond(view: StatedView, one: StatedFunction): PatchHit[] {
  const body = codeOf(one.body);
  return body.flatMap((line, i): PatchHit[] => {
    if (!isAddedBy(line, view.change.message)) return [];
    const text = [line, body[i + 1], body[i + 2]].map((each) => each?.text.trim() ?? '').join(' ');
    const match =
      /\bcopy_from_user\s*\(\s*&(\w+)\.(\w+)\s*,\s*(?:\([^()]*\)\s*)?\(?\s*(?:arg|argp|uarg|u\w*)\s*\+\s*(\w*minsz|\w*sz|offsetof\w*\([^()]*\))/.exec(
        text,
      );
    if (match === null || !/copy_from_user/.test(line.text)) return [];
    const name = match[1] ?? '';
    // From where the head of the structure was read.
    const earlier = body.slice(0, i);
    const read = earlier.findLastIndex((each) => new RegExp(`copy_from_user\\s*\\(\\s*&${name}\\s*,`).test(each.text));
    if (read < 0) return [];
    const tests = earlier.slice(read).filter((each) => new RegExp(`\\b${name}\\.argsz\\b`).test(each.text));
    const [only] = tests;
    if (only === undefined || tests.length !== 1 || !new RegExp(`${name}\\.argsz\\s*<\\s*\\w*minsz\\b`).test(only.text))
      return [];
    return [
      hit(
        ARGSZ_UNCHECKED,
        one,
        line,
        `${name}.${match[2]} is read behind minsz, and ${name}.argsz was only held against minsz`,
        'a caller that passed the shorter structure has other data there, or nothing',
        'include/uapi/linux/vfio.h: argsz and flags of every structure',
        [{ at: only, message: 'argsz is compared here' }],
      ),
    ];
  });
}

/** Members of a structure from userspace are filled in as an answer, and the structure is never copied back. */
function answerLost(view: StatedView, one: StatedFunction): PatchHit[] {
  if (!one.whole || !one.body.some((line) => isAddedBy(line, view.change.message))) return [];
  const body = codeOf(one.body);
  const code = joined(body);
  // Another way to answer, or more than one structure's story.
  if (/copy_to_user|put_user|copy_struct_to_user|ucmd_respond|switch\s*\(/.test(code)) return [];
  const read = body.findIndex((line) => /\bcopy_from_user\s*\(\s*&\w+\s*,/.test(line.text));
  const name = /\bcopy_from_user\s*\(\s*&(\w+)\s*,/.exec(body[read]?.text ?? '')?.[1];
  if (name === undefined || !new RegExp(`^\\s*struct\\s+\\w+\\s+${name}\\b`, 'm').test(code)) return [];
  const assigned = body.flatMap((line, i) => {
    const field = i > read ? new RegExp(`^\\s*${name}\\.(\\w+)\\s*=[^=]`).exec(line.text)?.[1] : undefined;
    return field === undefined ? [] : [{ field, line, i }];
  });
  const lost = assigned.filter(({ field, i }) => {
    const later = body
      .slice(i + 1)
      .map((line) => line.text)
      .join('\n');
    return !new RegExp(`\\b${name}\\.${field}\\b(?!\\s*=[^=])|&${name}\\b|[=(,]\\s*${name}\\s*[;,)]`).test(later);
  });
  const [first] = lost;
  if (first === undefined || lost.length !== assigned.length) return [];
  return [
    hit(
      ANSWER_LOST,
      one,
      first.line,
      `${name}.${first.field} is filled in and never given to userspace: nothing copies ${name} back`,
      'the caller reads what it passed itself',
      'Documentation/driver-api/ioctl.rst, Structure layout',
    ),
  ];
}

/** What userspace passes and gets, as the lines of a function treat it. */
export const uapiMasks = (view: StatedView): PatchHit[] =>
  statedFunctions(view).flatMap((one) => [
    ...flagRefused(view, one),
    ...readBeyond(view, one),
    ...answerLost(view, one),
  ]);
