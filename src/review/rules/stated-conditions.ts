import type { SourceLine } from '../../code/types';
import type { Place } from '../../place';
import { CONDITION_TURNED, ORDER_TURNED } from '../catalog-stated';
import { commitSentences } from '../described/above-cut';
import { statedHit } from './stated-hit';
import { codeOf, conditionAt, isAddedBy, type StatedFunction, type StatedView, statedFunctions } from './stated-text';
import type { PatchHit } from './types';

interface Words {
  readonly text: string;
  readonly at: Place;
}

/** A comment inside a body, and the index of the first line of code behind it. */
interface InlineComment extends Words {
  readonly next: number;
}

/** The comments of a body that stand on lines of their own. */
export function inlineComments(body: readonly SourceLine[]): InlineComment[] {
  const found: InlineComment[] = [];
  for (let i = 0; i < body.length; i++) {
    const opening = body[i];
    if (opening === undefined || !/^\s*\/\*/.test(opening.text)) continue;
    const parts: string[] = [];
    let k = i;
    for (; k < body.length; k++) {
      const text = body[k]?.text ?? '';
      parts.push(
        text
          .replace(/^\s*(?:\/\*+|\*+(?!\/))?/, '')
          .replace(/\*+\/\s*$/, '')
          .trim(),
      );
      if (/\*\/\s*$/.test(text)) break;
    }
    if (k < body.length) found.push({ text: parts.join(' ').trim(), at: opening.at, next: k + 1 });
    i = k;
  }
  return found;
}

const sentencesOf = (view: StatedView): Words[] =>
  commitSentences(view.message, view.change.diffLine).map((sentence) => ({
    text: sentence.text,
    at: { kind: 'message', added: false, ...sentence.at },
  }));

