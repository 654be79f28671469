import { describe, expect, it } from 'vitest';
import { parseChange } from '../../../src/patch/parse';
import { readSeries } from '../../../src/series/read';
import { messageAt, rawLine, shownLine, sourceLine, spanText } from '../../../src/series/spans';
import { DIFF, latin1, mail, mbox, readOne, source } from './mails';

describe('forms of input', () => {
  it('reads a single mail; mail line 1 is its first header', async () => {
    const series = await readOne(mail({ subject: '[PATCH] vfio: do it', id: 'a@x', body: DIFF }), 'one.eml');
    expect(series.patches).toEqual([{ index: 1, message: 0, title: 'vfio: do it', replies: [] }]);
    const message = series.messages[0]!;
    expect(message.lines[0]).toBe('From: A Author <author@example.org>');
    expect(message.lines[message.bodyLine - 1]).toBe('What it does.');
    expect(message).toMatchObject({ id: 'a@x', sourceLine: 0, decoded: false, rawLines: null });
    expect(series.damage).toEqual([]);
  });

  it('does not count the first line of git format-patch as a mail line', async () => {
    const text = `From 0123456789abcdef0123456789abcdef01234567 Mon Sep 17 00:00:00 2001\n${mail({ subject: '[PATCH 1/1] x', body: DIFF })}\n`;
    const series = await readOne(text, '0001-x.patch');
    const message = series.messages[0]!;
    expect(message.lines[0]).toMatch(/^From: /);
    expect(message.sourceLine).toBe(1);
    const line = parseChange(message).files[0]!.line;
    expect(text.split('\n')[sourceLine(message, line)]).toBe('diff --git a/a.c b/a.c');
  });

  it('takes a folder of patches without ids as one series, in order of k/n whatever the order of files', async () => {
    const file = (k: number) =>
      source(
        `From ${'0'.repeat(40)} Mon Sep 17 00:00:00 2001\n${mail({ subject: `[PATCH v2 ${k}/3] part ${k}`, day: 9 - k, body: DIFF })}`,
        `000${k}.patch`,
      );
    const all = await readSeries([file(3), file(1), file(2)]);
    expect(all).toHaveLength(1);
    expect(all[0]).toMatchObject({ version: 2, total: 3, cover: null, damage: [] });
    expect(all[0]!.patches.map((patch) => patch.title)).toEqual(['part 1', 'part 2', 'part 3']);
    expect(all[0]!.patches.map((patch) => all[0]!.sources[all[0]!.messages[patch.message]!.source])).toEqual([
      '0001.patch',
      '0002.patch',
      '0003.patch',
    ]);
  });

  it('keeps two series without ids apart when their parts collide', async () => {
    const file = (name: string, k: number) =>
      source(mail({ subject: `[PATCH ${k}/2] ${name} ${k}`, body: DIFF }), `${name}${k}`);
    const all = await readSeries([file('a', 1), file('a', 2), file('b', 1), file('b', 2)]);
    expect(all.map((series) => series.patches.map((patch) => patch.title))).toEqual([
      ['a 1', 'a 2'],
      ['b 1', 'b 2'],
    ]);
  });

  it('reads CRLF mails with the same lines', async () => {
    const text = mail({ subject: '[PATCH] x', body: DIFF });
    const unix = await readOne(text);
    const dos = await readOne(text.replace(/\n/g, '\r\n'));
    expect(dos.messages[0]!.lines).toEqual(unix.messages[0]!.lines);
    expect(dos.messages[0]!.bodyLine).toBe(unix.messages[0]!.bodyLine);
  });

  it('reads a bare diff under the name of its file', async () => {
    const series = await readOne(DIFF.slice(DIFF.indexOf('diff --git')), 'fix.diff');
    expect(series).toMatchObject({ subject: 'fix.diff', patches: [{ index: 1 }] });
    expect(series.messages[0]!.bodyLine).toBe(1);
    expect(parseChange(series.messages[0]!).files).toMatchObject([{ path: 'a.c', added: 2, deleted: 1 }]);
  });

  it('reads text saved as UTF-16', async () => {
    const text = mail({ subject: '[PATCH] x', body: DIFF });
    const bytes = new Uint8Array(2 + text.length * 2);
    bytes.set([0xff, 0xfe]);
    for (let i = 0; i < text.length; i++) bytes[2 + 2 * i] = text.charCodeAt(i);
    expect((await readOne(bytes)).patches).toHaveLength(1);
  });

  it('reads a mail copied from a web archive and mends its no-break spaces', async () => {
    const text =
      'Re: [PATCH 00/10] Passthrough on boards\n\nFrom: Some Reviewer\nDate: Fri Jan 29 2016 - 14:33:33 EST\n\n\nOn some day:\n> ÂOh.\n>Â\n\nIt is so.ÂÂHow is it?\n';
    const series = await readOne(text, 'copy.txt');
    const message = series.messages[0]!;
    expect(series).toMatchObject({
      subject: 'Passthrough on boards',
      patches: [],
      discussion: [0],
      total: 10,
      damage: [],
    });
    expect(message.from).toEqual({ name: 'Some Reviewer', address: '' });
    expect(message.date).toBe(Date.parse('2016-01-29T19:33:33Z'));
    expect(message.bodyLine).toBe(7);
    expect(message.lines.slice(6)).toEqual(['On some day:', '>  Oh.', '> ', '', 'It is so.  How is it?']);
    expect(message.decoded).toBe(true);
  });

  it('leaves an honest Â in a web copy alone', async () => {
    const series = await readOne('Title\n\nFrom: Somebody\nDate: Fri Jan 29 2016 - 14:33:33 EST\n\nÂge et Âme.\n');
    expect(series.messages[0]!.lines.at(-1)).toBe('Âge et Âme.');
  });
});

