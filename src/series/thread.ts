/**
 * Which mails make a series. In: the keys of all mails at hand, in any order. Out: groups; each mail is in exactly one.
 * Decided by threads (In-Reply-To, References) and by `[PATCH vN k/n]`, never by position, except for mails that carry no Message-ID.
 */
import type { MailKey } from './mail';

export interface GroupedPatch {
  /** `k` of `k/n`. */
  readonly index: number;
  /** Position in the keys. */
  readonly mail: number;
  /** Positions of the answers, oldest first. */
  readonly replies: readonly number[];
}

export interface MailGroup {
  readonly version: number;
  readonly total: number;
  readonly cover: number | null;
  readonly patches: readonly GroupedPatch[];
  /** Answers to the cover, and mails that no single patch can claim, oldest first. */
  readonly discussion: readonly number[];
  readonly damage: readonly { readonly code: string; readonly message: string; readonly mail: number | null }[];
}

/** Patches of one series posted without threading lie at most this far apart. */
const POSTING = 2 * 24 * 3600 * 1000;

/** Groups mails into series; threads without a patch come out as groups without patches. In order of their first mail. */
export function groupMails(keys: readonly MailKey[]): MailGroup[] {
  const byId = new Map<string, number>();
  const doubles: number[] = [];
  keys.forEach((key, i) => {
    if (key.id === '') return;
    if (byId.has(key.id)) doubles.push(i);
    else byId.set(key.id, i);
  });
  const doubled = new Set(doubles);
  const isPatch = (i: number): boolean => {
    const key = keys[i];
    return key !== undefined && !key.reply && !doubled.has(i) && (key.tag !== null || key.hasDiff);
  };
  const buckets = mergeUnthreaded(keys, threadPatches(keys, byId, isPatch));
  return buildGroups(keys, byId, doubles, isPatch, buckets);
}

function numbering(key: MailKey | undefined): { version: number; index: number; total: number } {
  return key?.tag ?? { version: 1, index: 1, total: 1 };
}

/** Ids of the mails a mail answers, nearest first. */
function ancestors(key: MailKey): string[] {
  const ids = [...key.references].reverse();
  return key.inReplyTo !== null && ids[0] !== key.inReplyTo ? [key.inReplyTo, ...ids] : ids;
}

/** Buckets of patch mails that threads hold together: same version and total, and a common ancestor. */
function threadPatches(
  keys: readonly MailKey[],
  byId: ReadonlyMap<string, number>,
  isPatch: (i: number) => boolean,
): number[][] {
  const union = createUnion();
  keys.forEach((key, i) => {
    if (!isPatch(i)) return;
    union.find(`#${i}`);
    const mine = numbering(key);
    const alone = mine.total === 1 && mine.index === 1;
    const label = `${mine.version}/${mine.total}`;
    let orphan: string | null = null;
    for (const id of ancestors(key)) {
      const parent = byId.get(id);
      if (parent === i) continue;
      if (parent === undefined) orphan ??= id;
      else if (isPatch(parent)) {
        const theirs = numbering(keys[parent]);
        if (theirs.version !== mine.version || theirs.total !== mine.total) continue;
        if (alone && theirs.index !== 0) continue;
        union.join(`#${i}`, `#${parent}`);
        orphan = null;
        break;
      }
    }
    // The mail they all answer is not at hand.
    if (orphan !== null && !alone) union.join(`#${i}`, `${label} ${orphan}`);
    if (key.id !== '' && !alone) union.join(`#${i}`, `${label} ${key.id}`);
  });
  const buckets = new Map<string, number[]>();
  keys.forEach((_, i) => {
    if (!isPatch(i)) return;
    const root = union.find(`#${i}`);
    const bucket = buckets.get(root);
    if (bucket) bucket.push(i);
    else buckets.set(root, [i]);
  });
  return [...buckets.values()];
}

/** Joins what was posted without threading: same sender, version and total, parts that complete each other, near in time. */
function mergeUnthreaded(keys: readonly MailKey[], buckets: readonly number[][]): number[][] {
  const order = [...buckets].sort((a, b) => timeOf(keys, a) - timeOf(keys, b) || (a[0] ?? 0) - (b[0] ?? 0));
  const open = new Map<string, number[][]>();
  const out: number[][] = [];
  for (const bucket of order) {
    const key = keys[bucket[0] ?? -1];
    const mine = numbering(key);
    const label = `${mine.version}/${mine.total}/${key?.sender ?? ''}`;
    const partial =
      key?.tag != null && (mine.total > 1 || mine.index === 0 || bucket.length === 1) && !isWhole(keys, bucket);
    const host = partial ? (open.get(label) ?? []).find((other) => fits(keys, other, bucket)) : undefined;
    if (host) {
      for (const i of bucket) host.push(i);
      continue;
    }
    const copy = [...bucket];
    out.push(copy);
    if (partial || (mine.total === 1 && mine.index === 0))
      open.set(label, [...(open.get(label) ?? []), copy].slice(-8));
  }
  return out;
}

