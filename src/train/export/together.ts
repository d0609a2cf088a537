import { hostedTypes } from './hosted.ts'
import { trlTypes } from './shapes.ts'
import type { Outcome, Target } from './target.ts'

const { messages, preference } = hostedTypes({ developer: false, oneTurnEach: true })

/** Together tells the format of a file by its columns and takes no others. */
export const together: Target = {
  name: 'together',
  about: 'Together: SFT and preference JSONL without further columns',
  types: {
    messages,
    preference,
    'language-modeling': {
      ...trlTypes['language-modeling'],
      rows(content, options): Outcome[] {
        return trlTypes['language-modeling'].rows(content, options).map(made => {
          if ('why' in made) return made
          const { text, ...rest } = made.row
          const restore = Object.entries(rest).map(([name, value]): [string, typeof value] => [`/${name}`, value])
          return { row: { text: text! }, ...(restore.length > 0 ? { restore } : {}) }
        })
      },
    },
  },
  choose: kind =>
    ({ conversation: 'messages', preference: 'preference', document: 'language-modeling' })[kind as string],
  ids: 'beside',
}
