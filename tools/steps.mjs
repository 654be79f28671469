// Steps shown to the person at the terminal: what is being done, how long it took, and what to do when it fails.
// Comes in: a title and the work. Goes out: lines on stdout, and the work's result. Node built-ins only, because it runs
// before anything is installed.
import { spawn } from 'node:child_process';
import { realpathSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's root folder, absolute. */
export const root = path.resolve(fileURLToPath(new URL('..', import.meta.url)));

/** Something that went wrong outside our code, with what the person can do about it. */
export class Trouble extends Error {
  /**
   * @param {string} what one sentence: what could not be done
   * @param {string} advice what to do, may be several lines
   */
  constructor(what, advice) {
    super(what);
    this.name = 'Trouble';
    this.advice = advice;
  }
}

/** Seconds as people read them: `0.4 s`, `12 s`. @param {number} milliseconds */
export function seconds(milliseconds) {
  const value = milliseconds / 1000;
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} s`;
}

/** Titles of the steps under way, in the order they began: what the terminal's last line shows. @type {Set<string>} */
const underWay = new Set();

/** Prints a line above what is under way, or only shows the latter anew. @param {string} [line] */
function show(line) {
  const terminal = process.stdout.isTTY === true;
  const back = terminal ? '\r\u001b[2K' : '';
  if (line !== undefined) process.stdout.write(`${back}${line}\n`);
  if (terminal && underWay.size > 0) process.stdout.write(`\r\u001b[2K  … ${[...underWay].join(' · ')}`);
}

/**
 * Does one piece of work and says so; several may be under way at once. The work may return `{ note }` to have a word added to
 * its line.
 * @template T
 * @param {string} title
 * @param {() => Promise<T> | T} work
 * @returns {Promise<T>}
 */
export async function step(title, work) {
  const began = Date.now();
  underWay.add(title);
  show();
  try {
    const result = await work();
    const note = result && typeof result === 'object' && 'note' in result ? ` (${result.note})` : '';
    underWay.delete(title);
    show(`  ✓ ${title}${note}  ${seconds(Date.now() - began)}`);
    return result;
  } catch (error) {
    underWay.delete(title);
    show(`  ✗ ${title}  ${seconds(Date.now() - began)}`);
    throw error;
  }
}

/** Prints an error as people need it: our own faults with a stack, trouble with advice. @param {unknown} error */
export function explain(error) {
  if (error instanceof Trouble)
    console.error(`\n${error.message}\n\nWhat to do:\n${error.advice.replace(/^/gm, '  ')}\n`);
  else console.error(error);
}

/**
 * Runs a program to its end and keeps what it printed; shows it while it runs when `show` is set.
 * Never rejects: a program that cannot be started gives code 127 and the reason as output.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, show?: boolean }} [options]
 * @returns {Promise<{ code: number, output: string }>}
 */
export function run(command, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: options.cwd ?? root,
      env: options.env ?? process.env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const keep = (/** @type {Buffer} */ chunk) => {
      output += chunk;
      if (options.show) process.stdout.write(chunk);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', (error) => resolve({ code: 127, output: `${output}${error.message}\n` }));
    child.on('close', (code, signal) => resolve({ code: code ?? (signal ? 1 : 0), output }));
  });
}

/** The last lines of a long output. @param {string} text @param {number} [lines] */
export function tail(text, lines = 15) {
  return text.trimEnd().split('\n').slice(-lines).join('\n');
}

/** Is this module the program that was started? @param {string} moduleUrl `import.meta.url` */
export function isMain(moduleUrl) {
  return process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(moduleUrl);
}
