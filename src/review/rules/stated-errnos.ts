import type { SourceLine } from '../../code/types';
import { ERRNO_DIFFERS } from '../catalog-stated';
import { commitSentences } from '../described/above-cut';
import { statedHit } from './stated-hit';
import {
  codeOf,
  commentText,
  conditionAt,
  isAddedBy,
  joined,
  type StatedFunction,
  type StatedView,
  statedFunctions,
} from './stated-text';
import type { PatchHit } from './types';

const KERNEL_DOC = 'Documentation/doc-guide/kernel-doc.rst, Return values';

interface Given {
  readonly errno: string;
  readonly line: SourceLine;
  /** The condition under which it is given, as text; '' where none is in sight right above it. */
  readonly guard: string;
}

/** The constant errors a body gives: returned, or put into a variable. Comparisons are none. */
function errnosGiven(body: readonly SourceLine[]): Given[] {
  return body.flatMap((line, i) =>
    [...line.text.matchAll(/(?:\breturn\b[^;=]*?|[^=!<>]=\s*|\?\s*|:\s*|ERR_PTR\(\s*)-(E[A-Z0-9]{2,})\b/g)].map(
      (match) => {
        let guard = '';
        for (let k = i; k >= 0 && i - k <= 4; k--) {
          const condition = conditionAt(body, k);
          if (condition !== null) {
            guard = condition.text;
            break;
          }
          if (k < i && /^\s*\}|^\w+:|^\s*$/.test(body[k]?.text ?? '')) break;
        }
        return { errno: match[1] ?? '', line, guard: guard === '' && /\?/.test(line.text) ? line.text : guard };
      },
    ),
  );
}

const COMMON =
  /^(?:the|and|for|not|with|that|this|from|when|there|another|other|any|already|have|has|does|return|returns|error|errno|success|failure|otherwise|negative|value|code|null|zero|been|cannot|could|given|valid|invalid)$/;
/** Words of a text, taken to pieces at underscores and arrows, each cut to what an ending leaves alone. */
function stems(text: string): Set<string> {
  return new Set(
    (text.toLowerCase().match(/[a-z]{3,}/g) ?? []).filter((word) => !COMMON.test(word)).map((word) => word.slice(0, 5)),
  );
}

/** Each error a comment names, with the words up to the next one. */
function errnosSaid(text: string): { readonly errno: string; readonly clause: string; readonly index: number }[] {
  const all = [...text.matchAll(/[-%]-?(E[A-Z0-9]{2,})\b/g)];
  return all.map((match, i) => {
    const from = match.index + match[0].length;
    const until = all[i + 1]?.index ?? text.length;
    const clause = text.slice(from, until);
    return {
      errno: match[1] ?? '',
      clause: clause.slice(0, /[.;]\s|\n\s*\n/.exec(clause)?.index ?? clause.length),
      index: match.index,
    };
  });
}

const shared = (a: ReadonlySet<string>, b: ReadonlySet<string>): number => [...a].filter((word) => b.has(word)).length;

