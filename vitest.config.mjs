import { defineConfig } from 'vitest/config';

/** The core suite: everything that needs neither an editor nor a screen. The command line's tests run on dist/. */
export default defineConfig({
  test: {
    include: ['test/**/*.test.{ts,tsx,mjs}'],
    exclude: ['test/editor/**', 'test/screen/**', 'test/**/fixture/**'],
    environment: 'node',
    // A loaded machine is slow, not wrong.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // By default one processor is left idle, which on two is half of them.
    maxWorkers: '100%',
  },
});
