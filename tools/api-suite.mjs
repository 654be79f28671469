// The API suite: builds test/editor, and runs it in an extension host through @vscode/test-electron.
// Here that host is the stand-in; `--desktop[=VERSION]` downloads desktop VS Code instead, DOORBELL_TEST_VSCODE names one.
// Goes out: counts and failing names. A host that ends without a result file has failed, whatever its exit code.
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runTests } from '@vscode/test-electron';
import * as esbuild from 'esbuild';
import { build, forNode } from './build.mjs';
import { isMain, root } from './steps.mjs';

const out = path.join(root, 'out/test');

/** Bundles each test file of its own; mocha comes from node_modules, for there may be only one of it. */
async function buildTests() {
  rmSync(out, { recursive: true, force: true });
  const folder = path.join(root, 'test/editor');
  const entries = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.test.ts'),
  );
  await esbuild.build({
    ...forNode,
    absWorkingDir: root,
    external: ['vscode', 'mocha'],
    // jsonc-parser's other build asks for its parts by names a bundler does not see.
    mainFields: ['module', 'main'],
    entryPoints: [
      { in: path.join(folder, 'index.ts'), out: 'index' },
      ...entries.map((name) => ({
        in: path.join(folder, name),
        out: name.replace(/\.ts$/, '').replaceAll(path.sep, '-'),
      })),
    ],
    outdir: out,
    sourcemap: 'inline',
  });
}

/**
 * Runs the suite on the extension as built in dist/.
 * @param {{ desktop?: string | true, grep?: string }} [options]
 * @returns {Promise<{ passed: number, failed: number, failing: readonly string[] }>}
 */
export async function runApiSuite({ desktop, grep } = {}) {
  await buildTests();
  const results = path.join(root, 'test-results');
  mkdirSync(results, { recursive: true });
  const result = path.join(results, 'api.json');
  const output = path.join(results, 'api.txt');
  for (const file of [result, output]) rmSync(file, { force: true });
  // Tests may write beside the samples, so they get a copy.
  const workspace = mkdtempSync(path.join(tmpdir(), 'db-ws-'));
  if (existsSync(path.join(root, 'samples'))) cpSync(path.join(root, 'samples'), workspace, { recursive: true });
  /** @type {Record<string, string>} */
  const extensionTestsEnv = { DOORBELL_TEST_RESULT: result };
  if (grep) extensionTestsEnv.DOORBELL_TEST_GREP = grep;
  /** @type {import('@vscode/test-electron').TestOptions} */
  const options = {
    extensionDevelopmentPath: root,
    extensionTestsPath: path.join(out, 'index'),
    launchArgs: [workspace, '--disable-extensions'],
    extensionTestsEnv,
  };
  if (desktop) Object.assign(options, desktop === true ? {} : { version: desktop });
  else {
    options.vscodeExecutablePath = process.env.DOORBELL_TEST_VSCODE ?? path.join(root, 'tools/code.mjs');
    extensionTestsEnv.DOORBELL_TEST_OUTPUT = output;
  }
  try {
    await runTests(options).catch((error) => console.error(String(error?.message ?? error)));
  } finally {
    rmSync(workspace, { recursive: true, force: true });
  }
  if (!existsSync(result)) return { passed: 0, failed: 1, failing: ['the extension host ended without a result'] };
  const stats = JSON.parse(readFileSync(result, 'utf8'));
  return { passed: stats.passes ?? 0, failed: stats.failures ?? 0, failing: stats.failing ?? [] };
}

if (isMain(import.meta.url)) {
  const flags = process.argv.slice(2);
  const value = (/** @type {string} */ name) => {
    const flag = flags.find((word) => word === name || word.startsWith(`${name}=`));
    return flag === undefined ? undefined : flag.slice(name.length + 1);
  };
  const [desktop, grep] = [value('--desktop'), value('--grep')];
  if (!flags.includes('--no-build')) await build();
  const { passed, failed } = await runApiSuite({
    ...(desktop === undefined ? {} : { desktop: desktop || true }),
    ...(grep ? { grep } : {}),
  });
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
}
