import { z } from 'zod'
import { nameOf } from './name.ts'

/** A student as it is served in one round: the revision of its weights, and its name and address where they change. */
export const servedStudent = z.strictObject({
  revision: z.string().min(1).describe('Revision of the weights: what tells the students of two rounds apart'),
  model: z.string().min(1).optional().describe('Name of the model, where every revision has one of its own'),
  at: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('Base URL of its server, where every revision has one of its own'),
})
export type ServedStudent = z.output<typeof servedStudent>

/** Seconds that a timer of Node can wait; a longer one would end at once. */
const longest = 2_000_000

const between = z
  .strictObject({
    run: z
      .string()
      .min(1)
      .optional()
      .describe('Command for the shell, such as a training; its last line names the next student as JSON'),
    wait: z
      .url({ protocol: /^https?$/ })
      .optional()
      .describe('URL that is asked until its answer names the next revision or model, such as <server>/v1/models'),
    every: z.number().positive().max(longest).default(30).describe('Seconds between two looks at `wait`'),
    timeout: z
      .number()
      .positive()
      .max(longest)
      .default(86_400)
      .describe('Seconds after which command or waiting is given up'),
  })
  .refine(o => o.run !== undefined || o.wait !== undefined, 'say what is done between rounds: `run`, `wait` or both')

/** How far a round may drift from the first one. Figures and their meaning: `measure/drift.ts`. */
const stop = z
  .strictObject({
    distinct: z
      .number()
      .min(0)
      .default(0.85)
      .describe("Least share of the first round's distinct pairs of words in a window"),
    entropy: z.number().min(0).default(0.9).describe("Least share of the first round's entropy of words in a window"),
    vocabulary: z
      .number()
      .min(0)
      .default(0.7)
      .describe("Least share of the first round's part in the vocabulary of the real rows"),
    length: z
      .number()
      .min(1)
      .default(2)
      .describe('Most times that the mean length may grow or shrink against the first round'),
    openings: z
      .number()
      .min(0)
      .max(1)
      .default(0.2)
      .describe('Most by which the share of texts that begin like another may exceed that of the first round'),
  })
  .prefault({})
  .describe('When a signal of drift ends the rounds')

/** What `rounds:` of a recipe says: how often the student writes, and what stands between two times. */
export const roundsConfig = z
  .strictObject({
    n: z.int().min(1).max(99).describe('Rounds, at most'),
    student: nameOf.describe('Teacher that is trained between rounds; the recipe names it in its steps'),
    keep: z
      .enum(['accumulate', 'replace'])
      .default('accumulate')
      .describe('Rounds add to the real rows and to each other; `replace` is blocked unless the gate is overridden'),
    revisions: z
      .array(z.union([z.string().min(1), servedStudent]))
      .min(1)
      .optional()
      .describe(
        'Revision of the student in each round, or revision, model and at; without it `between.run` names them',
      ),
    between: between.optional().describe('What is done between two rounds'),
    stop,
  })
  .describe('Rounds of self-improvement: `stillroom rounds` runs the recipe once for each')
export type Rounds = z.output<typeof roundsConfig>
export type DriftBounds = Rounds['stop']