function isWhole(keys: readonly MailKey[], bucket: readonly number[]): boolean {
  const numbers = new Set(bucket.map((i) => numbering(keys[i]).index));
  const { total } = numbering(keys[bucket[0] ?? -1]);
  if (total === 1) return numbers.has(1) && numbers.has(0);
  for (let k = 0; k <= total; k++) if (!numbers.has(k)) return false;
  return true;
}

function fits(keys: readonly MailKey[], host: readonly number[], guest: readonly number[]): boolean {
  const { total } = numbering(keys[host[0] ?? -1]);
  const taken = new Map(host.map((i) => [numbering(keys[i]).index, keys[i]?.title]));
  // Two single patches are two series.
  if (total === 1 && !taken.has(0) && !guest.some((i) => numbering(keys[i]).index === 0)) return false;
  for (const i of guest) {
    const key = keys[i];
    const { index } = numbering(key);
    if (taken.has(index) && (key?.id !== '' || taken.get(index) !== key.title)) return false;
  }
  const bare = [...host, ...guest].every((i) => keys[i]?.id === '');
  return bare || Math.abs(timeOf(keys, host) - timeOf(keys, guest)) <= POSTING;
}

/** Bare files keep their order; mails go by date. */
function timeOf(keys: readonly MailKey[], bucket: readonly number[]): number {
  let time = Number.POSITIVE_INFINITY;
  for (const i of bucket) {
    const key = keys[i];
    if (key && key.id !== '' && key.date !== null) time = Math.min(time, key.date);
  }
  return time === Number.POSITIVE_INFINITY ? 0 : time;
}

function buildGroups(
  keys: readonly MailKey[],
  byId: ReadonlyMap<string, number>,
  doubles: readonly number[],
  isPatch: (i: number) => boolean,
  buckets: readonly number[][],
): MailGroup[] {
  const bucketOf = new Map<number, number>();
  buckets.forEach((bucket, b) => {
    for (const i of bucket) bucketOf.set(i, b);
  });
  const targetOf = createTargets(keys, byId, isPatch);
  const loose = createUnion();
  const repliesTo = new Map<number, number[]>();
  const rest: number[] = [];
  keys.forEach((key, i) => {
    if (isPatch(i)) return;
    const target = targetOf(i);
    if (target !== null) {
      const replies = repliesTo.get(target);
      if (replies) replies.push(i);
      else repliesTo.set(target, [i]);
    } else {
      rest.push(i);
      loose.find(`#${i}`);
      loose.join(`#${i}`, key.id === '' ? `=${key.title}` : `<${key.id}>`);
      for (const id of ancestors(key)) loose.join(`#${i}`, `<${id}>`);
    }
  });
  const byDate = (a: number, b: number): number => (keys[a]?.date ?? 0) - (keys[b]?.date ?? 0) || a - b;
  const groups = buckets.map((bucket) => buildSeries(keys, bucket, repliesTo, byDate));
  const threads = new Map<string, number[]>();
  for (const i of rest) {
    const root = loose.find(`#${i}`);
    const thread = threads.get(root);
    if (thread) thread.push(i);
    else threads.set(root, [i]);
  }
  for (const thread of threads.values()) {
    const tag = keys[thread.toSorted(byDate)[0] ?? -1]?.tag ?? null;
    groups.push({
      version: tag?.version ?? 1,
      total: tag?.total ?? 0,
      cover: null,
      patches: [],
      discussion: thread.toSorted(byDate),
      damage: [],
    });
  }
  const placed = groups.map((group) => ({ group, first: firstMail(group) })).sort((a, b) => a.first - b.first);
  const owner = new Map<number, number>();
  placed.forEach(({ group }, g) => {
    for (const i of mailsOf(group)) owner.set(i, g);
  });
  const extra = new Map<number, number[]>();
  for (const i of doubles) {
    const g = owner.get(byId.get(keys[i]?.id ?? '') ?? -1);
    if (g !== undefined) extra.set(g, [...(extra.get(g) ?? []), i]);
  }
  return placed.map(({ group }, g) => ({
    ...group,
    damage: [
      ...group.damage,
      ...(extra.get(g) ?? []).map((mail) => ({
        code: 'duplicate-message',
        message: `The same mail stands here more than once: “${keys[mail]?.title ?? ''}”.`,
        mail: byId.get(keys[mail]?.id ?? '') ?? null,
      })),
    ],
  }));
}

