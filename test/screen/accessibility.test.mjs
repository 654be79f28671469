// The panel by the rules of WCAG 2 A and AA, as axe-core knows them, in each kind of theme; and its way by keyboard. axe-core runs in the tests alone.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBrowser } from '../../tools/browser.mjs';
import { linksOf, openPanel, show, tracesOf } from './panel-page.mjs';
import { themes } from './themes.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

let browser;
let trace;
let other;
beforeAll(async () => {
  const first = (traces) => traces[0];
  [browser, trace, other] = await Promise.all([
    openBrowser(),
    tracesOf('two-guests-gicv2m', 'fixup').then(first),
    tracesOf('two-guests-gicv2m', 'transparent').then(first),
  ]);
}, 120_000);
afterAll(() => browser?.close());

/** What axe-core objects to: rule, and the elements with what is wrong with each. */
async function objections({ page }) {
  await page.evaluate(axe);
  const { violations, passes } = await page.evaluate(() =>
    window.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'] }),
  );
  // A run that looked at nothing has no objections either.
  expect(passes.map(({ id }) => id)).toEqual(expect.arrayContaining(['color-contrast', 'button-name', 'select-name']));
  return violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ target, failureSummary }) => `${target} ${failureSummary}`).join('\n')}`,
  );
}

const against = () => ({
  key: 'design:transparent',
  title: 'design transparent alone',
  earlier: true,
  trace: other,
  links: linksOf(other),
});

describe.each(Object.keys(themes))('in the %s theme', (theme) => {
  it('nothing is objected to in one trace, where it breaks', async () => {
    const opened = await openPanel(browser, theme);
    await show(opened, trace, trace.violations[0].event);
    expect(await objections(opened)).toEqual([]);
    await opened.page.close();
  });

  it('nor in two side by side', async () => {
    const opened = await openPanel(browser, theme);
    await show(opened, trace, trace.violations[0].event, against());
    await opened.page.locator('.half').nth(1).waitFor();
    expect(await objections(opened)).toEqual([]);
    await opened.page.close();
  });
});
