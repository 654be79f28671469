import { amend, begin } from '../../../src/code/bodies';
import type { FrontEnd } from '../../../src/code/front-end';
import { parseChange } from '../../../src/patch/parse';
import { isOwn } from '../../../src/review/patch-findings';
import { patchHits } from '../../../src/review/rules';
import { readSeries } from '../../../src/series/read';

/** Path → lines of its diff: text without marks is a new file, lines that begin with `+`, `-` or a blank throughout are a hunk. */
export type Files = Readonly<Record<string, string>>;

/** Ids of what the rules on whole patches say of one mail that says `text` and changes `files`. */
export async function toldOf(
  front: FrontEnd,
  text: string,
  files: Files,
  subject = 'vfio: a change',
): Promise<string[]> {
  const parts = Object.entries(files).flatMap(([path, content]) => {
    const lines = content.replace(/\n$/, '').split('\n');
    const isHunk = lines.every((line) => /^[-+ ]/.test(line));
    const hunk = isHunk ? lines : lines.map((line) => `+${line}`);
    const count = (marks: string) => hunk.filter((line) => marks.includes(line[0] ?? ' ')).length;
    return [
      `diff --git a/${path} b/${path}`,
      ...(isHunk ? [`--- a/${path}`] : ['new file mode 100644', '--- /dev/null']),
      `+++ b/${path}`,
      isHunk ? `@@ -10,${count(' -')} +10,${count(' +')} @@` : `@@ -0,0 +1,${lines.length} @@`,
      ...hunk,
    ];
  });
  const mail = [
    'From 0000000000000000000000000000000000000000 Mon Sep 17 00:00:00 2001',
    'Message-Id: <1@example.org>',
    'From: A <a@example.org>',
    'Date: Mon, 7 Mar 2022 10:00:00 +0000',
    `Subject: [PATCH] ${subject}`,
    '',
    text,
    '',
    'Signed-off-by: A <a@example.org>',
    '---',
    ...parts,
    '-- ',
    '2.30',
    '',
  ].join('\n');
  const [series] = await readSeries([{ name: 'x', bytes: new TextEncoder().encode(mail) }]);
  const message = series!.messages[series!.patches[0]!.message]!;
  const change = parseChange(message);
  const set = { name: 'none', programs: new Map(), tables: new Map(), structures: new Map(), constants: new Map() };
  const before = begin({ set, texts: new Map() });
  const after = amend(before, change, message, front, 'after');
  return patchHits({ change, message, before, after })
    .filter((hit) => isOwn(hit, change))
    .map((hit) => hit.rule.id);
}
