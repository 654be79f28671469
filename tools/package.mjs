// Packages doorbell.vsix: a minified build and what .vscodeignore lets through.
import { statSync } from 'node:fs';
import path from 'node:path';
import { build } from './build.mjs';
import { explain, isMain, root, run, Trouble, tail } from './steps.mjs';

export const vsix = path.join(root, 'doorbell.vsix');

/** Largest package, in kB. */
const LIMIT = 1500;

/** Builds and packages. @returns {Promise<{ note: string }>} the package's size */
export async function packageExtension() {
  await build({ maps: false });
  const vsce = path.join(root, 'node_modules/@vscode/vsce/vsce');
  const args = [
    vsce,
    'package',
    '--no-dependencies',
    '--allow-missing-repository',
    '--no-rewrite-relative-links',
    '--out',
    vsix,
  ];
  const { code, output } = await run(process.execPath, args);
  if (code !== 0) throw new Trouble(`vsce package failed:\n${tail(output, 30)}`, 'See .vscodeignore and package.json.');
  const size = Math.round(statSync(vsix).size / 1024);
  if (size > LIMIT) {
    throw new Trouble(
      `doorbell.vsix has ${size} kB; ${LIMIT} kB are allowed.`,
      'See what is large: unzip -v doorbell.vsix',
    );
  }
  return { note: `${size} kB` };
}

if (isMain(import.meta.url)) {
  await packageExtension().then(
    ({ note }) => console.log(`${path.relative(root, vsix)}: ${note}`),
    (error) => {
      explain(error);
      process.exitCode = 1;
    },
  );
}
