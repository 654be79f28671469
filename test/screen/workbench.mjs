// What a screen test needs: a workbench with a file open, as a person sees it, and pictures of it.
// Comes in: a file to open. Goes out: a page, and words for what people do in VS Code (palette, problems, hover).
// Every helper waits for what it must see, never for time.
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, inject } from 'vitest';
import { openBrowser, openPage } from '../../tools/browser.mjs';
import { keepPicture, keepWalkthroughPicture } from './pictures.mjs';

export const root = path.resolve(fileURLToPath(new URL('../..', import.meta.url)));
const pictures = path.join(root, 'test-results/screen');

/** Themes by our names: what VS Code calls them in the settings and in the picker, and the class its workbench then carries. */
const themes = {
  light: { setting: 'Light Modern', label: 'Light Modern', mark: '.monaco-workbench.vs' },
  dark: { setting: 'Dark Modern', label: 'Dark Modern', mark: '.monaco-workbench.vs-dark' },
  'high-contrast': {
    setting: 'Default High Contrast',
    label: 'Dark High Contrast',
    mark: '.monaco-workbench.hc-black',
  },
  'high-contrast-light': {
    setting: 'Default High Contrast Light',
    label: 'Light High Contrast',
    mark: '.monaco-workbench.hc-light',
  },
};

/**
 * Opens a workbench in a browser of its own. Call `close()` in `afterAll`: it also fails on requests for other hosts.
 * @param {object} [options]
 * @param {string} [options.file] to open: a name in the workspace (default the sample v1), or null for none
 * @param {string} [options.samples] folder the workspace is a copy of; default samples/
 * @param {keyof typeof themes} [options.theme]
 * @param {Record<string, unknown>} [options.settings] of the user. They and the theme are there before the page loads.
 * @param {import('playwright-core').BrowserContextOptions} [options.context] e.g. another viewport
 */
