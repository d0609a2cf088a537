import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  // Steps of the examples import stillroom by name, as users' steps do.
  resolve: { alias: { 'stillroom/steps': fileURLToPath(new URL('src/steps/index.ts', import.meta.url)) } },
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'bench/**/*.test.ts'],
    // These need Python with trainers: `npm run test:train`.
    exclude: ['**/node_modules/**', 'test/train/**'],
    pool: 'forks',
    maxWorkers: 2,
    // Files of one worker share what they import: half of the time of a small file is importing. No test may leave anything behind.
    isolate: false,
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
})
