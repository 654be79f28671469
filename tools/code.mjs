#!/usr/bin/env node
// Stands in for the `code` binary when @vscode/test-electron runs the API suite on a machine without desktop VS Code.
// Comes in: the flags runTests() passes. Goes out: the tests' own output, and their exit code.
// A dead extension host also ends with 0 here: the caller must look at the result file, see tools/api-suite.mjs.
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { openBrowser, openPage } from './browser.mjs';
import { startStandIn } from './stand-in.mjs';
import { explain, root } from './steps.mjs';

const limit = 420_000;
const { values, positionals } = parseArgs({
  strict: false,
  allowPositionals: true,
  options: { extensionDevelopmentPath: { type: 'string' }, extensionTestsPath: { type: 'string' } },
});
const extension = String(values.extensionDevelopmentPath);
const tests = createRequire(import.meta.url).resolve(String(values.extensionTestsPath));
const folder = positionals.find((name) => existsSync(name));
const sink = process.env.DOORBELL_TEST_OUTPUT;

// The extension host has no terminal: what the tests print lands in a file, and is shown from there.
let shown = 0;
function showOutput() {
  if (!sink || !existsSync(sink)) return;
  const text = readFileSync(sink);
  process.stdout.write(text.subarray(shown));
  shown = text.length;
}

/** @type {Awaited<ReturnType<typeof startStandIn>> | undefined} */
let standIn;
/** @type {import('playwright-core').Browser | undefined} */
let browser;
/** @type {Promise<void> | undefined} */
let ending;

/** Ends everything, once. @param {number} code */
function finish(code) {
  ending ??= (async () => {
    showOutput();
    await browser?.close().catch(() => undefined);
    await standIn?.stop();
  })().finally(() => process.exit(code));
  return ending;
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => finish(130));

try {
  standIn = await startStandIn({ development: true });
  const server = standIn;
  server.gone.then(() => {
    if (ending) return;
    console.error(`the VS Code server went away:\n${server.log()}`);
    finish(1);
  });
  browser = await openBrowser();
  const { page } = await openPage(browser);
  await page.exposeFunction('codeAutomationLog', () => undefined);
  await page.exposeFunction('codeAutomationExit', (/** @type {number} */ code) => void finish(code));
  page.on('crash', () => {
    console.error('the browser page crashed');
    finish(1);
  });
  setInterval(showOutput, 200).unref();
  setTimeout(async () => {
    console.error(`no result after ${limit / 1000} s\n${server.log()}`);
    const pictures = path.join(root, 'test-results');
    mkdirSync(pictures, { recursive: true });
    await page.screenshot({ path: path.join(pictures, 'api-suite-timeout.png') }).catch(() => undefined);
    finish(1);
  }, limit).unref();
  await page.goto(server.address({ folder, extension, tests }));
} catch (error) {
  explain(error);
  await finish(1);
}