export async function openWorkbench({
  file = 'msi-window-v1.mbox',
  samples = path.join(root, 'samples'),
  theme = 'light',
  settings = {},
  context = {},
} = {}) {
  writeSettings({ 'workbench.colorTheme': themes[theme].setting, ...settings });
  const workspace = mkdtempSync(path.join(tmpdir(), 'db-ws-'));
  cpSync(samples, workspace, { recursive: true });
  const browser = await openBrowser();
  const { page, strangers } = await openPage(browser, context);
  const base = inject('base');
  const payload = [
    ['skipWelcome', 'true'],
    ['skipReleaseNotes', 'true'],
  ];
  if (file) payload.push(['openFile', `vscode-remote://${new URL(base).host}${path.join(workspace, file)}`]);
  const address = `${base}/?folder=${encodeURIComponent(workspace)}&payload=${encodeURIComponent(JSON.stringify(payload))}`;
  try {
    await page.goto(address);
    await page.locator(themes[theme].mark).waitFor();
    if (file) await page.locator(`.tab.active[data-resource-name="${path.basename(file)}"]`).waitFor();
  } catch (error) {
    await takePicture(page, 'workbench-did-not-open');
    await browser.close();
    throw error;
  }

  return {
    page,
    workspace,
    /** Runs a command by its title in the palette. @param {string} title */
    async command(title) {
      await page.keyboard.press('F1');
      const input = page.locator('.quick-input-widget input[type="text"]');
      await input.waitFor({ state: 'visible' });
      await input.fill(`>${title}`);
      const row = page.locator('.quick-input-list .monaco-list-row').filter({ hasText: title }).first();
      await row.waitFor();
      await row.click();
    },
    /** The lines of the active editor that are drawn now, as text. */
    lines() {
      return page.locator('.editor-group-container.active .view-line');
    },
    /** Changes the theme as a person does, by the picker, and waits until it is there. @param {keyof typeof themes} next */
    async theme(next) {
      await this.command('Preferences: Color Theme');
      const input = page.locator('.quick-input-widget input[type="text"]');
      await page.locator('.quick-input-list .monaco-list-row').filter({ hasText: 'Modern' }).first().waitFor();
      await input.fill(themes[next].label);
      await page
        .locator('.quick-input-list .monaco-list-row.focused')
        .filter({ hasText: themes[next].label })
        .waitFor();
      await page.keyboard.press('Enter');
      await input.waitFor({ state: 'hidden' });
      await page.locator(themes[next].mark).waitFor();
    },
    /** Status bar entries with this text. @param {string | RegExp} text */
    status(text) {
      return page.locator('.statusbar-item').filter({ hasText: text });
    },
    /** The rows of the Problems view, which this opens. */
    async problems() {
      if (!(await page.locator('.markers-panel').isVisible())) await page.keyboard.press('Control+Shift+M');
      await page.locator('.markers-panel').waitFor();
      return page.locator('.markers-panel .monaco-list-row');
    },
    /** Puts the cursor on a line of the active editor. @param {number} line 1-based @param {number} [column] 1-based */
    async goToLine(line, column = 1) {
      await page.locator('.editor-group-container.active .monaco-editor').first().click();
      await page.keyboard.press('Control+G');
      const input = page.locator('.quick-input-widget input[type="text"]');
      await input.waitFor({ state: 'visible' });
      await input.fill(`:${line},${column}`);
      await page.keyboard.press('Enter');
      await input.waitFor({ state: 'hidden' });
      await page
        .locator('.statusbar-item')
        .filter({ hasText: `Ln ${line}, Col ${column}` })
        .waitFor();
    },
    /** The page inside the webview that is shown. */
    webview() {
      return page.frameLocator('iframe.webview').frameLocator('iframe#active-frame');
    },
    /**
     * A picture in test-results/screen/, and with `keep` also in docs/pictures/ when DOORBELL_KEEP_PICTURES is set.
     * @param {string} name without ending
     * @param {{ keep?: boolean, walkthrough?: string }} [options] `walkthrough`: also the walkthrough's picture of that name
     */
    async picture(name, { keep = false, walkthrough } = {}) {
      const file = await takePicture(page, name);
      if (keep) await keepPicture(name, readFileSync(file));
      if (walkthrough) await keepWalkthroughPicture(walkthrough, readFileSync(file));
    },
    /** Closes the browser, and throws when anything but 127.0.0.1 was asked for. */
    async close() {
      await browser.close();
      rmSync(workspace, { recursive: true, force: true });
      const asked = [...strangers, ...strangersOfTheExtensionHost()];
      if (asked.length > 0) throw new Error(`asked for other machines:\n${asked.join('\n')}`);
    },
  };
}

/** @param {import('playwright-core').Page} page @param {string} name @returns the file */
async function takePicture(page, name) {
  mkdirSync(pictures, { recursive: true });
  const file = path.join(pictures, `${name}.png`);
  await page.screenshot({ path: file, animations: 'disabled', caret: 'hide' });
  return file;
}

/**
 * Keeps a picture of what was on the screen whenever a test of this file fails: `failed-….png`.
 * @param {() => Awaited<ReturnType<typeof openWorkbench>> | undefined} current
 */
export function keepPictureOfFailure(current) {
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await current()?.picture(`failed-${task.name.replace(/\W+/g, '-')}`);
  });
}

/** Writes the user's settings: the suite's own, and these. @param {Record<string, unknown>} added */
function writeSettings(added) {
  const settings = { ...JSON.parse(inject('settings')), ...added };
  writeFileSync(path.join(inject('profile'), 'User/settings.json'), JSON.stringify(settings));
}

/** Whether the extension host is being watched at all, so that "no strangers" means something. */
export function extensionHostIsWatched() {
  return readNotes().includes('watching');
}

/** What the extension host tried to reach beside this machine, so far. */
export function strangersOfTheExtensionHost() {
  return readNotes().filter((note) => note !== 'watching' && note !== '');
}

function readNotes() {
  const file = inject('strangers');
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
}
