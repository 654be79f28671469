import type { SourceLine } from '../../code/types';
import { CLEANUP_MISSING, CONTEXT_DIFFERS, REFERENCE_MISSING } from '../catalog-stated';
import { statedHit } from './stated-hit';
import { codeOf, commentText, joined, type StatedFunction, type StatedView, statedFunctions } from './stated-text';
import type { PatchHit } from './types';

const commentLine = (one: StatedFunction, words: string): SourceLine | undefined => {
  const first = words.trim().split(/\s+/).slice(0, 2).join(' ');
  return one.comment.find((line) => line.text.includes(first)) ?? one.comment[0];
};

const HELD: readonly RegExp[] = [
  /\b(?:must|should|has to|needs? to|to)?\s*be called with (?:the )?([\w.>-]*\w)(?: lock| mutex)?(?: (?:locked|held|taken|acquired))/i,
  /\b(?:called|runs?|invoked) (?:with|under|while holding) (?:the )?([\w.>-]*(?:lock|mutex|sem|rwsem)\b)(?: held)?/i,
  /\bcallers? (?:must|should|has to|have to|needs? to) (?:already )?hold (?:the )?([\w.>-]*\w)/i,
  /\b([\w.>-]*(?:lock|mutex|sem)) (?:must|should|has to|needs to) be (?:held|taken|locked)/i,
  /\bholding (?:the )?([\w.>-]*(?:lock|mutex|sem)\b)/i,
];
const NOT_HELD =
  /\b(?:must|should) not|\bwithout\b|\bnot? (?:be )?(?:hold|held)|\bdrops?\b|\breleas\w+\b|\bunlocks?\b|\btakes?\b|\bacquires?\b|\bread\b|\bwrite\b/i;

const TAKES = (lock: string): RegExp =>
  new RegExp(
    `\\b(?:mutex_lock|mutex_lock_interruptible|mutex_lock_killable|spin_lock|spin_lock_irq|spin_lock_irqsave|spin_lock_bh|raw_spin_lock|raw_spin_lock_irq|raw_spin_lock_irqsave|down_read|down_write|guard\\(\\w+\\))\\s*\\(\\s*&?[\\w.>\\[\\]-]*\\b${lock}\\s*[,)]`,
  );
const GIVES = (lock: string): RegExp =>
  new RegExp(`\\b(?:mutex_unlock|(?:raw_)?spin_unlock\\w*|up_read|up_write)\\s*\\(\\s*&?[\\w.>\\[\\]-]*\\b${lock}\\b`);

/** “Called with X held”, and the body takes X itself: it would wait for itself for ever. */
function lockTaken(view: StatedView, one: StatedFunction): PatchHit[] {
  const text = commentText(one.comment).replace(/\s+/g, ' ');
  for (const sentence of text.split(/(?<=[.;])\s+/)) {
    if (NOT_HELD.test(sentence)) continue;
    const said = HELD.map((pattern) => pattern.exec(sentence)).find((match) => match !== null);
    const path = said?.[1] ?? '';
    const lock = path.split(/->|\./).at(-1) ?? '';
    // `iommu->lock` names one; `lock` alone, or what is no name of a lock, does not.
    if (said == null || (path === lock && !/.(?:lock|mutex|sem)$/i.test(lock))) continue;
    const body = codeOf(one.body);
    const takes = body.findIndex((line) => TAKES(lock).test(line.text));
    const gives = body.findIndex((line) => GIVES(lock).test(line.text));
    const at = body[takes];
    const line = commentLine(one, said[0]);
    if (at === undefined || line === undefined || (gives >= 0 && gives < takes)) continue;
    return statedHit(view, {
      rule: CONTEXT_DIFFERS,
      at,
      file: one.file,
      function: one.name,
      message: `the comment says that ${one.name}() is called with ${said[1]} held, and it takes ${lock} itself`,
      said: { text: sentence, at: line.at },
      reference: 'Documentation/doc-guide/kernel-doc.rst, Function Context',
    });
  }
  return [];
}

