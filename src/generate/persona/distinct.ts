import { z } from 'zod'
import type { Id, Rec } from '../../records/index.ts'
import { defineGlobal, type GlobalStep } from '../../steps/index.ts'
import { normaliseForMatch } from '../../text/index.ts'
import { personaOf } from './find.ts'

/** The same person found in two texts is one: the smaller id stays. What is nearly the same is left to `dedupe`. */
export const distinct: GlobalStep<Record<string, never>> = defineGlobal<Record<string, never>>({
  verb: 'persona-distinct',
  about: 'Drops personas that are word for word the same as another.',
  version: 1,
  options: z.strictObject({}),
  takes: ['row'],
  gives: 'same',
  reasons: ['same-persona'],
  passes: [
    {
      survey: records =>
        new Map([
          [0, [...records].map(record => [normaliseForMatch(personaOf(record as Rec<'row'>)), record.id] as const)],
        ]),
      merge: (a: (readonly [string, Id])[], b: (readonly [string, Id])[]) => a.concat(b),
      decide(_, found: (readonly [string, Id])[]) {
        const first = new Map<string, Id>()
        for (const [persona, id] of found) {
          const known = first.get(persona)
          if (known === undefined || id < known) first.set(persona, id)
        }
        return found.flatMap(([persona, id]): [Id, Id][] => {
          const kept = first.get(persona)!
          return kept === id ? [] : [[id, kept]]
        })
      },
      combine: (parts: [Id, Id][][]) => ({ each: new Map(parts.flat()) }),
    },
  ],
  apply: (_, kept) =>
    kept === undefined ? { is: 'passed' } : { is: 'dropped', reason: 'same-persona', evidence: { kept } },
})
