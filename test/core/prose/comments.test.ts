import { describe, expect, it } from 'vitest';
import { parseChange } from '../../../src/patch/parse';
import { commentSentences } from '../../../src/prose/comments';
import { saidIn } from '../../../src/review/said';
import { readSeries } from '../../../src/series/read';

async function patched(lines: readonly string[]) {
  const count = (marks: string) => lines.filter((line) => marks.includes(line[0] ?? ' ')).length;
  const mail = [
    'Subject: [PATCH] vfio: a change',
    'From: A <a@example.org>',
    'Message-Id: <1@example.org>',
    '',
    'Some words.',
    '---',
    'diff --git a/drivers/vfio/x.c b/drivers/vfio/x.c',
    '--- a/drivers/vfio/x.c',
    '+++ b/drivers/vfio/x.c',
    `@@ -10,${count(' -')} +10,${count(' +')} @@`,
    ...lines,
  ];
  const [series] = await readSeries([{ name: 'x', bytes: new TextEncoder().encode(`${mail.join('\n')}\n`) }]);
  const change = parseChange(series!.messages[series!.patches[0]!.message]!);
  return { series: series!, change };
}

describe('comments a patch adds', () => {
  it('are sentences with their places, marks and stars taken off', async () => {
    const { change, series } = await patched([
      ' int a;',
      '+/*',
      '+ * GICv2m has one frame. An MSI is',
      '+ * a write to it.',
      '+ */',
      '+int b; /* the MSI window */',
      '+// IOVA of the doorbell',
    ]);
    const said = commentSentences(change);
    expect(said.map((one) => one.text)).toEqual([
      'GICv2m has one frame.',
      'An MSI is a write to it.',
      'the MSI window',
      'IOVA of the doorbell',
    ]);
    const { lines } = series.messages[0]!;
    for (const { at, text } of said)
      if (at.line === at.endLine) expect(lines[at.line - 1]!.slice(at.column, at.endColumn)).toBe(text);
  });
  it('leave out what was there before, deleted lines and code', async () => {
    const { change } = await patched([
      ' /* The ITS isolates guests by DeviceID. */',
      '-/* GICv2m isolates guests from each other. */',
      '+\tmsi = "GICv2m isolates guests from each other.";',
    ]);
    expect(commentSentences(change)).toEqual([]);
  });
  it('claim what they say of hardware, and promise nothing', async () => {
    const { series, change } = await patched([
      '+/* GICv2m isolates guests from each other. */',
      '+/* The doorbell page is unmapped when the device is disabled. */',
    ]);
    const { claims } = saidIn(series, [change]);
    expect(claims.map((one) => [one.kind, one.speaker.role, one.at.line])).toEqual([
      ['isolation-of-frame', 'comment', 11],
    ]);
  });
});
