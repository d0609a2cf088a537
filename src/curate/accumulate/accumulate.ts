import { z } from 'zod'
import { type Id, kinds, unit } from '../../records/index.ts'
import { defineGlobal, defineVerb, type GlobalStep, type Verb } from '../../steps/index.ts'
import { dose } from '../mix/mix.ts'

const paper = 'https://arxiv.org/abs/2404.01413'

const joinOptions = z.strictObject({
  real: z
    .number()
    .min(0)
    .max(0.99)
    .default(0.1)
    .describe('Least share of real rows; written ones beyond it go, so that it holds'),
  replace: z
    .boolean()
    .default(false)
    .describe('Leaves real rows and earlier rounds out; blocks the release unless the gate is overridden'),
})
type Options = z.output<typeof joinOptions>

/** Depth is 0 for what people wrote. `earlier`: out of the release of an earlier round. */
type Entry = [id: Id, real: 0 | 1, earlier: 0 | 1, generation: number, hash: number]
type Told = { each: [Id, string][]; notes: string[] }

const percent = (share: number) => `${(share * 100).toFixed(1)} %`

/** How many rows of each generation of synthetic ones, in words. */
function depths(rows: readonly Entry[]): string {
  const counts = Map.groupBy(rows, ([, , , generation]) => generation)
  const told = [...counts].sort(([a], [b]) => a - b).map(([depth, of]) => `${of.length} of generation ${depth}`)
  return told.join(', ') || 'none written'
}

/** Where the rows of a round, of the rounds before it and of people become one set. */
export const joinRounds: GlobalStep<Options> = defineGlobal<Options>({
  verb: 'accumulate',
  about: 'Keeps real rows and those of earlier rounds beside the new ones, and the share of real ones over a floor.',
  version: 1,
  options: joinOptions,
  takes: kinds,
  gives: 'same',
  reasons: ['again', 'over-share'],
  source: paper,
  report: ({ real, replace }) => ({
    title: 'Rounds',
    text: replace
      ? 'the rows of this round alone; real rows and those of earlier rounds were replaced.'
      : `rows of this round stand beside the real ones and those of earlier rounds; at least ${percent(real)} are real. Where a row of an earlier round comes from stands in the release of that round, which its \`source\` names.`,
  }),
  passes: [
    {
      survey(records, _, { side, seed }) {
        const entries: Entry[] = []
        for (const { id, lineage } of records) {
          const real = lineage.origin === 'real' ? 1 : 0
          entries.push([id, real, side === 'earlier' ? 1 : 0, lineage.generation, unit(seed, id)])
        }
        return new Map([[0, entries]])
      },
      merge: (a: Entry[], b: Entry[]) => a.concat(b),
      decide(_, entries: Entry[], { real: floor, replace }): Told {
        const share = replace ? 0 : floor
        const earlier = new Set(entries.flatMap(([id, , before]) => (before ? [id] : [])))
        const rows = entries.filter(([, , before]) => !before).sort((a, b) => a[4] - b[4] || (a[0] < b[0] ? -1 : 1))
        // A release of an earlier round holds the real rows too: they have come in from where they are at home.
        const again = rows.filter(([id, real]) => real && earlier.has(id))
        const real = rows.filter(([id, real]) => real && !earlier.has(id))
        const written = rows.filter(([, real]) => !real)
        const most = dose({ synthetic: written.length, real: real.length, offered: 0 }, share, true).synthetic
        const kept = written.slice(0, most)
        const whole = Math.max(real.length + kept.length, 1)
        const cut = written.length - kept.length
        return {
          each: [
            ...again.map(([id]): [Id, string] => [id, 'again']),
            ...written.slice(most).map(([id]): [Id, string] => [id, 'over-share']),
          ],
          notes: [
            `${real.length} real rows (${percent(real.length / whole)}) and ${kept.length} written ones: ${depths(kept)}`,
            ...(cut > 0 ? [`${cut} written rows went so that ${percent(share)} are real`] : []),
          ],
        }
      },
      combine: (parts: Told[]) => ({
        each: new Map(parts.flatMap(part => part.each)),
        notes: parts.flatMap(part => part.notes),
      }),
    },
  ],
  apply: (_, decided) => (decided ? { is: 'dropped', reason: decided as string } : { is: 'passed' }),
})

const options = z.strictObject({
  with: z
    .union([z.string(), z.array(z.string()).min(1)])
    .describe('Sources or steps with the real rows that stay in every round'),
  ...joinOptions.shape,
  earlier: z.string().optional().describe('Source with the rows of earlier rounds; `stillroom rounds` fills it in'),
})

/**
 * Accumulate, do not replace: a model trained again and again on what its predecessor wrote forgets what is rare, unless
 * the real rows and all earlier ones stay (Gerstgrasser et al. 2024).
 */
export const accumulate: Verb<z.output<typeof options>> = defineVerb<z.output<typeof options>>({
  verb: 'accumulate',
  about:
    'Adds the real rows and those of earlier rounds to what this round wrote; the next round stands on all of them.',
  options,
  takes: kinds,
  source: paper,
  side: ({ with: real, earlier }) => [
    ...[real].flat().map(from => ({ name: 'with', from })),
    ...(earlier === undefined ? [] : [{ name: 'earlier', from: earlier }]),
  ],
  expand({ with: real, earlier, ...own }) {
    if (own.replace) return [{ as: '', step: joinRounds, options: own }]
    const before = earlier === undefined ? [] : [earlier]
    return [
      {
        as: '',
        step: joinRounds,
        options: own,
        from: ['$in', ...[real].flat(), ...before],
        ...(before.length > 0 ? { side: { earlier: before } } : {}),
      },
    ]
  },
})
