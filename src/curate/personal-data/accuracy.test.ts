import { expect, test } from 'vitest'
import { labels, measureGenerated, measureLabelled } from '../../../test/support/personal-data-accuracy.ts'
import { checkedMakers } from '../../../test/support/personal-values.ts'
import { accuracy, report } from './report.ts'

test('the figures on the card are those of the code: after a change, node bench/personal-data.ts --write', () => {
  const { generated: _, ...labelled } = accuracy()
  expect(measureLabelled()).toEqual(labelled)
})

test.each(Object.keys(checkedMakers))('%s: sound values are found and mistyped ones are not', entity => {
  const { precision, recall } = accuracy().generated.entities[entity]!
  expect(Math.min(precision, recall)).toBeGreaterThanOrEqual(0.98)
  const now = measureGenerated(entity, 60)
  expect(Math.min(now.precision, now.recall)).toBeGreaterThanOrEqual(0.95)
  expect(labels[entity]).toBeDefined()
})

test('the card says what is not covered', () => {
  const { text } = report({ entities: ['jp', 'email', 'url'] })
  expect(text).toMatch(/Person, address, organisation: not covered by rules/)
  expect(text).toMatch(/\| jp-my-number \| \d+ \| [01]\.\d{3} \|/)
  expect(text).not.toMatch(/us-ssn/)
})
