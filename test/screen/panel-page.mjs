// The panel's own page in a plain browser, with no editor around it: opened under the policy of the real panel, shown real traces.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import * as esbuild from 'esbuild';
import { expect } from 'vitest';
import { openPage } from '../../tools/browser.mjs';
import { forNode } from '../../tools/build.mjs';
import { root } from '../../tools/steps.mjs';
import { keepPicture } from './pictures.mjs';
import { themes } from './themes.mjs';

const require = createRequire(import.meta.url);
const dist = path.join(root, 'dist');
export const pictures = path.join(root, 'test-results');

const core = `
export { preparedDesign } from './src/node/designs';
export { builtInScenarios } from './src/scenario/library';
export { runScenario } from './src/scenario/run';
`;

/** The traces of a scenario on a design, as the extension would send them. */
export async function tracesOf(scenario, design) {
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

const policy = "default-src 'none'; style-src http://127.0.0.1; script-src 'nonce-test'";

/** The page with the bundle, under the policy of the real panel; `sent` is what it posted. */
export async function openPanel(browser, theme, viewport = { width: 1280, height: 720 }) {
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

export const linksOf = (trace) =>
  trace.events.map(({ at }, i) =>
    at === null ? null : { label: `7/10 vfio_pci_intrs.c:${300 + i}`, opens: i % 2 === 0 },
  );

export const counterparts = [
  { key: 'before', label: 'the run before this patch', group: 'Runs of this series' },
  { key: 'design:transparent', label: 'transparent', group: 'Designs without the series' },
];

export async function show(opened, trace, event, against = null, traces = [trace]) {
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

/** Nothing is wider or higher than the page, nor than the stage it is drawn on, at the widths panels have. A picture of each; the widest is kept. */
export async function fits(opened, name) {
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
    const picture = await opened.page.screenshot({ path: path.join(pictures, `${name}-${viewport.width}.png`) });
    if (viewport.width === 1280) await keepPicture(name, picture);
  }
}
