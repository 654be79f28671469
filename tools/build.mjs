// Builds dist/: the extension, the command line, the review worker, the topology page, and the grammar they load.
// Comes in: src/. Goes out: dist/, with sizes printed. It does not check types; `npm run check` does.
import { chmodSync, copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import * as esbuild from 'esbuild';
import { writeDesigns } from './designs.mjs';
import { explain, isMain, root, seconds, Trouble } from './steps.mjs';

const require = createRequire(import.meta.url);
const dist = path.join(root, 'dist');

/** `import text from './x.c?raw'`: the file as a string, as vite does it in the tests. @type {esbuild.Plugin} */
export const rawText = {
  name: 'raw-text',
  setup(build) {
    build.onResolve({ filter: /\?raw$/ }, async (request) => {
      const resolved = await build.resolve(request.path.slice(0, -'?raw'.length), {
        kind: request.kind,
        resolveDir: request.resolveDir,
        importer: request.importer,
      });
      return resolved.errors.length > 0 ? resolved : { path: resolved.path, namespace: 'raw-text' };
    });
    build.onLoad({ filter: /.*/, namespace: 'raw-text' }, ({ path: file }) => ({
      contents: readFileSync(file, 'utf8'),
      loader: 'text',
      watchFiles: [file],
    }));
  },
};

/** What every bundle for Node shares: CommonJS, `import.meta.url` kept meaningful. @type {esbuild.BuildOptions} */
export const forNode = {
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  external: ['vscode'],
  define: { 'import.meta.url': 'moduleUrl' },
  banner: { js: "const moduleUrl = require('node:url').pathToFileURL(__filename).href;" },
  plugins: [rawText],
  logLevel: 'warning',
};

/** `web-tree-sitter` names modules of Node that it asks for in Node alone. @type {esbuild.Plugin} */
const noNode = {
  name: 'no-node',
  setup(build) {
    build.onResolve(
      { filter: /^(node:)?(fs|fs\/promises|module|path|url|util|crypto)$/ },
      ({ path: name, importer }) =>
        /web-tree-sitter/.test(importer) ? { path: name, namespace: 'no-node' } : undefined,
    );
    build.onLoad({ filter: /.*/, namespace: 'no-node' }, () => ({ contents: 'export default {}', loader: 'js' }));
    // And its branches for Node go, calls of `require` and all.
    build.onLoad({ filter: /web-tree-sitter\.(js|mjs)$/ }, ({ path: file }) => ({
      contents: readFileSync(file, 'utf8').replaceAll(/\bif \(ENVIRONMENT_IS_NODE\)/g, 'if (false)'),
      loader: 'js',
    }));
  },
};

/** What every bundle for a browser's extension host shares. @type {esbuild.BuildOptions} */
const forWeb = {
  bundle: true,
  platform: 'browser',
  target: 'es2022',
  external: ['vscode'],
  // Some hosts of extensions give a `process` of their own, by which the parser would take them for Node.
  define: { 'import.meta.url': '"https://localhost/"', 'globalThis.process': 'undefined', process: 'undefined' },
  plugins: [rawText, noNode],
  logLevel: 'warning',
};

/**
 * A module that a bundle for Node takes from the browser's bundle at run time, so that the package holds it once.
 * @param {RegExp} module as the sources import it @param {string} bundle @returns {esbuild.Plugin}
 */
const takenFrom = (module, bundle) => ({
  name: `taken-from-${bundle}`,
  setup(build) {
    build.onResolve({ filter: module }, () => ({ path: bundle, external: true }));
  },
});

/** As a script of a browser's worker it has no `module` to fill; Node's worker asks for what it exports. */
const moduleOrScript = '"use strict";var module=typeof module==="object"?module:{exports:{}};';

const shebang = '#!/usr/bin/env node\n';

/** @type {readonly { from: string, to: string, options: esbuild.BuildOptions }[]} */
const bundles = [
  {
    from: 'src/editor/extension.ts',
    to: 'extension.js',
    options: { ...forNode, plugins: [takenFrom(/^\.\/wiring$/, './web/extension.js'), rawText] },
  },
  { from: 'src/cli/main.ts', to: 'cli.js', options: { ...forNode, banner: { js: shebang + forNode.banner?.js } } },
  {
    from: 'src/node/review-worker.ts',
    to: 'review-worker.js',
    options: { ...forNode, plugins: [takenFrom(/^\.\/engine$/, './web/review-worker.js'), rawText] },
  },
  { from: 'src/editor/extension-web.ts', to: 'web/extension.js', options: { ...forWeb, format: 'cjs' } },
  {
    from: 'src/node/web-review-worker.ts',
    to: 'web/review-worker.js',
    options: { ...forWeb, format: 'cjs', banner: { js: moduleOrScript } },
  },
  {
    from: 'src/topology/main.tsx',
    to: 'topology.js',
    options: {
      bundle: true,
      platform: 'browser',
      format: 'iife',
      target: 'es2022',
      jsx: 'automatic',
      jsxImportSource: 'preact',
      loader: { '.ttf': 'file', '.svg': 'text' },
      assetNames: '[name]',
      plugins: [rawText],
      logLevel: 'warning',
    },
  },
];

/** Files that are loaded at run time as they are. */
const copies = [
  require.resolve('web-tree-sitter/web-tree-sitter.wasm'),
  require.resolve('tree-sitter-c/tree-sitter-c.wasm'),
  path.join(root, 'src/scenario/scenario.schema.json'),
  path.join(root, 'src/review/corrections.schema.json'),
];

/**
 * Builds everything into dist/.
 * @param {{ maps?: boolean }} [options] with source maps beside the bundles; packages go without
 * @returns {Promise<readonly { file: string, bytes: number }[]>} what was written, in bytes
 */
export async function build({ maps = true } = {}) {
  mkdirSync(dist, { recursive: true });
  const written = await Promise.all(
    bundles.map(async ({ from, to, options }) => {
      const bundling = esbuild.build({
        ...options,
        absWorkingDir: root,
        // Some packages' main file loads its parts at run time, which a bundle cannot follow; their module build does not.
        mainFields: ['module', 'main'],
        entryPoints: [{ in: from, out: to.replace(/\.js$/, '') }],
        outdir: 'dist',
        // Half the size is half the time that Node takes to read it.
        minify: true,
        sourcemap: maps ? 'linked' : false,
        metafile: true,
      });
      // esbuild has printed the place and the reason by now.
      const result = await bundling.catch(() => {
        throw new Trouble(`${from} could not be built.`, 'See the places named above.');
      });
      return Object.entries(result.metafile.outputs).map(([file, { bytes }]) => ({ file, bytes }));
    }),
  );
  chmodSync(path.join(dist, 'cli.js'), 0o755);
  const copied = copies.map((from) => {
    copyFileSync(from, path.join(dist, path.basename(from)));
    return { file: `dist/${path.basename(from)}`, bytes: readFileSync(from).length };
  });
  const files = [...written.flat(), ...copied, ...(await writeDesigns(dist, forNode))];
  // What an earlier build left goes last, so that dist/ is never empty for one who is just using it.
  const current = new Set(files.map(({ file }) => path.relative('dist', file).split(path.sep)[0]));
  for (const name of readdirSync(dist)) if (!current.has(name)) rmSync(path.join(dist, name), { recursive: true });
  return files.filter(({ file }) => !file.endsWith('.map'));
}

async function main() {
  const began = Date.now();
  const files = await build();
  for (const { file, bytes } of files) console.log(`${String(Math.ceil(bytes / 1024)).padStart(7)} kB  ${file}`);
  console.log(`built in ${seconds(Date.now() - began)}`);
}

if (isMain(import.meta.url)) {
  await main().catch((error) => {
    explain(error);
    process.exitCode = 1;
  });
}
