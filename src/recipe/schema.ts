import { type ZodType, z } from 'zod'
import type { Kind } from '../records/index.ts'
import { kinds } from '../records/index.ts'
import type { Step, Verb } from '../steps/index.ts'
import { teacherEntry } from '../teachers/index.ts'
import { licenseClasses } from './license-classes.ts'
import { nameOf } from './name.ts'
import { roundsConfig } from './rounds-config.ts'
import { trainConfig } from './train-config.ts'

/** The vocabulary a recipe is read with: rooms of later tiers hand in what they know. */
export type Words = {
  /** The one list of built-in steps. `chunk` among them is what `chunk:` of a source stands for. */
  verbs: readonly (Verb | Step)[]
  /** Schema of one source's configuration. */
  source: ZodType
  /** Ids of the gates. */
  gates: readonly string[]
  /** A source as a plan holds it, where what it names outside has to be pinned or looked at first; default as it stands. */
  settle?(name: string, config: SourceEntry, base: string): Promise<SourceEntry>
  /** Kind of record that a source holds; may look into its files. `base` is the recipe's folder. */
  sourceKind(name: string, config: SourceEntry, base: string): Promise<Kind>
  /** The benchmark that a name means which is neither a source, a step nor a file; undefined where there is none. */
  benchmark?(name: string, base: string): SourceEntry | undefined
  /** Steps that stand in front of the first paid step of a restricted run; none are inserted without it. */
  restrict?(options: Restriction): { step: Step; options: unknown }[]
}

/** A source as its schema returned it; `chunk` is the one option that the recipe itself reads. */
export type SourceEntry = { chunk?: unknown; [option: string]: unknown }

/** `limit` takes the first n records by id hash; `drop` leaves out records by id. */
export type Restriction = { limit?: number; drop?: string[] }

const purpose = z
  .strictObject({
    base: z.string().optional().describe('Model to be trained, for example Qwen/Qwen3-8B-Base'),
    product: z.string().optional().describe('What the trained model is, for example domain or assistant'),
    commercial: z.boolean().optional().describe('Whether the trained model is used commercially'),
    distribute: z.enum(['private', 'public']).optional().describe('Who gets the trained model'),
    users: z.enum(['under-700M', 'over-700M']).optional().describe('Monthly users; some model licenses ask'),
    regulated: z.boolean().optional().describe('Used in a regulated field such as health or credit'),
  })
  .describe('What the data is for: terms and licenses are checked against it')

const budget = z
  .strictObject({
    usd: z.number().positive().optional().describe('Dollars; every teacher but the builtin ones then needs a price'),
    tokens: z.int().positive().optional().describe('Tokens in and out together'),
    calls: z.int().positive().optional().describe('Calls'),
  })
  .describe('Hard limits of everything spent in this workspace, by whichever recipe beside this one')

const release = z.strictObject({
  version: z
    .string()
    .regex(/^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/, 'a version such as 0.1.0 (in quotes if YAML reads a number)')
    .describe('Version of the dataset, such as 0.1.0; one that exists is never overwritten'),
  license: z.string().min(1).describe('SPDX identifier as the Hub writes it, for example cc-by-4.0'),
  date: z.iso.date().describe('Date of the release; no other clock enters it'),
  previous: z.string().default('none').describe('Version this one replaces'),
  creator: z
    .string()
    .min(1)
    .optional()
    .describe('Who publishes it: a person or an organisation; unknown where left out'),
  url: z.url().optional().describe('Where it is published; unknown where left out'),
  configs: z
    .partialRecord(z.enum(kinds), nameOf)
    .optional()
    .describe('Name of the config for each kind of row; default sft for conversations, else the kind'),
  splits: z.array(nameOf).min(1).optional().describe('Splits to publish; default all that the rows name'),
  'by-license': z
    .partialRecord(z.enum(licenseClasses), z.string().min(1))
    .optional()
    .describe(
      'Rows of a class of license go into a config of their own, such as sft-share-alike, under the license named for it; all others go out under `license`',
    ),
})

