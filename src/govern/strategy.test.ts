import { expect, test } from 'vitest'
import type { Use } from './facts.ts'
import {
  type Decision,
  decide,
  type Material,
  materials,
  matrix,
  type paces,
  requiredGates,
  strategies,
  useFor,
} from './strategy.ts'

const uses = Object.keys(strategies) as Use[]
const only = (...names: Material[]) => new Set<Material>(names)
const said = (decision: Decision): string =>
  decision.is === 'cannot'
    ? `- ${decision.needsModel ? 'needs a model' : `instead ${decision.instead ?? 'nothing'}`}`
    : `${decision.is === 'retrieve' ? 'retrieve: ' : ''}${decision.way}`

// The whole matrix: use x material, with a language model and with rules alone, of knowledge that lasts and that does not.
test('every cell of the matrix: by a model, by rules, and where the knowledge changes', () => {
  const table = uses.flatMap(use =>
    materials.map(name => {
      const cell = (languageModel: boolean, changes: 'rarely' | 'weekly') =>
        said(decide(only(name), { use, changes, languageModel }))
      const [model, rules, weekly] = [cell(true, 'rarely'), cell(false, 'rarely'), cell(true, 'weekly')]
      return [use, name, model, ...(rules === model ? [] : [rules]), ...(weekly === model ? [] : [weekly])].join(' | ')
    }),
  )
  expect(table.join('\n')).toMatchInlineSnapshot(`
    "fine-tuning | documents | teach-documents | retrieve: exam-documents
    fine-tuning | code | teach-code | keep-documents | retrieve: exam-documents
    fine-tuning | queries | teach-queries | keep-queries | retrieve: exam-queries
    fine-tuning | conversations | curate-conversations | retrieve: exam-items
    fine-tuning | preferences | curate-preferences
    fine-tuning | votes | curate-votes
    fine-tuning | people | - instead privacy
    fine-tuning | exams | - instead eval-set
    fine-tuning | tables | - instead nothing
    eval-set | documents | exam-documents
    eval-set | code | exam-documents | - needs a model
    eval-set | queries | exam-queries | - needs a model
    eval-set | conversations | exam-items
    eval-set | preferences | - instead fine-tuning
    eval-set | votes | - instead fine-tuning
    eval-set | people | - instead privacy
    eval-set | exams | exam-items
    eval-set | tables | - instead nothing
    edge-cases | documents | - instead fine-tuning
    edge-cases | code | - instead fine-tuning
    edge-cases | queries | edge-cases | - needs a model
    edge-cases | conversations | edge-cases | - needs a model
    edge-cases | preferences | - instead fine-tuning
    edge-cases | votes | - instead fine-tuning
    edge-cases | people | - instead privacy
    edge-cases | exams | - instead eval-set
    edge-cases | tables | - instead nothing
    privacy | documents | - instead fine-tuning
    privacy | code | - instead fine-tuning
    privacy | queries | - instead fine-tuning
    privacy | conversations | - instead fine-tuning
    privacy | preferences | - instead fine-tuning
    privacy | votes | - instead fine-tuning
    privacy | people | table
    privacy | exams | - instead eval-set
    privacy | tables | table"
  `)
})

test('monthly is as weekly, and whoever insists is let through and marked', () => {
  for (const use of uses)
    for (const name of materials) {
      const at = (changes: (typeof paces)[number], force = false) =>
        decide(only(name), { use, changes, force, languageModel: true })
      expect(at('monthly')).toEqual(at('weekly'))
      const [calm, forced] = [at('rarely'), at('weekly', true)]
      expect(forced).toEqual(at('weekly').is === calm.is ? calm : { ...calm, forced: true })
    }
})

test('without a word on the use the folder decides, and the first material of a use that is there', () => {
  expect(useFor(only('people'))).toBe('privacy')
  expect(useFor(only('exams'))).toBe('eval-set')
  expect(useFor(only('people', 'documents', 'exams'))).toBe('fine-tuning')
  expect(useFor(only())).toBe('fine-tuning')
  const asked = { changes: 'rarely', languageModel: false } as const
  expect(decide(only('preferences', 'queries', 'documents'), asked)).toMatchObject({ from: 'documents' })
  // Rules cannot answer queries for an exam, and the documents beside them serve.
  expect(decide(only('queries', 'documents'), { ...asked, use: 'eval-set' })).toMatchObject({ way: 'exam-documents' })
  // Where rules find nothing to ask in documents, these are kept, and no exam is made of them.
  const mute = { ...asked, askable: false }
  expect(decide(only('documents'), mute)).toMatchObject({ way: 'keep-documents' })
  expect(decide(only('documents', 'votes'), mute)).toMatchObject({ way: 'curate-votes' })
  expect(decide(only('documents'), { ...mute, languageModel: true })).toMatchObject({ way: 'teach-documents' })
  expect(decide(only('documents'), { ...mute, use: 'eval-set' })).toMatchObject({ is: 'cannot', needsModel: true })
  expect(decide(only('documents', 'conversations'), { ...mute, use: 'eval-set' })).toMatchObject({ way: 'exam-items' })
  // Nothing can be asked of pairs, so that there is nothing to retrieve either.
  expect(decide(only(), asked)).toEqual({ is: 'cannot', use: 'fine-tuning', why: [] })
})

test('each use names the gates that may stop it, and its metric', () => {
  const gates = Object.fromEntries(uses.map(use => [use, requiredGates(use).map(({ id }) => id)]))
  expect(gates['eval-set']).toContain('other-family')
  expect(gates['edge-cases']).toContain('edge-cases')
  expect(gates.privacy).toContain('privacy')
  for (const id of ['terms', 'licenses', 'personal-data']) for (const use of uses) expect(gates[use]).toContain(id)
  for (const use of uses) expect(Object.keys(matrix[use]).sort()).toEqual([...materials].sort())
})
