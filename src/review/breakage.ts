import type { Change } from '../patch/types';
import type { MessagePlace } from '../place';
import { narrate } from '../scenario/narrate';
import type { Series } from '../series/types';
import { BROKEN_BETWEEN, GAP, INVARIANT_RULES, LEFT_ON_ERROR, OUT_OF_BOUNDS, type Rule } from './catalog';
import { hunkLineAt, patchOf, spanOf } from './spans';
import type { Finding, Reason } from './types';
import { type Broken, blameOf, breakageKey, isLeftBehind } from './violations';

/** One breakage over all prefixes: where it came, where it went. */
interface Life {
  readonly first: Broken;
  readonly last: Broken;
  readonly fixedBy: number | null;
}

/**
 * Follows each breakage over the prefixes. `prefixes[k]` holds what is broken after k patches (0: the base). What the base
 * broke in the same way, with the same values, is not the series' and is left out.
 */
function lives(prefixes: readonly (readonly Broken[])[], mayBeTheirs: (broken: Broken) => boolean): Life[] {
  const base = new Set((prefixes[0] ?? []).map((broken) => `${breakageKey(broken)}|${broken.violation.message}`));
  const open = new Map<string, { first: Broken; last: Broken }>();
  const done: Life[] = [];
  for (let prefix = 1; prefix < prefixes.length; prefix++) {
    const now = new Map<string, Broken>();
    for (const broken of prefixes[prefix] ?? []) {
      const key = breakageKey(broken);
      if (!base.has(`${key}|${broken.violation.message}`) && mayBeTheirs(broken)) now.set(key, now.get(key) ?? broken);
    }
    for (const [key, life] of open)
      if (!now.has(key)) {
        open.delete(key);
        done.push({ ...life, fixedBy: prefix });
      }
    for (const [key, broken] of now) {
      const life = open.get(key);
      open.set(key, { first: life?.first ?? broken, last: broken });
    }
  }
  for (const life of open.values()) done.push({ ...life, fixedBy: null });
  return done;
}

/** Of several rules that speak at one line, the one that says most. */
const RANK = [INVARIANT_RULES.I4, INVARIANT_RULES.I1, INVARIANT_RULES.I7, INVARIANT_RULES.I2, LEFT_ON_ERROR];

function rank(rule: Rule): number {
  const index = RANK.indexOf(rule);
  return index < 0 ? RANK.length : index;
}

const SHORT = 80;

/** Cuts a sentence to what fits behind a line. */
export function shorten(text: string): string {
  return text.length <= SHORT ? text : `${text.slice(0, SHORT - 1).trimEnd()}…`;
}

interface Group {
  readonly rule: Rule;
  readonly place: MessagePlace;
  readonly lives: Life[];
}

/** The rule that speaks for a breakage. What only a failing call leaves behind is an error path's fault. */
function ruleFor({ invariant, trace, violation }: Broken): Rule {
  if (invariant === 'I12') return BROKEN_BETWEEN;
  if (violation.form === 'bounds') return OUT_OF_BOUNDS;
  if (violation.form === 'gap') return GAP;
  if ((trace.injected !== null || violation.onError === true) && (invariant === 'I2' || invariant === 'I7'))
    return LEFT_ON_ERROR;
  return INVARIANT_RULES[invariant];
}

/**
 * Breakages → findings: one per class and line, however many scenarios and machines show it; the earliest prefix's trace
 * stands for all. Where no line of the series took part, only a scenario that held on the base (`held`) makes it the series'
 * doing; then `fallback` gives the line of the patch to point at. What the administrator accepted (`accepted`) is for information.
 */
