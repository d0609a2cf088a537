/** Emits `dist`: tsc for the code, a copy for prompts, rubrics, kernels and data files that stand beside it. */
import { spawnSync } from 'node:child_process'
import { cpSync, globSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '..')
rmSync(join(root, 'dist'), { recursive: true, force: true })
const tsc = spawnSync(join(root, 'node_modules', '.bin', 'tsc'), ['-p', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
})
if (tsc.status !== 0) process.exit(1)
for (const file of globSync('src/**/*.{md,json,wasm,zst,py,js}', {
  cwd: root,
  exclude: ['**/fixtures', '**/assembly'],
})) {
  cpSync(join(root, file), join(root, file.replace(/^src/, 'dist')))
}
console.log('built dist')
