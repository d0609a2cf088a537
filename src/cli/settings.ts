import { StillroomError } from '../errors/index.ts'

/** `--set judge.drop=20%` as options by `<step>.<option>`; the recipe reads the values. Throws SR_USAGE. */
export function settings(given: readonly string[]): { [option: string]: string } {
  return Object.fromEntries(
    given.map(text => {
      const at = text.indexOf('=')
      if (at > 0) return [text.slice(0, at), text.slice(at + 1)]
      throw new StillroomError('SR_USAGE', `--set ${text} has no value.`, {
        expected: '--set <step>.<option>=<value>',
        hint: 'for example: --set judge.drop=20%',
      })
    }),
  )
}
