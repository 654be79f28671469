/**
 * The mocha entry that VS Code calls in its extension host, desktop and stand-in alike.
 * Comes in: the built tests beside this file. Goes out: mocha's report, and a result file with counts and failing names.
 */
import { appendFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format } from 'node:util';
import Mocha from 'mocha';

const { DOORBELL_TEST_OUTPUT: output, DOORBELL_TEST_RESULT: result, DOORBELL_TEST_GREP: grep } = process.env;

/** The threads that were started in this host, the extension's own among them: tests end some. The tests are bundles of their own and share nothing else. */
const threads: unknown[] = [];
process.on('worker', (thread) => threads.push(thread));
Object.assign(globalThis, { doorbellThreads: threads });

/** Runs all tests; rejects when one failed. The extension host ends with the exit code 0 whatever happens, so the result file counts. */
export async function run(): Promise<void> {
  if (output) {
    // A remote extension host has no terminal: what the reporter prints goes to a file that the launcher shows.
    Object.assign(Mocha.reporters.Base, {
      consoleLog: (...words: unknown[]) => appendFileSync(output, `${format(...words)}\n`),
    });
  }
  const mocha = new Mocha({ ui: 'tdd', color: false, timeout: 20_000, reporter: 'spec', ...(grep ? { grep } : {}) });
  for (const file of readdirSync(__dirname).sort()) if (file.endsWith('.test.js')) mocha.addFile(join(__dirname, file));
  const failing: string[] = [];
  const stats = await new Promise<Mocha.Stats | undefined>((resolve) => {
    const runner = mocha.run(() => resolve(runner.stats));
    runner.on('fail', (test) => failing.push(test.fullTitle()));
  });
  if (result) writeFileSync(result, JSON.stringify({ ...stats, failing }));
  if (failing.length > 0) throw new Error(`${failing.length} test(s) failed`);
}
