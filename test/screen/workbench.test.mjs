// The first thing a person sees: the installed package, the sample open, the extension awake, and no network used.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { extensionHostIsWatched, openWorkbench } from './workbench.mjs';

/** @type {Awaited<ReturnType<typeof openWorkbench>>} */
let workbench;
beforeAll(async () => {
  workbench = await openWorkbench();
});
afterAll(() => workbench?.close());

test('the sample is open in an editor', async () => {
  await workbench.lines().filter({ hasText: 'Subject:' }).first().waitFor();
});

test('the extension is active: its entry stands in the status bar', async () => {
  await workbench
    .status(/Doorbell|violation|window/)
    .first()
    .waitFor();
});

test.each(/** @type {const} */ (['light', 'dark', 'high-contrast', 'high-contrast-light']))(
  'in the %s theme',
  async (name) => {
    await workbench.theme(name);
    await workbench.picture(`workbench-${name}`);
  },
);

test('the extension host is watched for connections', () => {
  expect(extensionHostIsWatched()).toBe(true);
});
