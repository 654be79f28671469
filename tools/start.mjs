// `npm start [-- FILE] [--port N]`: everything set up, and a real VS Code with Doorbell and a series open.
// Comes in: a clone and Node. Goes out: desktop VS Code where `code` is on the PATH, else the address of the stand-in.
// Node built-ins only until the set-up is done.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { checkNode, findBrowser, installBrowser, installDependencies, installStandIn } from './setup.mjs';
import { explain, root, run, step, Trouble, tail } from './steps.mjs';

const sample = path.join(root, 'samples/msi-window-v1.mbox');
const usage = `npm start                    the bundled sample series
npm start -- FILE            your own: an mbox, a mail, a patch, or a folder of patches
npm start -- --port 8080     the stand-in on a port of your choice
npm start -- --stand-in      the stand-in even where desktop VS Code is installed`;

/** What the person asked for. Relative paths count from where npm was called. */
function readArguments() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        port: { type: 'string', default: '0' },
        'stand-in': { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    const port = Number(values.port);
    if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Error(`--port ${values.port} is no port`);
    if (positionals.length > 1) throw new Error('one FILE at a time');
    const [file] = positionals;
    const what = path.resolve(process.env.INIT_CWD ?? process.cwd(), file ?? sample);
    return { port, standIn: values['stand-in'], help: values.help, what };
  } catch (error) {
    throw new Trouble(String(error instanceof Error ? error.message : error), usage);
  }
}

/** The file to open and the folder to open with it; no folder where that would be somebody's whole home. @param {string} what */
function place(what) {
  if (!existsSync(what)) throw new Trouble(`There is no ${what}.`, `Name a file that is there:\n${usage}`);
  if (!statSync(what).isDirectory()) {
    const folder = path.dirname(what);
    return { file: what, folder: [homedir(), path.parse(folder).root].includes(folder) ? undefined : folder };
  }
  const first = readdirSync(what)
    .sort()
    .find((name) => /\.(mbox|patch|eml|diff|mbx)$/.test(name));
  if (!first) throw new Trouble(`There is no patch in ${what}.`, `Name a file:\n${usage}`);
  return { file: path.join(what, first), folder: what };
}

/** Does `code` answer? It may be on the PATH and yet refuse, as it does for root. */
async function desktopVersion() {
  const { code, output } = await run('code', ['--version']);
  return code === 0 ? output.split('\n')[0] : undefined;
}

/** @param {string} vsix @param {{ file: string, folder: string | undefined }} open */
async function startDesktop(vsix, { file, folder }) {
  for (const [title, args] of [
    ['install the extension', ['--install-extension', vsix, '--force']],
    ['open the series', ['--new-window', ...(folder ? [folder] : []), file]],
  ]) {
    await step(String(title), async () => {
      const { code, output } = await run('code', [...args]);
      if (code !== 0) throw new Trouble(`code failed:\n${tail(output)}`, 'Use the stand-in: npm start -- --stand-in');
    });
  }
  console.log(`\nVS Code shows ${file}.\nTo remove Doorbell again: code --uninstall-extension doorbell.doorbell`);
}

/** @param {string} vsix @param {{ file: string, folder: string | undefined }} open @param {number} port */
async function startHere(vsix, open, port) {
  const { startStandIn } = await import('./stand-in.mjs');
  /** @type {Awaited<ReturnType<typeof startStandIn>> | undefined} */
  let server;
  let stopping = false;
  await step('VS Code', async () => {
    server = await startStandIn({ vsix: [vsix], port });
  });
  if (!server) return;
  const running = server;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, async () => {
      if (stopping) return;
      stopping = true;
      await running.stop();
      console.log('\nStopped.');
      process.exit(0);
    });
  }
  const browser = findBrowser();
  console.log(`\nVS Code is running with ${path.basename(open.file)} open. Open this address in a browser:\n
  ${running.address(open)}\n`);
  if (browser) console.log(`No browser at hand? ${path.basename(browser)} is installed here.`);
  console.log('Ctrl+C stops it.');
  await running.gone;
  if (!stopping)
    throw new Trouble(`The VS Code server ended by itself:\n${tail(running.log())}`, 'Run npm start again.');
}

async function main() {
  const { port, standIn, help, what } = readArguments();
  if (help) return console.log(usage);
  checkNode();
  const open = place(what);
  console.log('Doorbell');
  const desktop = standIn ? undefined : await desktopVersion();
  const needed = [step('npm dependencies', installDependencies)];
  if (!desktop) {
    // The stand-in serves any browser, this machine's or another's: without Chromium it still starts.
    const browser = step('Chromium', installBrowser).catch((error) => {
      if (!(error instanceof Trouble)) throw error;
      console.log(`    ${error.message} Another browser will do.`);
    });
    needed.push(browser, step('VS Code stand-in', installStandIn));
  }
  await Promise.all(needed);
  const { packageExtension, vsix } = await import('./package.mjs');
  await step('build and package the extension', packageExtension);
  return desktop ? startDesktop(vsix, open) : startHere(vsix, open, port);
}

await main().catch((error) => {
  explain(error);
  process.exit(1);
});