const evaluation = z
  .strictObject({
    training: z
      .string()
      .min(1)
      .optional()
      .describe('Of an evaluation set: the data whose model it is to judge, a folder of a release or a recipe'),
    exam: z.string().min(1).optional().describe('Of training data: the release that its model is judged by'),
    baseline: z
      .string()
      .min(1)
      .optional()
      .describe(
        'Of training data: what the base model scored on it, a folder that `stillroom evaluate` wrote or a JSON file with the `date` it was measured',
      ),
  })
  .describe('What judges and what is judged: gates compare families, records and dates')

/** Fields of a recipe apart from its steps, which are read one by one in `steps.ts`. */
function fields(words: Words) {
  const override = z.strictObject({
    override: z
      .string()
      .min(12, 'a written reason of at least 12 characters')
      .describe('Why the release may go out all the same, in at least 12 characters; the card repeats it'),
  })
  return {
    name: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'a name of letters, digits, dots, - and _')
      .describe('Name of the dataset; releases are filed under it'),
    use: z
      .enum(['fine-tuning', 'eval-set', 'edge-cases', 'privacy'])
      .default('fine-tuning')
      .describe('What the set is for; decides which gates are required'),
    purpose: purpose.default({}),
    evaluation: evaluation.default({}),
    language: z
      .string()
      .regex(/^[a-z]{2,3}(-[A-Za-z0-9]+)*$/, 'a language tag such as en or ja')
      .default('en')
      .describe('Language of records whose own is neither named nor detected'),
    seed: z
      .int()
      .min(0)
      .default(0)
      .describe('Seed of every choice; under another one equal requests are not paid again'),
    tokenizer: z
      .string()
      .min(1)
      .optional()
      .describe("The student's tokenizer: path of its tokenizer.json; default o200k_base"),
    teachers: z.record(nameOf, teacherEntry).default({}).describe('Models that write, answer and judge'),
    prices: z
      .string()
      .min(1)
      .optional()
      .describe('Path of a YAML or JSON file with prices of your own; they count before those that come along'),
    sources: z
      .record(nameOf, words.source as ZodType<SourceEntry>)
      .default({})
      .describe('Real data that goes in'),
    budget: budget.default({}),
    gates: z
      .strictObject(
        Object.fromEntries(
          words.gates.map(gate => [gate, override.optional().describe(`Override of the gate ${gate}`)]),
        ),
      )
      .default({})
      .describe('Overrides of gates, each with a written reason'),
    rounds: roundsConfig.optional(),
    train: trainConfig.optional(),
    floor: z.int().min(0).default(1).describe('Fewest rows a run must leave; with fewer it ends with exit code 5'),
    release: release.optional().describe('What a release is called; without it a run ends before the release'),
  }
}

/** The recipe language. Steps are checked one by one, with their own schemas, because a union of all says little. */
export function recipeSchema(words: Words) {
  return z.strictObject({ ...fields(words), steps: z.array(z.unknown()).min(1).describe('Steps, in order') })
}

/** One step as it stands in a recipe: its common keys taken off, its own options still as written. */
export type StepUse = {
  /** Word of the language, or the path of the user's own module. */
  verb?: string
  use?: string
  as?: string
  from?: string[]
  options: { [option: string]: unknown }
  /** Where its options stand in the recipe. */
  path: (string | number)[]
}

type Fields = ReturnType<typeof fields>

/** A recipe after validation, defaults filled in. */
export type Recipe = Omit<{ [F in keyof Fields]: z.output<Fields[F]> }, 'gates'> & {
  gates: { [gate: string]: { override: string } | undefined }
  steps: StepUse[]
}

type Common = { as?: string; from?: string | string[] }
/** A recipe as written. */
export type RecipeInput = Omit<z.input<z.ZodObject<Omit<Fields, 'gates'>>>, never> & {
  gates?: { [gate: string]: { override: string } }
  steps: (string | { [verb: string]: (Common & { [option: string]: unknown }) | null } | UseInput)[]
}
type UseInput = Common & { use: string; options?: { [option: string]: unknown } }

/** A recipe in TypeScript: the same object as in YAML, with the compiler looking over it. */
export function defineRecipe(recipe: RecipeInput): RecipeInput {
  return recipe
}
