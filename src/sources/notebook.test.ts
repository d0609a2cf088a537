import { expect, test } from 'vitest'
import { proseOf, Unreadable } from './index.ts'
import { readNotebook } from './notebook.ts'

const notebook = (cells: object[], metadata: object = {}): Buffer =>
  Buffer.from(JSON.stringify({ nbformat: 4, metadata, cells }))
const code = (source: string, ...outputs: object[]) => ({ cell_type: 'code', source, outputs })
const text = (...cells: object[]): string => readNotebook(notebook(cells)).text

test('text as it is, code in fences of the language, places by the numbers of cells', () => {
  const cells = [{ cell_type: 'markdown', source: ['# Tides\n', '\n', 'The *moon*.'] }, code(''), code('x <- 1\n')]
  expect(readNotebook(notebook(cells, { language_info: { name: 'R' } }))).toEqual({
    text: '# Tides\n\nThe *moon*.\n\n```r\nx <- 1\n```',
    format: 'markdown',
    title: 'Tides',
    places: [
      [0, 'cell 1'],
      [22, 'cell 3'],
    ],
  })
})

test('of outputs the text is kept; errors, warnings, pictures and names of objects are not', () => {
  const out = (data: object) => ({ output_type: 'execute_result', data })
  const stream = (name: string, words: string) => ({ output_type: 'stream', name, text: words })
  expect(
    text(
      code(
        'f()',
        stream('stdout', '\x1b[31mred\x1b[0m\n10%\r100%\n'),
        stream('stderr', 'a warning'),
        out({ 'text/plain': ['42'] }),
        out({ 'image/png': 'iVBO', 'text/plain': '<Figure>' }),
        out({ 'text/html': '<b>', 'text/plain': '<IPython.core.display.HTML object>' }),
        { output_type: 'error', ename: 'E', evalue: 'v', traceback: ['t'] },
      ),
    ),
  ).toBe('```python\nf()\n```\n\n```text\nred\n100%\n42\n```')
})

test('long outputs are cut, by lines and by characters', () => {
  const lines = Array.from({ length: 30 }, (_, i) => `line ${i}`)
  expect(text(code('f', { output_type: 'stream', text: lines }))).toContain('line 0line 1')
  const cut = text(code('f', { output_type: 'stream', text: lines.join('\n') }))
  expect(cut.endsWith('line 19\n...\n```')).toBe(true)
  expect(text(code('f', { output_type: 'stream', text: 'x'.repeat(100_000) })).length).toBeLessThan(1100)
})

test('pictures inside of the notebook go, cells in another language say so, and fences hold', () => {
  expect(
    text({ cell_type: 'markdown', source: 'a ![p](attachment:x.png) b ![q](data:image/png;base64,AA) ![r](r.png)' }),
  ).toBe('a  b  ![r](r.png)')
  expect(text(code('%%bash\nls'), code('s = """```"""'))).toBe(
    '```bash\n%%bash\nls\n```\n\n````python\ns = """```"""\n````',
  )
})

test('nbformat 3: worksheets, headings, inputs', () => {
  const cells = [
    { cell_type: 'heading', level: 2, source: 'Tides' },
    { cell_type: 'code', language: 'julia', input: 'x', outputs: [{ output_type: 'pyout', text: '1' }] },
  ]
  const bytes = Buffer.from(JSON.stringify({ nbformat: 3, worksheets: [{ cells }] }))
  expect(readNotebook(bytes).text).toBe('## Tides\n\n```julia\nx\n```\n\n```text\n1\n```')
})

test('what is no notebook', () => {
  expect(() => readNotebook(Buffer.from('{"cells": ['))).toThrow(expect.objectContaining({ reason: 'invalid-json' }))
  expect(() => readNotebook(Buffer.from('{"a": 1}'))).toThrow(expect.objectContaining({ reason: 'wrong-shape' }))
  expect(() => readNotebook(Buffer.from('[]'))).toThrow(expect.objectContaining({ reason: 'wrong-shape' }))
  expect(readNotebook(notebook([null as never, { cell_type: 'code', source: 5, outputs: [null] } as never])).text).toBe(
    '',
  )
})

test('a notebook whose parts have another form costs itself and no other file', async () => {
  const about = { path: 'a.ipynb', format: 'notebook', bound: 2 ** 20 } as const
  for (const broken of [
    { nbformat: 3, worksheets: {} },
    { nbformat: 4, metadata: { language_info: { name: 3 } }, cells: [code('x')] },
  ]) {
    const said = await proseOf(Buffer.from(JSON.stringify(broken)), about).catch(error => error)
    expect(said instanceof Unreadable || 'text' in said).toBe(true)
  }
})
