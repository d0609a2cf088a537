import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Rec } from '../../src/records/index.ts'
import { folder, runIn } from '../support/project.ts'

const mit =
  'MIT License\n\nPermission is hereby granted, free of charge, to any person obtaining a copy of this software, subject to the following conditions:\n\nThe above copyright notice and this permission notice shall be included in all copies.\n'
const text = 'The pump starts when the level falls, because the float opens the switch.\n'

test('license: detect gives each record the license that lies beside it, and an edited one gives other records', async () => {
  const dir = folder({
    'repo/LICENSE': mit,
    'repo/a.md': text,
    'repo/docs/b.md': `${text}Twice.\n`,
    'repo/own.py': `# SPDX-License-Identifier: ISC\n${text}`,
  })
  const recipe = {
    name: 'licenses',
    sources: { repo: { files: 'repo', license: 'detect' } },
    steps: [{ length: { from: 'repo', min: 1 } }],
  }
  const licenses = async (): Promise<string[]> =>
    (await runIn(dir, recipe)).all
      .map(row => {
        const { source } = (row as Rec<'document'>).lineage
        return `${source!.uri} ${source!.license}`
      })
      .sort()
  expect(await licenses()).toEqual(['repo/a.md MIT', 'repo/docs/b.md MIT', 'repo/own.py ISC'])
  writeFileSync(join(dir, 'repo/docs/LICENSE'), 'Licensed under https://creativecommons.org/licenses/by-sa/4.0/\n')
  expect(await licenses()).toEqual(['repo/a.md MIT', 'repo/docs/b.md CC-BY-SA-4.0', 'repo/own.py ISC'])
})
