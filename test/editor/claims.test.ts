/** A mail without code: opened as any text, its claims are tried and shown where they stand. */
import assert from 'node:assert/strict';
import { closeAll, doorbell, hoverAt, LIMIT, show, until, write } from './host';

const MAIL = [
  'Re: [PATCH 0/3] vfio: interrupts of assigned devices',
  '',
  'From: Robin Reviewer',
  'Date: Mon Mar 7 2016 - 10:00:00 EST',
  '',
  'GICv2m isolates guests from each other.',
  '',
  'An MSI on arm64 is translated by the SMMU,',
  'so it is lost unless the doorbell page is mapped.',
  '',
];

suite('claims of a mail without code', function () {
  this.timeout(LIMIT);
  teardown(closeAll);

  test('are reviewed unasked, and a hover on any line of the passage tells the verdict', async () => {
    const { store } = await doorbell();
    const file = await write('discussion.txt', MAIL.join('\n'));
    await show(file);
    const claims = await until('the claims', [store.onDidReview], () => {
      const [review] = store.subjectOf(file)?.reviews ?? [];
      return review?.claims.length === 2 ? review.claims : undefined;
    });
    assert.deepEqual(
      claims.map(({ kind, verdict }) => [kind, verdict]),
      [
        ['isolation-of-frame', 'contradicted'],
        ['msi-translated', 'confirmed'],
      ],
    );
    assert.match(await hoverAt(file, 5), /✕ contradicted/);
    assert.match(await hoverAt(file, 5), /SPI 80/);
    for (const line of [7, 8]) assert.match(await hoverAt(file, line), /✓ confirmed/);
    assert.doesNotMatch(await hoverAt(file, 9), /confirmed|contradicted/);
  });
});
