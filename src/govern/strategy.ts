import { builtinGates } from './builtin-gates.ts'
import type { Use } from './facts.ts'
import type { Gate } from './gate.ts'

/** What a folder may hold, as far as it decides what can be made of it. */
export const materials = [
  'documents',
  'code',
  'queries',
  'conversations',
  'preferences',
  'votes',
  'people',
  'exams',
  'tables',
] as const
export type Material = (typeof materials)[number]

/** How often what the sources say becomes untrue. */
export const paces = ['rarely', 'monthly', 'weekly'] as const
export type Pace = (typeof paces)[number]

/** A way from sources to rows: which steps stand in the recipe. */
export type Way =
  | 'teach-documents'
  | 'teach-code'
  | 'teach-queries'
  | 'keep-documents'
  | 'keep-queries'
  | 'curate-conversations'
  | 'curate-preferences'
  | 'curate-votes'
  | 'exam-documents'
  | 'exam-queries'
  | 'exam-items'
  | 'edge-cases'
  | 'table'

/** What a use asks for: how the data is made, what tells that it went wrong, and how that is measured. */
export type Strategy = { goal: string; strategy: string; failure: string; metric: string; measure: string }

export const strategies: { readonly [use in Use]: Strategy } = {
  'fine-tuning': {
    goal: 'rows that a model learns from',
    strategy: 'seeded from real queries where there are any, real rows kept in, exams kept out',
    failure: 'the rows drift away from what people really ask',
    metric: 'drift against real rows',
    measure: 'stillroom report',
  },
  'eval-set': {
    goal: 'questions with right answers that a model is measured by',
    strategy: 'written by another model family than the training data, from records that train nothing',
    failure: 'the exam knows what the model was taught',
    metric: 'shared families, source records and overlaps',
    measure: 'stillroom check',
  },
  'edge-cases': {
    goal: 'queries that real users ask seldom, beside the real ones',
    strategy: 'gaps of the real queries are found and filled; new ones supplement, they never replace',
    failure: 'invented cases that no user has',
    metric: 'nearness to real queries that were held out',
    measure: 'stillroom check',
  },
  privacy: {
    goal: 'a table of nobody that stands in for one of people',
    strategy: 'drawn from noisy counts with differential privacy, never from single rows',
    failure: 'a row that is somebody',
    metric: 'distance to the closest record, beside that of people who were held out',
    measure: 'stillroom privacy',
  },
}

/**
 * `rules` is the way where no teacher is a language model, and `mute` that where such a one finds nothing to ask; `null` where
 * there is none.
 */
type Made = { way: Way; rules: Way | null; mute?: Way | null }
type Cell = Made | { no: string; instead?: Use }

const both = (way: Way): Made => ({ way, rules: way })
const noFacts = 'votes and preferences say which answer is better, not which one is right'

/** What is made of which material for which use. The first material of a use that is there decides. */
export const matrix: { readonly [use in Use]: { readonly [material in Material]: Cell } } = {
  'fine-tuning': {
    documents: { ...both('teach-documents'), mute: 'keep-documents' },
    conversations: both('curate-conversations'),
    queries: { way: 'teach-queries', rules: 'keep-queries' },
    preferences: both('curate-preferences'),
    votes: both('curate-votes'),
    code: { way: 'teach-code', rules: 'keep-documents' },
    exams: { no: 'what a model is measured by must not be what it learns from', instead: 'eval-set' },
    people: { no: 'rows about people are not trained on as they are', instead: 'privacy' },
    tables: { no: 'rows of an unknown shape: say what they hold with `kind:` and `columns:`' },
  },
  'eval-set': {
    exams: both('exam-items'),
    conversations: both('exam-items'),
    queries: { way: 'exam-queries', rules: null },
    documents: { ...both('exam-documents'), mute: null },
    code: { way: 'exam-documents', rules: null },
    preferences: { no: noFacts, instead: 'fine-tuning' },
    votes: { no: noFacts, instead: 'fine-tuning' },
    people: { no: 'rows about people ask nothing', instead: 'privacy' },
    tables: { no: 'rows of an unknown shape: say what they hold with `kind:` and `columns:`' },
  },
  'edge-cases': {
    queries: { way: 'edge-cases', rules: null },
    conversations: { way: 'edge-cases', rules: null },
    documents: { no: 'documents do not tell what people ask; real queries do', instead: 'fine-tuning' },
    code: { no: 'code does not tell what people ask; real queries do', instead: 'fine-tuning' },
    preferences: { no: 'pairs do not tell which queries are rare', instead: 'fine-tuning' },
    votes: { no: 'votes do not tell which queries are rare', instead: 'fine-tuning' },
    exams: { no: 'what a model is measured by must not be what it learns from', instead: 'eval-set' },
    people: { no: 'rows about people ask nothing', instead: 'privacy' },
    tables: { no: 'rows of an unknown shape: say what they hold with `kind:` and `columns:`' },
  },
  privacy: {
    people: both('table'),
    tables: both('table'),
    documents: { no: 'of texts the step `personal-data` replaces what names people', instead: 'fine-tuning' },
    code: { no: 'of code the step `personal-data` drops secrets', instead: 'fine-tuning' },
    queries: { no: 'of queries the step `personal-data` replaces what names people', instead: 'fine-tuning' },
    conversations: { no: 'of chats the step `personal-data` replaces what names people', instead: 'fine-tuning' },
    preferences: { no: 'of pairs the step `personal-data` replaces what names people', instead: 'fine-tuning' },
    votes: { no: 'of logs the step `personal-data` replaces what names people', instead: 'fine-tuning' },
    exams: { no: 'exams hold questions, not people', instead: 'eval-set' },
  },
}

