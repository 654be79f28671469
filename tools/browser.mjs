// A headless Chromium that cannot leave this machine.
// Goes out: a browser, and pages that note every request for another host and abort it.
import { chromium } from 'playwright-core';
import { findBrowser } from './setup.mjs';
import { Trouble } from './steps.mjs';

const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--disable-dev-shm-usage',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];

/** @param {{ headed?: boolean }} [options] */
export async function openBrowser({ headed = false } = {}) {
  const executablePath = findBrowser();
  if (!executablePath) throw new Trouble('There is no Chromium on this machine.', 'node tools/setup.mjs');
  return chromium.launch({ executablePath, headless: !headed, args: flags });
}

/**
 * A page in a context of its own, as a fresh profile would have it.
 * @param {import('playwright-core').Browser} browser
 * @param {import('playwright-core').BrowserContextOptions} [options]
 * @returns {Promise<{ page: import('playwright-core').Page, strangers: readonly string[] }>} `strangers` grows with
 *   each request for a host other than 127.0.0.1; such a request is aborted.
 */
export async function openPage(browser, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  // A busy machine is slow, not wrong.
  context.setDefaultTimeout(100_000);
  /** @type {string[]} */
  const strangers = [];
  await context.route(
    (url) => /^(https?|wss?):$/.test(url.protocol) && url.hostname !== '127.0.0.1',
    (route) => {
      strangers.push(`${route.request().method()} ${route.request().url()}`);
      return route.abort();
    },
  );
  return { page: await context.newPage(), strangers };
}
