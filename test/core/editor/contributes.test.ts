import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  COLORS,
  COMMANDS,
  KERNEL,
  LANGUAGE,
  LINKS,
  REPLY_LANGUAGE,
  SETTINGS,
  THREADS,
  VIEWS,
} from '../../../src/editor/names';
import { manifest } from './manifest';

interface Manifest {
  readonly activationEvents: readonly string[];
  readonly contributes: {
    readonly commands: readonly { readonly command: string; readonly title: string }[];
    readonly menus: Readonly<
      Record<'commandPalette' | 'view/title', readonly { readonly command: string; readonly when?: string }[]>
    >;
    readonly keybindings: readonly { readonly command: string }[];
    readonly languages: readonly { readonly id: string }[];
    readonly grammars: readonly { readonly language: string; readonly path: string }[];
    readonly colors: readonly { readonly id: string; readonly defaults: Readonly<Record<string, string>> }[];
    readonly configuration: {
      readonly properties: Readonly<
        Record<string, { readonly default: unknown; readonly enum?: readonly unknown[]; readonly description?: string }>
      >;
    };
    readonly views: Readonly<Record<string, readonly { readonly id: string }[]>>;
    readonly viewsContainers: { readonly activitybar: readonly { readonly id: string }[] };
    readonly viewsWelcome: readonly { readonly contents: string }[];
  };
}

const read = (name: string): string => readFileSync(new URL(`../../../${name}`, import.meta.url), 'utf8');
const { contributes, activationEvents } = manifest as Manifest;
const declared = contributes.commands.map(({ command }) => command);
const sorted = (names: readonly string[]): string[] => [...names].sort();

describe('package.json and names.ts agree', () => {
  test('on commands', () => {
    expect(sorted(declared)).toEqual(
      sorted([...Object.values(COMMANDS), ...Object.values(LINKS), ...Object.values(THREADS)]),
    );
  });

  test('on the titles people look for', () => {
    const title = (id: string) => contributes.commands.find(({ command }) => command === id)?.title;
    expect(title(COMMANDS.openSeries)).toBe('Open Series…');
    expect(title(COMMANDS.runScenario)).toBe('Run Scenario…');
    expect(title(COMMANDS.runAllScenarios)).toBe('Run All Scenarios');
    expect(title(COMMANDS.showTopology)).toBe('Show Topology');
  });

  test('commands that only links call are hidden from the palette, and no others', () => {
    const hidden = contributes.menus.commandPalette.filter(({ when }) => when === 'false');
    expect(sorted(hidden.map(({ command }) => command))).toEqual(
      sorted([...Object.values(LINKS), ...Object.values(THREADS)]),
    );
  });

  test('menus, keys and the welcome name commands that are there', () => {
    const named = [
      ...Object.values(contributes.menus).flatMap((items) => items.map(({ command }) => command)),
      ...contributes.keybindings.map(({ command }) => command),
      ...contributes.viewsWelcome.flatMap(({ contents }) =>
        [...contents.matchAll(/\(command:([\w.]+)\)/g)].map((found) => found[1] ?? ''),
      ),
    ];
    expect(named.filter((command) => !declared.includes(command))).toEqual([]);
  });

  test('on settings, each switch on by default, each choice with a default it offers, and a description', () => {
    const { properties } = contributes.configuration;
    const known = [...Object.values(SETTINGS), KERNEL];
    expect(sorted(Object.keys(properties))).toEqual(sorted(known.map((id) => `doorbell.${id}`)));
    for (const [name, property] of Object.entries(properties)) {
      if (name === `doorbell.${KERNEL}`) expect(property.default).toEqual([]);
      else expect(property.enum ?? [true]).toContain(property.default);
      expect(property.description).toMatch(/\.$/);
    }
  });

  test('on colours, each for all four kinds of theme', () => {
    expect(sorted(contributes.colors.map(({ id }) => id))).toEqual(sorted(Object.values(COLORS)));
    for (const { defaults } of contributes.colors)
      expect(sorted(Object.keys(defaults))).toEqual(['dark', 'highContrast', 'highContrastLight', 'light']);
  });

  test('on the language, the view and what wakes the extension', () => {
    expect(contributes.languages.map(({ id }) => id)).toEqual([LANGUAGE, REPLY_LANGUAGE, 'jsonc']);
    expect(contributes.views[VIEWS.container]?.map(({ id }) => id)).toEqual([VIEWS.review, VIEWS.versions]);
    expect(contributes.viewsContainers.activitybar.map(({ id }) => id)).toEqual([VIEWS.container]);
    expect(activationEvents).toContain(`onLanguage:${LANGUAGE}`);
    expect(activationEvents).toContain(`onWebviewPanel:${VIEWS.topology}`);
    expect(activationEvents).not.toContain('*');
  });
});

describe('the grammar', () => {
  const grammar = read('syntaxes/doorbell-series.tmLanguage.json');

  test('repeats no anchor, for one such pattern silences all of its group', () => {
    expect(grammar).not.toMatch(/[\^$][?*+]/);
  });
});
