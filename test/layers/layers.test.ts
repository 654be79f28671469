/** The layer rule bites: a small tree with one offence of each kind, and nothing reported beyond them. */
import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';

const root = resolve(__dirname, '../..');

interface Report {
  readonly summary: {
    readonly violations: readonly {
      readonly from: string;
      readonly to: string;
      readonly rule: { readonly name: string };
    }[];
  };
}

function offences(folder: string): readonly string[] {
  const program = resolve(root, 'tools/layers.mjs');
  const output = execFileSync(process.execPath, [program, folder, 'json'], { encoding: 'utf8', maxBuffer: 2 ** 26 });
  const report = JSON.parse(output) as Report;
  return report.summary.violations.map(({ from, rule }) => `${from}: ${rule.name}`).sort();
}

test('each forbidden import is reported, and no allowed one', () => {
  expect(offences(resolve(__dirname, 'fixture'))).toEqual([
    'src/attic/unlisted.ts: known-folder',
    'src/editor/reads-grammar.ts: grammar-stays-in-code',
    'src/editor/reads-grammar.ts: layer-editor',
    'src/host/knows-patches.ts: layer-host',
    'src/machine/knows-the-host.ts: layer-machine',
    'src/series/reads-bare-files.ts: core-is-pure',
    'src/series/reads-files.ts: core-is-pure',
    'src/topology/draws-patches.ts: layer-topology',
    'src/topology/speaks-to-vscode.ts: vscode-stays-in-the-editor',
  ]);
});
