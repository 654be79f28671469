/** The extension's bundles for a browser: free of Node, and giving the same review as the desktop's. Runs on dist/. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { inProcess, webWorker } from '../../src/editor/web-worker';
import type { ReviewAnswer } from '../../src/protocol';
import type { Finding } from '../../src/review/types';

const root = path.resolve(__dirname, '../..');
const dist = (name: string): Buffer => readFileSync(path.join(root, 'dist', name));
const sample = path.join(root, 'samples/msi-window-v1.mbox');
const parts = () => ({
  script: dist('web/review-worker.js').toString(),
  treeSitter: new Uint8Array(dist('web-tree-sitter.wasm')),
  c: new Uint8Array(dist('tree-sitter-c.wasm')),
});
const request = {
  kind: 'review',
  id: 1,
  sources: [{ name: 'v1.mbox', bytes: new Uint8Array(readFileSync(sample)) }],
} as const;

describe('the bundles for a browser', () => {
  test.each(['web/extension.js', 'web/review-worker.js'])('%s asks for no module of Node', (name) => {
    const text = dist(name).toString();
    const asked = [...text.matchAll(/\b(?:require|import)\(\s*["'`]([^"'`]+)["'`]\s*\)/g)].map((found) => found[1]);
    const allowed = name.endsWith('extension.js') ? ['vscode'] : [];
    expect([...new Set(asked)]).toEqual(allowed);
    expect(asked.filter((one) => builtinModules.includes(one?.replace(/^node:/, '') ?? ''))).toEqual([]);
    expect(text).not.toMatch(/["']node:/);
  });

  test("the desktop's files take the surfaces and the core from them, and hold neither again", () => {
    for (const [own, taken] of [
      ['extension.js', './web/extension.js'],
      ['review-worker.js', './web/review-worker.js'],
    ] as const) {
      expect(dist(own).toString()).toContain(`require("${taken}")`);
      expect(dist(own).length).toBeLessThan(30_000);
    }
  });

  test('package.json names the bundle', () => {
    const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { readonly browser: string };
    expect(manifest.browser).toBe('./dist/web/extension.js');
  });
});

describe('a review in a browser', () => {
  test('finds what the command line finds', async () => {
    const ending = await new Promise<ReviewAnswer>((resolve) => {
      const port = inProcess(parts().script, (answer) => {
        if (answer.kind !== 'progress') resolve(answer);
      });
      const { treeSitter, c } = parts();
      port.post({ kind: 'start', treeSitter, c });
      port.post(request);
    });
    if (ending.kind !== 'reviews') throw new Error(JSON.stringify(ending));
    let printed = '';
    try {
      printed = execFileSync(process.execPath, [path.join(root, 'dist/cli.js'), 'review', sample, '--format', 'json'], {
        encoding: 'utf8',
        maxBuffer: 2 ** 28,
      });
    } catch (found) {
      // Exit status 1: there are findings.
      printed = String((found as { readonly stdout: unknown }).stdout);
    }
    const { findings } = JSON.parse(printed) as { readonly findings: readonly { readonly message: string }[] };
    const messages = (all: readonly { readonly message: string }[]) => all.map(({ message }) => message).sort();
    const own: readonly Finding[] = ending.reviews[0]?.findings ?? [];
    expect(own.length).toBeGreaterThan(0);
    expect(messages(own)).toEqual(messages(findings));
    // Every design is read from its C, which a busy machine takes its time for.
  }, 240_000);

  test('goes on in this thread where no worker can be started, and keeps the order of what was asked', async () => {
    // Node has no `Worker` of the web: the same as a browser that forbids them.
    expect(typeof (globalThis as { Worker?: unknown }).Worker).toBe('undefined');
    const ids = await new Promise<readonly number[]>((resolve, reject) => {
      const seen: number[] = [];
      const worker = webWorker(() => Promise.resolve(parts()))((answer) => {
        seen.push(answer.id);
        if (seen.length === 2) resolve(seen);
      }, reject);
      worker.post({ kind: 'scenarios', id: 7 });
      worker.post({ kind: 'scenario', id: 8, scenario: 'own-interrupt' });
    });
    expect(ids).toEqual([7, 8]);
  });

  test('says so when its parts are missing', async () => {
    const why = await new Promise<string>((resolve) => {
      webWorker(() => Promise.reject(new Error('no such file')))(() => {}, resolve);
    });
    expect(why).toBe('no such file');
  });
});
