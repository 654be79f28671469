// Sets a machine up, each part only when it is missing or stale.
// Comes in: nothing but Node and a clone. Goes out: npm dependencies, a Chromium, the VS Code stand-in under tools/vscode.
// Node built-ins only: it runs before anything is installed.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { explain, isMain, root, run, step, Trouble, tail } from './steps.mjs';

const quietly = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
const standInFolder = path.join(root, 'tools/vscode');
const browserNames = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** Throws Trouble when this Node is too old for the tools. */
export function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 12)) return;
  throw new Trouble(
    `Node ${process.versions.node} is too old.`,
    'Install Node 20.12 or newer, then run the command again.',
  );
}

/**
 * Tells whether node_modules holds what the lockfile names. npm writes its own record (`.package-lock.json`) at the
 * end of an install, so a broken-off one counts as stale; packages for other platforms may be absent.
 * @param {string} folder one with a package-lock.json
 */
export function isInstalled(folder) {
  const record = path.join(folder, 'node_modules/.package-lock.json');
  if (!existsSync(record)) return false;
  const wanted = JSON.parse(readFileSync(path.join(folder, 'package-lock.json'), 'utf8')).packages;
  const present = JSON.parse(readFileSync(record, 'utf8')).packages;
  return Object.entries(wanted).every(
    ([place, entry]) => place === '' || entry.optional || present[place]?.version === entry.version,
  );
}

/** @param {string} folder @param {string[]} args */
async function npm(folder, args) {
  const { code, output } = await run('npm', [...args, ...quietly], { cwd: folder });
  if (code === 0) return;
  throw new Trouble(
    `npm ${args[0]} failed in ${path.relative(root, folder) || 'the project folder'}:\n${tail(output)}`,
    'Check that the npm registry can be reached (`npm ping`), then run the command again.\nBehind a proxy: `npm config set proxy URL`.',
  );
}

/** npm dependencies of the project, by `npm ci`. */
export async function installDependencies() {
  if (isInstalled(root)) return { note: 'up to date' };
  await npm(root, ['ci']);
}

/** Path of a Chromium-like browser, or undefined. `DOORBELL_CHROMIUM` wins. */
export function findBrowser() {
  const named = process.env.DOORBELL_CHROMIUM;
  if (named) return existsSync(named) ? named : undefined;
  const folders = [...(process.env.PATH ?? '').split(path.delimiter), '/usr/bin', '/snap/bin'];
  const applications = [
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
  ];
  return [...browserNames.flatMap((name) => folders.map((folder) => path.join(folder, name))), ...applications].find(
    existsSync,
  );
}

/** Chromium by apt-get, as root or by passwordless sudo; Trouble with advice where that cannot be. */
export async function installBrowser() {
  const present = findBrowser();
  if (present) return { note: present };
  const advice =
    'Install Chromium (Debian: `apt-get install chromium`) or name one:\n  DOORBELL_CHROMIUM=/path/to/chromium';
  if (process.env.DOORBELL_CHROMIUM) throw new Trouble(`No browser at ${process.env.DOORBELL_CHROMIUM}.`, advice);
  if ((await run('apt-get', ['--version'])).code !== 0)
    throw new Trouble('There is no Chromium on this machine.', advice);
  const sudo = process.getuid?.() === 0 ? [] : ['sudo', '-n'];
  if (sudo.length > 0 && (await run('sudo', ['-n', 'true'])).code !== 0) {
    throw new Trouble('There is no Chromium on this machine, and it may not be installed without root.', advice);
  }
  for (const args of [['update'], ['install', '-y', '--no-install-recommends', 'chromium']]) {
    const [command = 'env', ...rest] = [...sudo, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-q', ...args];
    const { code, output } = await run(command, rest);
    if (code !== 0) throw new Trouble(`apt-get ${args[0]} failed:\n${tail(output)}`, advice);
  }
  if (!findBrowser()) throw new Trouble('apt-get installed chromium, but no browser came of it.', advice);
}

/**
 * The VS Code stand-in: its packages, and those its own server and built-in extensions ask for. The latter come by
 * `npm install`, because the shrinkwrap they are published with does not match their package.json.
 */
export async function installStandIn() {
  const lock = readFileSync(path.join(standInFolder, 'package-lock.json'));
  const stamp = path.join(standInFolder, 'node_modules/.ready');
  const want = createHash('sha256').update(lock).digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === want) return { note: 'up to date' };
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Trouble(
      `The stand-in runs on Linux x64 only; this is ${process.platform} ${process.arch}.`,
      'Install desktop VS Code and see that `code` is on the PATH\n(in VS Code: "Shell Command: Install \'code\' command in PATH"), then run the command again.',
    );
  }
  await npm(standInFolder, ['ci']);
  const server = path.join(standInFolder, 'node_modules/code-server/lib/vscode');
  for (const folder of [server, path.join(server, 'extensions')])
    await npm(folder, ['install', '--omit=dev', '--no-save']);
  writeFileSync(stamp, want);
}

/** All parts side by side, each shown as a step. Throws the first Trouble. */
export async function setUp() {
  checkNode();
  await Promise.all([
    step('npm dependencies', installDependencies),
    step('Chromium', installBrowser),
    step('VS Code stand-in', installStandIn),
  ]);
}

if (isMain(import.meta.url)) {
  await setUp().catch((error) => {
    explain(error);
    process.exitCode = 1;
  });
}
