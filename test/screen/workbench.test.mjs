// The first thing a person sees: the installed package, the sample open, the extension awake, and no network used.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { extensionHostIsWatched, keepPictureOfFailure, openWorkbench } from './workbench.mjs';

/** @type {Awaited<ReturnType<typeof openWorkbench>> | undefined} */
let workbench;
keepPictureOfFailure(() => workbench);
beforeAll(async () => {
  workbench = await openWorkbench();
});
// Closing fails when the page or the extension host asked for another machine.
afterAll(() => workbench?.close());

test('the sample is open in an editor', async () => {
  await workbench?.lines().filter({ hasText: 'Subject:' }).first().waitFor();
});

test('the extension is active: its entry stands in the status bar', async () => {
  await workbench
    ?.status(/Doorbell|violation|window/)
    .first()
    .waitFor();
  await workbench?.picture('workbench');
});

test('the extension host is watched for connections', () => {
  expect(extensionHostIsWatched()).toBe(true);
});
