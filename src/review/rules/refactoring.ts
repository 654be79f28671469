import { placeOf } from '../../code/file-image';
import type { Expression, Program } from '../../code/types';
import { print, printShort, withoutCasts } from '../../code/walk';
import { primitive } from '../../kernel/primitives';
import type { Place } from '../../place';
import { REFACTOR_CHANGED } from '../catalog-described';
import { movedStatements } from './moved-lines';
import { bareCondition, errnoOf } from './scan';
import type { PatchHit, PatchRule, PatchView } from './types';

const CLAIM =
  /\bno\s+(?:intended\s+)?(?:functional|function|behaviou?ral?|semantic|logic)\s*(?:al)?\s+changes?\b|\bNFC\b|\bno\s+change\s+(?:in|of|to)\s+(?:behaviou?r|functionality)\b|\bwithout\s+(?:any\s+)?(?:functional|behaviou?ral?)\s+changes?\b|\bpure(?:ly)?\s+(?:a\s+)?(?:refactor\w*|renam\w+|mov\w+|clean-?up|code\s+move\w*|mechanical|cosmetic)\b|\bmechanical\s+(?:change|conversion|rename)\b|\bonly\s+renames\b|\b(?:is|are)\s+moved\s+(?:unchanged|as(?:\s+(?:it|they))?\s+(?:is|are))\b|\bunchanged\s+apart\b/i;
const EXCEPTION = /\b(?:except|apart from|besides|other than|aside from|but|minor|only)\b/i;

/** The sentence by which the commit message claims that nothing changes; null when it does not. */
export function claim(view: PatchView): string | null {
  const end = view.change.diffLine ?? view.message.lines.length;
  const body = view.message.lines.slice(view.message.bodyLine - 1, end - 1);
  const stop = body.findIndex((line) => /^---\s*$/.test(line));
  const text = [view.message.subject, ...(stop < 0 ? body : body.slice(0, stop))]
    .filter((line) => !line.startsWith('>'))
    .join(' ');
  for (const sentence of text.split(/(?<=[.!?;:])\s+/))
    if (CLAIM.test(sentence) && !EXCEPTION.test(sentence)) return sentence.trim();
  return null;
}

/** A condition as what it tests and which way round. */
function sense(condition: Expression): { readonly core: string; readonly turned: boolean } {
  let inner = bareCondition(condition);
  let turned = false;
  for (;;) {
    if (inner.kind === 'unary' && inner.operator === '!') {
      turned = !turned;
      inner = bareCondition(inner.operand);
      continue;
    }
    if (inner.kind === 'binary') {
      const zero = (side: Expression): boolean => side.kind === 'number' && side.value === 0;
      if ((inner.operator === '==' || inner.operator === '!=') && zero(withoutCasts(inner.right))) {
        if (inner.operator === '==') turned = !turned;
        inner = bareCondition(inner.left);
        continue;
      }
      const opposite = { '>=': '<', '<=': '>', '!=': '==' }[inner.operator];
      if (opposite !== undefined) return { core: print({ ...inner, operator: opposite }), turned: !turned };
    }
    return { core: print(inner), turned };
  }
}

interface Decision {
  readonly core: string;
  readonly turned: boolean;
  /** What is done at once when it holds, when that is leaving with an error or nothing; null otherwise. */
  readonly leaves: string | null;
  readonly condition: Expression;
  readonly at: Place;
}

/** How one side of a branch leaves at once: `-EINVAL`, `NULL`, `false`; null when it goes on. */
function leaving(program: Program, from: number): string | null {
  const node = program.nodes[from];
  if (node?.kind === 'return') return node.value === null ? 'return' : print(withoutCasts(node.value));
  if (
    node?.kind === 'do' &&
    node.expression.kind === 'assign' &&
    node.expression.operator === '=' &&
    errnoOf(node.expression.value) !== null
  )
    return print(withoutCasts(node.expression.value));
  return null;
}

function decisionsOf(program: Program): Decision[] {
  return program.nodes.flatMap((node): Decision[] => {
    if (node.kind !== 'branch' || node.loop) return [];
    return [{ ...sense(node.condition), leaves: leaving(program, node.then), condition: node.condition, at: node.at }];
  });
}

/** The decisions that a core is decided by once, and no more: only those can be paired. */
function single(decisions: readonly Decision[]): ReadonlyMap<string, Decision> {
  const counts = new Map<string, number>();
  for (const one of decisions) counts.set(one.core, (counts.get(one.core) ?? 0) + 1);
  return new Map(decisions.filter((one) => counts.get(one.core) === 1).map((one) => [one.core, one]));
}

function report(at: Place, file: string, name: string, message: string, said: string): PatchHit {
  return {
    rule: REFACTOR_CHANGED,
    at,
    message,
    why: [{ text: `the commit message says: ${said.length > 90 ? `${said.slice(0, 89)}…` : said}`, reference: null }],
    related: [],
    file,
    function: name,
  };
}

