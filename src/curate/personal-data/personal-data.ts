import { z } from 'zod'
import { kinds } from '../../records/index.ts'
import { defineMap, defineVerb, type MapStep, type Primitive, type Verb } from '../../steps/index.ts'
import { byRules, chosen, type Entity, entityNames, type Region, regions, taught } from './entities.ts'
import { namesStep } from './names.ts'
import { actions, evidence, keyIn, places, redacted } from './redact.ts'
import { report } from './report.ts'
import { scan } from './scan.ts'

const entity = z.enum([...entityNames, ...regions.filter(region => region !== 'any')] as [Entity | Region])
const action = z.enum(actions)

const shape = {
  entities: z
    .array(entity)
    .min(1)
    .optional()
    .describe(
      `What is looked for, by name or by region (${regions.slice(1).join(', ')}); default all but dates and web addresses`,
    ),
  action: z
    .union([action, z.partialRecord(z.enum([...entityNames, 'others']), action)])
    .default('surrogate')
    .describe('What becomes of it, for all or by entity (with `others`); secrets are dropped whatever is said'),
  context: z
    .partialRecord(z.enum(byRules as [Entity]), z.array(z.string().min(2)).min(1))
    .optional()
    .describe('Words of your own, by entity, that make a value more likely when they stand near it'),
  allow: z
    .array(z.string().min(1))
    .optional()
    .describe("Values that are nobody's secret, such as the address of a help desk"),
  key: z
    .string()
    .default('.stillroom/keys/personal-data')
    .describe(
      'File with the key that surrogates and hashes are made with; it belongs to the project and leaves it never',
    ),
}

const options = z.strictObject(shape)
type Options = z.output<typeof options>

/** Secrets and personal data by form, check digit and the words around: dropped, masked or replaced, in every field. */
export const redact: MapStep<Options> = defineMap<Options, never, never>({
  report,
  verb: 'personal-data-rules',
  about: 'Finds personal data by form, check digit and context, and replaces it; rows with secrets are dropped.',
  version: 1,
  options,
  takes: kinds,
  gives: 'same',
  reasons: ['secret', 'personal-data', 'redacted'],
  needs: { files: ['key'], keys: ['key'] },
  async run(record, ctx) {
    const { action, allow, context, key: file } = ctx.options
    const wanted = chosen(ctx.options.entities)
    const key = keyIn(file)
    const allowed = allow && new Set(allow.map(value => value.toLowerCase()))
    const found = places(record, (text, _, hint) => {
      const all = scan(text, { wanted, near: context, hint })
      return allowed ? all.filter(one => !allowed.has(text.slice(one.start, one.end).toLowerCase())) : all
    })
    const secrets = found.filter(one => one.entity === 'secret')
    if (secrets.length > 0) return { is: 'dropped', reason: 'secret', evidence: evidence(secrets, key), conceal: true }
    return redacted(record, found, action, key, 'found by rules') as never
  },
})

const verbOptions = z
  .strictObject({
    ...shape,
    ner: z
      .string()
      .optional()
      .describe('Teacher that points at names, addresses and organisations; best one of your own'),
    prompt: z.string().optional().describe('Prompt file for it to use instead of the built-in one'),
  })
  .refine(
    o => o.ner !== undefined || !o.entities?.some(name => (taught as readonly string[]).includes(name)),
    'person, address and organisation can only be told by a model: name a teacher under `ner`',
  )

/**
 * Personal data out of text, before a teacher sees it and again out of what teachers wrote: the verb stands twice in such
 * a recipe. Rules come first, so that the teacher that is asked for names sees no number and no address.
 */
export const personalData: Verb<z.output<typeof verbOptions>> = defineVerb<z.output<typeof verbOptions>>({
  verb: 'personal-data',
  about: 'Finds personal data and secrets in every field; drops, masks or replaces them, the same value always alike.',
  options: verbOptions,
  takes: kinds,
  needs: { teachers: ['ner'], files: ['key', 'prompt'], keys: ['key'] },
  expand({ ner, prompt, ...rules }) {
    const steps: Primitive[] = [{ as: '', step: redact, options: rules }]
    const named = taught.filter(name => !rules.entities || rules.entities.includes(name))
    if (ner !== undefined) {
      const { action, key, allow } = rules
      steps.push({
        as: 'names',
        step: namesStep,
        options: { teacher: ner, entities: named.length > 0 ? named : [...taught], action, allow, key, prompt },
      })
    }
    return steps
  },
})
