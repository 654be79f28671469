// `npm test [-- SUITE…]`: sets the machine up, and runs the suites `check`, `core`, `api` and `screen`.
// Goes out: each suite's own output, then the failing names, then one line `N passed, N failed`; the exit code says the
// same. A suite that could not run, or that held no test, counts as a failure.
// Node built-ins only until the set-up is done.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { checkNode, installBrowser, installDependencies, installStandIn } from './setup.mjs';
import { explain, root, seconds, step, Trouble } from './steps.mjs';

/** @typedef {{ passed: number, failed: number, failing: readonly string[] }} Outcome */

const results = path.join(root, 'test-results');

/** @param {readonly string[]} failing @returns {Outcome} */
const couldNotRun = (...failing) => ({ passed: 0, failed: failing.length, failing });

/**
 * Runs vitest, shows what it prints, and counts from its JSON report.
 * @param {string} name of the report @param {readonly string[]} args @param {Record<string, string>} [env]
 * @returns {Promise<Outcome>}
 */
async function vitest(name, args, env = {}) {
  const report = path.join(results, `${name}.json`);
  rmSync(report, { force: true });
  const program = path.join(root, 'node_modules/vitest/vitest.mjs');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const colours = process.stdout.isTTY ? {} : { NO_COLOR: '1' };
  const code = await new Promise((resolve) => {
    const child = spawn(process.execPath, [program, 'run', ...args, ...reporters], {
      cwd: root,
      env: { ...process.env, ...colours, ...env },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    child.on('error', () => resolve(127));
    child.on('close', resolve);
  });
  if (!existsSync(report)) return couldNotRun(`vitest left with ${code} and no report`);
  const { testResults, numPassedTests: passed } = JSON.parse(readFileSync(report, 'utf8'));
  const failing = [];
  for (const file of testResults) {
    const broken = file.assertionResults.filter((/** @type {{ status: string }} */ test) => test.status === 'failed');
    for (const test of broken) failing.push(test.fullName.trim());
    // A file can also fail as a whole: it did not load, or a hook threw.
    if (broken.length === 0 && file.status === 'failed') failing.push(path.relative(root, file.name));
  }
  if (code !== 0 && failing.length === 0) failing.push(`vitest left with ${code}, though no test failed`);
  return { passed, failed: failing.length, failing };
}

/** @type {readonly { name: string, needs: readonly string[], run: () => Promise<Outcome> }[]} */
const suites = [
  { name: 'check', needs: ['npm dependencies'], run: async () => (await import('./check.mjs')).runChecks() },
  { name: 'core', needs: ['npm dependencies', 'build and package'], run: () => vitest('core', []) },
  {
    name: 'api',
    needs: ['npm dependencies', 'build and package', 'Chromium', 'VS Code stand-in'],
    run: async () => (await import('./api-suite.mjs')).runApiSuite(),
  },
  {
    name: 'screen',
    needs: ['npm dependencies', 'build and package', 'Chromium', 'VS Code stand-in'],
    run: () => vitest('screen', ['--config', 'test/screen/vitest.config.mjs'], { DOORBELL_VSIX_IS_FRESH: '1' }),
  },
];

/** What suites need, and what that itself needs. @type {readonly { title: string, after?: string, work: () => Promise<{ note: string } | undefined | void> }[]} */
const preparations = [
  { title: 'npm dependencies', work: installDependencies },
  { title: 'Chromium', work: installBrowser },
  { title: 'VS Code stand-in', work: installStandIn },
  {
    title: 'build and package',
    after: 'npm dependencies',
    work: async () => (await import('./package.mjs')).packageExtension(),
  },
];

/** Does what the chosen suites need, side by side. A failed step is told at once; the suites that do without it still run. */
async function prepare(/** @type {readonly string[]} */ needed) {
  const failed = new Set();
  /** @type {Map<string, Promise<void>>} */
  const begun = new Map();
  for (const { title, after, work } of preparations) {
    if (!needed.includes(title)) continue;
    const done = (async () => {
      await begun.get(after ?? '');
      await step(title, work).catch((error) => {
        failed.add(title);
        explain(error);
      });
    })();
    begun.set(title, done);
  }
  await Promise.all(begun.values());
  return failed;
}

async function main() {
  checkNode();
  const names = process.argv.slice(2);
  const unknown = names.find((name) => suites.every((suite) => suite.name !== name));
  if (unknown) {
    throw new Trouble(`There is no suite "${unknown}".`, `npm test -- ${suites.map(({ name }) => name).join(' | ')}`);
  }
  const chosen = suites.filter(({ name }) => names.length === 0 || names.includes(name));
  mkdirSync(results, { recursive: true });
  console.log('Set-up');
  const missing = await prepare(chosen.flatMap(({ needs }) => needs));
  const failing = [];
  let passed = 0;
  for (const { name, needs, run } of chosen) {
    const began = Date.now();
    console.log(`\n── ${name} ──`);
    const lacking = needs.filter((need) => missing.has(need));
    const outcome =
      lacking.length > 0
        ? couldNotRun(`could not run without: ${lacking.join(', ')}`)
        : await run().catch((error) => {
            explain(error);
            return couldNotRun('the suite broke off');
          });
    const told = outcome.passed + outcome.failed > 0 ? outcome : couldNotRun('held no test');
    console.log(`${name}: ${told.passed} passed, ${told.failed} failed  ${seconds(Date.now() - began)}`);
    passed += told.passed;
    failing.push(...told.failing.map((test) => `${name}: ${test}`));
  }
  if (failing.length > 0) console.log(`\nFailed:\n${failing.map((name) => `  ${name}`).join('\n')}`);
  console.log(`\n${passed} passed, ${failing.length} failed`);
  return failing.length === 0;
}

await main().then(
  (allPassed) => {
    process.exitCode = allPassed ? 0 : 1;
  },
  (error) => {
    explain(error);
    console.log('0 passed, 1 failed');
    process.exitCode = 1;
  },
);
