// The surfaces beside the patch: versions, Testing view, scenario files, choices. Where pictures are kept, each is shown in every kind of
// theme, to be looked at; else in one.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { keepPictureOfFailure, openWorkbench } from './workbench.mjs';

/** @type {Awaited<ReturnType<typeof openWorkbench>> | undefined} */
let workbench;
keepPictureOfFailure(() => workbench);

/** The workbench under test; fails where there is none. */
function shown() {
  if (!workbench) throw new Error('no workbench is open');
  return workbench;
}

const themes = /** @type {const} */ (
  process.env.DOORBELL_KEEP_PICTURES ? ['light', 'high-contrast', 'high-contrast-light', 'dark'] : ['dark']
);

/** A picture in each theme; that of the dark one, which is last and stays, is kept. @param {string} name @param {() => Promise<void>} [ready] what the theme's picker took away */
async function inEachTheme(name, ready = async () => undefined) {
  for (const theme of themes) {
    if (themes.length > 1) await shown().theme(theme);
    await ready();
    await shown().picture(theme === 'dark' ? name : `${name}-${theme}`, { keep: theme === 'dark' });
  }
}

const rows = (/** @type {string} */ view) => shown().page.locator(`${view} .monaco-list-row`);

/** Opens a file of the workspace by its name. @param {string} name */
async function open(name) {
  const { page } = shown();
  await page.keyboard.press('Control+P');
  const input = page.locator('.quick-input-widget input[type="text"]');
  await input.waitFor({ state: 'visible' });
  await input.fill(name);
  await page.locator('.quick-input-list .monaco-list-row').filter({ hasText: name }).first().click();
  await page.locator(`.tab.active[data-resource-name="${name}"]`).waitFor();
}

async function hidePanel() {
  const { page } = shown();
  await page.locator('.part.panel .codicon-panel-close').first().click();
  await page.locator('.part.panel').waitFor({ state: 'hidden' });
}

const SCENARIO = `{
  "id": "neighbours",
  "title": "Two guests, one frame",
  "shows": "Guest A writes its neighbour's interrupt number to the doorbell they share.",
  "reference": "GICv2m: SPIs of a frame are raised by whoever can write the page.",
  "rows": [],
  "machines": ["arm64-smmuv3-gicv2m"],
  "unsafeInterrupts": true,
  "agents": [
    { "name": "Guest A", "kind": "guest", "devices": ["nic-vf0"] },
    { "name": "Guest B", "kind": "guest", "devices": ["nic-vf1"] }
  ],
  "steps": [
    { "stage": "attach", "agent": "Guest A" },
    { "stage": "attach", "agent": "Guest B" },
    { "stage": "enable", "agent": "Guest A" },
    { "stage": "enable", "agent": "Guest B" },
    { "stage": "fire", "agent": "Guest A" }
  ],
  "watch": ["I3"],
  "expected": {
    "cookie": "violated"
  }
}
`;

describe('beside the patch', () => {
  beforeAll(async () => {
    workbench = await openWorkbench({ theme: 'dark', context: { viewport: { width: 1200, height: 720 } } });
    const { workspace } = workbench;
    const versions = ['v1', 'v2'].map((name) => readFileSync(path.join(workspace, `msi-window-${name}.mbox`), 'utf8'));
    writeFileSync(path.join(workspace, 'both-versions.mbox'), versions.join(''));
    await workbench
      .status(/\d+ violations?( · \d+ errors?)? · window \d+\/\d+ · \d+\/\d+ functions executed/)
      .waitFor();
  });
  afterAll(() => workbench?.close());
  afterEach(async () => {
    await workbench?.page.keyboard.press('Escape');
  });

  test('two versions of the series: fixed, new and kept', async () => {
    const { page, workspace } = shown();
    await shown()
      .status(/violations/)
      .click();
    await shown().command('Doorbell: Compare with Another Version');
    const input = page.locator('.quick-input-widget input[type="text"]');
    // The dialog begins with the folder.
    await expect.poll(() => input.inputValue()).toMatch(/^\//);
    // It puts the folder back once it has listed it: what is typed before that is lost.
    const chosen = page.locator('.quick-input-list .monaco-list-row.focused').filter({ hasText: 'msi-window-v2.mbox' });
    await expect
      .poll(async () => {
        await input.fill(path.join(workspace, 'msi-window-v2.mbox'));
        return chosen.count();
      })
      .toBe(1);
    await page.keyboard.press('Enter');
    await input.waitFor({ state: 'hidden' });
    await rows('.pane-body').filter({ hasText: 'v1 → v2' }).first().waitFor();
    for (const section of [/^Fixed/, /^Still there/])
      await rows('.pane-body').filter({ hasText: section }).first().waitFor();
    const fixed = rows('.pane-body')
      .filter({ hasText: /^Fixed/ })
      .first();
    await fixed.click();
    await inEachTheme('versions');
  });

  test('the Testing view: a test for each scenario and patch, run as tests are, with the finding as the message', async () => {
    const { page } = shown();
    await shown().command('Testing: Focus on Test Explorer View');
    const tests = rows('.test-explorer');
    await tests.first().waitFor();
    await shown().command('Test: Run All Tests');
    await tests
      .filter({ has: page.locator('.codicon-testing-failed-icon') })
      .first()
      .waitFor();
    await tests.first().click();
    await page.keyboard.press('ArrowRight');
    await expect.poll(() => tests.count()).toBeGreaterThan(3);
    const results = rows('.test-output-peek-tree');
    await results.filter({ hasText: 'after 7/10' }).first().click();
    // A sentence, and the machines it is true of.
    await expect
      .poll(() => page.locator('.test-output-peek-message-container').textContent())
      .toMatch(/\w+\s\w+\s\w+[^(]*\(x86-vtd/);
    await inEachTheme('testing');
    await hidePanel();
  });

  test('a scenario file is run when it is saved, and the expectation that fails is marked at its line', async () => {
    const { page, workspace } = shown();
    writeFileSync(path.join(workspace, 'neighbours.scenario.json'), SCENARIO);
    await open('neighbours.scenario.json');
    await shown().goToLine(3, 15);
    await page.keyboard.type('s');
    await page.keyboard.press('Backspace');
    await page.keyboard.press('Control+S');
    await page.locator('.squiggly-error').first().waitFor();
    const problems = await shown().problems();
    await page.locator('.viewpane-filter input').fill('scenario.json');
    await problems.filter({ hasText: 'cookie' }).first().waitFor();
    await shown().goToLine(22, 8);
    await inEachTheme('scenario');
    expect(readFileSync(path.join(workspace, 'neighbours.scenario.json'), 'utf8')).toBe(SCENARIO);
    await page.locator('.viewpane-filter input').fill('');
    await hidePanel();
  });

  test('of several series in one file, one is chosen', async () => {
    const { page } = shown();
    await open('both-versions.mbox');
    // What became of the text's claims is said last.
    await expect
      .poll(() =>
        page.evaluate(() =>
          [...document.querySelectorAll('.view-line span')].map((span) => getComputedStyle(span, '::after').content),
        ),
      )
      .toContainEqual(expect.stringContaining('confirmed'));
    const second = page.locator('.quick-input-list .monaco-list-row').filter({ hasText: /v2 · \d+ patches/ });
    await inEachTheme('choices', async () => {
      await shown().command('Doorbell: Show Series');
      await second.waitFor();
    });
    await second.click();
    await shown()
      .lines()
      .filter({ hasText: /PATCH\sv2/ })
      .first()
      .waitFor();
  });
});