/** Ways that teach what the sources say; the others teach a manner, measure, or stand in for people. */
const factual: readonly Way[] = [
  'teach-documents',
  'teach-code',
  'teach-queries',
  'keep-documents',
  'keep-queries',
  'curate-conversations',
]

/** Why knowledge that changes is looked up. The papers compare both ways on facts that a model did not know. */
export const retrieveInstead = {
  answer: 'Retrieve instead of training.',
  why: 'What is trained in stays as it was on the day of the training, while a search reads what the documents say today. Facts are also answered better when they are looked up than when they were trained in, and training them in makes a model invent more.',
  sources: ['Ovadia et al. 2023, arXiv 2312.05934', 'Gekhman et al. 2024, arXiv 2405.05904'],
  still: 'An evaluation set of the same documents tells whether the retrieval finds and answers what people ask.',
}

export type Asked = {
  /** Undefined where the material is to decide. */
  use?: Use
  changes: Pace
  /** Go on with training although the knowledge changes. */
  force?: boolean
  /** A teacher is a language model. */
  languageModel: boolean
  /** False where a teacher that is none finds nothing to ask in the documents. */
  askable?: boolean
}

export type Decision =
  | { is: 'make'; use: Use; way: Way; from: Material; forced?: true }
  /** Training is the wrong tool; `use` is what can be made all the same. */
  | { is: 'retrieve'; use: Use; way: Way; from: Material }
  | { is: 'cannot'; use: Use; why: string[]; instead?: Use; needsModel?: true }

/** The use that a folder speaks for by itself. */
export function useFor(has: ReadonlySet<Material>): Use {
  const trains = Object.entries(matrix['fine-tuning']).some(
    ([name, cell]) => 'way' in cell && has.has(name as Material),
  )
  if (trains) return 'fine-tuning'
  if (has.has('people')) return 'privacy'
  return has.has('exams') ? 'eval-set' : 'fine-tuning'
}

/** What to make of the materials at hand. Pure. */
export function decide(has: ReadonlySet<Material>, asked: Asked): Decision {
  const use = asked.use ?? useFor(has)
  const found = wayFor(use, has, asked)
  if ('why' in found) return { is: 'cannot', use, ...found }
  const stale = use === 'fine-tuning' && asked.changes !== 'rarely' && factual.includes(found.way)
  if (!stale) return { is: 'make', use, ...found }
  if (asked.force) return { is: 'make', use, ...found, forced: true }
  const exam = wayFor('eval-set', has, asked)
  return 'why' in exam
    ? { is: 'cannot', use: 'eval-set', ...exam, why: [retrieveInstead.answer, retrieveInstead.why, ...exam.why] }
    : { is: 'retrieve', use: 'eval-set', ...exam }
}

type Found = { way: Way; from: Material } | { why: string[]; instead?: Use; needsModel?: true }

function wayFor(use: Use, has: ReadonlySet<Material>, { languageModel, askable = true }: Asked): Found {
  const cells = Object.entries(matrix[use]).filter(([name]) => has.has(name as Material)) as [Material, Cell][]
  const byWhom = ({ way, rules, mute = rules }: Made) => (languageModel ? way : askable ? rules : mute)
  // Documents that rules have nothing to ask of come last.
  const late = ([, cell]: [Material, Cell]) => (!languageModel && !askable && 'mute' in cell ? 1 : 0)
  for (const [from, cell] of cells.toSorted((a, b) => late(a) - late(b))) {
    const way = 'way' in cell ? byWhom(cell) : null
    if (way) return { way, from }
  }
  if (cells.some(([, cell]) => 'way' in cell)) {
    const why = `For ${use} something has to be written about ${cells[0]![0]}, which takes a language model; the built-in teachers are rules${use === 'eval-set' && !askable ? ', and find nothing to ask in them' : ''}.`
    return { why: [why], needsModel: true }
  }
  const refused = cells.flatMap(([name, cell]) => ('no' in cell ? [{ name, ...cell }] : []))
  const instead = refused.find(cell => cell.instead)?.instead
  const why = refused.map(({ name, no }) => `${name}: ${no}`)
  return { why, ...(instead ? { instead } : {}) }
}

/** The gates that may stop a release for this use, in the order in which they are reported. */
export const requiredGates = (use: Use): Gate[] =>
  builtinGates.filter(({ level, uses }) => level !== 'recommended' && uses.includes(use))
