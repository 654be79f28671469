// The window is loaded anew while everything is open: what the reader wrote, chose and looked at is there again.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
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

const reviewed = () =>
  shown()
    .status(/\d+ violations?( · \d+ errors?)? · window \d+\/\d+ · \d+\/\d+ functions executed/)
    .waitFor();

const TYPED = 'Typed and never saved.';

describe('a window that is loaded anew', () => {
  beforeAll(async () => {
    // Opened by hand: an address that names a file would open it anew instead of what was open.
    workbench = await openWorkbench({ file: null, theme: 'dark', settings: { 'files.autoSave': 'off' } });
    await workbench.page
      .locator('.explorer-folders-view .monaco-list-row', { hasText: 'msi-window-v1.mbox' })
      .dblclick();
    await reviewed();
  });
  afterAll(() => workbench?.close());

  /** What is looked at in the panel: the trace's title and the number of the event. */
  const looking = async () => {
    const panel = shown().webview();
    await panel.locator('.event[aria-current="step"] .number').waitFor();
    return {
      trace: await panel.locator('select').first().inputValue(),
      event: await panel.locator('.event[aria-current="step"] .number').textContent(),
    };
  };

  test('shows the typed text, the comments, the trace and its event, and reviews again', async () => {
    const { page, workspace } = shown();
    const tab = page.locator('.tab[data-resource-name="msi-window-v1.mbox"]');

    // A comment, from a finding.
    await shown().goToLine(750);
    await page.keyboard.press('Alt+F7');
    const hover = page.locator('.monaco-hover:visible').filter({ hasText: 'because' });
    await hover.waitFor();
    await hover.getByText('Add to reply').first().click();
    const sidecar = path.join(workspace, 'msi-window-v1.mbox.doorbell.json');
    await expect.poll(() => existsSync(sidecar) && readFileSync(sidecar, 'utf8')).toContain('"comments"');
    const comment = page.locator('.review-widget .comment-body');
    const said = ((await comment.first().textContent()) ?? '').trim();
    expect(said.length).toBeGreaterThan(20);

    // Text that is not saved.
    await shown().goToLine(10);
    await page.keyboard.press('Home');
    await page.keyboard.type(`${TYPED} `);
    await shown()
      .lines()
      .filter({ hasText: TYPED.replaceAll(' ', '\u00a0') })
      .first()
      .waitFor();
    await reviewed();

    // A place in a trace.
    await shown().command('Doorbell: Show Topology');
    const panel = shown().webview();
    await panel.locator('#drawing .node').first().waitFor();
    await panel.locator('.next-broken').click();
    await panel.locator('.event.on.bad').waitFor();
    const before = await looking();
    expect(before.event).not.toBe('1');

    await page.locator('.tab.dirty').first().waitFor();
    const loaded = page.waitForEvent('load');
    await shown().command('Developer: Reload Window');
    await loaded;

    await tab.first().waitFor();
    await tab.first().click();
    await reviewed();
    await shown().goToLine(10);
    await shown()
      .lines()
      .filter({ hasText: TYPED.replaceAll(' ', '\u00a0') })
      .first()
      .waitFor();
    expect(readFileSync(path.join(workspace, 'msi-window-v1.mbox'), 'utf8')).not.toContain(TYPED);
    await shown().webview().locator('.event.on.bad').waitFor();
    expect(await looking()).toEqual(before);

    await shown().command('Comments: Focus on Comments View');
    const rows = page.locator('.comments-panel .monaco-list-row');
    await rows
      .filter({ hasText: said.slice(0, 30) })
      .first()
      .waitFor();
    await shown().picture('reloaded');
  });
});
