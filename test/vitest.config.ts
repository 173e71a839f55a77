import { defineConfig } from 'vitest/config';

/** `npm run test:drivers`: no test touches better-sqlite3 then. */
const ofNode = process.env.COVEN_DOCTOR_SQLITE === 'node:sqlite';

export default defineConfig({
  resolve: {
    alias: ofNode ? { 'better-sqlite3': new URL('../fixtures/node-sqlite.ts', import.meta.url).pathname } : {},
  },
  test: {
    root: '.',
    include: ['test/**/*.test.ts'],
    globalSetup: 'test/left-behind.ts',
    // Generous: machines are shared, and no test is about time.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    teardownTimeout: 40_000,
    // One more than the two cores of CI: much of a test is waiting for a child.
    maxWorkers: 3,
    reporters: ['default', new URL('slowest.ts', import.meta.url).pathname],
  },
});