describe('mbox', () => {
  it('takes the escape off in mboxrd at every depth', async () => {
    const body = `From here on:\n>From there\n\n${DIFF}`;
    const series = await readOne(mbox(mail({ subject: '[PATCH] x', id: 'a@x', body })));
    expect(series.messages[0]!.lines).toContain('From here on:');
    expect(series.messages[0]!.lines).toContain('>From there');
  });

  it('leaves deeper quotes alone in mboxo', async () => {
    const text = `From author@example.org Fri Mar 04 10:00:00 2016\n${mail({ subject: 'Re: x', id: 'a@x', body: '>From now on\n\n>> they say\n>>From the start\n>> and on\n' })}\n`;
    const { lines } = (await readOne(text)).messages[0]!;
    expect(lines).toContain('From now on');
    expect(lines).toContain('>>From the start');
  });

  it('splits at separators only: a line that starts with From and has no date is text', async () => {
    const text = `From author@example.org Fri Mar 04 10:00:00 2016\n${mail({ subject: '[PATCH] x', id: 'a@x', body: `First.\n\nFrom the manual: so.\n\n${DIFF}` })}\n`;
    const series = await readOne(text);
    expect(series.messages[0]!.lines).toContain('From the manual: so.');
    expect(parseChange(series.messages[0]!).files).toHaveLength(1);
  });

  it('gives every mail its line in the source', async () => {
    const text = mbox(
      mail({ subject: '[PATCH 1/2] one', id: '1@x', body: DIFF }),
      mail({ subject: '[PATCH 2/2] two', id: '2@x', reply: '1@x', body: DIFF }),
    );
    const series = await readOne(text);
    const lines = text.split('\n');
    for (const message of series.messages)
      message.lines.forEach((shown, i) => {
        expect(lines[sourceLine(message, i + 1)]!.replace(/^>From /, 'From ')).toBe(shown);
        expect(messageAt(series, 0, sourceLine(message, i + 1))).toMatchObject({
          message: { index: message.index },
          line: i + 1,
        });
      });
  });
});

