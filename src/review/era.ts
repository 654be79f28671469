/**
 * Which kernel a series is written against, and the built-in design of that era. In: the changes, the mails' dates. Out: a design with
 * the evidence. Evidence, best first: names, arities and fields on lines that were there before the series, the files it changes, the
 * date of the mails. What the series itself adds is no evidence of what it starts from.
 */
import { designs } from '../host/designs/index';
import {
  isOf2016,
  type Lifetime,
  lifetimeOfCall,
  lifetimeOfName,
  lifetimeOfPath,
  type Version,
  versionAt,
  versionName,
} from '../kernel/releases';
import type { Era } from '../kernel/stages';
import type { Change } from '../patch/types';
import type { Series } from '../series/types';

export interface EraChoice {
  readonly design: string;
  readonly because: string;
}

/** A bound on the version, and what shows it. */
interface Bound {
  readonly version: Version;
  readonly shownBy: string;
}

interface Seen {
  /** The youngest thing that was there before: the tree is at least that new. */
  readonly since: Bound | null;
  /** The first thing to go that was still there: the tree is older than that. */
  readonly until: Bound | null;
  /** Words on lines that were there before the series, and are not its own. */
  readonly words: ReadonlySet<string>;
}

const WORD = /[A-Za-z_]\w{3,}/g;

/** How many arguments a call on this line has; null when it does not close on the line. */
function argumentsAt(text: string, open: number): number | null {
  let depth = 0;
  let count = 1;
  for (let i = open; i < text.length; i++) {
    const unit = text[i];
    if (unit === '(') depth++;
    else if (unit === ')') {
      if (--depth === 0) return i === open + 1 ? 0 : count;
    } else if (unit === ',' && depth === 1) count++;
  }
  return null;
}

function look(changes: readonly Change[]): Seen {
  let since: Bound | null = null;
  let until: Bound | null = null;
  const note = (lifetime: Lifetime | null, shownBy: string): void => {
    if (lifetime === null) return;
    if (lifetime.since !== null && (since === null || lifetime.since > since.version))
      since = { version: lifetime.since, shownBy };
    if (lifetime.until !== null && (until === null || lifetime.until < until.version))
      until = { version: lifetime.until, shownBy };
  };
  const words = new Set<string>();
  /** Words that first stood on an added line: the series' own. */
  const own = new Set<string>();
  const old = (text: string): void => {
    // A comment may speak of anything.
    if (/^\s*(?:\*|\/\*|\/\/)/.test(text)) return;
    for (const match of text.matchAll(WORD)) {
      const word = match[0];
      if (own.has(word)) continue;
      words.add(word);
      note(lifetimeOfName(word), `${word} is there already`);
      const open = match.index + word.length;
      if (text[open] !== '(') continue;
      const args = argumentsAt(text, open);
      if (args !== null) note(lifetimeOfCall(word, args), `${word}() has ${args} argument${args === 1 ? '' : 's'}`);
    }
  };
  const made = new Set<string>();
  for (const change of changes) {
    for (const file of change.files) {
      if (file.kind === 'add') made.add(file.path);
      const before = file.oldPath ?? file.path;
      if (file.kind !== 'add' && !made.has(before)) note(lifetimeOfPath(before), `${before} is there`);
      if (!/\.[chS]$/.test(before)) continue;
      for (const hunk of file.hunks) {
        old(hunk.section);
        for (const line of hunk.lines) if (line.kind !== 'add') old(line.text);
      }
    }
    for (const file of change.files)
      for (const hunk of file.hunks)
        for (const line of hunk.lines)
          if (line.kind === 'add')
            for (const match of line.text.matchAll(WORD)) if (!words.has(match[0])) own.add(match[0]);
  }
  return { since, until, words };
}

/** First version of each design's era, oldest first. */
const ERAS: readonly (readonly [Version, string])[] = [
  [0, 'v4.5'],
  [4011, 'cookie'],
  [6003, 'isolated-msi'],
];

const IOMMUFD_SINCE = 6002;
/** From this version on a doorbell has one address in all page tables of a user of iommufd. */
const SW_MSI_SINCE = 6015;

/** Does the series touch what only a user of /dev/iommu reaches? */
function touchesIommufd(changes: readonly Change[]): boolean {
  return changes.some((change) =>
    change.files.some((file) =>
      /^drivers\/iommu\/iommufd\/|^drivers\/vfio\/(?:iommufd|device_cdev)\.c$|linux\/iommufd\.h$/.test(file.path),
    ),
  );
}

