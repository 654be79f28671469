import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** The screen suite: one stand-in for all files, one file at a time, and nothing tried twice. */
export default defineConfig({
  test: {
    root: fileURLToPath(new URL('../..', import.meta.url)),
    include: ['test/screen/**/*.test.{mjs,ts}'],
    globalSetup: ['test/screen/serve.mjs'],
    fileParallelism: false,
    retry: 0,
    testTimeout: 180_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 60_000, interval: 100 } },
  },
});
