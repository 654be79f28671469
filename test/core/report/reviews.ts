import { parseChange } from '../../../src/patch/parse';
import type { Finding, Review } from '../../../src/review/types';
import { readSeries } from '../../../src/series/read';

const DIFF =
  'Why.\n---\n\ndiff --git a/x.c b/x.c\n--- a/x.c\n+++ b/x.c\n@@ -5,1 +5,2 @@ f\n a\n+\tiommu_map(d);\n-- \n2.5.0\n';

/** Two patches, the second in base64; one finding on each, a hostile one among them. */
export async function sampleReview(): Promise<Review> {
  const mail = (k: number, headers: string, body: string) =>
    `From mboxrd@z Thu Jan  1 00:00:00 1970\nFrom: A Author <a@example.org>\nSubject: [PATCH v3 ${k}/2] part ${k}\nMessage-ID: <${k}@x>\n${k > 1 ? 'In-Reply-To: <1@x>\n' : ''}${headers}\n${body}\n`;
  const base64 = Buffer.from(`From: Real Author <real@example.org>\n\n${DIFF}`)
    .toString('base64')
    .replace(/.{76}/g, '$&\n');
  const text = mail(1, '', DIFF) + mail(2, 'Content-Transfer-Encoding: base64\n', base64);
  const [series] = await readSeries([{ name: 'x.mbox', bytes: new TextEncoder().encode(text) }]);
  const changes = series!.patches.map((patch) => parseChange(series!.messages[patch.message]!));
  const finding = (patch: number, over: Partial<Finding>): Finding => {
    const line = changes[patch - 1]!.files[0]!.hunks[0]!.lines[1]!;
    return {
      id: `r:${patch}`,
      rule: 'window-leak',
      title: 'Window leak',
      class: 'window',
      severity: 'error',
      message: 'The page is not given back.',
      short: 'leak',
      patch,
      file: 'x.c',
      function: 'f',
      fileLine: line.newLine,
      at: {
        message: series!.patches[patch - 1]!.message,
        line: line.line,
        column: 1,
        endLine: line.line,
        endColumn: 5,
      },
      related: [],
      why: [{ text: 'It stays mapped', reference: 'VFIO manual' }],
      state: null,
      trace: null,
      introducedBy: patch,
      fixedBy: null,
      evidence: 'full',
      ...over,
    };
  };
  const second = finding(2, {
    severity: 'warning',
    message: 'Colour \u001b[31mred\u001b[0m and \u202eback\nline',
    trace: 't',
    fixedBy: null,
    evidence: 'spliced',
  });
  return {
    series: series!,
    changes,
    findings: [finding(1, { fixedBy: 2, related: [{ at: second.at, patch: 2, message: 'given back here' }] }), second],
    claims: [
      {
        kind: 'unmap-on-disable',
        polarity: 'affirms',
        tense: 'adds',
        message: series!.patches[1]!.message,
        depth: 0,
        at: second.at,
        text: 'It unmaps.',
        speaker: { role: 'patch', name: 'A. Author' },
        terms: ['mapping'],
        ranges: [],
        verdict: 'contradicted',
        finding: 'It stays mapped.',
        tried: ['s on m'],
        trace: 't',
        reference: null,
      },
    ],
    unmapped: [],
    windows: [
      {
        scenario: 's',
        machine: 'm',
        patch: 2,
        base: 0x8000000,
        size: 8192,
        granule: 4096,
        pagesUsed: 2,
        pagesNeeded: 3,
        events: [{ at: second.at, delta: 1, used: 1, total: 2, doorbells: ['v2m0'] }],
      },
    ],
    matrix: [
      { scenario: 's', machine: 'm', prefix: 0, verdict: 'holds', reason: null, trace: null },
      { scenario: 's', machine: 'm', prefix: 1, verdict: 'violated', reason: null, trace: 't' },
      { scenario: 's', machine: 'n', prefix: 0, verdict: 'n/a', reason: null, trace: null },
      { scenario: 's', machine: 'n', prefix: 1, verdict: 'n/a', reason: null, trace: null },
    ],
    coverage: [
      {
        patch: 1,
        file: 'x.c',
        function: 'f',
        evidence: 'full',
        source: 'patch',
        executed: true,
        reason: null,
        at: second.at,
      },
      {
        patch: 2,
        file: 'x.c',
        function: 'g',
        evidence: 'fragment',
        source: 'hunk',
        executed: false,
        reason: 'no body',
        at: second.at,
      },
    ],
    stages: [],
    choices: [{ what: 'design', value: 'v4.5', because: 'the date says so' }],
    traces: {
      t: {
        id: 't',
        scenario: 's',
        machine: 'm',
        design: 'v4.5',
        prefix: 1,
        initial: {},
        violations: [],
        windows: [],
        undecided: [],
        injected: null,
        events: [
          {
            index: 0,
            step: 0,
            actor: 'host',
            kind: 'effect',
            text: 'map',
            at: { kind: 'message', added: true, ...second.at },
            function: 'f',
            changes: [],
            windowDelta: 1,
          },
        ],
      },
    },
    damage: [{ code: 'odd', message: 'Something is odd.', at: null }],
  };
}
