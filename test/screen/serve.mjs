// Starts the stand-in once for the whole screen suite, with the packaged extension installed.
// Goes out to the tests, through vitest's `inject`: its address, its profile's folder, and where strangers are noted.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { packageExtension, vsix } from '../../tools/package.mjs';
import { startStandIn } from '../../tools/stand-in.mjs';

const watch = fileURLToPath(new URL('./watch-connections.cjs', import.meta.url));

/** @param {import('vitest/node').TestProject} project */
export default async function serve(project) {
  if (!process.env.DOORBELL_VSIX_IS_FRESH || !existsSync(vsix)) await packageExtension();
  const scratch = mkdtempSync(path.join(tmpdir(), 'db-sc-'));
  const strangers = path.join(scratch, 'strangers.txt');
  const standIn = await startStandIn({
    vsix: [vsix],
    env: { DOORBELL_STRANGERS: strangers, NODE_OPTIONS: `--require=${watch}` },
  });
  project.provide('base', standIn.base);
  project.provide('profile', standIn.profile);
  project.provide('settings', readFileSync(path.join(standIn.profile, 'User/settings.json'), 'utf8'));
  project.provide('strangers', strangers);
  return async () => {
    await standIn.stop();
    rmSync(scratch, { recursive: true, force: true });
  };
}
