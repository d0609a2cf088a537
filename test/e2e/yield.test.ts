import { expect, test } from 'vitest'
import { z } from 'zod'
import { defineFilter } from '../../src/steps/index.ts'
import { documents } from '../support/documents.ts'
import { folder, runIn } from '../support/project.ts'

/** Keeps `keep` of the documents by their number. */
const keepFirst = defineFilter({
  verb: 'keep-first',
  about: 'Keeps documents whose number is small.',
  version: 1,
  options: z.strictObject({ keep: z.number() }),
  takes: ['document'],
  gives: 'same',
  reasons: ['late'],
  test: (record, { keep }) =>
    Number(/model (\d+)/.exec((record as { text?: string }).text ?? '')![1]) < keep
      ? { is: 'passed' }
      : { is: 'dropped', reason: 'late' },
})
const step = (as: string, keep: number, from?: string | string[]) => ({
  'keep-first': { as, keep, ...(from ? { from } : {}) },
})

test.each<[string, object[], number, string]>([
  ['in the middle of a fused stage', [step('a', 9, 'docs'), step('b', 0), step('c', 9)], 1, 'Step b left nothing.'],
  ['before a global', [step('a', 0, 'docs'), { dedupe: { near: false } }], 1, 'Step a left nothing.'],
  ['under a floor', [step('a', 5, 'docs'), step('b', 2), { dedupe: { near: false } }], 4, 'Step b left 2 rows.'],
  [
    'behind a union one branch of which is rightly empty',
    [step('a', 0, 'docs'), step('b', 4, 'docs'), step('c', 0, ['a', 'b'])],
    1,
    'Step c left nothing.',
  ],
  [
    'on a branch before a union',
    [step('a', 0, 'docs'), step('b', 0, 'docs'), step('c', 9, ['a', 'b'])],
    1,
    'Step a left nothing.',
  ],
  [
    'nowhere: the input is small',
    [step('a', 9, 'docs'), { dedupe: { near: false } }],
    20,
    'Step dedupe.exact left 6 rows.',
  ],
])('the step that dropped the rows is named: %s', async (_, steps, floor, message) => {
  const recipe = { name: 'x', floor, sources: { docs: { files: 'docs/*.md', license: 'cc0-1.0' } }, steps }
  const ran = await runIn(folder(documents(6)), recipe, { steps: [keepFirst] })
  expect(ran.error).toMatchObject({ code: 'SR_YIELD', message })
  expect(ran.status).toBe('yield')
})