function buildSeries(
  keys: readonly MailKey[],
  bucket: readonly number[],
  repliesTo: ReadonlyMap<number, readonly number[]>,
  byDate: (a: number, b: number) => number,
): MailGroup {
  const { version, total } = numbering(keys[bucket[0] ?? -1]);
  const damage: { code: string; message: string; mail: number | null }[] = [];
  const parts = new Map<number, number>();
  const discussion: number[] = [];
  for (const i of [...bucket].sort(byDate)) {
    const { index } = numbering(keys[i]);
    if (!parts.has(index)) parts.set(index, i);
    else {
      discussion.push(i);
      damage.push({
        code: 'duplicate-part',
        message: `Part ${index}/${total} stands here more than once; the first one is reviewed.`,
        mail: i,
      });
      for (const reply of repliesTo.get(i) ?? []) discussion.push(reply);
    }
  }
  const cover = parts.get(0) ?? null;
  if (cover !== null) for (const reply of repliesTo.get(cover) ?? []) discussion.push(reply);
  const patches = [...parts]
    .filter(([index]) => index > 0)
    .sort((a, b) => a[0] - b[0])
    .map(([index, mail]) => ({ index, mail, replies: [...(repliesTo.get(mail) ?? [])].sort(byDate) }));
  const missing: number[] = [];
  for (let k = 1; k <= total; k++) if (!parts.has(k)) missing.push(k);
  if (missing.length > 0)
    damage.push({
      code: 'missing-part',
      message: `${missing.length === 1 ? 'Part' : 'Parts'} ${ranges(missing)} of ${total} ${missing.length === 1 ? 'is' : 'are'} missing.`,
      mail: cover ?? patches[0]?.mail ?? null,
    });
  for (const patch of patches)
    if (patch.index > total)
      damage.push({
        code: 'part-beyond-total',
        message: `Part ${patch.index} is beyond the ${total} parts the series says it has.`,
        mail: patch.mail,
      });
  return { version, total, cover, patches, discussion: discussion.sort(byDate), damage };
}

/** Which patch mail a mail answers: by its ancestors, else by the subject it quotes; null when neither says. */
function createTargets(
  keys: readonly MailKey[],
  byId: ReadonlyMap<string, number>,
  isPatch: (i: number) => boolean,
): (i: number) => number | null {
  const bySubject = new Map<string, number | null>();
  const subjectKey = (key: MailKey): string | null =>
    key.tag === null ? null : `${key.tag.version}|${key.tag.index}/${key.tag.total}|${key.title.toLowerCase()}`;
  keys.forEach((key, i) => {
    const subject = isPatch(i) ? subjectKey(key) : null;
    if (subject !== null) bySubject.set(subject, bySubject.has(subject) ? null : i);
  });
  const known = new Map<number, number | null>();
  return (start) => {
    const path: number[] = [];
    const seen = new Set<number>();
    let at: number | null = start;
    let found: number | null = null;
    while (at !== null && !seen.has(at)) {
      if (known.has(at)) {
        found = known.get(at) ?? null;
        break;
      }
      if (isPatch(at)) {
        found = at;
        break;
      }
      seen.add(at);
      path.push(at);
      const key: MailKey | undefined = keys[at];
      const here: number = at;
      // A second copy of a mail goes where the first one goes.
      const own: number | undefined = key && key.id !== '' ? byId.get(key.id) : undefined;
      const parent: number | undefined =
        own !== undefined && own !== here
          ? own
          : key &&
            ancestors(key)
              .map((id) => byId.get(id))
              .find((i) => i !== undefined && i !== here);
      at = parent ?? null;
    }
    if (found === null) {
      const key = keys[start];
      const subject = key?.reply ? subjectKey(key) : null;
      found = subject === null ? null : (bySubject.get(subject) ?? null);
      known.set(start, found);
    } else for (const i of path) known.set(i, found);
    return found;
  };
}

function mailsOf(group: MailGroup): number[] {
  return [
    ...(group.cover === null ? [] : [group.cover]),
    ...group.patches.flatMap((patch) => [patch.mail, ...patch.replies]),
    ...group.discussion,
  ];
}

function firstMail(group: MailGroup): number {
  return mailsOf(group).reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
}

/** `2, 5–7` of 2, 5, 6, 7. */
function ranges(numbers: readonly number[]): string {
  const pieces: string[] = [];
  for (let i = 0; i < numbers.length; ) {
    let j = i;
    while (j + 1 < numbers.length && numbers[j + 1] === (numbers[j] ?? 0) + 1) j++;
    pieces.push(
      i === j ? `${numbers[i]}` : j === i + 1 ? `${numbers[i]}, ${numbers[j]}` : `${numbers[i]}–${numbers[j]}`,
    );
    i = j + 1;
  }
  return pieces.join(', ');
}

function createUnion(): { find(item: string): string; join(a: string, b: string): void } {
  const parent = new Map<string, string>();
  const find = (item: string): string => {
    let root = item;
    for (let up = parent.get(root); up !== undefined && up !== root; up = parent.get(root)) root = up;
    let at = item;
    while (at !== root) {
      const up = parent.get(at) ?? root;
      parent.set(at, root);
      at = up;
    }
    if (!parent.has(root)) parent.set(root, root);
    return root;
  };
  return { find, join: (a, b) => void parent.set(find(a), find(b)) };
}