describe('encodings', () => {
  const wrap = (text: string, width: number) => text.replace(new RegExp(`.{${width}}`, 'g'), '$&\n');

  it('maps each line of a base64 body to its raw line', async () => {
    const encoded = wrap(Buffer.from(DIFF).toString('base64'), 76);
    const series = await readOne(
      mail({
        subject: '[PATCH] x',
        headers: ['Content-Type: text/plain; charset=utf-8', 'Content-Transfer-Encoding: base64'],
        body: `${encoded}\n`,
      }),
    );
    const message = series.messages[0]!;
    expect(message.lines.slice(message.bodyLine - 1).join('\n')).toBe(DIFF.trimEnd());
    let offset = 0;
    DIFF.trimEnd()
      .split('\n')
      .forEach((line, i) => {
        expect(rawLine(message, message.bodyLine + i)).toBe(message.bodyLine + Math.floor(offset / 57));
        offset += line.length + 1;
      });
    expect(message.decoded).toBe(true);
    expect(parseChange(message).files).toMatchObject([{ added: 2, deleted: 1 }]);
  });

  it('maps quoted-printable lines over soft breaks', async () => {
    const body = 'caf=C3=A9 and a long li=\nne that goes on\nsecond =3D line\n  \nlast=\n';
    const series = await readOne(
      mail({
        subject: 'x',
        headers: ['Content-Type: text/plain; charset=utf-8', 'Content-Transfer-Encoding: quoted-printable'],
        body,
      }),
    );
    const message = series.messages[0]!;
    const first = message.bodyLine;
    expect(message.lines.slice(first - 1)).toEqual(['café and a long line that goes on', 'second = line', '', 'last']);
    expect([0, 1, 2, 3].map((i) => rawLine(message, first + i) - first)).toEqual([0, 2, 3, 4]);
    expect(shownLine(message, first + 2)).toBe(first + 1);
  });

  it('decodes encoded words in headers and keeps the header lines raw', async () => {
    const series = await readOne(
      mail({
        subject: '=?UTF-8?B?W1BBVENIIHYyXSB2ZmlvOiBiw7xnZQ==?=',
        from: '=?iso-8859-1?Q?J=FCrgen?= <j@example.org>',
        body: DIFF,
      }),
    );
    expect(series).toMatchObject({ subject: 'vfio: büge', version: 2 });
    expect(series.messages[0]).toMatchObject({ from: { name: 'Jürgen', address: 'j@example.org' }, decoded: false });
    expect(series.messages[0]!.lines[1]).toContain('=?UTF-8?B?');
  });

  it('decodes latin-1, declared or not, and says where it was not', async () => {
    const text = (headers: string[]) => latin1(mail({ subject: 'x', headers, body: 'gr\xfcn\n' }));
    const declared = await readOne(text(['Content-Type: text/plain; charset=iso-8859-1']));
    expect(declared.messages[0]!.lines.at(-1)).toBe('grün');
    expect(declared.damage).toEqual([]);
    const silent = await readOne(text([]));
    expect(silent.messages[0]!.lines.at(-1)).toBe('grün');
    expect(silent.damage).toMatchObject([{ code: 'bad-charset', at: { line: silent.messages[0]!.bodyLine } }]);
  });

  it('reads other charsets and reports unknown ones', async () => {
    const koi = latin1(
      mail({
        subject: 'x',
        headers: ['Content-Type: text/plain; charset="koi8-r"'],
        body: '\xd0\xd2\xc9\xd7\xc5\xd4\n',
      }),
    );
    expect((await readOne(koi)).messages[0]!.lines.at(-1)).toBe('привет');
    const odd = latin1(
      mail({ subject: 'x', headers: ['Content-Type: text/plain; charset=x-klingon'], body: 'a\xfc\n' }),
    );
    expect((await readOne(odd)).damage).toMatchObject([{ code: 'unknown-charset' }]);
  });

  it('shows an unencoded multipart mail in place and decodes the parts of an encoded one', async () => {
    const multi = (encoding: string, content: string) =>
      mail({
        subject: '[PATCH] x',
        headers: ['Content-Type: multipart/mixed; boundary="b1"'],
        body: `--b1\nContent-Type: text/plain\n\nHello.\n--b1\nContent-Type: text/x-patch; name=x.patch\nContent-Transfer-Encoding: ${encoding}\n\n${content}\n--b1--\n`,
      });
    const plain = (await readOne(multi('7bit', DIFF))).messages[0]!;
    expect(plain).toMatchObject({ decoded: false, rawLines: null });
    // The head of its first part is no text of the mail.
    expect(plain.lines[plain.bodyLine - 1]).toBe('Hello.');
    expect(parseChange(plain).files).toHaveLength(1);
    const coded = (await readOne(multi('base64', Buffer.from(DIFF).toString('base64')))).messages[0]!;
    expect(coded.lines.slice(coded.bodyLine - 1, coded.bodyLine + 1)).toEqual(['Hello.', 'What it does.']);
    expect(rawLine(coded, coded.bodyLine + 1)).toBe(coded.bodyLine + 8);
    expect(parseChange(coded).files).toMatchObject([{ added: 2, deleted: 1 }]);
  });

  it('falls back to the text of an HTML-only mail, and says so', async () => {
    const series = await readOne(
      mail({ subject: 'x', headers: ['Content-Type: text/html'], body: '<p>One &amp; two</p>\n' }),
    );
    expect(series.messages[0]!.lines).toContain('One & two');
    expect(series.damage).toMatchObject([{ code: 'html-only' }]);
  });

  it('skips a list footer in clear behind base64, and reports a broken line inside', async () => {
    const encoded = wrap(Buffer.from(DIFF).toString('base64'), 76);
    const headers = ['Content-Transfer-Encoding: base64'];
    const footed = await readOne(
      mail({ subject: '[PATCH] x', headers, body: `${encoded}\n_______\na list\nlist@example.org\n` }),
    );
    expect(footed.damage).toEqual([]);
    const broken = await readOne(
      mail({ subject: '[PATCH] x', headers, body: `${encoded.replace('\n', '\n*** broken ***\n')}\n` }),
    );
    expect(broken.damage).toMatchObject([{ code: 'bad-encoding' }]);
  });
});

