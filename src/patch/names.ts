/** File names as diffs write them: C-quoted, with `a/` and `b/`, with a time behind a tab. */

/** Reads a name at the start of `text`: C-quoted or up to the end; the rest comes back too. Null for a broken quote. */
export function readQuoted(text: string): { readonly name: string; readonly rest: string } | null {
  if (!text.startsWith('"')) return null;
  const bytes: number[] = [];
  const encoder = new TextEncoder();
  for (let i = 1; i < text.length; i++) {
    const character = text[i] ?? '';
    if (character === '"') return { name: new TextDecoder().decode(new Uint8Array(bytes)), rest: text.slice(i + 1) };
    if (character !== '\\') {
      const point = text.codePointAt(i) ?? 0;
      bytes.push(...encoder.encode(String.fromCodePoint(point)));
      if (point > 0xffff) i++;
      continue;
    }
    const octal = /^[0-3][0-7]{2}/.exec(text.slice(i + 1, i + 4));
    if (octal) {
      bytes.push(Number.parseInt(octal[0], 8));
      i += 3;
      continue;
    }
    const single = ESCAPES[text[i + 1] ?? ''];
    if (single === undefined) return null;
    bytes.push(single);
    i++;
  }
  return null;
}

const ESCAPES: Readonly<Record<string, number>> = { a: 7, b: 8, t: 9, n: 10, v: 11, f: 12, r: 13, '"': 34, '\\': 92 };

const TIME =
  /[ \t]+\d{4}-\d\d-\d\d[ \t]+\d\d:\d\d:\d\d(?:\.\d+)?(?:[ \t]+[+-]\d{4})?\s*$|[ \t]+(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} +\d.*\d{4}.*$/;

/** The name on a `--- ` or `+++ ` line (without that mark): no time, no quotes, prefix kept; `epoch` when the time says the file does not exist. */
export function nameOfMarkedLine(text: string): { readonly name: string; readonly epoch: boolean } {
  const quoted = readQuoted(text);
  const epoch = /[ \t](?:1970-01-01 00:00:00|1969-12-31 \d\d:\d\d:\d\d|Thu Jan +1 00:00:00 1970)/.test(text);
  if (quoted) return { name: quoted.name, epoch };
  const tab = text.indexOf('\t');
  return { name: (tab >= 0 ? text.slice(0, tab) : text.replace(TIME, '')).trimEnd(), epoch };
}

/** The name behind `rename from`, `copy to` …: quoted or plain. */
export function plainName(text: string): string {
  return readQuoted(text)?.name ?? text.trimEnd();
}

/**
 * The two names of a `diff --git` line (without that mark), when it tells them without doubt: both quoted, or equal but for their prefix. Null otherwise.
 */
export function namesOfGitLine(text: string): { readonly old: string; readonly new: string } | null {
  const first = readQuoted(text);
  if (first) {
    const rest = first.rest.trimStart();
    return { old: first.name, new: readQuoted(rest)?.name ?? rest };
  }
  const quotedSecond = text.indexOf(' "');
  if (quotedSecond > 0) {
    const second = readQuoted(text.slice(quotedSecond + 1));
    if (second) return { old: text.slice(0, quotedSecond), new: second.name };
  }
  const line = text.trimEnd();
  for (let blank = line.indexOf(' '); blank >= 0; blank = line.indexOf(' ', blank + 1)) {
    const left = line.slice(0, blank);
    const right = line.slice(blank + 1);
    if (left === right || (left.startsWith('a/') && right.startsWith('b/') && left.slice(2) === right.slice(2)))
      return { old: left, new: right };
  }
  const halves = line.split(' ');
  return halves.length === 2 ? { old: halves[0] ?? '', new: halves[1] ?? '' } : null;
}

/**
 * Takes the prefixes off a pair of names: `a/` and `b/` (also `i/`, `w/`, `c/`, `o/`, as git writes for index, worktree, commit, object), or two differing first
 * folders over the same rest (`linux.orig/x` and `linux/x`). Names without prefix stay whole. Either may be null (`/dev/null`).
 */
export function withoutPrefixes(
  before: string | null,
  after: string | null,
): { readonly old: string | null; readonly new: string | null } {
  const short = (name: string | null): string | null =>
    name !== null && /^[abciow]\//.test(name) ? name.slice(2) : name;
  if (before !== null && after !== null && before !== after && !/^[abciow]\//.test(before)) {
    const old = before.indexOf('/');
    const now = after.indexOf('/');
    if (old > 0 && now > 0 && before.slice(old) === after.slice(now))
      return { old: before.slice(old + 1), new: after.slice(now + 1) };
  }
  return { old: short(before), new: short(after) };
}
