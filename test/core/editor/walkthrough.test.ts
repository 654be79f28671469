import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { COMMANDS, LINKS } from '../../../src/editor/names';
import { designs } from '../../../src/host/designs';
import { DESIGN_NAMES } from '../../../src/host/designs/names';
import { manifest } from './manifest';

const root = new URL('../../../', import.meta.url);
interface Step {
  readonly description: string;
  readonly media: { readonly image?: string; readonly markdown?: string };
  readonly completionEvents: readonly string[];
}
const { contributes } = manifest as {
  readonly contributes: { readonly walkthroughs: readonly { readonly steps: readonly Step[] }[] };
};
const steps = contributes.walkthroughs.flatMap((walkthrough) => walkthrough.steps);

test('each step of the walkthrough has its picture, and names commands that are there', () => {
  expect(steps.length).toBeGreaterThanOrEqual(4);
  const known: readonly string[] = [...Object.values(COMMANDS), ...Object.values(LINKS)];
  for (const { description, media, completionEvents } of steps) {
    const file = media.image ?? media.markdown ?? '';
    expect(existsSync(new URL(file, root)), file).toBe(true);
    const named = [
      ...[...description.matchAll(/command:([\w.]+)/g)].map((found) => found[1] ?? ''),
      ...completionEvents.map((event) => event.replace('onCommand:', '')),
    ];
    expect(named.filter((command) => !known.includes(command))).toEqual([]);
    expect(completionEvents.length).toBeGreaterThan(0);
  }
});

test('the names of designs are those of the designs', () => {
  expect(DESIGN_NAMES).toEqual(designs.map(({ name }) => name));
});
