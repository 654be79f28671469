import type { FileChange, Hunk, HunkLine } from '../../patch/types';
import type { Message } from '../../series/types';
import { DOC_DIFFERS } from '../catalog-described';
import { lineSpan } from '../spans';
import { type FunctionComment, functionComments } from './function-comments';
import type { DescribedHit, DescribedRule } from './types';

interface Differs {
  readonly line: HunkLine;
  readonly message: string;
}

/** Words of a hunk's deleted lines: what was there before. */
const wasThere = (hunk: Hunk, word: string): boolean =>
  hunk.lines.some((line) => line.kind === 'delete' && new RegExp(`\\b${word}\\b`).test(line.text));

const added = (lines: readonly HunkLine[]): HunkLine | undefined => lines.find((line) => line.kind === 'add');

/** `@name:` of a parameter that the function does not have. */
function strangeParameters(comment: FunctionComment, hunk: Hunk): Differs[] {
  const { parameters, name, head } = comment.function;
  if (parameters === null) return [];
  return comment.parameters.flatMap(({ name: told, line }) => {
    if (parameters.includes(told) || parameters.includes('...')) return [];
    // Somebody else's slip, unless this patch wrote the line or took the parameter away.
    const own = line.kind === 'add' ? line : wasThere(hunk, told) ? added(head) : undefined;
    return own === undefined
      ? []
      : [
          {
            line: own,
            message: `the comment explains @${told}, and ${name}() has no such parameter (${parameters.length === 0 ? 'it takes none' : parameters.join(', ')})`,
          },
        ];
  });
}

/** What explicit `return`s of a body are, with their lines. */
function returned(comment: FunctionComment, words: RegExp): HunkLine | undefined {
  return comment.body.find((line) => words.test(line.text));
}

const NULL_ON_FAILURE =
  /\bNULL\b[^.;]{0,20}\b(?:on|in case of|upon|if|when)\b[^.;]{0,20}\b(?:fail\w*|errors?)\b|\b(?:on|upon)\s+(?:failure|error)\b[^.;]{0,12}\bNULL\b/i;
const ERR_POINTER =
  /\bERR_PTR\b|\berror pointers?\b|\berr(?:or)?[- ]?ptr\b|\bPTR_ERR\b|\bIS_ERR\b|\bencoded\b|-E[A-Z]{2,}/i;
const ERRNO = /-E[A-Z]{2,}|\bnegative err(?:no|or)\b|\berrno\b|\berror code\b/i;

/** What the comment says is returned, against the type and the returns in sight. */
function strangeReturn(comment: FunctionComment): Differs[] {
  const { returns, function: head } = comment;
  if (returns === null) return [];
  const own = (other: HunkLine | undefined): HunkLine | undefined =>
    returns.line.kind === 'add' ? returns.line : other?.kind === 'add' ? other : added(head.head);
  const differs = (line: HunkLine | undefined, message: string): Differs[] =>
    line === undefined ? [] : [{ line, message }];
  if (
    head.type === 'void' &&
    !/\b(?:nothing|none|void|no(?:thing)? return|n\/a)\b/i.test(returns.text) &&
    /^\s*returns?(?: values?)?\s*:?\s*\S/i.test(returns.text) &&
    /\b(?:0|NULL|true|false|zero|negative|errno|success|error|-E[A-Z]+)\b/i.test(returns.text)
  )
    return differs(own(undefined), `the comment says what ${head.name}() returns, and it returns nothing`);
  if (head.type === 'bool' && ERRNO.test(returns.text) && !/\b(?:true|false)\b/i.test(returns.text))
    return differs(own(undefined), `the comment says that ${head.name}() returns an error code, and it returns bool`);
  if (!head.type.endsWith('*')) return [];
  const pointer = returned(comment, /\breturn\s+ERR_(?:PTR|CAST)\s*\(/);
  const nothing = returned(comment, /\breturn\s+NULL\s*;/);
  if (NULL_ON_FAILURE.test(returns.text) && !ERR_POINTER.test(returns.text) && pointer !== undefined)
    return differs(
      own(pointer),
      `the comment says that ${head.name}() returns NULL on failure, and it returns an error pointer`,
    );
  if (/\bERR_PTR\b|\berror pointers?\b/i.test(returns.text) && !/\bNULL\b/.test(returns.text) && nothing !== undefined)
    return differs(
      own(nothing),
      `the comment says that ${head.name}() returns an error pointer on failure, and it returns NULL here`,
    );
  return [];
}

/** A comment that carries the name of another function over this one. */
function strangeName(comment: FunctionComment, hunk: Hunk): Differs[] {
  const { named, function: head } = comment;
  if (named === null || named.name === head.name || !named.name.includes('_')) return [];
  // A comment may open with the name of what a macro makes of it, or of the group it belongs to.
  if (named.name.replace(/^_+/, '') === head.name.replace(/^_+/, '')) return [];
  const own = named.line.kind === 'add' ? named.line : wasThere(hunk, named.name) ? added(head.head) : undefined;
  return own === undefined
    ? []
    : [{ line: own, message: `the comment is that of ${named.name}(), and stands over ${head.name}()` }];
}

function hitsIn(message: Message, file: FileChange, hunk: Hunk): DescribedHit[] {
  return functionComments(hunk).flatMap((comment) =>
    [...strangeName(comment, hunk), ...strangeParameters(comment, hunk), ...strangeReturn(comment)].map((one) => ({
      rule: DOC_DIFFERS,
      at: lineSpan(message, one.line.line),
      file: file.path,
      function: comment.function.name,
      message: one.message,
      why: [
        {
          text: 'callers are written by the comment: what it says of a parameter or of the value returned is what they rely on',
          reference: 'Documentation/doc-guide/kernel-doc.rst',
        },
      ],
    })),
  );
}

/** Kernel-doc that does not fit the function under it: its name, a parameter, what it returns. */
export const commentDiffers: DescribedRule = ({ series, changes }) =>
  changes.flatMap((change) => {
    const message = series.messages[change.message];
    if (message === undefined) return [];
    return change.files.flatMap((file) =>
      /\.[ch]$/.test(file.path) && !file.combined ? file.hunks.flatMap((hunk) => hitsIn(message, file, hunk)) : [],
    );
  });
