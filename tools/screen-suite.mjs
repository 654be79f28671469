// The screen suite by itself: packages the extension, and looks at it in the stand-in through Chromium.
// More arguments go to vitest: `npm run test:screen -- test/screen/review.test.mjs`.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { isMain, root } from './steps.mjs';

if (isMain(import.meta.url)) {
  const vitest = path.join(root, 'node_modules/vitest/vitest.mjs');
  const args = [vitest, 'run', '--config', 'test/screen/vitest.config.mjs', ...process.argv.slice(2)];
  spawn(process.execPath, args, { cwd: root, stdio: 'inherit' }).on('close', (code) => {
    process.exitCode = code ?? 1;
  });
}
