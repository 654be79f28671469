// The sample as a person sees it: marks on lines, reasons in hovers, Problems, the tree, in all kinds of theme.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { keepPictureOfFailure, openWorkbench } from './workbench.mjs';

/** @type {Awaited<ReturnType<typeof openWorkbench>> | undefined} */
let workbench;
keepPictureOfFailure(() => workbench);

/** Until the sample is reviewed. @param {Awaited<ReturnType<typeof openWorkbench>>} shown */
async function reviewed(shown) {
  await shown.status(/\d+ violations? · window \d+\/\d+ · \d+\/\d+ functions executed/).waitFor();
}

/** Text that is injected after lines. @param {Awaited<ReturnType<typeof openWorkbench>>} shown */
function injected(shown) {
  return shown.page.evaluate(() =>
    [...document.querySelectorAll('.view-line span')].map((span) => getComputedStyle(span, '::after').content),
  );
}

describe('the sample, dark', () => {
  beforeAll(async () => {
    workbench = await openWorkbench({ theme: 'dark' });
    await reviewed(workbench);
  });
  afterAll(() => workbench?.close());
  afterEach(async () => {
    await workbench?.page.keyboard.press('Escape');
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
    await workbench.picture('review-lines-dark');
  });

  test('C is coloured in every patch', async () => {
    if (!workbench) return expect.unreachable();
    await workbench.goToLine(740);
    const line = workbench.lines().filter({ hasText: 'return ret;' }).first();
    await expect.poll(() => line.locator('span span').count()).toBeGreaterThan(2);
  });
});

/** The workbench under test; fails where there is none. */
function shownOrFail() {
  if (!workbench) throw new Error('no workbench is open');
  return workbench;
}
