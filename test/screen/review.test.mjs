// The sample as a person sees it: marks on lines, reasons in hovers, Problems, the tree, in all kinds of theme.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { extensionHostIsWatched, keepPictureOfFailure, openWorkbench } from './workbench.mjs';

/** @type {Awaited<ReturnType<typeof openWorkbench>> | undefined} */
let workbench;
keepPictureOfFailure(() => workbench);

/** Until the sample is reviewed. @param {Awaited<ReturnType<typeof openWorkbench>>} shown */
async function reviewed(shown) {
  await shown.status(/\d+ violations?( · \d+ errors?)? · window \d+\/\d+ · \d+\/\d+ functions executed/).waitFor();
}

/** Goes to the next finding by key, which shows its hover. @param {Awaited<ReturnType<typeof openWorkbench>>} shown @param {number} from line */
async function hoverOfNextFinding(shown, from) {
  await shown.goToLine(from);
  await shown.page.keyboard.press('Alt+F7');
  const hover = shown.page.locator('.monaco-hover:visible').filter({ hasText: 'because' });
  await hover.waitFor();
  // VS Code would put the lines of the Problems entry above the reasons, and gives a hover no more than part of the page.
  expect(await hover.getByText('View Problem').count()).toBe(0);
  await hover.getByText('About this rule').first().scrollIntoViewIfNeeded();
  return hover;
}

/** Text that is injected after lines. @param {Awaited<ReturnType<typeof openWorkbench>>} shown */
function injected(shown) {
  return shown.page.evaluate(() =>
    [...document.querySelectorAll('.view-line span')].map((span) => getComputedStyle(span, '::after').content),
  );
}

/** The workbench under test; fails where there is none. */
function shownOrFail() {
  if (!workbench) throw new Error('no workbench is open');
  return workbench;
}

describe('the sample', () => {
  beforeAll(async () => {
    workbench = await openWorkbench({ theme: 'dark' });
    await reviewed(workbench);
  });
  afterAll(() => workbench?.close());
  afterEach(async () => {
    await workbench?.page.keyboard.press('Escape');
  });

  test('the extension host is watched for connections', () => {
    expect(extensionHostIsWatched()).toBe(true);
  });

  test('the status bar opens the tree: patches, findings, scenarios', async () => {
    if (!workbench) return expect.unreachable();
    await workbench.status(/violations/).click();
    const rows = workbench.page.locator('.pane-body .monaco-list-row');
    for (const text of ['Cover letter', '4/10', 'Findings', 'Scenarios × patches'])
      await rows.filter({ hasText: text }).first().waitFor();
  });

  test('a line with a finding is tinted, has a glyph in the gutter and says why at its end', async () => {
    if (!workbench) return expect.unreachable();
    await workbench.goToLine(294);
    const { page } = workbench;
    const line = workbench.lines().filter({ hasText: 'init_iova_domain(' }).first();
    await line.waitFor();
    await page.locator('.cgmr').first().waitFor({ state: 'attached' });
    await expect.poll(async () => (await injected(shownOrFail())).join('\n')).toMatch(/the window 0x/);
    await expect.poll(async () => (await injected(shownOrFail())).join('\n')).toMatch(/[▰▱]+ \d+\/\d+ pages/);
    await workbench.picture('marks', { keep: true });
  });

  test('C is coloured in every patch', async () => {
    if (!workbench) return expect.unreachable();
    await workbench.goToLine(740);
    const line = workbench.lines().filter({ hasText: 'return ret;' }).first();
    await expect.poll(() => line.locator('span span').count()).toBeGreaterThan(2);
  });

  test('the hover says why, where to read it, and leads on', async () => {
    if (!workbench) return expect.unreachable();
    const hover = await hoverOfNextFinding(workbench, 750);
    await hover.getByText('because').first().waitFor();
    for (const link of ['Show trace', 'Run scenario', 'About this rule']) await hover.getByText(link).first().waitFor();
    await workbench.picture('review-dark', { keep: true, walkthrough: 'review' });
  });

  for (const theme of /** @type {const} */ (['light', 'high-contrast', 'high-contrast-light']))
    test(`the same marks and the same hover: ${theme}`, async () => {
      if (!workbench) return expect.unreachable();
      await workbench.theme(theme);
      await hoverOfNextFinding(workbench, 750);
      await expect.poll(async () => (await injected(shownOrFail())).join('\n')).toMatch(/taken|pages|window/);
      await workbench.picture(`review-${theme}`, { keep: true });
    });

  test('dark again', () => shownOrFail().theme('dark'));

  test('Problems has a row for each finding, with the lines that led to it', async () => {
    if (!workbench) return expect.unreachable();
    const rows = await workbench.problems();
    await rows.filter({ hasText: 'Window not given back' }).first().waitFor();
    await rows.filter({ hasText: 'vfio_msi_register_window()' }).first().waitFor();
    await workbench.picture('problems', { keep: true });
    await workbench.page.keyboard.press('Control+Shift+M');
  });

  test('the topology panel draws the first trace, steps by key, and takes the editor to the line of the event', async () => {
    if (!workbench) return expect.unreachable();
    await workbench.goToLine(840);
    await workbench.command('Doorbell: Show Topology');
    const panel = workbench.webview();
    await panel.locator('#drawing .node').first().waitFor();
    await panel.locator('.event .link').first().waitFor();
    const before = await panel.locator('.event[aria-current="step"] .number').textContent();
    await panel.locator('.event[aria-current="step"]').press('ArrowRight');
    await expect.poll(() => panel.locator('.event[aria-current="step"] .number').textContent()).not.toBe(before);
    await panel.locator('.next-broken').click();
    await panel.locator('.event.on.bad').waitFor();
    await workbench.picture('topology', { keep: true, walkthrough: 'topology' });
    // The violation's own line is shown now; the one that opens the window stands out of sight above it.
    const opening = workbench.page.locator('.view-line').filter({ hasText: 'init_iova_domain(' });
    await opening.first().waitFor({ state: 'detached' });
    await panel.locator('.event', { hasText: 'open a window of IOVA' }).first().click();
    await opening.first().waitFor();
  });

  test('a finding becomes a comment, and the comment a mail that answers the patch', async () => {
    if (!workbench) return expect.unreachable();
    await workbench.page.locator('.tab[data-resource-name="msi-window-v1.mbox"]').click();
    const hover = await hoverOfNextFinding(workbench, 750);
    await hover.getByText('Add to reply').first().click();
    await workbench.page.locator('.review-widget').first().waitFor();
    await workbench.command('Doorbell: Compose Reply');
    await workbench.lines().filter({ hasText: 'In-Reply-To:' }).first().waitFor();
    await workbench.picture('reply', { keep: true });
    if (process.env.DOORBELL_KEEP_PICTURES)
      for (const theme of /** @type {const} */ (['light', 'high-contrast', 'high-contrast-light'])) {
        await workbench.theme(theme);
        await workbench.picture(`reply-${theme}`);
      }
  });
});
