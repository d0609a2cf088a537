import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { listFiles } from '../files.ts'
import { foldersWithLicenses, licensesOf } from './folders.ts'
import { licenseOfManifest } from './manifest.ts'
import { licenseOfText, spdxHeader } from './texts.ts'

const root = join(import.meta.dirname, '../../..')
const text = (path: string): string => readFileSync(join(root, path), 'utf8')
const mit = text('test/fixtures/encodings/LICENSE')
const apache = text('LICENSE')
const bsd = text('test/fixtures/robots-txt/LICENSE')

let base: string
beforeAll(() => {
  base = mkdtempSync(join(tmpdir(), 'licenses-'))
})
afterAll(() => rmSync(base, { recursive: true }))

/** Files below a folder of their own; the license of each document in it. */
async function detected(files: { [path: string]: string }, pattern = '**/*.md'): Promise<{ [path: string]: string }> {
  const folder = mkdtempSync(join(base, 'case-'))
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), content)
  }
  const found = await listFiles({ files: pattern }, folder)
  const { of } = await licensesOf(found)
  return Object.fromEntries(found.map(file => [file.path, of(file)]))
}

test('real license texts, notes and the lines that others have in common with them', () => {
  expect([mit, apache, bsd].map(licenseOfText)).toEqual(['MIT', 'Apache-2.0', 'BSD-3-Clause'])
  expect(licenseOfText(bsd.replace(/neither the name[\s\S]*?permission\./i, ''))).toBe('BSD-2-Clause')
  expect(
    licenseOfText('GNU LESSER GENERAL PUBLIC LICENSE\n  Version 3, 29 June 2007\n ... the GNU General Public License'),
  ).toBe('LGPL-3.0-only')
  expect(
    licenseOfText(
      '                    GNU AFFERO GENERAL PUBLIC LICENSE\n                       Version 3, 19 November 2007',
    ),
  ).toBe('AGPL-3.0-only')
  expect(licenseOfText('Creative Commons Attribution-NonCommercial-ShareAlike 4.0 International Public License')).toBe(
    'CC-BY-NC-SA-4.0',
  )
  expect(licenseOfText('The glossary is under https://creativecommons.org/licenses/by/4.0/.')).toBe('CC-BY-4.0')
  expect(licenseOfText('Copyright 2024 Somebody. All rights reserved.')).toBe('proprietary')
  // Two in one text, and a text that nobody knows: a person has to look.
  expect(licenseOfText(`${mit}\n${apache}`)).toBeUndefined()
  expect(licenseOfText('You may do with this as the board decides.')).toBeUndefined()
})

test('headers and manifests', () => {
  expect(spdxHeader('/* SPDX-License-Identifier: (MIT OR Apache-2.0) */\n')).toBe('(MIT OR Apache-2.0)')
  expect(spdxHeader('# SPDX-License-Identifier: GPL-2.0-only WITH Classpath-exception-2.0\n')).toBe(
    'GPL-2.0-only WITH Classpath-exception-2.0',
  )
  expect(spdxHeader('<!-- SPDX-License-Identifier: CC-BY-4.0 -->')).toBe('CC-BY-4.0')
  expect(spdxHeader('SPDX-License-Identifier: MIT\nSPDX-License-Identifier: ISC')).toBeUndefined()
  expect(licenseOfManifest('package.json', '{"license":"(MIT OR GPL-3.0-or-later)"}')).toBe('MIT OR GPL-3.0-only')
  expect(licenseOfManifest('package.json', '{"license":"SEE LICENSE IN terms.txt"}')).toBeUndefined()
  expect(licenseOfManifest('Cargo.toml', '[package]\nname = "a"\nlicense = "MIT/Apache-2.0"\n')).toBe(
    'MIT OR Apache-2.0',
  )
  expect(
    licenseOfManifest('pyproject.toml', '[tool.other]\nlicense = "ISC"\n[project]\nlicense = {text = "MIT"}\n'),
  ).toBe('MIT')
  fc.assert(
    fc.property(fc.string(), given =>
      [licenseOfText(given), licenseOfManifest('package.json', given)].every(
        one => one === undefined || one.length > 0,
      ),
    ),
  )
})

test('the nearest folder speaks for a file, up to the one that the pattern names', async () => {
  expect(
    await detected({
      LICENSE: mit,
      'a.md': 'x',
      'docs/b.md': 'x',
      'docs/LICENSE.md': bsd,
      'docs/deep/c.md': 'x',
      'code/package.json': '{"license":"ISC"}',
      'code/d.md': 'x',
      'code/license.md': '# About our license',
    }),
  ).toMatchObject({ 'a.md': 'MIT', 'docs/b.md': 'BSD-3-Clause', 'docs/deep/c.md': 'BSD-3-Clause', 'code/d.md': 'ISC' })
  // Above a folder that is named outright nobody looks.
  expect(await detected({ LICENSE: mit, 'docs/b.md': 'x' }, 'docs/**/*.md')).toEqual({ 'docs/b.md': 'unknown' })
})

test('a choice of files, a supplement, and what stays unknown', async () => {
  const of = async (files: { [path: string]: string }): Promise<string> =>
    (await detected({ ...files, 'a.md': 'x' }))['a.md']!
  expect(await of({ 'LICENSE-APACHE': apache, 'LICENSE-MIT': mit })).toBe('MIT OR Apache-2.0')
  expect(await of({ LICENSE: apache, 'LICENSE-docs': mit })).toBe('unknown')
  expect(await of({ LICENSE: 'Ask the board.', 'package.json': '{"license":"MIT"}' })).toBe('unknown')
  expect(await of({ LICENSE: mit, 'package.json': '{"license":"Apache-2.0"}' })).toBe('unknown')
  expect(
    await of({
      COPYING: 'GNU GENERAL PUBLIC LICENSE Version 2, June 1991',
      'Cargo.toml': '[package]\nlicense = "GPL-2.0-only"',
    }),
  ).toBe('GPL-2.0-only')
  expect(
    await of({
      COPYING: 'GNU GENERAL PUBLIC LICENSE Version 3, 29 June 2007',
      'COPYING.LESSER': 'GNU LESSER GENERAL PUBLIC LICENSE Version 3, 29 June 2007',
    }),
  ).toBe('LGPL-3.0-only')
  // A program that is called so, and the licenses of others.
  expect(await of({ LICENSE: mit, 'license.ts': 'export {}', 'LICENSE-THIRD-PARTY': apache })).toBe('MIT')
})

test('the folders of this project, with how many files each speaks for', async () => {
  const files = await listFiles({ files: 'test/fixtures/**/*' }, root)
  const folders = await foldersWithLicenses(files)
  expect(folders.find(({ folder }) => folder === 'test/fixtures/encodings')).toEqual({
    folder: 'test/fixtures/encodings',
    license: 'MIT',
    files: ['LICENSE'],
    covers: 3,
  })
})
