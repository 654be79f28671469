import { parseChange } from '../../../src/patch/parse';
import { seriesFindings } from '../../../src/review/series-rules';
import { readSeries } from '../../../src/series/read';
import type { Series } from '../../../src/series/types';

/** What a patch does to one file: hunks with their `@@` lines written short (`@@ section`), counts are filled in. */
export interface FilePart {
  readonly path: string;
  /** `new`: the file is added; all lines count as added. */
  readonly kind?: 'new' | 'deleted';
  readonly text: string;
}

export interface MailPart {
  readonly subject?: string;
  readonly message?: string;
  readonly files: readonly FilePart[];
}

function diffOf({ path, kind, text }: FilePart): string {
  const lines = text.replace(/\n$/, '').split('\n');
  const heading =
    kind === 'new'
      ? `new file mode 100644\n--- /dev/null\n+++ b/${path}\n`
      : kind === 'deleted'
        ? `deleted file mode 100644\n--- a/${path}\n+++ /dev/null\n`
        : `--- a/${path}\n+++ b/${path}\n`;
  const all = kind === 'new' ? ['@@', ...lines.map((line) => `+${line}`)] : lines;
  let shift = 0;
  let number = 0;
  const out: string[] = [];
  for (let at = 0; at < all.length; ) {
    const head = all[at] ?? '';
    const end = all.findIndex((line, i) => i > at && line.startsWith('@@'));
    const body = all.slice(at + 1, end < 0 ? all.length : end);
    const old = body.filter((line) => !line.startsWith('+')).length;
    const now = body.filter((line) => !line.startsWith('-')).length;
    const start = kind === 'new' ? 0 : 100 + 200 * number++;
    const newStart = kind === 'new' ? 1 : start + shift;
    out.push(`@@ -${start},${old} +${newStart},${now} @@${head.slice(2)}`, ...body);
    shift += now - old;
    at = end < 0 ? all.length : end;
  }
  return `diff --git a/${path} b/${path}\n${heading}${out.join('\n')}\n`;
}

/** An mbox with one mail for each part. `total` says more patches than there are; `version` and `id` make other series of it. */
export function mboxOf(parts: readonly MailPart[], { total = parts.length, version = 1, id = 'x' } = {}): string {
  return parts
    .map(({ subject, message = 'Why.\n', files }, i) => {
      const tag = `PATCH${version > 1 ? ` v${version}` : ''} ${i + 1}/${total}`;
      const reply = i === 0 ? '' : `In-Reply-To: <1@${id}>\n`;
      return `From mboxrd@z Thu Jan  1 00:00:00 1970\nFrom: A Author <a@example.org>\nSubject: [${tag}] ${subject ?? `part ${i + 1}`}\nDate: Mon, 4 Jan 2021 10:0${i}:00 +0000\nMessage-ID: <${i + 1}@${id}>\n${reply}\n${message}\nSigned-off-by: A Author <a@example.org>\n---\n\n${files.map(diffOf).join('')}-- \n2.30.0\n\n`;
    })
    .join('');
}

export async function seriesOf(
  parts: readonly MailPart[],
  options: Parameters<typeof mboxOf>[1] = {},
): Promise<Series> {
  const [series] = await readSeries([{ name: 'x.mbox', bytes: new TextEncoder().encode(mboxOf(parts, options)) }]);
  if (series === undefined) throw new Error('no series');
  return series;
}

/** `rule patch: text of the line` of what the rules on series say, with ` → n` when patch n repairs it. */
export async function seriesHits(
  parts: readonly MailPart[],
  options: Parameters<typeof mboxOf>[1] = {},
): Promise<string[]> {
  const series = await seriesOf(parts, options);
  const changes = series.patches.map((patch) => {
    const message = series.messages[patch.message];
    if (message === undefined) throw new Error('no message');
    return parseChange(message);
  });
  for (const damage of changes.flatMap((change) => change.damage)) throw new Error(damage.message);
  return seriesFindings(series, changes).map((finding) => {
    const text = series.messages[finding.at.message]?.lines[finding.at.line - 1] ?? '';
    return `${finding.rule} ${finding.patch}: ${text.replace(/\s+/g, ' ')}${finding.fixedBy === null ? '' : ` → ${finding.fixedBy}`}`;
  });
}
