import { readSeries } from '../../../src/series/read';
import type { Series, Source } from '../../../src/series/types';

export function source(text: string | Uint8Array, name = 'input.mbox'): Source {
  return { name, bytes: typeof text === 'string' ? new TextEncoder().encode(text) : text };
}

export function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

export async function readOne(text: string | Uint8Array, name?: string): Promise<Series> {
  const all = await readSeries([source(text, name)]);
  if (all.length !== 1) throw new Error(`expected one series, got ${all.length}`);
  return all[0]!;
}

interface Draft {
  subject: string;
  id?: string;
  reply?: string;
  references?: readonly string[];
  from?: string;
  day?: number;
  body?: string;
  headers?: readonly string[];
}

/** One mail as text, LF line ends. */
export function mail(draft: Draft): string {
  const lines = [
    `From: ${draft.from ?? 'A Author <author@example.org>'}`,
    ...(draft.day === undefined ? [] : [`Date: ${String(draft.day).padStart(2, '0')} Mar 2016 10:00:00 +0000`]),
    `Subject: ${draft.subject}`,
    ...(draft.id ? [`Message-ID: <${draft.id}>`] : []),
    ...(draft.reply ? [`In-Reply-To: <${draft.reply}>`] : []),
    ...(draft.references ? [`References: ${draft.references.map((id) => `<${id}>`).join('\n ')}`] : []),
    ...(draft.headers ?? []),
    '',
    draft.body ?? 'Text.\n',
  ];
  return lines.join('\n');
}

/** mboxrd of several mails. */
export function mbox(...mails: readonly string[]): string {
  return mails
    .map((text) => `From mboxrd@z Thu Jan  1 00:00:00 1970\n${text.replace(/^(>*From )/gm, '>$1')}\n`)
    .join('');
}

export const DIFF = `What it does.

Signed-off-by: A Author <author@example.org>
---
 a.c | 3 ++-
 1 file changed, 2 insertions(+), 1 deletion(-)

diff --git a/a.c b/a.c
index 1234567..89abcde 100644
--- a/a.c
+++ b/a.c
@@ -1,3 +1,4 @@ int f(void)
 one
-two
+zwei
+drei
 three
-- 
2.5.0
`;
