// The layer rule over src/. dependency-cruiser's parser knows TypeScript and no JSX, so it reads a mirror of src/ in which the
// JSX of `.tsx` files is translated; their imports, those of types too, stand there as they were.
// `node tools/layers.mjs [FOLDER [OUTPUT-TYPE]]`: FOLDER has a src/ (default: the project), OUTPUT-TYPE is dependency-cruiser's.
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as esbuild from 'esbuild';
import { root } from './steps.mjs';

const [folder = root, outputType = 'err-long'] = process.argv.slice(2);
const mirror = mkdtempSync(path.join(tmpdir(), 'db-ly-'));
try {
  cpSync(path.join(folder, 'src'), path.join(mirror, 'src'), { recursive: true });
  cpSync(path.join(root, '.dependency-cruiser.cjs'), path.join(mirror, '.dependency-cruiser.cjs'));
  symlinkSync(path.join(root, 'node_modules'), path.join(mirror, 'node_modules'), 'dir');
  for (const name of readdirSync(path.join(mirror, 'src'), { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.tsx')) continue;
    const file = path.join(mirror, 'src', name);
    const text = readFileSync(file, 'utf8').replace(/^import type /gm, 'import ');
    const { code } = esbuild.transformSync(text, {
      loader: 'tsx',
      jsx: 'automatic',
      jsxImportSource: 'preact',
      tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } },
    });
    writeFileSync(file, code);
    renameSync(file, file.replace(/\.tsx$/, '.ts'));
  }
  const cruise = path.join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
  const args = [cruise, '--config', '.dependency-cruiser.cjs', '--output-type', outputType, 'src'];
  const { status } = spawnSync(process.execPath, args, { cwd: mirror, stdio: 'inherit' });
  process.exitCode = status ?? 1;
} finally {
  rmSync(mirror, { recursive: true, force: true });
}
