import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import type { Restriction, Words } from '../../src/recipe/index.ts'
import type { Kind } from '../../src/records/index.ts'
import { kinds } from '../../src/records/index.ts'
import {
  cutBelow,
  cutShare,
  defineFilter,
  defineGlobal,
  defineGrid,
  defineGroup,
  defineMap,
  defineVerb,
  type Primitive,
} from '../../src/steps/index.ts'

/** A small language for the tests of this room: every shape of step, one verb a way of expanding. */
const pass = () => ({ is: 'passed' }) as const

const chunk = defineMap({
  verb: 'chunk',
  about: 'Cuts documents.',
  version: 1,
  options: z.strictObject({ tokens: z.int().min(1).default(500), overlap: z.number().min(0).max(1).default(0) }),
  takes: ['document'],
  gives: ['document'],
  reasons: [],
  run: async () => pass(),
})

const clean = defineFilter({
  verb: 'clean',
  about: 'Drops bad rows.',
  version: 1,
  options: z.strictObject({
    strict: z.boolean().default(false),
    rules: z.union([z.string(), z.array(z.string())]).optional(),
  }),
  takes: kinds,
  gives: 'same',
  reasons: ['bad'],
  needs: { files: ['rules'] },
  test: pass,
})

const words = defineFilter({
  verb: 'words',
  about: 'Counts words.',
  version: 1,
  options: z.strictObject({ most: z.int().default(100) }),
  takes: kinds,
  gives: 'same',
  reasons: ['long'],
  needs: { segmenter: true },
  test: pass,
})

const ask = defineMap({
  verb: 'ask',
  about: 'Writes questions.',
  version: 1,
  options: z.strictObject({
    teacher: z.string().describe('Teacher that writes'),
    questions: z.int().min(1).max(50).default(10).describe('Questions a document'),
    like: z.string().optional(),
    prompt: z.string().optional(),
  }),
  takes: ['document'],
  gives: ['prompt'],
  reasons: [],
  needs: { teachers: ['teacher'], files: ['prompt'] },
  side: o => (o.like ? [{ name: 'like', from: o.like }] : []),
  run: async () => pass(),
})

const drawOptions = z.strictObject({
  teacher: z.string(),
  samples: z.int().min(1).default(1),
  prompt: z.string().optional(),
})
const draw = defineMap({
  verb: 'draw',
  about: 'Answers.',
  version: 1,
  options: drawOptions,
  takes: ['prompt'],
  gives: ['conversation'],
  reasons: [],
  needs: { teachers: ['teacher'] },
  run: async () => pass(),
})
const answer = defineVerb({
  verb: 'answer',
  about: 'Answers questions.',
  options: drawOptions.extend({ agreement: z.number().min(0).max(1).default(0) }),
  takes: ['prompt'],
  needs: { teachers: ['teacher'], files: ['prompt'] },
  expand: ({ agreement, ...own }, key) => [
    { as: 'draw', step: draw, options: own },
    { as: 'floor', step: cutBelow, options: { by: `${key}/agreement`, below: agreement } },
  ],
})

const score = defineMap({
  verb: 'score',
  about: 'Scores.',
  version: 1,
  options: z.strictObject({ teacher: z.string(), rubric: z.string().default('accuracy') }),
  takes: ['conversation'],
  gives: 'same',
  reasons: [],
  needs: { teachers: ['teacher'], files: ['rubric'] },
  run: async () => pass(),
})
const judge = defineVerb({
  verb: 'judge',
  about: 'Scores and cuts.',
  options: z.strictObject({
    teacher: z.string(),
    rubric: z.string().default('accuracy'),
    drop: z.number().min(0).max(1).optional(),
  }),
  takes: ['conversation'],
  needs: { teachers: ['teacher'], files: ['rubric'] },
  expand: ({ drop, ...own }, key): Primitive[] => [
    { as: 'score', step: score, options: own },
    ...(drop === undefined ? [] : [{ as: 'cut', step: cutShare, options: { by: `${key}/total`, drop } }]),
  ],
})

const dedupe = defineGlobal({
  verb: 'dedupe',
  about: 'Drops copies.',
  version: 1,
  options: z.strictObject({ near: z.number().min(0).max(1).default(1) }),
  takes: kinds,
  gives: 'same',
  reasons: ['copy'],
  passes: [{ survey: () => new Map(), merge: a => a, decide: () => 0, combine: () => ({ each: new Map() }) }],
  apply: pass,
})

const rank = defineGroup({
  verb: 'rank',
  about: 'Compares the rows of one document.',
  version: 1,
  options: z.strictObject({}),
  takes: kinds,
  gives: 'same',
  reasons: ['worse'],
  run: async () => ({ each: new Map() }),
})

