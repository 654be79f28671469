// The panel's own page in a plain browser: real traces in, DOM and messages out. No editor around it.
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
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
export { preparedDesign } from './src/node/designs';
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
    const { builtInScenarios, preparedDesign, runScenario } = require(outfile);
    const set = preparedDesign(design, pathToFileURL(`${dist}/`));
    const found = builtInScenarios().find(({ id }) => id === scenario);
    return runScenario(found, set).flatMap(({ traces }) => traces);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

let browser;
let traces;
let others;
beforeAll(async () => {
  mkdirSync(pictures, { recursive: true });
  [browser, traces, others] = await Promise.all([
    openBrowser(),
    tracesOf('two-guests-gicv2m', 'fixup'),
    tracesOf('two-guests-gicv2m', 'transparent'),
  ]);
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

const counterparts = [
  { key: 'before', label: 'the run before this patch', group: 'Runs of this series' },
  { key: 'design:transparent', label: 'transparent', group: 'Designs without the series' },
];

async function show(opened, trace, event, against = null) {
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
  await opened.send({ kind: 'trace', trace, links: linksOf(trace), event, counterparts, against });
  await opened.page.locator('.drawing .node').first().waitFor();
}

/** Nothing is wider or higher than the page, nor than the stage it is drawn on, at the widths panels have. A picture of each. */
async function fits(opened, name) {
  for (const viewport of [
    { width: 1280, height: 800 },
    { width: 900, height: 700 },
    { width: 520, height: 800 },
  ]) {
    await opened.page.setViewportSize(viewport);
    await opened.page.waitForFunction((width) => window.innerWidth === width, viewport.width);
    const over = await opened.page.evaluate(() => {
      const sideways = (element) => element.scrollWidth - element.clientWidth;
      return {
        width: document.documentElement.scrollWidth - window.innerWidth,
        height: document.documentElement.scrollHeight - window.innerHeight,
        parts: [...document.querySelectorAll('.stage, .events, .details, header, footer')].map(sideways),
      };
    });
    expect({ ...over, parts: over.parts.filter((one) => one > 0) }).toEqual({ width: 0, height: 0, parts: [] });
    await opened.page.screenshot({ path: path.join(pictures, `${name}-${viewport.width}.png`) });
  }
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
      against: null,
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

  it('asks for a comparison, shows both traces at one moment, and goes from difference to difference', async () => {
    const opened = await open('dark');
    const { page } = opened;
    const [trace] = traces;
    const [other] = others;
    await show(opened, trace, 0);
    await page.getByRole('combobox', { name: 'Compare with' }).selectOption('design:transparent');
    await page.waitForFunction(() => window.sent.some((m) => m.kind === 'compare' && m.with === 'design:transparent'));
    const against = {
      key: 'design:transparent',
      title: 'design transparent alone',
      earlier: true,
      trace: other,
      links: other.events.map(() => null),
    };
    await show(opened, trace, 0, against);
    await page.locator('.half').nth(1).waitFor();
    expect(await page.locator('.half-title b').first().textContent()).toBe('design transparent alone');
    expect(await page.locator('.half .drawing .node').count()).toBeGreaterThan(10);
    expect(await page.locator('.pairs .fold').count()).toBeGreaterThan(0);
    const differing = page.locator('.pair-left, .pair-right, .pair-changed');
    expect(await differing.count()).toBeGreaterThan(0);
    await page.getByRole('button', { name: 'Next difference' }).click();
    await page.locator('.pair.on:not(.pair-same)').waitFor();
    const revealed = (await opened.sent()).filter(({ kind }) => kind === 'reveal').at(-1);
    expect([trace.id, other.id]).toContain(revealed.trace);
    expect(revealed.side).toBe(revealed.trace === trace.id ? 'own' : 'against');
    await page.locator('.state .change-A, .state .change-M, .state .change-D').first().waitFor();
    expect(await page.locator('.state .fold').textContent()).toMatch(/\d+ values unchanged/);
    expect(await page.evaluate(() => window.kept.against)).toBe('design:transparent');
    await page.getByRole('button', { name: 'Save SVG' }).click();
    const saved = (await opened.sent()).find(({ kind }) => kind === 'save');
    expect(saved.svg.match(/<svg /g)).toHaveLength(3);
    await page.locator('.pair.on').press('Escape');
    await page.waitForFunction(() => window.sent.some((m) => m.kind === 'compare' && m.with === null));
    expect(opened.complaints).toEqual([]);
  });

  it.each(Object.keys(themes))('fits the page with two traces side by side in the %s theme', async (theme) => {
    const opened = await open(theme, { width: 1280, height: 800 });
    const [trace] = traces;
    const links = linksOf(others[0]);
    await show(opened, trace, trace.violations[0].event, {
      key: 'design:transparent',
      title: 'design transparent alone',
      earlier: true,
      trace: others[0],
      links,
    });
    await opened.page.locator('.half').nth(1).waitFor();
    await fits(opened, `comparison-${theme}`);
    await opened.page.close();
  });

  it.each(Object.keys(themes))('fits the page in the %s theme', async (theme) => {
    const opened = await open(theme);
    const [trace] = traces;
    await show(opened, trace, trace.violations[0].event);
    await fits(opened, `topology-${theme}`);
    await opened.page.close();
  });
});
