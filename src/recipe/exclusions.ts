import { operationalTeacherFields } from '../teachers/index.ts'

/**
 * Version of the rules by which fingerprints are made. Raising it makes every stage a new one; replies stay in the
 * journal, so that nothing is paid again.
 */
export const fingerprintVersion = 1

/**
 * What changes no fingerprint. Everything that is not named here does, so that a field added later is part of the
 * identity until somebody decides otherwise. `elsewhere` is read step by step or source by source.
 */
export const exclusions = {
  recipe: ['name', 'use', 'purpose', 'evaluation', 'budget', 'prices', 'gates', 'floor', 'rounds', 'train', 'release'],
  teacher: operationalTeacherFields.fields,
  source: ['chunk', 'derivation', 'detected'],
  elsewhere: ['teachers', 'sources', 'steps'],
} as const satisfies { [part: string]: readonly string[] }

/** An object without the named fields. */
export function without(object: { [field: string]: unknown }, fields: readonly string[]): { [field: string]: unknown } {
  return Object.fromEntries(Object.entries(object).filter(([field]) => !fields.includes(field)))
}
