// The panel's own page in a plain browser: real traces in, DOM and messages out. No editor around it.
import { mkdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBrowser } from '../../tools/browser.mjs';
import { fits, linksOf, openPanel, pictures, show, tracesOf } from './panel-page.mjs';
import { themes } from './themes.mjs';

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

/** A page of the panel in this file's browser. */
const open = (theme, viewport) => openPanel(browser, theme, viewport);

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
