import { defineConfig } from 'vitest/config'

const shared = { exclude: ['tests/samples/**', 'node_modules/**'] }

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...shared,
          name: 'pure',
          include: ['tests/machines/**/*.test.ts', 'tests/ledger/**/*.test.ts', 'tests/*.test.ts'],
          isolate: false,
        },
      },
      {
        // Files of one worker share its PGlite, which takes seconds to make; each file has a schema of its own.
        test: {
          ...shared,
          name: 'stores',
          include: ['tests/{engine,store,server,runs,paths}/**/*.test.ts'],
          globalSetup: ['tests/support/postgres.ts'],
          isolate: false,
          testTimeout: 20_000,
          hookTimeout: 30_000,
        },
      },
      {
        test: {
          ...shared,
          name: 'end-to-end',
          include: ['tests/end-to-end/**/*.test.ts'],
          globalSetup: ['tests/support/postgres.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
})
