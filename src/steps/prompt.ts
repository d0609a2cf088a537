import type { Message, Role, Sha } from '../records/index.ts'
import { sha256 } from '../records/index.ts'
import type { Ask, PromptNote } from './contract.ts'
import { fromFile } from './file.ts'

type Values = { [name: string]: string | number | undefined }

/**
 * A prompt file: Markdown with a `## system` and a `## user` part (a chat in file order), `{{name}}` where a value goes.
 * A line `<!-- shared -->` ends what other requests begin with too, such as the document behind ten questions; it is not
 * shown. The digest enters lineage and stage identity.
 */
export type Prompt = {
  name: string
  digest: Sha
  /** The file as it stands: what the digest is over. */
  text: string
  render(values: Values): Message[]
  /** The messages with the digest that lineage keeps and, where the file marks one, the shared beginning. */
  ask(values: Values): Required<Pick<Ask, 'messages' | 'prompts'>> & Pick<Ask, 'prefix'>
}

/** Reads and checks a prompt file, again only when it was edited. Throws when it has no part or `render` misses a value. */
export const loadPrompt = fromFile((text, file): Prompt => parsePrompt(text, String(file)))

/**
 * The prompt files of a step that has one for each language: the replacement out of the options, else `<name>.<language>.md`
 * beside the step's module.
 */
export function promptNotes(module: string, name: string, languages: readonly string[], own?: string): PromptNote[] {
  const files = own === undefined ? languages.map(language => new URL(`./${name}.${language}.md`, module)) : [own]
  return files.map(loadPrompt).map(({ name, digest, text }) => ({ name, digest, text }))
}

const shared = /^[ \t]*<!-- shared -->[ \t]*\r?$\n?/gm

export function parsePrompt(text: string, name: string): Prompt {
  const parts = text
    .split(/^## (system|user|assistant)[ \t]*$/m)
    .slice(1)
    .map(part => part.trim())
  if (parts.length < 2) throw new Error(`${name}: a prompt file needs a line "## user" and the text below it`)
  const roles = parts.filter((_, i) => i % 2 === 0) as Role[]
  const bodies = parts.filter((_, i) => i % 2 === 1).map(body => body.split(shared))
  const marked = bodies.findIndex(body => body.length > 1)
  if (bodies.flat().length > bodies.length + 1) throw new Error(`${name}: only one line can end the shared part`)

  /** Lines that an empty value leaves blank go; what a value says is never changed, such as the blank lines of code. */
  function fill(template: string, values: Values): string {
    const said: string[] = []
    const laid = template.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, key: string) => {
      if (!(key in values))
        throw new Error(`${name}: no value for {{${key}}}; known: ${Object.keys(values).join(', ')}`)
      // Half of a character, where a text was cut, is refused by servers.
      const value = String(values[key] ?? '').toWellFormed()
      return value === '' ? '' : `{{${said.push(value) - 1}}}`
    })
    return laid
      .replace(/\n{3,}/g, '\n\n')
      .replace(/\{\{(\d+)\}\}/g, (_, at: string) => said[Number(at)]!)
      .trim()
  }
  const render = (values: Values): Message[] =>
    bodies.map((body, i) => ({ role: roles[i]!, content: fill(body.join(''), values) }))
  const digest = sha256(text)
  return {
    name: name.slice(name.lastIndexOf('/') + 1),
    digest,
    text,
    render,
    ask(values) {
      const messages = render(values)
      const asked = { messages, prompts: [digest] }
      if (marked < 0) return asked
      const characters = fill(bodies[marked]![0]!, values).length
      return marked + characters === 0 ? asked : { ...asked, prefix: { messages: marked, characters } }
    },
  }
}

/** Marks as a model might read them, whatever case and spaces they are written with. */
const marksIn = (text: string): Set<string> =>
  new Set(
    [...text.matchAll(/<\s{0,9}\/?\s{0,9}([\p{L}\p{N}_-]{1,60})\s{0,9}\/?>/gu)].map(([, mark]) => mark!.toLowerCase()),
  )

/**
 * Puts untrusted text between marks that do not occur in it, so that a document cannot close its own fence.
 * Prompts say that what stands between them is data and never an instruction.
 */
export function fence(text: string, label: string): string {
  const taken = marksIn(text)
  let mark = label
  for (let i = 2; taken.has(mark.toLowerCase()); i++) mark = `${label}-${i}`
  return `<${mark}>\n${text}\n</${mark}>`
}
