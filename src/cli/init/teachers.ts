import { type Acceptance, type Purpose, type TermsVerdict, termsVerdict } from '../../govern/index.ts'
import { familiesOf, presets, resolveTeacher, type TeacherConfig } from '../../teachers/index.ts'

/** A teacher as a recipe names it. */
export type Teacher = { model: string; at?: string }

/** What is proposed of a provider whose key is there: able, common and not dear. Prices come along for each. */
export const proposals: { readonly [provider: string]: string } = {
  deepseek: 'deepseek/deepseek-v4-flash',
  openai: 'openai/gpt-6-luna',
  anthropic: 'anthropic/claude-haiku-5-5',
  google: 'google/gemini-3.5-flash-lite',
  mistral: 'mistral/mistral-small-2603',
  together: 'together/Qwen/Qwen3-235B-A22B-Instruct-2507-tput',
  openrouter: 'openrouter/mistralai/mistral-small-2603',
}

/** Teachers whose keys stand in the environment. */
export function proposed(env: { readonly [name: string]: string | undefined }): { model: string; key: string }[] {
  return Object.entries(proposals).flatMap(([provider, model]) => {
    const { key } = presets[provider as 'openai']
    return env[key] ? [{ model, key }] : []
  })
}

export const writer: Teacher = { model: 'builtin/extractive' }
export const byRules = ({ model, at }: Teacher): boolean => at === undefined && model.startsWith('builtin/')

const configOf = ({ model, at }: Teacher) => ({ model, ...(at ? { at } : {}) }) as TeacherConfig

/** Whether calls cost money, as far as can be told. */
export const costs = (teacher: Teacher): boolean => resolveTeacher('teacher', configOf(teacher)).paid

/** The variable that must hold its key and does not; undefined where it can be asked. */
export function missingKey(teacher: Teacher, env: { readonly [name: string]: string | undefined }): string | undefined {
  const { keyName, keyOptional, baseUrlFrom } = resolveTeacher('teacher', configOf(teacher))
  if (baseUrlFrom && !env[baseUrlFrom]) return baseUrlFrom
  return keyName && !keyOptional && !env[keyName] ? keyName : undefined
}

/** What the terms of a teacher say of this purpose. */
export function verdictOf(teacher: Teacher, purpose: Purpose, accepted: readonly Acceptance[]): TermsVerdict {
  const { provider, model, paid } = resolveTeacher('teacher', configOf(teacher))
  return termsVerdict({ provider, model, paid }, purpose, accepted)
}

/**
 * Another maker's model whose key is there: models prefer their own answers, and an exam asks for what its maker teaches.
 * Undefined where there is none.
 */
export function ofAnotherFamily(
  than: Teacher,
  env: { readonly [name: string]: string | undefined },
): Teacher | undefined {
  const own = familiesOf(resolveTeacher('teacher', configOf(than)).id)
  const other = proposed(env).find(({ model }) => !familiesOf(model).some(family => own.includes(family)))
  return other && { model: other.model }
}

/** Who judges what a teacher wrote: rules for rules, else another family, else the same model. */
export function judgeFor(teacher: Teacher, env: { readonly [name: string]: string | undefined }): Teacher {
  if (byRules(teacher)) return { model: 'builtin/heuristic' }
  return ofAnotherFamily(teacher, env) ?? teacher
}
