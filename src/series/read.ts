/**
 * Reads patch series. In: the bytes of mboxes, mails, patches, web copies of mails. Out: `Series`, each with cover, patches in order,
 * answers, and damage. Knows nothing of diffs beyond their first line, of C, or of the model. Never throws on bad input.
 */
import type { Damage } from '../place';
import { withoutByteOrderMark } from './charset';
import type { MailKey } from './mail';
import { readKey, readMail } from './mail';
import type { MailSlice, Quoting } from './mbox';
import { quotingOf, splitMails } from './mbox';
import { recognise, refusal } from './recognise';
import type { MailGroup } from './thread';
import { groupMails } from './thread';
import type { Message, Series, Source } from './types';

/** Bytes that are read at once; the command line reads larger mboxes piece by piece. */
export const MAX_INPUT = 128 * 1024 * 1024;
/** Bytes of a single mail. */
export const MAX_MAIL = 16 * 1024 * 1024;

/** A mail that was found and not yet read in full. */
export interface LocatedMail {
  readonly key: MailKey;
  /** The bytes that `slice` cuts; they may hold other mails too. */
  readonly bytes: Uint8Array;
  readonly slice: MailSlice;
  readonly quoting: Quoting;
  /** Index into the names of the sources. */
  readonly source: number;
}

interface Opened {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly quoting: Quoting;
}

/**
 * Reads all series that stand in the sources, in order of their first mail. Sources that cannot be read are reported on a series without messages,
 * or on the only series there is.
 */
export async function readSeries(sources: readonly Source[]): Promise<Series[]> {
  const damage: Damage[] = [];
  const refuse = (code: string, message: string): void => void damage.push({ code, message, at: null });
  const mails: LocatedMail[] = [];
  let size = 0;
  sources.forEach((source, index) => {
    size += source.bytes.length;
    const file = size > MAX_INPUT ? null : openSource(source, refuse);
    if (size > MAX_INPUT)
      refuse(
        'too-large',
        `${source.name} brings the input to ${megabytes(size)}; at most ${megabytes(MAX_INPUT)} can be read at once.`,
      );
    if (file) for (const mail of locate(file, index, refuse)) mails.push(mail);
  });
  if (sources.length === 0) refuse('empty-input', 'There is nothing to read.');
  const groups = groupMails(mails.map((mail) => mail.key));
  const all: Series[] = [];
  for (const group of groups)
    all.push(
      assembleSeries(
        group,
        (position) => mails[position],
        sources.map((source) => source.name),
      ),
    );
  if (damage.length === 0) return all;
  const only = all.length === 1 ? all[0] : undefined;
  if (only) return [{ ...only, damage: [...damage, ...only.damage] }];
  return [...all, { ...emptySeries(sources), damage }];
}

function emptySeries(sources: readonly Source[]): Series {
  const names = sources.map((source) => source.name);
  return {
    subject: names[0] ?? '',
    version: 1,
    total: 0,
    cover: null,
    patches: [],
    discussion: [],
    messages: [],
    sources: names,
    damage: [],
  };
}

function openSource(source: Source, refuse: (code: string, message: string) => void): Opened | null {
  const kind = recognise(source.bytes);
  const why = refusal(kind, source.name);
  if (why !== null) {
    refuse(kind === 'empty' ? 'empty-input' : kind.replace(' ', '-'), why);
    return null;
  }
  const bytes = withoutByteOrderMark(source.bytes);
  return { name: source.name, bytes, quoting: quotingOf(bytes) };
}

function locate(file: Opened, source: number, refuse: (code: string, message: string) => void): LocatedMail[] {
  const found: LocatedMail[] = [];
  let unreadable = 0;
  let firstUnreadable = 0;
  for (const slice of splitMails(file.bytes)) {
    if (slice.end - slice.start > MAX_MAIL) {
      refuse(
        'too-large',
        `The mail at line ${slice.line + 1} of ${file.name} has ${megabytes(slice.end - slice.start)}; at most ${megabytes(MAX_MAIL)} are read.`,
      );
      continue;
    }
    const key = readKey(file.bytes, slice, file.name);
    if (key) found.push({ key, bytes: file.bytes, slice, quoting: file.quoting, source });
    else if (unreadable++ === 0) firstUnreadable = slice.line + 1;
  }
  if (unreadable > 0)
    refuse(
      'no-mail',
      found.length === 0
        ? `${file.name} holds neither a mail nor a patch.`
        : `${unreadable === 1 ? 'A piece' : `${unreadable} pieces`} of ${file.name} (first at line ${firstUnreadable}) ${unreadable === 1 ? 'is' : 'are'} neither a mail nor a patch.`,
    );
  return found;
}

/**
 * Reads the mails of one group and makes them a series. `mailAt` gives a mail by its position in the keys that were grouped; `names` are the
 * sources' names. For callers that keep the bytes of a large mbox elsewhere.
 */
export function assembleSeries(
  group: MailGroup,
  mailAt: (position: number) => LocatedMail | undefined,
  names: readonly string[],
): Series {
  const order = [
    ...(group.cover === null ? [] : [group.cover]),
    ...group.patches.map((patch) => patch.mail),
    ...[...group.patches.flatMap((patch) => patch.replies), ...group.discussion].sort((a, b) => a - b),
  ];
  const messages: Message[] = [];
  const indexOf = new Map<number, number>();
  const titles = new Map<number, string>();
  const sources: number[] = [];
  const damage: Damage[] = [];
  for (const position of order) {
    const mail = mailAt(position);
    if (!mail) continue;
    titles.set(position, mail.key.title);
    if (!sources.includes(mail.source)) sources.push(mail.source);
    const index = messages.length;
    const read = readMail(
      mail.bytes,
      mail.slice,
      mail.quoting,
      names[mail.source] ?? '',
      index,
      sources.indexOf(mail.source),
    );
    messages.push(read.message);
    indexOf.set(position, index);
    for (const { code, message, line } of read.damage) damage.push({ code, message, at: lineSpan(read.message, line) });
  }
  const at = (position: number): number => indexOf.get(position) ?? 0;
  const patches = group.patches.map((patch) => ({
    index: patch.index,
    message: at(patch.mail),
    title: titles.get(patch.mail) || (messages[at(patch.mail)]?.subject ?? ''),
    replies: patch.replies.map(at),
  }));
  for (const { code, message, mail } of group.damage) {
    const where = mail === null ? undefined : messages[at(mail)];
    damage.push({ code, message, at: where ? subjectSpan(where) : null });
  }
  const head = group.cover ?? group.patches[0]?.mail ?? order[0];
  return {
    subject: (head === undefined ? '' : titles.get(head)) || (messages[0]?.subject ?? ''),
    version: group.version,
    total: group.total,
    cover: group.cover === null ? null : at(group.cover),
    patches,
    discussion: group.discussion.map(at),
    messages,
    sources: sources.map((source) => names[source] ?? ''),
    damage,
  };
}

function lineSpan(message: Message, line: number): Damage['at'] {
  const column = message.lines[line - 1]?.length ?? 0;
  return { message: message.index, line, column: 0, endLine: line, endColumn: column };
}

function subjectSpan(message: Message): Damage['at'] {
  const found = message.lines.slice(0, message.bodyLine).findIndex((line) => /^subject:/i.test(line));
  return lineSpan(message, found < 0 ? 1 : found + 1);
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / (1024 * 1024))} MB`;
}
