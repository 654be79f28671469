/**
 * What a commit message says its patch does, and the patch does by another name, in another direction or in another unit. In: sentences of the message,
 * lines of the diff. Out: hits at the lines that do otherwise. Only where the patch has exactly one thing to hold against the words.
 */
import { placeOf } from '../../code/file-image';
import type { SourceLine } from '../../code/types';
import type { FileChange, HunkLine } from '../../patch/types';
import { DEFAULT_DIFFERS, NAME_DIFFERS, UNIT_DIFFERS, VALUE_DIFFERS } from '../catalog-stated';
import { commitSentences } from '../described/above-cut';
import type { Rule } from '../rule';
import { statedHit } from './stated-hit';
import { numberIn } from './stated-numbers';
import type { StatedView } from './stated-text';
import type { PatchHit } from './types';

interface Line {
  readonly line: HunkLine;
  readonly file: FileChange;
  /** Without comments; '' for a line that is one. */
  readonly code: string;
}

type Sentence = ReturnType<typeof commitSentences>[number];

const codeIn = (text: string): string =>
  /^\s*(?:\*|\/\*|\/\/)/.test(text)
    ? ''
    : text.replace(/\/\*.*?(?:\*\/|$)|\/\/.*$/g, '').replace(/"(?:[^"\\]|\\.)*"/g, '""');

const linesOf = (view: StatedView): Line[] =>
  view.change.files.flatMap((file) =>
    /\.[ch]$/.test(file.path)
      ? file.hunks.flatMap((hunk) => hunk.lines.map((line) => ({ line, file, code: codeIn(line.text) })))
      : [],
  );

/** Of other patches, of the time before, of what is not done. */
const NOT_NOW =
  /\b(?:will|would|was|were|had|previously|used to|already|instead of|rather than|avoid|no longer|not|never|without|could|might|later|next|following|previous|earlier|until now|so far|currently)\b/i;

/** Clauses in which this patch may be told to do something: whole sentences and what stands behind a comma. */
const clauses = (text: string): readonly string[] =>
  text
    .split(/[,;:]\s+/)
    .map((part) =>
      part.replace(
        /^(?:so|therefore|thus|hence|instead|also|then|now|just|and|to fix this|this patch|this commit)\b[ ,]*/i,
        '',
      ),
    )
    .filter((part) => part !== '' && !NOT_NOW.test(part));

function hit(view: StatedView, rule: Rule, at: Line, sentence: Sentence, message: string): PatchHit[] {
  const source: SourceLine = { text: at.line.text, at: placeOf(at.line, view.change.message) };
  return statedHit(view, {
    rule,
    at: source,
    file: at.file.path,
    function: null,
    message,
    said: { text: sentence.text, at: { kind: 'message', added: false, ...sentence.at } },
  });
}

