import { type ZodType, z } from 'zod'
import type { Slug } from '../../records/index.ts'
import type { Edit } from './edit-lines.ts'
import { scoreName, type Tokenizer, tokenizers } from './measures.ts'
import { type List, ownList } from './reading/phrases.ts'

/** What was set for a profile: its published values, and what a recipe puts over them. */
export type Settings = { [option: string]: number | boolean | string }

/**
 * A threshold: rows on the wrong side of `least`, `most` (both still stay) or `under` (this value goes) are dropped for
 * `reason`. `option` is its name in a recipe.
 */
export type Rule = {
  option: string
  /** Name of the measure, or made from the settings of the profile. */
  measure: string | ((settings: Settings) => string)
  is: 'least' | 'most' | 'under'
  /** The published value; `false` where the profile has the rule but does not use it by itself. */
  value: number | false
  reason: Slug
  /** The rule applies only where this list has phrases. */
  list?: List
  /** What the value does not say. */
  note?: string
}

/** A setting that is no threshold. */
export type Setting = { option: string; schema: ZodType; value: number | boolean | string; about: string }

/** Rules of one publication or program under its name, with its values. */
export type Profile = {
  name: string
  /** Raised when a rule, its order or a published value changes. */
  version: number
  about: string
  source: string
  /** Default tokenizer of its measures over words; absent where it has none. */
  tokenizer?: Tokenizer
  settings?: readonly Setting[]
  /** In order: the first that fails names the reason. */
  rules: readonly Rule[]
  /** Repairs of lines, done before anything is measured. */
  edits?(settings: Settings): Edit[]
}

/** One rule of `cut-rules`, with everything it needs. */
export type Limit = {
  rule: string
  version: number
  score: string
  reason: Slug
  least?: number
  most?: number
  under?: number
}

const words = { least: 'Fewest', most: 'Most', under: 'From this value on rows are dropped' } as const

/** Options of a profile as a recipe writes them: each threshold a number, or `false` for none. */
export function profileOptions(profile: Profile): z.ZodType<Settings> {
  const shape: { [option: string]: ZodType } = {}
  if (profile.tokenizer) {
    shape.tokenizer = z
      .enum(tokenizers)
      .default(profile.tokenizer)
      .describe('What counts as a word: it decides as much as any threshold, and stands in each score and drop')
  }
  for (const { option, schema, value, about } of profile.settings ?? []) {
    shape[option] = schema.default(value as never).describe(about)
  }
  for (const rule of profile.rules) {
    const about = typeof rule.measure === 'string' ? rule.measure : rule.option
    shape[rule.option] = z
      .union([z.number(), z.literal(false)])
      .default(rule.value)
      .describe(`${words[rule.is]}: \`${about}\`, else \`${rule.reason}\`${rule.note ? `. ${rule.note}` : ''}`)
  }
  return z.strictObject(shape).describe(describeProfile(profile)) as unknown as z.ZodType<Settings>
}

/** A profile with its values in one sentence each: what a table of options has room for. */
function describeProfile({ about, source, tokenizer, settings = [], rules, version }: Profile): string {
  const values = [
    ...(tokenizer ? [`tokenizer ${tokenizer}`] : []),
    ...settings.map(({ option, value }) => `${option} ${value}`),
    ...rules.map(({ option, value, list }) => `${option} ${value}${list && !ownList(list) ? ` (with ${list})` : ''}`),
  ]
  return `${about}. ${values.join(', ')}. Version ${version}, after ${source}`
}

/** The rules of a profile that apply under some settings, in order. `lists` are those that a recipe names files for. */
export function limitsOf(profile: Profile, settings: Settings, key: string, lists: ReadonlySet<string>): Limit[] {
  const tokenizer = (settings.tokenizer ?? 'words') as Tokenizer
  return profile.rules.flatMap(({ option, measure, is, reason, list }): Limit[] => {
    const value = settings[option]
    if (typeof value !== 'number' || (list && !lists.has(list) && !ownList(list))) return []
    const name = scoreName(typeof measure === 'string' ? measure : measure(settings), tokenizer)
    return [
      { rule: `${profile.name}.${option}`, version: profile.version, score: `${key}/${name}`, reason, [is]: value },
    ]
  })
}

/** Every measure of a profile, whatever its thresholds: so that one that is switched on later finds its score. */
export function measuresOf(profile: Profile, settings: Settings, lists: ReadonlySet<string>): string[] {
  const tokenizer = (settings.tokenizer ?? 'words') as Tokenizer
  return profile.rules.flatMap(({ measure, list }) =>
    list && !lists.has(list) && !ownList(list)
      ? []
      : [scoreName(typeof measure === 'string' ? measure : measure(settings), tokenizer)],
  )
}
