/**
 * Who speaks: by the `X wrote:` lines of a mail and its quotation marks. In: a message, and who wrote the series. Out: for a line and a depth the
 * speaker. A mail that names nobody is read as two people who take turns.
 */
import type { Message, Series } from '../series/types';
import type { Speaker } from './types';

const WROTE = /\b(?:wrote|writes):\s*$/;
const CLOCK = /^.*?\d{1,2}:\d{2}(?::\d{2})?\s*(?:[AP]M\b)?(?:\s*[+-]\d{4})?(?:\s*\([A-Z]{1,5}\))?\s*,?\s*/i;

interface Attribution {
  /** Depth of what was written: one deeper than the line that names the writer. */
  readonly depth: number;
  readonly line: number;
  readonly name: string;
}

/** The name in `On DATE, NAME <address> wrote:`, which may be broken over two lines. */
function nameIn(text: string): string {
  const before = text.replace(WROTE, '').replace(/<[^<>]*>|\[[^[\]]*\]|"/g, ' ');
  const behindClock = before.replace(CLOCK, '');
  return (behindClock.split(',').at(-1) ?? '').replace(/^\s*On\s+/, '').trim();
}

function attributions(message: Message, last: number): Attribution[] {
  const found: Attribution[] = [];
  for (let n = message.bodyLine; n <= Math.min(last, message.lines.length); n++) {
    const raw = message.lines[n - 1] ?? '';
    if (!raw.trimEnd().endsWith(':') || !WROTE.test(raw)) continue;
    const marks = /^(?:> ?)*/.exec(raw)?.[0] ?? '';
    const depth = (marks.match(/>/g) ?? []).length;
    const above = (message.lines[n - 2] ?? '').slice(marks.length);
    const text = raw.slice(marks.length);
    const name = nameIn(/^On\b/.test(text) || !/^On\b/.test(above) ? text : `${above} ${text}`);
    if (name !== '') found.push({ depth: depth + 1, line: n, name });
  }
  return found;
}

/** Letters and blanks alone, small: how two spellings of one name are compared. */
const folded = (name: string): string =>
  name
    .toLowerCase()
    .replace(/[^\p{L}\s]/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim();

const isAnswer = (message: Message): boolean => /^\s*(?:re|aw|sv|antw)\s*:/i.test(message.subject);

/** Who wrote the series: the cover's sender, or the first patch's; of a lone answer the one who is quoted deepest. '' when nobody is named. */
export function seriesAuthor(series: Series): string {
  const first = series.cover ?? series.patches[0]?.message;
  if (first !== undefined) return series.messages[first]?.from.name ?? '';
  for (const message of series.messages) {
    const deepest = attributions(message, message.lines.length).sort((a, b) => b.depth - a.depth)[0];
    if (message.tag !== null && deepest !== undefined) return deepest.name;
  }
  return '';
}

/** Gives the speaker at a line and depth of one message. `author` is the series' (see `seriesAuthor`). */
export function speakersOf(
  message: Message,
  author: string,
  lastLine: number,
): (line: number, depth: number) => Speaker {
  const answer = isAnswer(message);
  const original: Speaker['role'] | null = message.tag === null ? null : message.tag.index === 0 ? 'cover' : 'patch';
  const byAuthor = (name: string): boolean => author !== '' && folded(name) === folded(author);
  // Most mails claim nothing: who is quoted is looked for when somebody is asked for.
  let found: readonly Attribution[] | null = null;
  return (line, depth) => {
    found ??= attributions(message, lastLine);
    const known = found;
    const deepest = Math.max(0, ...known.map((one) => one.depth));
    const name =
      depth === 0
        ? message.from.name
        : (known.filter((one) => one.depth === depth && one.line < line).at(-1)?.name ??
          known.find((one) => one.depth === depth)?.name ??
          '');
    if (!answer && depth === 0 && original !== null) return { role: original, name };
    // What is quoted deepest in an answer to a patch or a cover letter is that text itself.
    if (answer && depth > 0 && depth === deepest && original !== null && byAuthor(name))
      return { role: original, name };
    if (name !== '' && author !== '') return { role: byAuthor(name) ? 'author' : 'reviewer', name };
    const own = byAuthor(message.from.name);
    return { role: (depth % 2 === 0) === own ? 'author' : 'reviewer', name };
  };
}
