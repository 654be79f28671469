import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { commentOf, replyTo, wrapped } from '../../../src/report/reply';
import type { Finding } from '../../../src/review/types';
import { remarks } from '../../../src/series/answers';
import { readSeries } from '../../../src/series/read';
import type { Message, Series } from '../../../src/series/types';

const sampleBytes = readFileSync(new URL('../../../samples/msi-window-v1.mbox', import.meta.url));
const sample = (await readSeries([{ name: 'v1.mbox', bytes: sampleBytes }]))[0] as Series;

/** Sample and answer as our own reader gets them in one mbox. */
async function readBack(
  text: string,
  answered: Message,
): Promise<{ answer: Message; answered: Message; series: Series }> {
  const mail = text.replace(
    /^In-Reply-To:/m,
    'From: Reviewer <reviewer@example.org>\nMessage-ID: <answer@example.org>\nIn-Reply-To:',
  );
  const bytes = new TextEncoder().encode(
    `${sampleBytes.toString('utf8')}\nFrom mboxrd@z Thu Jan  1 00:00:00 1970\n${mail}`,
  );
  const series = (await readSeries([{ name: 'both.mbox', bytes }])).find((one) =>
    one.messages.some(({ id }) => id === 'answer@example.org'),
  );
  const answer = series?.messages.find(({ id }) => id === 'answer@example.org');
  const original = series?.messages.find(({ id }) => id === answered.id);
  if (series === undefined || answer === undefined || original === undefined)
    throw new Error('the answer was not read');
  return { answer, answered: original, series };
}

const patchMail = (index: number): Message => {
  const message = sample.messages[sample.patches[index - 1]?.message ?? -1];
  if (message === undefined) throw new Error(`no patch ${index}`);
  return message;
};

