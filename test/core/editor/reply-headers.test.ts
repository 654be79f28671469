import { describe, expect, test } from 'vitest';
import { replyHeaders } from '../../../src/editor/reply-headers';
import { replyTo, sendCommand } from '../../../src/report/reply';
import { readSeries } from '../../../src/series/read';

describe('the headers of a reply', () => {
  test('are those that were composed', async () => {
    const mail = `From: "Author, A" <author@example.org>
To: list@example.org
Cc: B <b@example.org>, c@example.org
Subject: [PATCH] vfio: map the doorbell
Message-ID: <one@example.org>

Text.
`;
    const [series] = await readSeries([{ name: 'a.eml', bytes: new TextEncoder().encode(mail) }]);
    if (series === undefined) throw new Error('no series');
    const reply = replyTo(series, 0, [{ line: 7, text: 'Yes.' }]);
    expect(replyHeaders(reply.text)).toEqual({
      to: ['author@example.org'],
      cc: ['list@example.org', 'b@example.org', 'c@example.org'],
      inReplyTo: 'one@example.org',
    });
    expect(sendCommand(replyHeaders(reply.text), 'reply.eml')).toBe(reply.sendCommand);
  });

  test('are read folded, and never from the body', () => {
    const text = 'To: a@example.org,\n "Doe, J" <j@example.org>\n\nCc: not@example.org\n';
    expect(replyHeaders(text)).toEqual({ to: ['a@example.org', 'j@example.org'], cc: [], inReplyTo: '' });
  });

  test('a file named like an option stays a file', () => {
    expect(sendCommand({ inReplyTo: '', to: [], cc: [] }, '--compose')).toBe("git send-email './--compose'");
  });

  test('what is no address is left out, and quotes cannot end a word of the shell', () => {
    expect(replyHeaders('To: nobody, <x y@example.org>\n\n').to).toEqual([]);
    expect(sendCommand({ inReplyTo: "a'b@example.org", to: [], cc: [] }, 'r')).toContain("a'\\''b@example.org");
  });
});
