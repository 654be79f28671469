/** What others answered to the mails of a series, each remark at the line it stands under. Knows no VS Code. */
import type { Review } from '../review/types';
import { remarks } from '../series/answers';
import type { Message } from '../series/types';

export interface Answer {
  /** The mail that was answered. */
  readonly message: Message;
  /** 1-based line of that mail; the body's first one for what is said of the mail as a whole. */
  readonly line: number;
  readonly who: string;
  /** Milliseconds since the epoch, or null. */
  readonly date: number | null;
  readonly text: string;
}

/** The sender's name, without the list that sent the mail on in its own name: `A Person via list`. */
function nameOf({ from }: Message): string {
  const list = from.address.split('@')[0] ?? '';
  const via = ` via ${list}`;
  return (list !== '' && from.name.endsWith(via) ? from.name.slice(0, -via.length) : from.name) || from.address;
}

const known = new WeakMap<Review, readonly Answer[]>();

/** All remarks on patches and on the cover, oldest answer first. Read once for each review. */
export function answersOf(review: Review): readonly Answer[] {
  const before = known.get(review);
  if (before !== undefined) return before;
  const { series } = review;
  const answered: { readonly mail: number; readonly replies: readonly number[] }[] = series.patches.map(
    ({ message, replies }) => ({ mail: message, replies }),
  );
  const cover = series.cover === null ? undefined : series.messages[series.cover];
  if (cover !== undefined)
    answered.push({
      mail: cover.index,
      replies: series.discussion.filter(
        (index) => index !== cover.index && cover.id !== '' && series.messages[index]?.inReplyTo === cover.id,
      ),
    });
  const found = answered.flatMap(({ mail, replies }) => {
    const message = series.messages[mail];
    if (message === undefined) return [];
    return replies.flatMap((index): Answer[] => {
      const reply = series.messages[index];
      if (reply === undefined) return [];
      return remarks(reply, message).map(({ at, text }) => ({
        message,
        line: at ?? message.bodyLine,
        who: nameOf(reply),
        date: reply.date,
        text: text.join('\n'),
      }));
    });
  });
  known.set(review, found);
  return found;
}