describe('a review mail', () => {
  it('is read back by our own reader: an answer to its patch, each comment under its line', async () => {
    const patches = sample.patches.map(({ index }) => index);
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...patches),
        fc.uniqueArray(fc.nat(), { minLength: 1, maxLength: 5 }),
        async (index, picks) => {
          const mail = patchMail(index);
          const lines = mail.lines
            .map((text, at) => ({ text, line: at + 1 }))
            .filter(({ text, line }) => line >= mail.bodyLine && text.trim() !== '' && !/^-- ?$/.test(text))
            .map(({ line }) => line);
          const chosen = [...new Set(picks.map((pick) => lines[pick % lines.length] ?? mail.bodyLine))];
          const comments = chosen.map((line) => ({ line, text: `This is about line ${line}.` }));
          const { answer, answered, series } = await readBack(replyTo(sample, mail.index, comments).text, mail);
          const read = remarks(answer, answered).map(({ at, text }) => `${at}: ${text.join(' ')}`);
          expect(read.sort()).toEqual(chosen.map((line) => `${line}: This is about line ${line}.`).sort());
          expect(series.patches.find((patch) => patch.message === answered.index)?.replies).toContain(answer.index);
        },
      ),
      { numRuns: 150 },
    );
  });

  it('quotes the hunk, at most five lines above, and marks what it leaves out', () => {
    const mail = patchMail(4);
    const inHunk = (text: string | undefined) => /^[ +-](?![+-]{2} )/.test(text ?? '');
    const line =
      1 + mail.lines.findIndex((text, at) => text.startsWith('+\t') && mail.lines.slice(at - 8, at).every(inHunk));
    expect(line).toBeGreaterThan(0);
    const body = replyTo(sample, mail.index, [{ line, text: 'Why?' }]).text.split('\n\n')[1] ?? '';
    const quotes = replyTo(sample, mail.index, [{ line, text: 'Why?' }])
      .text.split('\n')
      .filter((one) => one.startsWith('>'));
    expect(body).toMatch(/ wrote:\n> \[\.\.\.\]\n/);
    expect(quotes.filter((one) => /^> @@ /.test(one))).toHaveLength(1);
    expect(quotes.filter((one) => /^> \+\+\+ b\//.test(one))).toHaveLength(1);
    expect(quotes.at(-1)).toBe('> [...]');
    expect(quotes.filter((one) => !/^> (?:\[\.\.\.\]|@@ |\+\+\+ )/.test(one)).length).toBeLessThanOrEqual(6);
    expect(quotes.at(-2)).toBe(`> ${mail.lines[line - 1]}`);
  });

  it('answers the author, copies the others once, and threads under the mail', () => {
    const mail: Message = {
      ...patchMail(2),
      from: { name: 'Żółć, Author', address: 'author@example.org' },
      to: [
        { name: '', address: 'list@example.org' },
        { name: 'A', address: 'author@example.org' },
      ],
      cc: [
        { name: 'List', address: 'LIST@example.org' },
        { name: 'Second "Name", Jr.', address: 'second@example.org' },
      ],
      subject: '[PATCH 2/10] naïve\n Bcc: spy@example.org',
      id: 'mail-2@example.org',
      references: ['cover@example.org'],
    };
    const series = { ...sample, messages: sample.messages.map((one) => (one.index === mail.index ? mail : one)) };
    const { text, sendCommand } = replyTo(series, mail.index, [{ line: mail.bodyLine, text: 'No.' }]);
    const headers = text.slice(0, text.indexOf('\n\n'));
    expect(headers).toMatch(/^To: =\?UTF-8\?Q\?\S+\?= <author@example\.org>$/m);
    expect(headers).toMatch(/^Cc: list@example\.org, "Second \\"Name\\", Jr\." <second@example\.org>$/m);
    expect(headers).not.toMatch(/^Bcc:/m);
    expect(headers).toMatch(/^In-Reply-To: <mail-2@example\.org>$/m);
    expect(headers.replace(/\n /g, ' ')).toMatch(/^References: <cover@example\.org> <mail-2@example\.org>$/m);
    expect(sendCommand).toBe(
      "git send-email '--in-reply-to=mail-2@example.org' '--to=author@example.org' '--cc=list@example.org' '--cc=second@example.org' 'reply.eml'",
    );
  });

  it('wraps prose at 72 columns, and leaves code, quotes and long words whole', () => {
    const code = `\tif (${'x'.repeat(90)})`;
    const lines = wrapped(`${'word '.repeat(40)}\n\n${code}\n> quoted ${'y'.repeat(90)}\n${'z'.repeat(100)}\n-- \n`);
    expect(lines.filter((line) => line.startsWith('word')).every((line) => line.length <= 72)).toBe(true);
    expect(lines.filter((line) => line.startsWith('word'))).toHaveLength(3);
    expect(lines).toContain(code);
    expect(lines).toContain('z'.repeat(100));
    expect(lines).not.toContain('-- ');
  });

  it('has a shell take hostile addresses as text', () => {
    const mail = patchMail(1);
    const messages = sample.messages.map((one) =>
      one.index === mail.index ? { ...mail, from: { name: '$(x)', address: "a'; rm -rf ~ #@example.org" } } : one,
    );
    const { sendCommand } = replyTo({ ...sample, messages }, mail.index, [{ line: 1, text: 'x' }]);
    expect(sendCommand).toContain(`'--to=a'\\'';rm-rf~#@example.org'`);
  });

  it('starts a comment from a finding: what, why, and where to read it', () => {
    const finding = {
      message: 'the page of `GICv2m#0` stays mapped',
      why: [
        { text: 'a device can still write to it', reference: 'domain.md' },
        { text: 'nobody unmaps it.', reference: null },
      ],
    } as unknown as Finding;
    expect(commentOf(finding)).toBe(
      'the page of GICv2m#0 stays mapped.\n\na device can still write to it. (domain.md)\n\nnobody unmaps it.',
    );
  });
});

describe('remarks in an answer', () => {
  const mail = (lines: readonly string[]): Message => ({ ...patchMail(1), lines, bodyLine: 1 });
  const original = mail(['One.', '', 'Two.', 'same', 'Three.', 'same', 'Four.']);

  it('stand under the line quoted last, also after a gap and where lines repeat', () => {
    const answer = mail([
      'On a day, somebody wrote:',
      '> One.',
      'First.',
      '',
      'Still first.',
      '> [...]',
      '> Three.',
      '> same',
      '',
      'Second.',
      '-- ',
      'Me',
    ]);
    expect(remarks(answer, original).map(({ at, text }) => [at, text.join('|')])).toEqual([
      [1, 'First.||Still first.'],
      [6, 'Second.'],
    ]);
  });

  it('have no line where nothing was quoted before', () => {
    expect(remarks(mail(['Looks good.', '> One.']), original)).toEqual([
      { at: null, line: 1, endLine: 1, text: ['Looks good.'] },
    ]);
  });

  it('keep their place in spite of older comments in between and of trimmed blanks', () => {
    const answer = mail(['> > One.', '>', '> An older comment.', '> > Two.  ', 'New.']);
    expect(remarks(answer, original).map(({ at, text }) => [at, text.join('|')])).toEqual([[3, 'New.']]);
  });
});
