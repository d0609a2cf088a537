import { type ZodType, z } from 'zod'
import { kinds } from '../../records/index.ts'
import { defineVerb, type Primitive, type Verb } from '../../steps/index.ts'
import { type Part, parts } from '../content.ts'
import { cutRules } from './cut-rules.ts'
import { type Edit, repairLines } from './edit-lines.ts'
import { measure } from './measure.ts'
import { limitsOf, measuresOf, type Profile, profileOptions, type Settings } from './profile.ts'
import { profileNames, profiles } from './profiles/index.ts'
import { listNames, lists } from './reading/phrases.ts'

const name = z.enum(profileNames)
const schemas = new Map(profiles.map(profile => [profile.name, profileOptions(profile)]))

/** `profiles`, `of`, files of phrases by their list, and the options of each profile under its name. */
export type RulesOptions = { profiles?: string | string[]; of: Part } & { [option: string]: unknown }

const options = z
  .strictObject({
    profiles: z
      .union([name, z.array(name).min(1)])
      .optional()
      .describe('Profiles with their published values, in order; those that have options below need not be listed'),
    of: z.enum(parts).default('all').describe('What of a row is read; of a document it is the text'),
    ...Object.fromEntries(
      listNames.map(list => [list, z.string().optional().describe(`File of phrases, one a line. ${lists[list]}`)]),
    ),
    ...Object.fromEntries([...schemas].map(([profile, schema]) => [profile, schema.optional()])),
  })
  .refine(
    given => given.profiles !== undefined || profileNames.some(name => (given as RulesOptions)[name] !== undefined),
    'name a profile: `profiles`, or the options of one',
  ) as unknown as ZodType<RulesOptions>

/** The profiles that options ask for, with their settings: listed ones first, then the others in the order of the table. */
function chosen(given: RulesOptions): { profile: Profile; settings: Settings }[] {
  const listed = given.profiles === undefined ? [] : [given.profiles].flat()
  const named = profileNames.filter(name => given[name] !== undefined)
  return [...new Set([...listed, ...named])].map(name => ({
    profile: profiles.find(profile => profile.name === name)!,
    settings: schemas.get(name)!.parse(given[name] ?? {}),
  }))
}

/**
 * Rules of the field over documents and rows: lines are repaired first where a profile does that, then everything is
 * measured in one pass over what is left, then thresholds cut over the stored measures, in the order of the profiles and
 * of their rules. Two uses of the verb, one behind the other, let a profile see the text before another one repairs it.
 */
export const rules: Verb<RulesOptions> = defineVerb<RulesOptions>({
  verb: 'rules',
  about:
    'Drops texts by published rules, each set a named profile: lines are repaired first, then all is measured in one pass, and the first rule that fails names the drop.',
  options,
  takes: kinds,
  needs: { files: listNames },
  source: 'the publications and programs that each profile names',
  expand(given, key) {
    const all = chosen(given)
    const files = Object.fromEntries(
      listNames.flatMap(list => (given[list] === undefined ? [] : [[list, given[list]]])),
    )
    const has = new Set(Object.keys(files))
    const edits = all.flatMap(({ profile, settings }) => profile.edits?.(settings) ?? [])
    const measures = [...new Set(all.flatMap(({ profile, settings }) => measuresOf(profile, settings, has)))].sort()
    const limits = all.flatMap(({ profile, settings }) => limitsOf(profile, settings, key, has))
    const steps: Primitive[] = []
    if (edits.length > 0) steps.push({ as: 'lines', step: repairLines, options: { edits: distinct(edits) } })
    steps.push({ as: 'measure', step: measure, options: { of: given.of, measures, lists: files } })
    steps.push({ as: 'cut', step: cutRules, options: { limits } })
    return steps
  },
})

/** Two profiles may ask for the same repair. */
function distinct(edits: Edit[]): Edit[] {
  return [...new Map(edits.map(edit => [JSON.stringify(edit), edit])).values()]
}
