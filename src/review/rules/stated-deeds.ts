import type { SourceLine } from '../../code/types';
import { DEED_MISSING } from '../catalog-stated';
import { commitSentences } from '../described/above-cut';
import { statedHit } from './stated-hit';
import { isAddedBy, type StatedView, statedFunctions } from './stated-text';
import type { PatchHit } from './types';

interface Deed {
  readonly name: string;
  /** How a message says that this patch does it, right behind where an imperative begins. */
  readonly said: RegExp;
  /** What lines that do it hold, in any of its ways. */
  readonly done: RegExp;
}

const DEEDS: readonly Deed[] = [
  {
    name: 'a lock',
    said: /^(?:take|hold|grab|acquire|hold on to)s?\s+(?:the\s+|its\s+|a\s+)?(?:[\w>.-]+\s+){0,2}?(?:[\w>.-]*(?:lock|mutex|rwsem)|semaphore)\b|^protects?\s+(?:\w+\s+){1,6}?(?:with|by)\s+(?:the\s+|its\s+|a\s+)?(?:[\w>.-]+\s+){0,2}?(?:[\w>.-]*(?:lock|mutex|rwsem)|semaphore)\b/i,
    done: /lock|mutex|down_|guard|rwsem|sem\b|excl/i,
  },
  {
    name: 'a flush',
    said: /^(?:flush|invalidate)(?:s|es)?\s+(?:the\s+|its\s+|all\s+|any\s+|stale\s+)*(?:\w+\s+){0,2}?(?:I?O?TLBs?|caches?|ATCs?|entries|entry|translations?)\b/i,
    done: /flush|inv|sync|tlb|clean|dcache|wmb|cmd/i,
  },
  {
    name: 'a reference',
    said: /^(?:take|grab|get|hold|acquire)s?\s+(?:a|an extra|an additional|another)\s+reference\b/i,
    done: /get|ref|inc|hold|grab|find|lookup|pin/i,
  },
  {
    name: 'a refusal',
    said: /^(?:refuse|reject|disallow|forbid)s?\s+(?!to\b)\w+/i,
    done: /-E[A-Z]|\bfalse\b|ERR_|goto|NULL|BUG|WARN|\bbreak\b|continue|return|abort|inval|fault|error|fail|\bif\b|&&|\|\||\?/i,
  },
  {
    name: 'zeroes',
    said: /^(?:zero|clear)(?:s|es)?\s+(?:out\s+)?(?:the\s+|its\s+)*(?:whole\s+|entire\s+)?(?:\w+\s+)?(?:structure|buffer|memory|page|pages|table|descriptor|message|padding)\b/i,
    done: /zalloc|memset|=\s*\{|clear|zero|__GFP_ZERO|calloc|=\s*0|memzero|~/i,
  },
];

const NOT_NOW =
  /\b(?:will|would|currently|was|were|had|previously|used to|already|before|instead of|rather than|avoid|no longer|not|never|without|can|could|may|might|should|must|need|needs|longer|later|next|following|fix|commit|longer|more|still|only once|again)\b/i;

/** Where clauses of a sentence begin that an imperative may open: its start, and behind “so”, “and”, “then”. */
function imperatives(text: string): { readonly text: string }[] {
  const starts = [0];
  for (const match of text.matchAll(/(?:[,;:]\s+(?:and |so |then |thus |therefore )*|\b(?:so|therefore|hence)\s+)/g))
    starts.push(match.index + match[0].length);
  return starts.map((from) => ({
    text: text
      .slice(from)
      .replace(
        /^(?:So|Therefore|Hence|Thus|Instead|Also|Then|Now|Just|Simply|Always|Explicitly|This patch|This commit|so|just|simply|always|explicitly|also|then|now)[ ,]+/,
        '',
      ),
  }));
}

/** A step that the message says the patch takes, of which no line that it adds shows a trace. */
export function statedDeeds(view: StatedView): PatchHit[] {
  const { change } = view;
  if (change.damage.length > 0) return [];
  const added = change.files.flatMap((file) =>
    file.hunks.flatMap((hunk) => hunk.lines.filter((line) => line.kind === 'add').map((line) => line.text)),
  );
  if (added.length === 0 || !change.files.every((file) => /\.[ch]$/.test(file.path))) return [];
  const fit = statedFunctions(view);
  const [one] = fit;
  if (one === undefined || fit.length !== 1) return [];
  return commitSentences(view.message, change.diffLine).flatMap((sentence): PatchHit[] => {
    const text = sentence.text.replace(/"[^"]*"|\([^()]*\)/g, ' ');
    const deed = DEEDS.find((each) =>
      imperatives(text).some((clause) => each.said.test(clause.text) && !NOT_NOW.test(clause.text)),
    );
    if (deed === undefined || added.some((line) => deed.done.test(line))) return [];
    const at: SourceLine | undefined =
      one.body.find((line) => isAddedBy(line, change.message)) ??
      one.head.find((line) => isAddedBy(line, change.message));
    if (at === undefined) return [];
    return statedHit(view, {
      rule: DEED_MISSING,
      at,
      file: one.file,
      function: one.name,
      message: `the message promises ${deed.name}, and no line that the patch adds to ${one.name}() brings it`,
      said: { text: sentence.text, at: { kind: 'message', added: false, ...sentence.at } },
    });
  });
}
