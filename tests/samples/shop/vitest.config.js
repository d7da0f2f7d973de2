import { defineConfig } from 'vitest/config'

// A project of its own: without this file, vitest would look for one further up.
export default defineConfig({
  test: { include: ['tests/**/*.test.js', 'test/**/*.test.js'] },
})
