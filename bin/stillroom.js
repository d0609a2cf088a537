#!/usr/bin/env node
// Plain JavaScript that any Node can read, so that an old one gets a sentence instead of a syntax error.
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { holdHeap } from './heap.js'

// A checkout runs from source; the published package holds the emitted files alone.
const source = new URL('../src/cli/main.ts', import.meta.url)
const root = fileURLToPath(new URL('../', import.meta.url))
const needed = [22, 19]
const [major, minor] = process.versions.node.split('.').map(Number)
if (major < needed[0] || (major === needed[0] && minor < needed[1])) {
  console.error(`stillroom needs Node ${needed.join('.')} or newer; this is ${process.versions.node}.`)
  console.error(
    existsSync(source)
      ? `Install a newer one, or take the one that npm ci brought: ${root}node_modules/.bin/node ${root}bin/stillroom.js`
      : 'Install a newer one, or run it through npm: npx -p node@24 -p stillroom stillroom',
  )
  process.exit(2)
}
holdHeap()
const { main } = await import(existsSync(source) ? source.href : new URL('../dist/cli/main.js', import.meta.url).href)
process.exitCode = await main(process.argv.slice(2))
