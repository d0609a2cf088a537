import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { unicode, wasm } from '../../scripts/build-kernels.ts'
import table from './unicode.json' with { type: 'json' }

test('the sources compile to the committed bytes', async () => {
  const committed = readFileSync(new URL('./kernels.wasm', import.meta.url))
  expect(Buffer.from(await wasm()).equals(committed)).toBe(true)
  expect(committed.includes('assembly/')).toBe(false)
})

test.runIf(process.versions.unicode === table.unicode)('the table of classes is that of its Unicode version', () => {
  expect(unicode()).toBe(readFileSync(new URL('./unicode.json', import.meta.url), 'utf8'))
})
