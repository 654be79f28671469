// The panel by keyboard alone.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBrowser } from '../../tools/browser.mjs';
import { openPanel, show, tracesOf } from './panel-page.mjs';

let browser;
let trace;
beforeAll(async () => {
  [browser, [trace]] = await Promise.all([openBrowser(), tracesOf('two-guests-gicv2m', 'fixup')]);
}, 120_000);
afterAll(() => browser?.close());

describe('the panel by keyboard', () => {
  it('leads from the choices over the trace to the controls, shows where one is, and leads on', async () => {
    const opened = await openPanel(browser, 'dark');
    await show(opened, trace, trace.violations[0].event);
    const seen = [];
    for (let press = 0; press < 60; press++) {
      await opened.page.keyboard.press('Tab');
      const here = await opened.page.evaluate(() => {
        const element = document.activeElement;
        if (element === null || element === document.body) return null;
        const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(element);
        const region = element.closest('header, main, aside, footer');
        return {
          region: region?.localName ?? '',
          name: (element.getAttribute('aria-label') ?? element.textContent ?? '').trim().slice(0, 40),
          marked: (outlineStyle !== 'none' && outlineWidth !== '0px') || boxShadow !== 'none',
        };
      });
      if (here === null) break;
      seen.push(here);
    }
    const regions = seen.map(({ region }) => region).filter((one, i, all) => one !== all[i - 1]);
    expect(regions).toEqual(['header', 'main', 'aside', 'footer'].filter((one) => regions.includes(one)));
    expect(regions).toEqual(expect.arrayContaining(['header', 'aside', 'footer']));
    expect(seen.filter(({ marked }) => !marked)).toEqual([]);
    expect(seen.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['Step back', 'Play', 'Step forward', 'Save SVG']),
    );
    await opened.page.close();
  });
});