/** What a body does under a simple condition: leave, or go on to do something. Null where it is neither plainly. */
function underIt(body: readonly SourceLine[], next: number): 'leaves' | 'acts' | null {
  const first = (body[next]?.text ?? '').trim();
  if (/^(?:return|goto|continue|break)\b/.test(first)) return 'leaves';
  // An error put into a variable, and out.
  if (/^\w+\s*=\s*-E[A-Z]+;$/.test(first) && /^\s*(?:goto|return|break)\b/.test(body[next + 1]?.text ?? ''))
    return 'leaves';
  if (/^(?:pr_|dev_|WARN|printk|\w+_dbg)/.test(first)) return null;
  return /^[\w*(].*;$|^[\w*].*[(,]$|^(?:if|list_for_each|for|mutex_lock)\b/.test(first) ? 'acts' : null;
}

interface Test {
  /** What is compared with `constant`, or is itself true or false. */
  readonly constant: string;
  /** The condition holds when it is equal, or set. */
  readonly equal: boolean;
  readonly line: SourceLine;
  readonly does: 'leaves' | 'acts';
  readonly text: string;
}

/** The plain tests on constants that a patch adds to a function: `x == K`, `x != K`, `x & K`, `!(x & K)`. */
function testsAdded(one: StatedFunction, message: number): Test[] {
  const body = codeOf(one.body);
  return body.flatMap((line, i): Test[] => {
    const condition = isAddedBy(line, message) ? conditionAt(body, i) : null;
    if (condition === null || /&&|\|\|/.test(condition.text)) return [];
    const does = underIt(body, condition.next);
    const compared = /^[\w.>[\]()-]+\s*(==|!=)\s*([A-Z][A-Z0-9_]{3,})$/.exec(condition.text);
    const masked = /^(!?)\(?[\w.>[\]-]+\s*&\s*([A-Z][A-Z0-9_]{3,})\)?$/.exec(condition.text);
    // A question that answers yes or no: of what returns an error, zero is the good answer.
    const asked =
      /^(!?)(\w*(?:_is|is|has|can|have|supports|supported|valid|safe|allowed|isolated|capable|enabled)(?:_\w+)?)\([^()]*\)$/.exec(
        condition.text,
      );
    const constant = compared?.[2] ?? masked?.[2] ?? asked?.[2];
    if (does === null || constant === undefined) return [];
    const equal = compared !== null ? compared[1] === '==' : (masked ?? asked)?.[1] === '';
    return [{ constant, equal, line, does, text: condition.text }];
  });
}

const ONLY = /\bonly\s+(?:done\s+)?(?:if|when|for|on|in|by|to)\b|\bexclusively\s+(?:for|by)\b/i;
const UNLESS = /\bunless\b|\bexcept\s+(?:for|if|when|in)\b|\bother than\b/i;
/** “Skip it if …”, “refuse groups that …”: it leaves when the words hold. */
const SKIPS =
  /\b(?:skip|ignore|refuse|reject|bail out|return early)s?\b[^.;,]{0,40}?\b(?:if|when|that|with|of|for|where)\b/i;
const TURNED = /\b(?:not|non|isn't|aren't|doesn't|never|without|neither|no)\b/i;
const REFUSES =
  /\b(?:refus|reject|fail|return|skip|ignor|bail|error|deny|denied|exclud|prevent|forbid|disallow|leave|warn|abort|stop)\w*/i;
const UNSURE =
  /\b(?:currently|before|used to|was|were|had|previously|so far|today|instead|old|bug|issue|problem|wrong(?:ly)?|might|but|however|because|since|would|should have|assum\w+)\b/i;

/** “Only if the type is K”, and what is done is done when it is not. */
function turned(view: StatedView): PatchHit[] {
  const words = sentencesOf(view);
  return statedFunctions(view).flatMap((one) => {
    const comments = inlineComments(one.body);
    const tests = testsAdded(one, view.change.message);
    return tests.flatMap((test): PatchHit[] => {
      // Several tests of it: which of them is meant is not plain.
      if (tests.filter((other) => other.constant === test.constant).length > 1) return [];
      const index = one.body.indexOf(one.body.find((line) => line.at === test.line.at) ?? test.line);
      const said = [
        ...comments.filter((comment) => comment.next === index),
        ...words.filter(({ text }) => new RegExp(`\\b${test.constant}\\b`).test(text)),
      ].find(
        ({ text }) =>
          new RegExp(`\\b${test.constant}\\b`).test(text) &&
          [ONLY, UNLESS, SKIPS].filter((words) => words.test(text)).length === 1,
      );
      if (said === undefined || UNSURE.test(said.text) || /[?]/.test(said.text)) return [];
      const skips = SKIPS.test(said.text);
      if (!skips && REFUSES.test(said.text)) return [];
      const only = ONLY.test(said.text);
      const match = (only ? ONLY : skips ? SKIPS : UNLESS).exec(said.text);
      const clause = said.text.slice(match?.index ?? 0);
      const at = clause.search(new RegExp(`\\b${test.constant}\\b`));
      const before = clause.slice(match?.[0].length ?? 0, at);
      if (
        at < 0 ||
        at > 80 ||
        TURNED.test(before) ||
        /[,;:]/.test(before) ||
        (clause.match(/\b[A-Z][A-Z0-9_]{3,}\b/g)?.length ?? 0) > 1
      )
        return [];
      // Done when equal, in words; done when equal, in code.
      const wanted = only;
      const done = (test.does === 'acts') === test.equal;
      if (wanted === done) return [];
      return statedHit(view, {
        rule: CONDITION_TURNED,
        at: test.line,
        file: one.file,
        function: one.name,
        message: `${clause.slice(0, 70)}, say the words, and under ${test.text} the code ${test.does === 'acts' ? 'does it' : 'leaves'}`,
        said,
      });
    });
  });
}

const CALL = String.raw`(?:the\s+)?\b([a-z_]\w*_\w+|[a-z]\w+)\(\)`;
const MUST =
  /\b(?:must|should|needs? to|has to|have to|ensure|make sure|so that|always)\b|^(?:now |then |first |instead,? |so |therefore |also )?(?:[A-Z][a-z]+|call|move|do|run|issue|send|flush|unmap|free|stop|disable|mask|detach)\b/;
const PAIR: readonly { readonly pattern: RegExp; readonly firstIsEarlier: boolean }[] = [
  {
    pattern: new RegExp(
      `${CALL}[^.;]{0,40}?\\b(?:before|prior to|ahead of)\\b\\s+(?:calling\\s+|the call (?:of|to)\\s+)?${CALL}`,
    ),
    firstIsEarlier: true,
  },
  {
    pattern: new RegExp(
      `${CALL}[^.;]{0,40}?(?<!only )\\b(?:after)\\b\\s+(?:calling\\s+|the call (?:of|to)\\s+)?${CALL}`,
    ),
    firstIsEarlier: false,
  },
];
const NOT_ORDER =
  /\b(?:currently|before this|used to|was|were|had|previously|bug|issue|problem|wrong(?:ly)?|might|may|can|could|but|however|because|since|if|when|would|race|instead of|immediately|not|never|already|until|while)\b/i;

const depthOf = (text: string): number => /^\t*/.exec(text)?.[0].length ?? 0;

interface Called {
  readonly index: number;
  readonly line: SourceLine;
}

function onlyCall(body: readonly SourceLine[], name: string): Called | null {
  const all = body.flatMap((line, index) => (new RegExp(`\\b${name}\\s*\\(`).test(line.text) ? [{ index, line }] : []));
  return all.length === 1 ? (all[0] ?? null) : null;
}

/** “a() before b()”, and a function that the patch changes there calls them the other way round, one straight after the other. */
function ordered(view: StatedView): PatchHit[] {
  return sentencesOf(view).flatMap((said): PatchHit[] => {
    if (NOT_ORDER.test(said.text) || !MUST.test(said.text)) return [];
    for (const { pattern, firstIsEarlier } of PAIR) {
      const match = pattern.exec(said.text);
      if (match === null) continue;
      const [early, late] = firstIsEarlier ? [match[1] ?? '', match[2] ?? ''] : [match[2] ?? '', match[1] ?? ''];
      if (early === late) continue;
      for (const one of statedFunctions(view)) {
        const body = codeOf(one.body);
        const [a, b] = [onlyCall(body, early), onlyCall(body, late)];
        if (a === null || b === null || a.index < b.index) continue;
        if (!isAddedBy(a.line, view.change.message) && !isAddedBy(b.line, view.change.message)) continue;
        // In one block, with no label or way out between them.
        const between = body.slice(b.index, a.index + 1);
        if (
          depthOf(a.line.text) !== depthOf(b.line.text) ||
          between.some((line) => depthOf(line.text) < depthOf(b.line.text) && line.text.trim() !== '')
        )
          continue;
        return statedHit(view, {
          rule: ORDER_TURNED,
          at: isAddedBy(a.line, view.change.message) ? a.line : b.line,
          file: one.file,
          function: one.name,
          message: `${early}() is to come before ${late}(), and ${one.name}() calls it after`,
          said,
        });
      }
    }
    return [];
  });
}

const VERB_STEMS = [
  'unmap',
  'map',
  'detach',
  'attach',
  'free',
  'mask',
  'unmask',
  'disable',
  'enable',
  'flush',
  'invalidat',
  'unlink',
  'unregister',
  'register',
  'unlock',
  'lock',
  'sync',
  'unpin',
  'pin',
  'releas',
  'remov',
  'drain',
  'stop',
  'start',
  'pars',
  'clear',
  'reset',
];
/** What a name may do by a verb: `unmap` is not done by what only ends in `map`. */
const doing = (stem: string): RegExp => new RegExp(`(?:\\b|_)${stem}\\w*\\s*\\(|\\b\\w*_${stem}(?:_\\w*)?\\s*\\(`);

/** A comment “unmap before freeing” right above two calls that come the other way round. */
function commentOrder(view: StatedView, one: StatedFunction): PatchHit[] {
  const body = codeOf(one.body);
  return inlineComments(one.body).flatMap((comment): PatchHit[] => {
    if (
      /\b(?:not|can|may|might|could|if|until|already|was|were|had|should have|must have|never|since|because)\b/i.test(
        comment.text,
      )
    )
      return [];
    const match = /\b([a-z]+)\b([^.;]{0,40}?)\b(before|after)\b([^.;]{0,40})/i.exec(comment.text);
    if (match === null) return [];
    const stemIn = (text: string): string | undefined =>
      VERB_STEMS.find((stem) => new RegExp(`\\b${stem}\\w*`, 'i').test(text));
    const [left, right] = [stemIn(`${match[1]} ${match[2]}`), stemIn(match[4] ?? '')];
    if (left === undefined || right === undefined || left === right || left.includes(right) || right.includes(left))
      return [];
    const [early, late] = match[3]?.toLowerCase() === 'before' ? [left, right] : [right, left];
    const first = body[comment.next];
    if (first === undefined) return [];
    const depth = depthOf(first.text);
    const block: { readonly line: SourceLine; readonly index: number }[] = [];
    for (let i = comment.next; i < body.length && block.length < 10; i++) {
      const line = body[i];
      if (
        line === undefined ||
        line.text.trim() === '' ||
        depthOf(line.text) < depth ||
        /^\s*(?:return|goto|\w+:)/.test(line.text)
      )
        break;
      block.push({ line, index: i });
    }
    const doers = (stem: string) => block.filter(({ line }) => doing(stem).test(line.text));
    const [a, b] = [doers(early), doers(late)];
    const [x, y] = [a[0], b[0]];
    if (
      a.length !== 1 ||
      b.length !== 1 ||
      x === undefined ||
      y === undefined ||
      x.index <= y.index ||
      depthOf(x.line.text) !== depthOf(y.line.text)
    )
      return [];
    return statedHit(view, {
      rule: ORDER_TURNED,
      at: x.line,
      file: one.file,
      function: one.name,
      message: `the comment says “${comment.text.slice(0, 60)}”, and the code under it does it the other way round`,
      said: comment,
    });
  });
}

/** Conditions and orders in words, against the one test or the two calls that they name. */
export const statedConditions = (view: StatedView): PatchHit[] => [
  ...turned(view),
  ...ordered(view),
  ...statedFunctions(view).flatMap((one) => commentOrder(view, one)),
];
