/**
 * The order of steps, and the constant, that a commit message tells in a clause of its own. In: sentences of the message, functions and lines of the patch.
 * Out: hits at the line that does otherwise.
 */
import { placeOf } from '../../code/file-image';
import type { SourceLine } from '../../code/types';
import { NAME_DIFFERS, ORDER_TURNED } from '../catalog-stated';
import { commitSentences } from '../described/above-cut';
import { statedHit } from './stated-hit';
import { codeOf, isAddedBy, type StatedView, statedFunctions } from './stated-text';
import type { PatchHit } from './types';

const NOT_NOW =
  /\b(?:will|would|was|were|had|has|have|previously|used to|already|instead of|rather than|avoid|no longer|not|never|without|can|could|may|might|should|must|later|next|following|previous|earlier|until|currently|if|when|unless|since|because|race|bug|wrong)\b/i;

/** Clauses that begin with a verb in the imperative, or behind “this patch”. */
const clauses = (text: string): readonly string[] =>
  text
    .split(/[,;:]\s+/)
    .map((part) =>
      part.replace(/^(?:so|therefore|thus|hence|instead|also|then|now|and|this patch|this commit)\b[ ,]*/i, ''),
    );

/** Words for a step, and what the functions that do it are called. */
const STEPS: readonly (readonly [RegExp, RegExp])[] = [
  [/^(?:flush|sync|synchroni[sz]e|invalidate)/i, /(?:^|_)(?:flush|sync|inval\w*|inv)(?:_|$)|flush/],
  [/^(?:free|freed|freeing|frees)$/i, /(?:^|_)k?v?free(?:_|$)/],
  [/^(?:unmap|unmapped|unmapping)$/i, /(?:^|_)unmap(?:_|$)/],
  [/^(?:unpin|unpinned|unpinning)$/i, /(?:^|_)unpin(?:_|$)/],
  [/^(?:disable|disabled|disabling)$/i, /(?:^|_)disable(?:_|$)/],
  [/^(?:mask|masked|masking)$/i, /(?:^|_)mask(?:_|$)/],
  [/^(?:detach|detached|detaching)$/i, /(?:^|_)detach(?:_|$)/],
  [/^(?:unregister|unregistered|unregistering)$/i, /(?:^|_)unregister(?:_|$)/],
  [/^(?:drain|drained|draining)$/i, /(?:^|_)drain(?:_|$)/],
];

const stepIn = (text: string): RegExp | null => {
  for (const [word] of text.matchAll(/[A-Za-z]+/g)) {
    const step = STEPS.find(([said]) => said.test(word));
    if (step !== undefined) return step[1];
  }
  return null;
};

const depthOf = (text: string): number => /^\t*/.exec(text)?.[0].length ?? 0;

/** The one line of a body on which something of the step is called. */
function onlyLine(body: readonly SourceLine[], step: RegExp): number | null {
  const found = body.flatMap((line, index) =>
    [...line.text.matchAll(/\b(\w+)\s*\(/g)].some((call) => step.test(call[1] ?? '')) ? [index] : [],
  );
  return found.length === 1 ? (found[0] ?? null) : null;
}

/** “Flush the IOTLB before the pages are freed”, and the function that the patch changes does it behind. */
function otherOrder(view: StatedView): PatchHit[] {
  return commitSentences(view.message, view.change.diffLine).flatMap((sentence): PatchHit[] => {
    for (const clause of clauses(sentence.text)) {
      const match = /^(\w+)\b([^.]{0,60}?)\b(before|after)\b([^.]{0,60})/i.exec(clause);
      if (match === null || NOT_NOW.test(clause)) continue;
      // The clause opens with the step itself.
      const [first, second] = [stepIn(match[1] ?? ''), stepIn(match[4] ?? '')];
      if (first === null || second === null || first === second) continue;
      const [early, late] = match[3]?.toLowerCase() === 'before' ? [first, second] : [second, first];
      for (const one of statedFunctions(view)) {
        const body = codeOf(one.body);
        const [a, b] = [onlyLine(body, early), onlyLine(body, late)];
        const [done, ahead] = [body[a ?? -1], body[b ?? -1]];
        if (a === null || b === null || done === undefined || ahead === undefined || a <= b) continue;
        if (!isAddedBy(done, view.change.message) && !isAddedBy(ahead, view.change.message)) continue;
        const between = body.slice(b + 1, a);
        const depth = depthOf(ahead.text);
        if (
          depth !== depthOf(done.text) ||
          between.some(
            (line) =>
              line.text.trim() !== '' &&
              (depthOf(line.text) < depth || /^\s*(?:return|goto|break|\w+:\s*$)/.test(line.text)),
          )
        )
          continue;
        return statedHit(view, {
          rule: ORDER_TURNED,
          at: isAddedBy(done, view.change.message) ? done : ahead,
          file: one.file,
          function: one.name,
          message: `the message says “${clause.trim().slice(0, 70)}”, and ${one.name}() does ${ahead.text.trim()} first`,
          said: { text: sentence.text, at: { kind: 'message', added: false, ...sentence.at } },
        });
      }
    }
    return [];
  });
}

const USES =
  /^(?:use|uses|pass|passes|set|sets|allocate it with|map it with)\s+(?:the\s+)?([A-Z][A-Z0-9]*_[A-Z0-9_]+)\b(?![\w.]*\.\w|\s*(?:macro|helper|wrapper|ioctl|register|bit|command|call|flag\s+is))/;

/** “… is called under a spinlock, use GFP_ATOMIC”: a constant no line of the patch has, where it adds one other of its family. */
function otherConstant(view: StatedView): PatchHit[] {
  const lines = view.change.files.flatMap((file) =>
    /\.[ch]$/.test(file.path) ? file.hunks.flatMap((hunk) => hunk.lines.map((line) => ({ line, file }))) : [],
  );
  return commitSentences(view.message, view.change.diffLine).flatMap((sentence): PatchHit[] => {
    // What opens a sentence is read where names are.
    for (const clause of clauses(sentence.text).slice(1)) {
      const name = USES.exec(clause)?.[1];
      if (name === undefined || NOT_NOW.test(clause) || lines.some(({ line }) => line.text.includes(name))) continue;
      const family = `${name.split('_')[0]}_`;
      const added = lines.flatMap(({ line, file }) =>
        line.kind === 'add'
          ? [...line.text.matchAll(/\b[A-Z][A-Z0-9]*_[A-Z0-9_]+\b/g)].flatMap(([word]) =>
              word.startsWith(family) ? [{ word, line, file }] : [],
            )
          : [],
      );
      const [one] = added;
      if (one === undefined || new Set(added.map(({ word }) => word)).size !== 1) continue;
      return statedHit(view, {
        rule: NAME_DIFFERS,
        at: { text: one.line.text, at: placeOf(one.line, view.change.message) },
        file: one.file.path,
        function: null,
        message: `the message speaks of ${name}, and the patch uses ${one.word}`,
        said: { text: sentence.text, at: { kind: 'message', added: false, ...sentence.at } },
      });
    }
    return [];
  });
}

export const statedSteps = (view: StatedView): PatchHit[] =>
  view.change.damage.length > 0 ? [] : [...otherOrder(view), ...otherConstant(view)];
