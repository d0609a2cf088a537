import { join, resolve } from 'node:path'
import { defineConfig } from 'vitest/config'

const root = resolve(import.meta.dirname, '..', '..')

/** The tests that need Python with trainers: `npm run test:train`. */
export default defineConfig({
  root,
  resolve: { alias: { 'stillroom/steps': join(root, 'src', 'steps', 'index.ts') } },
  test: {
    include: ['test/train/**/*.test.ts', 'src/**/*.python.test.ts'],
    pool: 'forks',
    maxWorkers: 1,
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
})