/** A comment that names one error no line of the body gives, and the body one error the comment does not name, on the same ground. */
function commentAgainstBody(view: StatedView, one: StatedFunction): PatchHit[] {
  if (!one.whole || one.comment.length === 0) return [];
  const text = commentText(one.comment);
  const said = errnosSaid(text);
  if (said.length === 0) return [];
  const body = codeOf(one.body);
  const given = errnosGiven(body);
  const code = joined(body);
  const told = new Set(said.map((each) => each.errno));
  const missing = said.filter((each) => !new RegExp(`\\b${each.errno}\\b`).test(code));
  const strange = given.filter((each) => !told.has(each.errno));
  if (missing.length !== 1 || new Set(strange.map((each) => each.errno)).size !== 1) return [];
  const [lost] = missing;
  if (lost === undefined) return [];
  const clause = stems(lost.clause);
  // A callee may give what is described: then only the lines on the same ground count.
  const handsOn =
    /\breturn\s+[\w>.-]+\s*\(|\b(?:PTR_ERR|ERR_CAST)\w*\s*\(|\b(?:ret|rc|err|error|r|res|status)\s*=\s*(?:[\w>.-]+|\w+\[\w+\])\s*\(/.test(
      code,
    );
  const at = handsOn ? strange.find((each) => each.guard !== '' && shared(stems(each.guard), clause) > 0) : strange[0];
  if (at === undefined) return [];
  const line = one.comment.find((each) => each.text.includes(lost.errno)) ?? one.comment[0];
  if (line === undefined) return [];
  return statedHit(view, {
    rule: ERRNO_DIFFERS,
    at: at.line,
    file: one.file,
    function: one.name,
    message: `the comment promises -${lost.errno} (${lost.clause.replace(/\s+/g, ' ').trim().slice(0, 60)}), and ${one.name}() gives -${at.errno} there`,
    said: { text: `-${lost.errno}${lost.clause}`, at: line.at },
    reference: KERNEL_DOC,
  });
}

const NOW =
  /\b(?:(?:will |now |then |and |to |must |should |can )?(?:returns?|returning|fails?|failing|refuses?|refused|refusing|rejects?|rejected|rejecting|gives?|gets?|reports?|answers?|errors?(?: out)?|bails?(?: out)?)\b)[^.;]{0,60}?-?\b(E[A-Z0-9]{3,})\b/;
const BEFORE =
  /\b(?:currently|instead of|rather than|used to|was|were|had|previously|before|so far|today|otherwise|no longer|without this|old|bug|issue|problem|wrong(?:ly)?|might|may|because|since|while|but|however|caller|observed|seen|reports?ed|if we|userspace|QEMU)\b/i;

/** A sentence of the commit message that names one error, and the lines added which give one other on the ground it names. */
function messageAgainstBody(view: StatedView): PatchHit[] {
  const words = view.change.files
    .flatMap((file) => file.hunks.flatMap((hunk) => hunk.lines.map((line) => line.text)))
    .join('\n');
  return commitSentences(view.message, view.change.diffLine).flatMap((sentence): PatchHit[] => {
    const errnos = [
      ...new Set([...sentence.text.matchAll(/-?\b(E(?:[A-Z]{3,}|2BIG|IO))\b/g)].map((match) => match[1] ?? '')),
    ];
    const [errno] = errnos;
    if (errnos.length !== 1 || errno === undefined || !NOW.test(sentence.text) || BEFORE.test(sentence.text)) return [];
    if (new RegExp(`\\b${errno}\\b`).test(words)) return [];
    const names = new Set([...sentence.text.matchAll(/\b[A-Za-z]\w*_\w+\b|\b\w+(?:->\w+)+/g)].map((match) => match[0]));
    const stem = stems(sentence.text);
    const candidates = statedFunctions(view).flatMap((one) =>
      errnosGiven(codeOf(one.body))
        .filter((each) => isAddedBy(each.line, view.change.message) && each.guard !== '')
        .map((each) => ({ ...each, one })),
    );
    const kinds = new Set(candidates.map((each) => each.errno));
    const named = candidates.filter(
      (each) => names.has(each.one.name) || [...names].some((name) => each.guard.includes(name)),
    );
    const fit =
      named.length > 0
        ? named
        : kinds.size === 1
          ? candidates.filter((each) => shared(stems(each.guard), stem) >= 2)
          : [];
    const [first] = fit;
    if (first === undefined || new Set(fit.map((each) => each.errno)).size !== 1) return [];
    return statedHit(view, {
      rule: ERRNO_DIFFERS,
      at: first.line,
      file: first.one.file,
      function: first.one.name,
      message: `the message says -${errno}, and ${first.one.name}() gives -${first.errno}`,
      said: { text: sentence.text, at: { kind: 'message', added: false, ...sentence.at } },
    });
  });
}

/** Errors as a comment or the message names them, and as the code gives them. */
export const statedErrnos = (view: StatedView): PatchHit[] => [
  ...statedFunctions(view).flatMap((one) => commentAgainstBody(view, one)),
  ...messageAgainstBody(view),
];