const mixShare = defineFilter({
  verb: 'mix-share',
  about: 'Takes a share.',
  version: 1,
  options: z.strictObject({ real: z.number().default(0.1) }),
  takes: kinds,
  gives: 'same',
  reasons: ['not-taken'],
  test: pass,
})
const mix = defineVerb({
  verb: 'mix',
  about: 'Mixes.',
  options: z.strictObject({ with: z.string(), real: z.number().default(0.1) }),
  takes: kinds,
  side: o => [{ name: 'with', from: o.with }],
  expand: ({ with: other, real }) => [
    { as: '', step: mixShare, options: { real }, from: ['$in', other], side: { with: [other] } },
  ],
})

const against = defineFilter({
  verb: 'decontaminate',
  about: 'Drops rows of tests.',
  version: 1,
  options: z.strictObject({ against: z.array(z.string()) }),
  takes: kinds,
  gives: 'same',
  reasons: ['contaminated'],
  side: o => o.against.map(from => ({ name: 'against', from })),
  test: pass,
})

const gridRows = defineGrid({
  verb: 'grid',
  about: 'Rows of a grid.',
  version: 1,
  options: z.strictObject({ topics: z.array(z.string()) }),
  takes: [],
  gives: ['row'],
  reasons: [],
  rows: () => [],
})
const write = defineMap({
  verb: 'write',
  about: 'Writes rows.',
  version: 1,
  options: z.strictObject({ teacher: z.string() }),
  takes: ['row'],
  gives: ['conversation'],
  reasons: [],
  needs: { teachers: ['teacher'] },
  run: async () => pass(),
})
const instruct = defineVerb({
  verb: 'instruct',
  about: 'Instructions out of a grid.',
  options: z.strictObject({ teacher: z.string(), topics: z.array(z.string()).min(1) }),
  takes: [],
  needs: { teachers: ['teacher'] },
  expand: ({ teacher, topics }) => [
    { as: 'grid', step: gridRows, options: { topics } },
    { as: '', step: write, options: { teacher } },
  ],
})

const wave = defineMap({
  verb: 'wave',
  about: 'Asks beside a pool of earlier waves.',
  version: 1,
  options: z.strictObject({ teacher: z.string(), number: z.int() }),
  takes: ['document'],
  gives: ['prompt'],
  reasons: [],
  needs: { teachers: ['teacher'] },
  run: async () => pass(),
})
const keep = defineFilter({
  verb: 'keep',
  about: 'Keeps all.',
  version: 1,
  options: z.strictObject({}),
  takes: kinds,
  gives: 'same',
  reasons: [],
  test: pass,
})
/** Fed by its own output: wave n reads the input beside all earlier waves, and the last primitive joins them. */
const grow = defineVerb({
  verb: 'grow',
  about: 'Grows a pool in waves.',
  options: z.strictObject({ teacher: z.string(), waves: z.int().min(1).default(3) }),
  takes: ['document'],
  needs: { teachers: ['teacher'] },
  expand: ({ teacher, waves }) => {
    const names = Array.from({ length: waves }, (_, i) => `wave-${i + 1}`)
    return [
      ...names.map((as, i): Primitive => {
        const side: Primitive['side'] = i === 0 ? {} : { pool: names.slice(0, i) }
        return { as, step: wave, options: { teacher, number: i + 1 }, from: ['$in'], side }
      }),
      { as: 'all', step: keep, options: {}, from: names },
    ]
  },
})

const first = defineGlobal({
  verb: 'limit',
  about: 'The first records by id hash.',
  version: 1,
  options: z.strictObject({ limit: z.int() }),
  takes: kinds,
  gives: 'same',
  reasons: ['over-limit'],
  passes: [{ survey: () => new Map(), merge: a => a, decide: () => 0, combine: () => ({ each: new Map() }) }],
  apply: pass,
})

const source = z.strictObject({
  files: z.union([z.string(), z.array(z.string())]),
  license: z.string(),
  origin: z.enum(['real', 'synthetic']).default('real'),
  kind: z.enum(kinds).default('document'),
  chunk: z.record(z.string(), z.unknown()).optional(),
})

const leaveOut = defineFilter({
  verb: 'leave-out',
  about: 'Leaves out records by id.',
  version: 1,
  options: z.strictObject({ ids: z.array(z.string()) }),
  takes: kinds,
  gives: 'same',
  reasons: ['left-out'],
  test: pass,
})

export const language: Words = {
  verbs: [chunk, clean, words, ask, answer, judge, dedupe, rank, mix, against, instruct, grow],
  source,
  gates: ['terms', 'decontaminated'],
  sourceKind: async (_, config) => config.kind as Kind,
  restrict: ({ limit, drop }: Restriction) => [
    ...(drop === undefined ? [] : [{ step: leaveOut, options: { ids: drop } }]),
    ...(limit === undefined ? [] : [{ step: first, options: { limit } }]),
  ],
}

/** A new folder with the given files. */
export function folder(files: { [name: string]: string } = {}): string {
  const base = mkdtempSync(join(tmpdir(), 'recipe-'))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(base, name), text)
  return base
}
