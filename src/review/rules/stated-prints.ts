import type { SourceLine } from '../../code/types';
import { COMMENT_COPIED, PRINT_MISSING } from '../catalog-stated';
import { commitSentences } from '../described/above-cut';
import { statedHit } from './stated-hit';
import { commentText, isAddedBy, type StatedFunction, type StatedView, statedFunctions } from './stated-text';
import type { PatchHit } from './types';

/** What this patch does, in the imperative or of itself: “print a warning”, “so warn if …”, “… is logged now”. */
const PRINTS =
  /(?:^|[,;:]\s+|\b(?:and|so|therefore|hence|then|instead|also|this patch|this commit|now)\s+)(?:just |simply |only |at least |also |then )*(?:prints?|emits?|logs?|outputs?|adds?)\s+(?:out\s+)?(?:a|an|the|one|some)\s+(?:\w+\s+){0,2}?(?:warnings?|messages?|notices?|errors? messages?)\b|(?:^|[,;:]\s+|\b(?:and|so|therefore|hence)\s+)(?:warn|complain)\s+(?:if|when|about|once|in case)\b/i;
const NOT_NOW =
  /\b(?:will|would|currently|was|were|had|previously|used to|already|before|instead of|rather than|avoid|remove|drop|silence|suppress|no longer|not|never|without|stop|lockdep|compiler|gcc|clang|sparse|smatch|kernel test|builds?|boot|fix|get|got|see|seen|saw|observed|triggers?|following|trace|QEMU|userspace|commit|qemu)\b/i;
const PRINTED =
  /\b(?:pr_\w+|\w*(?:dev|netdev|pci|kvm|vcpu|iommu|drm|hid|dmar|x86)_(?:warn|err|info|notice|dbg|debug|emerg|crit|printk)\w*|printk\w*|WARN\w*|panic|seq_(?:printf|puts)|trace_\w+|printf|fprintf|BUG\w*|\w*(?:warn|print|log|report|dump|msg|complain|taint|err|add_taint|notice)\w*)\s*\(/i;

/** “… so print a warning”, and the patch adds no line that prints. */
function printMissing(view: StatedView): PatchHit[] {
  const { change } = view;
  if (change.damage.length > 0) return [];
  const added = change.files.flatMap((file) =>
    file.hunks.flatMap((hunk) => hunk.lines.filter((line) => line.kind === 'add').map((line) => line.text)),
  );
  if (
    added.length === 0 ||
    added.some((text) => PRINTED.test(text)) ||
    !change.files.some((file) => /\.c$/.test(file.path))
  )
    return [];
  return commitSentences(view.message, change.diffLine).flatMap((sentence): PatchHit[] => {
    // Titles of other commits, and what is quoted, are not what this patch does.
    const text = sentence.text.replace(/"[^"]*"|\([^()]*\)/g, ' ');
    const match = PRINTS.exec(text);
    if (match === null || NOT_NOW.test(text.slice(match.index))) return [];
    // The one new function, or the one function changed.
    const fit = statedFunctions(view);
    const one = fit.length === 1 ? fit[0] : undefined;
    const line = one?.head.at(-1) ?? null;
    if (one === undefined || line === null) return [];
    const at = one.body.find((each) => isAddedBy(each, change.message)) ?? line;
    const start: SourceLine = isAddedBy(line, change.message) ? line : at;
    return statedHit(view, {
      rule: PRINT_MISSING,
      at: start,
      file: one.file,
      function: one.name,
      message: `the message promises a printed line, and the patch adds none: ${one.name}() stays silent`,
      said: { text: sentence.text, at: { kind: 'message', added: false, ...sentence.at } },
    });
  });
}

/** Deeds and their contraries, as names have them. */
const CONTRARIES: readonly (readonly [string, string])[] = [
  ['map', 'unmap'],
  ['attach', 'detach'],
  ['enable', 'disable'],
  ['register', 'unregister'],
  ['lock', 'unlock'],
  ['mask', 'unmask'],
  ['pin', 'unpin'],
  ['bind', 'unbind'],
  ['alloc', 'free'],
  ['set', 'clear'],
  ['get', 'put'],
  ['add', 'remove'],
  ['save', 'restore'],
  ['read', 'write'],
  ['load', 'unload'],
  ['link', 'unlink'],
  ['block', 'unblock'],
];
const FORMS: Readonly<Record<string, string>> = {
  map: 'map(?:s|ped|ping)?',
  pin: 'pin(?:s|ned|ning)?',
  get: 'get(?:s|ting)?',
  set: 'set(?:s|ting)?',
  put: 'put(?:s|ting)?',
  alloc: 'alloc(?:ate[sd]?|ating|ation)?',
  free: 'free[sd]?|freeing',
};
const formOf = (verb: string): RegExp =>
  new RegExp(`\\b(?:${FORMS[verb] ?? `${verb.replace(/e$/, '')}(?:e|es|ed|s|ing|d)?`})\\b`, 'i');
const partOf = (name: string, verb: string): boolean => name.split('_').includes(verb);

/** A line of kernel-doc taken over word for word from the contrary function, which speaks of what that one does. */
function commentCopied(view: StatedView, all: readonly StatedFunction[], one: StatedFunction): PatchHit[] {
  if (!/^\s*\/\*\*/.test(one.comment[0]?.text ?? '')) return [];
  for (const [deed, contrary] of CONTRARIES)
    for (const [own, foreign] of [
      [deed, contrary],
      [contrary, deed],
    ] as const) {
      if (!partOf(one.name, own) || partOf(one.name, foreign)) continue;
      const other = all.find(
        (each) =>
          each.name ===
            one.name
              .split('_')
              .map((part) => (part === own ? foreign : part))
              .join('_') && each.comment.length > 0,
      );
      if (other === undefined) continue;
      const theirs = new Set(other.comment.map((line) => line.text.trim()));
      const line = one.comment.find(
        (each) =>
          isAddedBy(each, view.change.message) &&
          each.text.trim().length > 12 &&
          theirs.has(each.text.trim()) &&
          new RegExp(
            `\\b(?:for|of|during|before|after|by|the|to)\\s+(?:the\\s+)?(?:${formOf(foreign).source})`,
            'i',
          ).test(each.text.replace(/^\s*\*?\s*@\w+\s*:/, '')) &&
          !formOf(own).test(each.text.replace(/@\w+/g, '')) &&
          /\boperations?\b|\bon (?:success|failure)\b|\bfunction\b|\brequest\b|\bto be\b/i.test(each.text),
      );
      if (line === undefined) continue;
      return statedHit(view, {
        rule: COMMENT_COPIED,
        at: line,
        file: one.file,
        function: one.name,
        message: `the comment of ${one.name}() speaks of what ${other.name}() does: “${commentText([line])}”`,
        said: { text: commentText([line]), at: line.at },
      });
    }
  return [];
}

/** A message that is promised and not printed; a comment that is the contrary function's. */
export function statedPrints(view: StatedView): PatchHit[] {
  const all = statedFunctions(view);
  return [...printMissing(view), ...all.flatMap((one) => commentCopied(view, all, one))];
}