/** Does it touch the container of old, which the stages of the iommufd designs do not enter? */
function touchesContainer(changes: readonly Change[]): boolean {
  return changes.some((change) =>
    change.files.some((file) => /^drivers\/vfio\/(?:vfio_iommu_type1|container)\.c$/.test(file.path)),
  );
}

function designOf(version: Version, changes: readonly Change[]): string {
  if (version >= IOMMUFD_SINCE && touchesIommufd(changes)) return version >= SW_MSI_SINCE ? 'iommufd' : 'iommufd-6.12';
  if (version >= SW_MSI_SINCE && !touchesContainer(changes)) return 'iommufd';
  return ERAS.findLast(([since]) => version >= since)?.[1] ?? 'v4.5';
}

/** The era whose paths through the layers a design follows. */
export function pathEra(design: string | null): Era {
  switch (design) {
    case 'cookie':
      return 'v4.11';
    case 'isolated-msi':
      return 'v6.1';
    case 'iommufd-6.12':
    case 'iommufd':
      return 'newest';
    default:
      return 'v4.5';
  }
}

const FUNCTION = /^[A-Za-z_][\w\s*]*?\b(\w+)\(/gm;

const ownNames = new Map<string, ReadonlySet<string>>();

/** The functions that a design has and its base has not. */
function namesOf(design: string): ReadonlySet<string> {
  const known = ownNames.get(design);
  if (known !== undefined) return known;
  const source = designs.find((one) => one.name === design);
  const names = (files: Readonly<Record<string, string>>): string[] =>
    Object.values(files).flatMap((text) => [...text.matchAll(FUNCTION)].map((match) => match[1] ?? ''));
  const base = new Set(
    designs.filter((one) => one.name === 'v4.5' || one.name === 'cookie').flatMap((one) => names(one.files)),
  );
  const own = new Set(names(source?.files ?? {}).filter((name) => !base.has(name)));
  ownNames.set(design, own);
  return own;
}

/** A series of 2016 may build on one that was never merged: then its context has functions that no released kernel has. */
function unmerged(words: ReadonlySet<string>): EraChoice | null {
  let best: EraChoice | null = null;
  let most = 0;
  for (const design of ['fixup', 'transparent'] as const) {
    const names = [...namesOf(design)].filter((name) => words.has(name));
    const also = design === 'transparent' ? [...words].filter(isOf2016) : [];
    const all = [...new Set([...names, ...also])];
    const first = all[0];
    if (first === undefined || all.length <= most) continue;
    most = all.length;
    best = {
      design,
      because: `the code patched already has ${first}(), which no released kernel has: it builds on a series that was never merged`,
    };
  }
  return best;
}

/** The design of the era a series is written against, by the evidence in it. */
export function eraOf(series: Series, changes: readonly Change[]): EraChoice {
  const { since, until, words } = look(changes);
  const date = series.messages.map((message) => message.date).find((one) => one !== null) ?? null;
  const written = date === null ? null : versionAt(date);
  if ((since?.version ?? 0) < 4011) {
    const other = unmerged(words);
    if (other !== null) return other;
  }
  const day = date === null ? '' : new Date(date).toISOString().slice(0, 10);
  const choice = (version: Version, because: string): EraChoice => ({ design: designOf(version, changes), because });
  if (written === null) {
    if (since !== null)
      return choice(since.version, `${since.shownBy}: the tree is ${versionName(since.version)} or later`);
    if (until !== null)
      return choice(until.version - 1, `${until.shownBy}: the tree is older than ${versionName(until.version)}`);
    return { design: 'v4.5', because: 'the mails carry no date and no name that tells the age of the tree' };
  }
  if (since !== null && since.version > written)
    return choice(since.version, `${since.shownBy}: the tree is ${versionName(since.version)} or later`);
  if (until !== null && until.version <= written && until.version > (since?.version ?? 0))
    return choice(until.version - 1, `${until.shownBy}: the tree is older than ${versionName(until.version)}`);
  const agrees = since === null ? '' : `, and ${since.shownBy} (${versionName(since.version)} or later)`;
  return choice(written, `the mail is of ${day}, when ${versionName(written)} was under way${agrees}`);
}
