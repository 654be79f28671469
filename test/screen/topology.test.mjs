// The panel's own page in a plain browser: real traces in, DOM and messages out. No editor around it.
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as esbuild from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBrowser, openPage } from '../../tools/browser.mjs';
import { forNode } from '../../tools/build.mjs';
import { root } from '../../tools/steps.mjs';
import { themes } from './themes.mjs';

const require = createRequire(import.meta.url);
const dist = path.join(root, 'dist');
const pictures = path.join(root, 'test-results');

const core = `
export { fromPrepared } from './src/host/prepared';
export { builtInScenarios } from './src/scenario/library';
export { runScenario } from './src/scenario/run';
`;

/** The traces of a scenario on a design, as the extension would send them. */
async function tracesOf(scenario, design) {
  const scratch = mkdtempSync(path.join(tmpdir(), 'db-tp-'));
  try {
    const outfile = path.join(scratch, 'core.cjs');
    const stdin = { contents: core, resolveDir: root, loader: 'ts' };
    await esbuild.build({ ...forNode, stdin, mainFields: ['module', 'main'], outfile });
    const { builtInScenarios, fromPrepared, runScenario } = require(outfile);
    const set = fromPrepared(JSON.parse(readFileSync(path.join(dist, `design-${design}.json`), 'utf8')));
    const found = builtInScenarios().find(({ id }) => id === scenario);
    return runScenario(found, set).flatMap(({ traces }) => traces);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

let browser;
let traces;
beforeAll(async () => {
  mkdirSync(pictures, { recursive: true });
  [browser, traces] = await Promise.all([openBrowser(), tracesOf('two-guests-gicv2m', 'fixup')]);
}, 120_000);
afterAll(() => browser?.close());

const policy = "default-src 'none'; style-src http://127.0.0.1; script-src 'nonce-test'";

/** The page with the bundle, under the policy of the real panel; `sent` is what it posted. */
async function open(theme, viewport = { width: 1280, height: 720 }) {
  const { page, strangers } = await openPage(browser, { viewport });
  const complaints = [];
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  const served = {
    '/': [
      'text/html',
      `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${policy}">
       <title>Topology</title><link rel="stylesheet" href="/theme.css"><link rel="stylesheet" href="/topology.css"></head>
       <body><div id="topology"></div><script nonce="test" src="/fake.js"></script><script nonce="test" src="/topology.js"></script></body></html>`,
    ],
    '/theme.css': [
      'text/css',
      `:root { ${Object.entries(themes[theme])
        .map(([name, value]) => `--vscode-${name}: ${value};`)
        .join(' ')} }`,
    ],
    '/topology.css': ['text/css', readFileSync(path.join(dist, 'topology.css'), 'utf8')],
    '/topology.js': ['text/javascript', readFileSync(path.join(dist, 'topology.js'), 'utf8')],
    '/fake.js': [
      'text/javascript',
      'window.sent = []; window.kept = null; window.acquireVsCodeApi = () => ({ postMessage: (m) => window.sent.push(m), getState: () => window.kept, setState: (s) => { window.kept = s; } });',
    ],
  };
  await page.route('http://127.0.0.1/**', (route) => {
    const [contentType, body] = served[new URL(route.request().url()).pathname] ?? ['text/plain', ''];
    return route.fulfill({ contentType, body });
  });
  await page.goto('http://127.0.0.1/');
  await page.waitForFunction(() => window.sent.some((message) => message.kind === 'ready'));
  const send = (message) => page.evaluate((data) => window.postMessage(data, '*'), message);
  const sent = () => page.evaluate(() => window.sent);
  return { page, send, sent, complaints, strangers };
}

const linksOf = (trace) =>
  trace.events.map(({ at }, i) =>
    at === null ? null : { label: `7/10 vfio_pci_intrs.c:${300 + i}`, opens: i % 2 === 0 },
  );

async function show(opened, trace, event) {
  await opened.send({
    kind: 'choices',
    document: 'file:///sample.mbox',
    choices: traces.map(({ id, scenario, machine, design, prefix, injected, violations }) => ({
      id,
      scenario,
      title: 'Two guests on one GICv2m frame',
      machine,
      design,
      prefix,
      total: 10,
      verdict: violations.length > 0 ? 'violated' : 'holds',
      injected,
    })),
  });
  await opened.send({ kind: 'trace', trace, links: linksOf(trace), event });
  await opened.page.locator('#drawing .node').first().waitFor();
}

describe('the topology panel', () => {
  it('draws agents, devices, domains, doors and interrupts, and marks what breaks', async () => {
    const opened = await open('dark');
    const [trace] = traces;
    const [violation] = trace.violations;
    await show(opened, trace, violation.event);
    const texts = await opened.page.locator('#drawing text').allTextContents();
    for (const word of ['Guest A', 'Guest B', 'nic-vf0', 'nic-vf1', '01:10.0'])
      expect(texts.join('\n')).toContain(word);
    expect(await opened.page.locator('.wire.tone-bad').count()).toBeGreaterThan(0);
    expect(await opened.page.locator('.verdict').textContent()).toContain('I1');
    expect(await opened.page.locator('.event[aria-current="step"] .text').textContent()).toContain(
      trace.events[violation.event].text,
    );
    expect(await opened.page.locator('.why').first().textContent()).toContain(violation.message);
    expect(opened.complaints).toEqual([]);
    expect(opened.strangers).toEqual([]);
  });

  it('steps by keyboard and by click, tells the extension, and keeps its state', async () => {
    const opened = await open('dark');
    const [trace] = traces;
    await show(opened, trace, 0);
    await opened.page.locator('.event').first().focus();
    await opened.page.keyboard.press('ArrowRight');
    await opened.page.waitForFunction(() => window.sent.some((m) => m.kind === 'reveal'));
    const revealed = (await opened.sent()).filter(({ kind }) => kind === 'reveal');
    expect(revealed.at(-1).event).toBeGreaterThan(0);
    await opened.page.keyboard.press('End');
    await opened.page.waitForFunction((last) => window.kept?.event === last, trace.events.length - 1);
    await opened.page.locator('.event').nth(2).click();
    const clicked = (await opened.sent()).filter(({ kind }) => kind === 'reveal').at(-1);
    expect(await opened.page.evaluate(() => window.kept)).toEqual({
      document: 'file:///sample.mbox',
      trace: trace.id,
      event: clicked.event,
    });
    await opened.send({ kind: 'select', trace: trace.id, event: 1 });
    await opened.page.waitForFunction(() => window.kept?.event === 1);
  });

  it('saves the drawing as an SVG with its colours, and says when there is nothing to draw', async () => {
    const opened = await open('light');
    await show(opened, traces[0], 5);
    await opened.page.getByRole('button', { name: 'Save SVG' }).click();
    const saved = (await opened.sent()).find(({ kind }) => kind === 'save');
    expect(saved.svg).toMatch(/^<svg [\s\S]*Guest A[\s\S]*<\/svg>$/);
    expect(saved.svg).not.toContain('var(');
    await opened.send({ kind: 'empty', why: 'Nothing here.' });
    await opened.page.getByText('Nothing here.').waitFor();
  });

  it.each(Object.keys(themes))('fits the page in the %s theme', async (theme) => {
    const opened = await open(theme);
    const [trace] = traces;
    await show(opened, trace, trace.violations[0].event);
    for (const viewport of [
      { width: 1280, height: 720 },
      { width: 900, height: 600 },
    ]) {
      await opened.page.setViewportSize(viewport);
      await opened.page.waitForFunction((width) => window.innerWidth === width, viewport.width);
      const over = await opened.page.evaluate(() => ({
        width: document.documentElement.scrollWidth - window.innerWidth,
        height: document.documentElement.scrollHeight - window.innerHeight,
      }));
      expect(over).toEqual({ width: 0, height: 0 });
      await opened.page.screenshot({ path: path.join(pictures, `topology-${theme}-${viewport.width}.png`) });
    }
    await opened.page.close();
  });
});