const ATOMIC =
  /\b(?:can|may|could|safe to|is|are|be|gets?)\s*(?:also\s+)?(?:be\s+)?(?:called|invoked|used|run|executed)\s+(?:from|in|under|within)\s+(?:an?\s+|any\s+|hard\s*)?(?:atomic|irq|interrupt|hardirq|softirq|non-?sleep\w+)\b|\b(?:does|will|must|may|can)\s*not\s+sleep\b|\bnever sleeps\b|\b(?:Any|Atomic|Interrupt|IRQ) context\b|\bContext:\s*(?:Any|Atomic|IRQ|Interrupt)\b/i;
const NOT_ATOMIC =
  /\b(?:must|may|can|should|do)\s*not (?:be )?(?:called|used)|\bcannot be\b|\bnot (?:safe|from|in)\b|\bunless\b|\bif\b|\bexcept\b|\bprocess context\b|\bmight_sleep\b/i;
const SLEEPS =
  /\bGFP_KERNEL(?:_ACCOUNT)?\b|\b(?:mutex_lock|down_read|down_write|msleep|usleep_range|might_sleep|wait_for_completion|schedule_timeout|synchronize_(?:rcu|srcu|irq)|disable_irq|flush_work|cancel_work_sync|wait_event)\s*\(/;

/** “May be called from atomic context”, and the body sleeps. */
function sleepsInAtomic(view: StatedView, one: StatedFunction): PatchHit[] {
  const text = commentText(one.comment).replace(/\s+/g, ' ');
  for (const sentence of text.split(/(?<=[.;])\s+/)) {
    const said = ATOMIC.exec(sentence);
    if (said === null || NOT_ATOMIC.test(sentence)) continue;
    const at = codeOf(one.body).find((line) => SLEEPS.test(line.text));
    const line = commentLine(one, said[0]);
    if (at === undefined || line === undefined) continue;
    return statedHit(view, {
      rule: CONTEXT_DIFFERS,
      at,
      file: one.file,
      function: one.name,
      message: `the comment allows atomic context, and ${SLEEPS.exec(at.text)?.[0].replace(/\s*\($/, '()')} may sleep`,
      said: { text: sentence, at: line.at },
      reference: 'Documentation/doc-guide/kernel-doc.rst, Function Context',
    });
  }
  return [];
}

interface Undoing {
  /** How a comment says that it is undone. */
  readonly said: RegExp;
  /** What acquires it. */
  readonly makes: RegExp;
  /** What undoes it, in any of its names. */
  readonly undoes: RegExp;
}

const UNDOINGS: readonly Undoing[] = [
  { said: /\bunmapp?(?:s|ed|ing)?\b/i, makes: /\w*map\w*\s*\(/, undoes: /unmap/i },
  { said: /\bunpin(?:s|ned|ning)?\b/i, makes: /\w*pin\w*\s*\(/, undoes: /unpin|put_page|put_pfn/i },
  { said: /\bdetach(?:es|ed|ing)?\b/i, makes: /\w*attach\w*\s*\(/, undoes: /detach/i },
  { said: /\bfree(?:s|d|ing)?\b/i, makes: /\w*(?:alloc|dup)\w*\s*\(/, undoes: /free|put|release|destroy/i },
  {
    said: /\b(?:releas(?:es|ed|ing)|dropped|put)\b/i,
    makes: /\w*(?:get|ref|alloc|request|claim)\w*\s*\(/,
    undoes: /put|release|free|drop|unref/i,
  },
  { said: /\bunregister(?:s|ed|ing)?\b/i, makes: /\w*register\w*\s*\(/, undoes: /unregister/i },
];
/** What may undo anything. */
const UNDOES_ALL =
  /undo|unwind|roll_?back|cleanup|clean_up|teardown|tear_down|destroy|fini\b|remove|revert|restore|devm_|__free\(|guard\(|error|fail\w*\s*\(/i;
const ON_FAILURE =
  /\b(?:on|upon|in case of|after|when|if|should)\b[^.;]{0,40}\b(?:fail\w*|errors?)\b|\bfail\w*\b[^.;]{0,30}\b(?:all|every|what|pages|are|is)\b/i;
const CALLER =
  /\b(?:callers?|driver|user|they|it) (?:must|should|has to|have to|needs to|is responsible|is expected|can|may)\b|\bresponsib\w+\b|\b(?:not|never|isn't|aren't|without|don't|doesn't)\b(?! (?:have|need))/i;

/** “On failure, what was mapped is unmapped again”, and no way of the body that fails does it. */
function cleanupMissing(view: StatedView, one: StatedFunction): PatchHit[] {
  if (!one.whole) return [];
  const text = commentText(one.comment).replace(/\s+/g, ' ');
  for (const sentence of text.split(/(?<=[.;])\s+/)) {
    if (!ON_FAILURE.test(sentence) || CALLER.test(sentence)) continue;
    const body = codeOf(one.body);
    const code = joined(body);
    const undoing = UNDOINGS.find((each) => each.said.test(sentence));
    if (undoing === undefined || undoing.undoes.test(code) || UNDOES_ALL.test(code)) continue;
    const makes = body.findIndex((line) => undoing.makes.test(line.text));
    const leaves = body.findIndex(
      (line, i) => i > makes && /\breturn\s+(?:ret|rc|err|error|r|-E\w+|ERR_PTR\()/.test(line.text),
    );
    const at = body[leaves];
    const line = commentLine(one, undoing.said.exec(sentence)?.[0] ?? '');
    if (makes < 0 || at === undefined || line === undefined) continue;
    return statedHit(view, {
      rule: CLEANUP_MISSING,
      at,
      file: one.file,
      function: one.name,
      message: `the comment promises that what was done is undone on failure (${undoing.said.exec(sentence)?.[0]}), and ${one.name}() leaves here without it`,
      said: { text: sentence, at: line.at },
    });
  }
  return [];
}

const REFERENCED =
  /\b(?:returns?|returned|found|result)\b[^.;]{0,60}\bwith (?:a |its |an? (?:elevated|raised|additional|extra) )?(?:reference(?: count)?|refcount)\b[^.;]{0,20}\b(?:held|taken|raised|elevated|increased|incremented|acquired)?|\b(?:takes?|acquires?|grabs?|holds?) (?:a|an (?:extra|additional)) reference\b|\bthe caller (?:must|should|has to|needs to) (?:drop|put|release)\b[^.;]{0,30}\breference\b/i;
const TAKES_REFERENCE =
  /get|ref|inc|hold|grab|take|pin|find|lookup|search|open|alloc|create|acquire|clone|dup|new|claim|to_\w+\s*\(|kobj/i;

/** “Returned with a reference held”, and the body takes none, nor calls anything that might. */
function referenceMissing(view: StatedView, one: StatedFunction): PatchHit[] {
  if (!one.whole) return [];
  const text = commentText(one.comment).replace(/\s+/g, ' ');
  for (const sentence of text.split(/(?<=[.;])\s+/)) {
    const said = REFERENCED.exec(sentence);
    if (
      said === null ||
      /\b(?:not|without|no|never|already|if|unless)\b|\bcallers? (?:must|should|has to) (?:hold|have|take)\b/i.test(
        sentence,
      )
    )
      continue;
    const body = codeOf(one.body);
    const calls = [...joined(body).matchAll(/\b([A-Za-z_]\w*)\s*\(/g)].map((match) => match[1] ?? '');
    if (calls.some((name) => TAKES_REFERENCE.test(name)) || /\+\+|\+= 1/.test(joined(body))) continue;
    const at = body.find((line) => /\breturn\s+(?!NULL|ERR_PTR|-E)/.test(line.text)) ?? body.at(-1);
    const line = commentLine(one, said[0]);
    if (at === undefined || line === undefined) continue;
    return statedHit(view, {
      rule: REFERENCE_MISSING,
      at,
      file: one.file,
      function: one.name,
      message: `the comment promises a reference, and ${one.name}() takes none`,
      said: { text: sentence, at: line.at },
    });
  }
  return [];
}

/** What a comment says of locks held, of references, of contexts, and of what is undone on failure. */
export const statedContexts = (view: StatedView): PatchHit[] =>
  statedFunctions(view)
    .filter((one) => one.comment.length > 0)
    .flatMap((one) => [
      ...lockTaken(view, one),
      ...sleepsInAtomic(view, one),
      ...cleanupMissing(view, one),
      ...referenceMissing(view, one),
    ]);
