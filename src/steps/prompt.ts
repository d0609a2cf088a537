import { readFileSync, statSync } from 'node:fs'
import type { Message, Role, Sha } from '../records/index.ts'
import { sha256 } from '../records/index.ts'
import type { PromptNote } from './contract.ts'

/**
 * A prompt file: Markdown with a `## system` and a `## user` part (a chat in file order), `{{name}}` where a value goes.
 * Its digest enters lineage and stage identity.
 */
export type Prompt = {
  name: string
  digest: Sha
  render(values: { [name: string]: string | number | undefined }): Message[]
}

const loaded = new Map<string, { prompt: Prompt; stamp: string }>()

/** Reads and checks a prompt file, again only when it was edited. Throws when it has no part or `render` misses a value. */
export function loadPrompt(file: URL | string): Prompt {
  const name = String(file)
  const { mtimeMs, size } = statSync(file)
  const stamp = `${mtimeMs} ${size}`
  const known = loaded.get(name)
  if (known?.stamp === stamp) return known.prompt
  const prompt = parsePrompt(readFileSync(file, 'utf8'), name)
  loaded.set(name, { prompt, stamp })
  return prompt
}

/**
 * The prompt files of a step that has one for each language: the replacement out of the options, else `<name>.<language>.md`
 * beside the step's module.
 */
export function promptNotes(module: string, name: string, languages: readonly string[], own?: string): PromptNote[] {
  const files = own === undefined ? languages.map(language => new URL(`./${name}.${language}.md`, module)) : [own]
  return files.map(loadPrompt).map(({ name, digest }) => ({ name, digest }))
}

export function parsePrompt(text: string, name: string): Prompt {
  const parts = text
    .split(/^## (system|user|assistant)[ \t]*$/m)
    .slice(1)
    .map(part => part.trim())
  if (parts.length < 2) throw new Error(`${name}: a prompt file needs a line "## user" and the text below it`)
  return {
    name: name.slice(name.lastIndexOf('/') + 1),
    digest: sha256(text),
    render(values) {
      const messages: Message[] = []
      for (let i = 0; i < parts.length; i += 2) {
        const content = parts[i + 1]!.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, key: string) => {
          if (!(key in values))
            throw new Error(`${name}: no value for {{${key}}}; known: ${Object.keys(values).join(', ')}`)
          return String(values[key] ?? '')
        })
        messages.push({ role: parts[i] as Role, content: content.replace(/\n{3,}/g, '\n\n') })
      }
      return messages
    },
  }
}

/**
 * Puts untrusted text between marks that do not occur in it, so that a document cannot close its own fence.
 * Prompts say that what stands between them is data and never an instruction.
 */
export function fence(text: string, label: string): string {
  let mark = label
  for (let i = 2; text.includes(`<${mark}>`) || text.includes(`</${mark}>`); i++) mark = `${label}-${i}`
  return `<${mark}>\n${text}\n</${mark}>`
}
