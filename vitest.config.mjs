import { defineConfig } from 'vitest/config';

/** The core suite: everything that needs neither an editor nor a screen. The command line's tests run on dist/. */
export default defineConfig({
  test: {
    include: ['test/**/*.test.{ts,tsx,mjs}'],
    exclude: ['test/editor/**', 'test/screen/**', 'test/**/fixture/**'],
    environment: 'node',
    testTimeout: 20_000,
  },
});
