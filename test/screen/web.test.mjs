// The packaged extension in the web-worker extension host: the browser runs it, no Node does. The same marks, reasons, trace and comments.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { keepPictureOfFailure, openWorkbench } from './workbench.mjs';

/** @type {Awaited<ReturnType<typeof openWorkbench>> | undefined} */
let workbench;
keepPictureOfFailure(() => workbench);

/** The workbench under test; fails where there is none. */
function shown() {
  if (!workbench) throw new Error('no workbench is open');
  return workbench;
}

describe('the extension in a browser', () => {
  beforeAll(async () => {
    workbench = await openWorkbench({
      theme: 'dark',
      settings: { 'remote.extensionKind': { 'doorbell.doorbell': ['web'] } },
    });
  });
  afterAll(() => workbench?.close());

  test('the sample is reviewed, and its lines are marked', async () => {
    const { page } = shown();
    await shown()
      .status(/\d+ violations?( · \d+ errors?)? · window \d+\/\d+ · \d+\/\d+ functions executed/)
      .waitFor();
    await shown().goToLine(294);
    await shown().lines().filter({ hasText: 'init_iova_domain(' }).first().waitFor();
    await page.locator('.cgmr').first().waitFor({ state: 'attached' });
    const injected = () =>
      page.evaluate(() =>
        [...document.querySelectorAll('.view-line span')]
          .map((span) => getComputedStyle(span, '::after').content)
          .join('\n'),
      );
    await expect.poll(injected).toMatch(/the window 0x/);
    await expect.poll(injected).toMatch(/[▰▱]+ \d+\/\d+ pages/);
  });

  test('it runs in a web worker, and reviews in one of its own: nowhere is there a Node', async () => {
    const { page } = shown();
    await shown().command('Developer: Show Running Extensions');
    const row = page.locator('.runtime-extensions-editor .monaco-list-row').filter({ hasText: 'Doorbell' });
    await row.filter({ hasText: 'web worker' }).waitFor();
    expect(await row.count()).toBe(1);
    const scopes = await Promise.all(
      page.workers().map((worker) => worker.evaluate(() => [typeof process, typeof importScripts].join(' '))),
    );
    expect(scopes.length).toBeGreaterThan(1);
    expect([...new Set(scopes)]).toEqual(['undefined function']);
    await page.keyboard.press('Escape');
    await row.waitFor({ state: 'detached' });
  });

  test('a finding says why, and its trace is drawn in the panel', async () => {
    const { page } = shown();
    await shown().goToLine(750);
    await page.keyboard.press('Alt+F7');
    const hover = page.locator('.monaco-hover:visible').filter({ hasText: 'because' });
    await hover.waitFor();
    await hover.getByText('Show trace').first().click();
    const panel = shown().webview();
    await panel.locator('#drawing .node').first().waitFor();
    await panel.locator('.event[aria-current="step"]').waitFor();
  });
});
