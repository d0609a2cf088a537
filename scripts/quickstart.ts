/** Runs the quickstart recipe. What an earlier quickstart released is removed first: it is a demonstration, no dataset. */
import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '..')
const example = join(root, 'examples', 'quickstart')
rmSync(join(example, 'releases'), { recursive: true, force: true })
const args = [join(root, 'bin', 'stillroom.js'), 'run', join('examples', 'quickstart', 'recipe.yaml'), '--show', '3']
process.exitCode = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status ?? 1
