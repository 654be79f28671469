import type { Message } from '../../../src/series/types';

/** A message whose body is the given text, behind two header lines. */
export function bodyMessage(body: string): Message {
  const lines = ['From: a@example.org', 'Subject: [PATCH] x', '', ...body.split('\n')];
  if (lines.at(-1) === '') lines.pop();
  return {
    index: 0,
    id: 'a@x',
    subject: '[PATCH] x',
    tag: { words: ['PATCH'], version: 1, index: 1, total: 1 },
    from: { name: '', address: 'a@example.org' },
    to: [],
    cc: [],
    date: null,
    inReplyTo: null,
    references: [],
    lines,
    bodyLine: 4,
    decoded: false,
    rawLines: null,
    source: 0,
    sourceLine: 0,
  };
}