export function breakageFindings(
  series: Series,
  changes: readonly Change[],
  prefixes: readonly (readonly Broken[])[],
  held: (broken: Broken) => boolean,
  accepted: (broken: Broken) => boolean,
  fallback: (broken: Broken) => MessagePlace | null,
  functionAt: (place: MessagePlace) => string | null,
): Finding[] {
  const blame = (broken: Broken) =>
    blameOf(broken.trace, broken.violation, series.patches[broken.prefix - 1]?.message ?? -1).place;
  const groups = new Map<string, Group>();
  for (const life of lives(prefixes, (broken) => held(broken) || blame(broken) !== null)) {
    const place = blame(life.first) ?? fallback(life.first);
    if (place === null) continue;
    const rule = ruleFor(life.first);
    // What is left behind with and without a failing call, blamed on one line, is one defect: the plain run speaks for it.
    const what = isLeftBehind(life.first)
      ? 'left behind'
      : `${rule.class}|${life.fixedBy === null ? 'open' : 'repaired'}`;
    const key = `${what}|${place.message}|${place.line}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { rule, place, lives: [life] });
    else {
      group.lives.push(life);
      if (rank(rule) < rank(group.rule)) groups.set(key, { ...group, rule });
    }
  }
  return [...groups.values()].map((group) => findingOf(series, changes, group, accepted, functionAt));
}

function findingOf(
  series: Series,
  changes: readonly Change[],
  { rule, place, lives: all }: Group,
  accepted: (broken: Broken) => boolean,
  functionAt: (place: MessagePlace) => string | null,
): Finding {
  const speaks = (life: Life) => (ruleFor(life.first) === rule ? 0 : 1);
  const life = [...all].sort(
    (a, b) =>
      speaks(a) - speaks(b) ||
      Number(a.fixedBy !== null) - Number(b.fixedBy !== null) ||
      a.first.prefix - b.first.prefix ||
      a.first.trace.events.length - b.first.trace.events.length,
  )[0];
  if (life === undefined) throw new Error('a group of breakages is never empty');
  const { first } = life;
  // Repaired is what no scenario shows any more; one that cannot show it at some prefix proves nothing.
  const fixedBy = all.some((one) => one.fixedBy === null) ? null : Math.max(...all.map((one) => one.fixedBy ?? 0));
  const patch = patchOf(series, place.message);
  const change = changes[series.patches.findIndex((p) => p.index === patch)];
  const where = hunkLineAt(change, place.line);
  const between = fixedBy !== null && rule !== GAP;
  const tolerated = all.every((one) => accepted(one.first));
  const total = series.total;
  const message = between
    ? `${first.violation.message}; from ${first.prefix}/${total} until ${fixedBy}/${total} repairs it`
    : first.violation.message;
  const seen = [...new Set(all.map((l) => `${l.first.scenario} on ${l.first.machine}`))];
  const why: Reason[] = [...first.violation.why];
  if (tolerated)
    why.push({
      text: 'the administrator allowed unsafe interrupts in this scenario: the risk is accepted, not absent',
      reference: 'vfio_iommu_type1 allow_unsafe_interrupts',
    });
  if (first.trace.injected !== null)
    why.unshift({ text: `tried with ${first.trace.injected} made to fail`, reference: null });
  why.push({
    text: `shown by ${seen.slice(0, 3).join(', ')}${seen.length > 3 ? ` and ${seen.length - 3} more` : ''}`,
    reference: null,
  });
  const related = first.violation.causes
    .map((i) => first.trace.events[i])
    .flatMap((event) => {
      const at = spanOf(event?.at);
      return event === undefined || at === null || (at.message === place.message && at.line === place.line)
        ? []
        : [{ at, patch: patchOf(series, at.message), message: event.text }];
    });
  return {
    id: `${between ? BROKEN_BETWEEN.id : rule.id}:${patch}:${place.line}`,
    rule: between ? BROKEN_BETWEEN.id : rule.id,
    title: between ? `${rule.title}, between ${first.prefix}/${total} and ${fixedBy}/${total}` : rule.title,
    class: between ? BROKEN_BETWEEN.class : rule.class,
    severity: tolerated ? 'info' : between ? BROKEN_BETWEEN.severity : rule.severity,
    message,
    short: shorten(between ? `${rule.title.toLowerCase()} · fixed by ${fixedBy}/${total}` : first.violation.message),
    patch,
    file: where?.file.path ?? null,
    function:
      first.trace.events.find(
        (e) => e.at?.kind === 'message' && e.at.message === place.message && e.at.line === place.line,
      )?.function ?? functionAt(place),
    fileLine: where?.hunkLine.newLine ?? null,
    at: {
      message: place.message,
      line: place.line,
      column: place.column,
      endLine: place.endLine,
      endColumn: place.endColumn,
    },
    related: related.filter(
      (r, i) => related.findIndex((o) => o.at.message === r.at.message && o.at.line === r.at.line) === i,
    ),
    why,
    state: narrate(first.trace, first.violation.event),
    trace: first.trace.id,
    introducedBy: first.prefix,
    fixedBy,
    evidence: 'full',
  };
}