/** Conditions turned round and errors exchanged between the program before and after. */
function comparePrograms(view: PatchView, said: string): PatchHit[] {
  const hits: PatchHit[] = [];
  for (const touched of view.after.touched) {
    const { program } = touched;
    if (program === null) continue;
    const before = touched.before();
    if (before === null) continue;
    const old = single(decisionsOf(before));
    for (const [core, now] of single(decisionsOf(program))) {
      const then = old.get(core);
      if (then === undefined || then.leaves === null || now.leaves === null) continue;
      if (then.leaves === now.leaves && then.turned !== now.turned && /^-E|^NULL$|^ERR_PTR/.test(now.leaves))
        hits.push(
          report(
            now.at,
            touched.file,
            touched.name,
            `${printShort(then.condition)} led to ${now.leaves} before, and ${printShort(now.condition)} does now`,
            said,
          ),
        );
      else if (
        then.turned === now.turned &&
        then.leaves !== now.leaves &&
        /^-E[A-Z]+$/.test(then.leaves) &&
        /^-E[A-Z]+$/.test(now.leaves)
      )
        hits.push(
          report(
            now.at,
            touched.file,
            touched.name,
            `${printShort(now.condition)} gave ${then.leaves} before, and gives ${now.leaves} now`,
            said,
          ),
        );
    }
  }
  return hits;
}

const KEPT = new Set(['unlock', 'lock', 'release', 'free', 'unmap', 'flush', 'detach', 'check']);

/** Calls of known effect that the patch takes out and puts in nowhere. */
function lostEffects(view: PatchView, said: string): PatchHit[] {
  const hits: PatchHit[] = [];
  const calls = (text: string): string[] => [...text.matchAll(/\b([a-z_]\w*)\s*\(/g)].map((match) => match[1] ?? '');
  const addedCalls = new Set<string>();
  let managed = false;
  for (const file of view.change.files)
    for (const line of file.hunks.flatMap((hunk) => hunk.lines)) {
      if (line.kind !== 'add') continue;
      for (const name of calls(line.text)) addedCalls.add(name);
      if (/\bdevm_|\bguard\(|__free\(|scoped_|\bDEFINE_|goto\s|foreach|for_each/.test(line.text)) managed = true;
    }
  if (managed) return hits;
  const gone = new Set(view.after.touched.filter((touched) => touched.removed).map((touched) => touched.name));
  const reported = new Set<string>();
  for (const file of view.change.files) {
    if (!/\.c$/.test(file.path)) continue;
    for (const line of file.hunks.flatMap((hunk) => hunk.lines)) {
      if (line.kind !== 'delete' || /^\s*(?:\*|\/\*|\/\/|#)/.test(line.text)) continue;
      for (const name of calls(line.text)) {
        const known = primitive(name);
        if (known === null || !KEPT.has(known.kind) || addedCalls.has(name) || gone.has(name) || reported.has(name))
          continue;
        // A sibling that does the same, under a longer or shorter name.
        if ([...addedCalls].some((other) => related(other, name))) continue;
        // Inside a function that goes with all its lines.
        const holder = view.after.touched.find((touched) => touched.removed && touched.file === file.path);
        if (holder !== undefined) continue;
        reported.add(name);
        hits.push(
          report(
            placeOf(line, view.change.message),
            file.path,
            functionAt(view, file.path, line.line) ?? '',
            `${name}() is taken out, and nothing that the patch adds does it`,
            said,
          ),
        );
      }
    }
  }
  return hits;
}

/** `mutex_lock` and `mutex_lock_interruptible`, `iommu_unmap` and `__iommu_unmap`: the same deed. */
function related(one: string, other: string): boolean {
  const bare = (name: string): string => name.replace(/^_+/, '');
  const [a, b] = [bare(one), bare(other)];
  if (a.includes(b) || b.includes(a)) return true;
  const verb = (name: string): string | null =>
    /unlock|lock|free|unmap|flush|put|release|detach|disable|destroy|unregister|remove|iotlb|sync/.exec(name)?.[0] ??
    null;
  return verb(a) !== null && verb(a) === verb(b);
}

function functionAt(view: PatchView, path: string, line: number): string | null {
  let best: string | null = null;
  for (const touched of view.after.touched)
    if (touched.file === path && touched.at.kind === 'message' && touched.at.line <= line) best = touched.name;
  return best;
}

/** Statements that moved, or were wrapped anew, and came out otherwise. */
export function movedUnlike(view: PatchView, said = claim(view)): PatchHit[] {
  if (said === null) return [];
  return movedStatements(view.change).map((one) => ({
    ...report(
      one.at,
      one.file,
      (one.at.kind === 'message' ? functionAt(view, one.file, one.at.line) : null) ?? '',
      one.now === ''
        ? `${one.then} is gone from what was ${one.text.slice(0, 60)} before`
        : one.then === ''
          ? `${one.now} is put into what moved: ${one.text.slice(0, 60)}`
          : `${one.then} was there before, and ${one.now} is now: ${one.text.slice(0, 60)}`,
      said,
    ),
    related: [{ at: one.before, message: 'stood here' }],
  }));
}

/** A patch that says it changes nothing does nothing else than before. */
export const refactoringRule: PatchRule = (view) => {
  const said = claim(view);
  if (said === null) return [];
  const hits = [...comparePrograms(view, said), ...lostEffects(view, said)];
  const told = new Set(hits.map((hit) => (hit.at.kind === 'message' ? hit.at.line : 0)));
  return [...hits, ...movedUnlike(view, said).filter((hit) => hit.at.kind !== 'message' || !told.has(hit.at.line))];
};