describe('input that is no mail', () => {
  const code = async (bytes: string | Uint8Array) =>
    (await readSeries([source(bytes)])).flatMap((series) => series.damage.map((damage) => damage.code));
  it('is damage, not an exception', async () => {
    expect(await readSeries([])).toMatchObject([{ damage: [{ code: 'empty-input' }] }]);
    expect(await code('')).toEqual(['empty-input']);
    expect(await code(' \n\n')).toEqual(['empty-input']);
    expect(await code(new Uint8Array([0x7f, 69, 76, 70, 0, 0, 1]))).toEqual(['binary']);
    expect(await code('# v2 git bundle\nabc')).toEqual(['git-bundle']);
    expect(await code(new Uint8Array([0x1f, 0x8b, 8, 0]))).toEqual(['compressed']);
    expect(await code('Just some words.\nAnd more.\n')).toEqual(['no-mail']);
  });

  it('does not hide the readable sources', async () => {
    const all = await readSeries([source(''), source(mail({ subject: '[PATCH] x', body: DIFF }), 'x.patch')]);
    expect(all).toHaveLength(1);
    expect(all[0]!.patches).toHaveLength(1);
    expect(all[0]!.damage).toMatchObject([{ code: 'empty-input', at: null }]);
  });

  it('refuses more than it can hold at once', async () => {
    const huge = new Uint8Array(200 * 1024 * 1024).fill(97);
    expect(await code(huge)).toEqual(['too-large']);
  });

  it('reads a body that starts without a blank line', async () => {
    const series = await readOne('From: a@example.org\nSubject: x\nThis is text\nmore\n');
    expect(series.messages[0]).toMatchObject({ bodyLine: 3 });
    expect(series.damage).toMatchObject([{ code: 'bad-header', at: { line: 3 } }]);
  });
});

describe('input of absurd shape', () => {
  it('a header of megabytes is read in part, and the body is found all the same', async () => {
    const filler = 'X-Filler: nothing\n'.repeat(100_000);
    const series = await readOne(`From: a@example.org\nSubject: [PATCH] x\n${filler}\n${DIFF}`);
    const message = series.messages[0]!;
    expect(series.subject).toBe('x');
    expect(message.lines[message.bodyLine - 1]).toBe('What it does.');
  });

  it('ids, parts and brackets by the hundred thousand are no burden', async () => {
    const many = 100_000;
    const text = mail({
      subject: '[PATCH 1/2] '.repeat(many),
      headers: [
        `References: ${'<a@b> '.repeat(many)}`,
        `To: ${'a <b@c>, '.repeat(many)}`,
        `Content-Type: multipart/mixed; boundary=b${'; a=b'.repeat(many)}`,
      ],
      body: '--b\n'.repeat(many),
    });
    expect((await readOne(text)).patches).toHaveLength(1);
  });
});

describe('spanText', () => {
  it('cuts the text of a span', async () => {
    const series = await readOne(mail({ subject: 'x', body: 'alpha\nbeta\ngamma\n' }));
    const first = series.messages[0]!.bodyLine;
    expect(spanText(series, { message: 0, line: first, column: 2, endLine: first, endColumn: 4 })).toBe('ph');
    expect(spanText(series, { message: 0, line: first, column: 3, endLine: first + 2, endColumn: 3 })).toBe(
      'ha\nbeta\ngam',
    );
  });
});