const TAKEN =
  /\b(?:mutex_lock\w*|(?:raw_)?spin_lock\w*|down_(?:read|write)\w*|(?:read|write)_lock\w*|guard\s*\(\s*\w+\s*\)|scoped_guard)\s*\(\s*(?:\w+\s*,\s*)?&?([\w.>[\]-]+)/;
const LOCK_SAID =
  /^(?:take|hold|acquire|grab)s?\s+(?:the\s+)?((?:\w+(?:->|\.))*\w*(?:lock|mutex|rwsem))\b|^(?:protect|guard|serialize|serialise)s?\s+[^.]{3,80}?\b(?:with|by|under)\s+(?:the\s+)?((?:\w+(?:->|\.))*\w*(?:lock|mutex|rwsem))\b/i;
const last = (path: string): string => /(\w+)\W*$/.exec(path)?.[1] ?? path;

/** “Take door->list_lock”, and the lock that the patch takes is another. */
function otherLock(view: StatedView, sentence: Sentence, lines: readonly Line[]): PatchHit[] {
  for (const clause of clauses(sentence.text)) {
    const match = LOCK_SAID.exec(clause);
    const path = match?.[1] ?? match?.[2] ?? '';
    const lock = last(path);
    // A name, and no word of the language.
    if (!/_|->|\./.test(path) || lines.some(({ line }) => new RegExp(`\\b${lock}\\b`).test(line.text))) continue;
    const taken = lines.filter(({ line, code }) => line.kind === 'add' && TAKEN.test(code));
    const names = new Set(taken.map(({ code }) => last(TAKEN.exec(code)?.[1] ?? '')));
    const [one] = taken;
    if (one === undefined || names.size !== 1) continue;
    return hit(
      view,
      NAME_DIFFERS,
      one,
      sentence,
      `the message says that ${path} is taken, and the patch takes ${TAKEN.exec(one.code)?.[1] ?? 'another'}`,
    );
  }
  return [];
}

const RENAMED =
  /\brenam(?:e|es|ed|ing)\s+(?:the\s+)?(?:function\s+|struct\s+|macro\s+|variable\s+)?(\w+)(?:\(\))?\s+(?:to|into|as)\s+(\w+)(?!\w*\*)/i;

/** “Rename a_b() to a_c()”, and what a_b() becomes is called otherwise. */
function otherNewName(view: StatedView, sentence: Sentence, lines: readonly Line[]): PatchHit[] {
  const match = RENAMED.exec(sentence.text);
  const [from, to] = [match?.[1] ?? '', match?.[2] ?? ''];
  if (
    !from.includes('_') ||
    !to.includes('_') ||
    from === to ||
    lines.some(({ line }) => new RegExp(`\\b${to}`).test(line.text))
  )
    return [];
  const old = new RegExp(`\\b${from}\\b`);
  const became = new Map<string, Line>();
  for (const gone of lines) {
    if (gone.line.kind !== 'delete' || !old.test(gone.code)) continue;
    const [head = '', tail = ''] = gone.code.split(old);
    for (const now of lines) {
      if (now.line.kind !== 'add' || now.file !== gone.file || !now.code.startsWith(head) || !now.code.endsWith(tail))
        continue;
      const name = now.code.slice(head.length, now.code.length - tail.length);
      if (/^\w+$/.test(name) && name !== from && !became.has(name)) became.set(name, now);
    }
  }
  const [name] = became.keys();
  const at = name === undefined ? undefined : became.get(name);
  return at === undefined || became.size !== 1
    ? []
    : hit(
        view,
        NAME_DIFFERS,
        at,
        sentence,
        `the message says that ${from} becomes ${to}, and the patch makes it ${name}`,
      );
}

/** “… 64 by default”, and the one default that the patch defines is another number. */
function otherDefault(view: StatedView, sentence: Sentence, lines: readonly Line[]): PatchHit[] {
  if (
    !/\bby default\b|\bdefaults? (?:to|of|is)\b|\bdefault (?:limit|value|size|number|timeout)\b/i.test(sentence.text) ||
    NOT_NOW.test(sentence.text)
  )
    return [];
  const numbers = [...sentence.text.matchAll(/(?<![\w.])(\d+)(?![\w.%])/g)].map((match) => Number(match[1]));
  const [number] = numbers;
  if (number === undefined || numbers.length !== 1 || number < 2) return [];
  // With a unit it may be written in another.
  if (
    new RegExp(
      `\\b${number}\\s*(?:[kmgtKMGT]i?[bB]?|ms|us|ns|s|secs?|seconds?|msecs?|minutes?|milli\\w*|micro\\w*|bits?|%)\\b`,
    ).test(sentence.text)
  )
    return [];
  const defined = lines.flatMap((one) => {
    const text = one.line.kind === 'add' ? /^\s*#\s*define\s+\w*DEFAULT\w*\s+(\S.*)$/.exec(one.code)?.[1] : undefined;
    const value = text === undefined ? null : numberIn(text.trim());
    return value === null ? [] : [{ one, value }];
  });
  const [only] = defined;
  if (only === undefined || defined.length !== 1 || only.value === number) return [];
  if (lines.some(({ line }) => line.kind !== 'delete' && new RegExp(`(?<!\\w)${number}(?!\\w)`).test(line.text)))
    return [];
  return hit(
    view,
    DEFAULT_DIFFERS,
    only.one,
    sentence,
    `the message says that the default is ${number}, and it is ${only.value}`,
  );
}

/** “Map them write-only”, and the protection lets read too. */
function otherDirection(view: StatedView, sentence: Sentence, lines: readonly Line[]): PatchHit[] {
  for (const clause of clauses(sentence.text)) {
    const way = /^maps?\b[^.]{0,50}\b(read|write)-only\b/i.exec(clause)?.[1]?.toLowerCase();
    if (way === undefined) continue;
    const other = way === 'read' ? 'IOMMU_WRITE' : 'IOMMU_READ';
    const at = lines.find(
      ({ line, code }) =>
        line.kind === 'add' &&
        new RegExp(`\\b${other}\\b`).test(code) &&
        !new RegExp(`~\\s*\\(?[^&]*\\b${other}\\b|&\\s*\\(?\\s*${other}\\b|\\?`).test(code),
    );
    if (at !== undefined)
      return hit(
        view,
        VALUE_DIFFERS,
        at,
        sentence,
        `the message says that it is mapped ${way}-only, and ${other} is set here`,
      );
  }
  return [];
}

const UP = /\b(?:ALIGN|PAGE_ALIGN|round_up|roundup\w*|DIV_ROUND_UP\w*|PFN_UP|iova_align|IS_ALIGNED)\s*\(/;
const DOWN =
  /\b(?:ALIGN_DOWN|PAGE_ALIGN_DOWN|round_down|rounddown\w*|PFN_DOWN)\s*\(|&\s*PAGE_MASK\b|&\s*~\s*\(?\w*[Pp]age\w*[Mm]ask/;

/** “Round the size up”, and it is rounded down. */
function otherRounding(view: StatedView, sentence: Sentence, lines: readonly Line[]): PatchHit[] {
  for (const clause of clauses(sentence.text)) {
    const way = /^(?:round|align)s?\s+[^.]{0,40}?\b(up|down)\b/i.exec(clause)?.[1]?.toLowerCase();
    if (way === undefined) continue;
    const [right, wrong] = way === 'up' ? [UP, DOWN] : [DOWN, UP];
    const added = lines.filter(({ line }) => line.kind === 'add');
    if (added.some(({ code }) => right.test(code))) continue;
    const at = added.find(({ code }) => wrong.test(code) && !/IS_ALIGNED/.test(code));
    if (at !== undefined)
      return hit(
        view,
        VALUE_DIFFERS,
        at,
        sentence,
        `the message says that it is rounded ${way}, and it is rounded ${way === 'up' ? 'down' : 'up'} here`,
      );
  }
  return [];
}

type Unit = 's' | 'ms' | 'us' | 'ns';
/** Calls that take a time: the position of the argument, from behind when negative, and its unit. */
const TIMES: readonly (readonly [RegExp, number, Unit])[] = [
  [/^msleep(?:_interruptible)?$/, 0, 'ms'],
  [/^mdelay$/, 0, 'ms'],
  [/^udelay$/, 0, 'us'],
  [/^ndelay$/, 0, 'ns'],
  [/^fsleep$/, 0, 'us'],
  [/^ssleep$/, 0, 's'],
  [/^usleep_range$/, -1, 'us'],
  [/^msecs_to_jiffies$/, 0, 'ms'],
  [/^usecs_to_jiffies$/, 0, 'us'],
  [/^secs_to_jiffies$/, 0, 's'],
  [/^(?:readl|readq|readw|readb|readl_relaxed|readq_relaxed|regmap_read)_poll_timeout(?:_atomic)?$/, -1, 'us'],
  [/^ms_to_ktime$/, 0, 'ms'],
];
const UNIT_WORDS: readonly (readonly [RegExp, Unit])[] = [
  [/^(?:ms|msecs?|milliseconds?)$/i, 'ms'],
  [/^(?:us|usecs?|µs|microseconds?)$/i, 'us'],
  [/^(?:ns|nsecs?|nanoseconds?)$/i, 'ns'],
  [/^(?:s|secs?|seconds?)$/i, 's'],
];

function timesIn(code: string): { readonly value: number; readonly unit: Unit; readonly call: string }[] {
  return [...code.matchAll(/\b(\w+)\s*\(((?:[^()]|\([^()]*\))*)\)/g)].flatMap((match) => {
    const known = TIMES.find(([name]) => name.test(match[1] ?? ''));
    if (known === undefined) return [];
    const args = (match[2] ?? '').split(',').map((one) => one.trim());
    const value = numberIn((known[1] < 0 ? args.at(-1) : args[known[1]]) ?? '');
    return value === null ? [] : [{ value, unit: known[2], call: match[1] ?? '' }];
  });
}

/** “Wait up to 100 ms”, and the same number is given to a call that counts otherwise. */
function otherTime(view: StatedView, sentence: Sentence, lines: readonly Line[]): PatchHit[] {
  if (NOT_NOW.test(sentence.text)) return [];
  const said = [...sentence.text.matchAll(/(?<![\w.])(\d+)\s*([a-zµ]+)\b/gi)].flatMap((match) => {
    const unit = UNIT_WORDS.find(([word]) => word.test(match[2] ?? ''))?.[1];
    return unit === undefined ? [] : [{ value: Number(match[1]), unit }];
  });
  const [one] = said;
  if (one === undefined || said.length !== 1) return [];
  const given = lines.flatMap((line) =>
    line.line.kind === 'add' ? timesIn(line.code).map((time) => ({ line, ...time })) : [],
  );
  const wrong = given.filter((time) => time.value === one.value && time.unit !== one.unit);
  const [at] = wrong;
  if (
    at === undefined ||
    wrong.length !== 1 ||
    given.some((time) => time.value === one.value && time.unit === one.unit)
  )
    return [];
  return hit(
    view,
    UNIT_DIFFERS,
    at.line,
    sentence,
    `the message says ${one.value} ${one.unit}, and ${at.call}() takes ${at.value} as ${at.unit}`,
  );
}

/** “Make it return void”, and the function returns something else. */
function otherType(view: StatedView, sentence: Sentence, lines: readonly Line[]): PatchHit[] {
  const match =
    /\bmakes?\s+(?:(\w+)\(\)|it|this function|the function)\s+return\s+(?:an?\s+)?(void|nothing|bool|boolean|int)\b/i.exec(
      sentence.text,
    );
  if (match === null || NOT_NOW.test(sentence.text)) return [];
  const named = match[1] ?? /\b(\w+)\(\)/.exec(sentence.text)?.[1];
  const wanted =
    ({ nothing: 'void', boolean: 'bool' } as Readonly<Record<string, string>>)[match[2] ?? ''] ?? match[2] ?? '';
  if (named === undefined) return [];
  const head = new RegExp(
    `^(?:static\\s+|inline\\s+|extern\\s+)*(void|bool|int|long|unsigned \\w+|u32|u64|size_t)\\s+${named}\\s*\\(`,
  );
  const at = lines.find(({ line, code }) => line.kind === 'add' && head.test(code));
  const type = at === undefined ? undefined : head.exec(at.code)?.[1];
  const was = lines.find(({ line, code }) => line.kind === 'delete' && head.test(code));
  if (at === undefined || type === undefined || was === undefined || type === wanted) return [];
  return hit(
    view,
    VALUE_DIFFERS,
    at,
    sentence,
    `the message says that ${named}() is made to return ${wanted}, and it returns ${type}`,
  );
}

const RULES = [otherLock, otherNewName, otherDefault, otherDirection, otherRounding, otherTime, otherType] as const;

export const statedOtherwise = (view: StatedView): PatchHit[] => {
  if (view.change.damage.length > 0) return [];
  const lines = linesOf(view);
  if (lines.length === 0) return [];
  return commitSentences(view.message, view.change.diffLine).flatMap((sentence) =>
    RULES.flatMap((rule) => rule(view, sentence, lines)),
  );
};
