import { titleKey } from './blocks.ts'
import type { Opened } from './open.ts'
import type { Sheet } from './sheet.ts'

/** The title and the language that the file states, where they can be true. */
export async function statedOf(
  { file }: Opened,
  sheets: readonly Sheet[],
): Promise<{ title?: string; language?: string }> {
  try {
    const { info, metadata } = await file.getMetadata()
    const { Title, Language } = info as { Title?: unknown; Language?: unknown }
    const title = [Title, metadata?.get('dc:title') as unknown].map(plausible).find(one => one !== undefined)
    const language = typeof Language === 'string' ? spoken(Language, sheets) : undefined
    return { ...(title ? { title } : {}), ...(language ? { language } : {}) }
  } catch {
    return {}
  }
}

/** A title that a person wrote, and not the name of a file or of the program. */
function plausible(stated: unknown): string | undefined {
  if (typeof stated !== 'string') return undefined
  const title = stated.replace(/[\p{Cc}\ufffd]/gu, '').trim()
  if (!/\p{L}{2}/u.test(title) || title.length > 300) return undefined
  if (/^(?:untitled|no title|title|document\d*|\(?anonymous\)?|\(?unspecified\)?|無題|文書\d*)$/i.test(title))
    return undefined
  if (/^(?:microsoft (?:word|powerpoint|excel)|print(?:ing)?|layout \d)\b/i.test(title)) return undefined
  if (/\.(?:docx?|dotx?|rtf|odt|tex|dvi|pdf|indd|qxd|pptx?|xlsx?|html?|p65|fm|ps|eps)$/i.test(title)) return undefined
  return title
}

/** Programs state the language of their menus: it holds only in a script that the text is written in. */
function spoken(stated: string, sheets: readonly Sheet[]): string | undefined {
  const language = /^([a-z]{2,3})(?:[-_]|$)/i.exec(stated.trim())?.[1]?.toLowerCase()
  if (!language) return undefined
  let text = ''
  for (const { runs } of sheets) for (const run of runs) if (text.length < 20_000) text += run.text
  const letters = text.match(/\p{L}/gu)?.length ?? 0
  const script = (name: RegExp): boolean => (text.match(name)?.length ?? 0) > 0.2 * letters
  const scripts: { [language: string]: RegExp } = {
    ja: /[\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Han}]/gu,
    zh: /\p{Script=Han}/gu,
    ko: /\p{Script=Hangul}/gu,
    ru: /\p{Script=Cyrillic}/gu,
    uk: /\p{Script=Cyrillic}/gu,
    el: /\p{Script=Greek}/gu,
    ar: /\p{Script=Arabic}/gu,
    he: /\p{Script=Hebrew}/gu,
    th: /\p{Script=Thai}/gu,
    hi: /\p{Script=Devanagari}/gu,
  }
  return script(scripts[language] ?? /\p{Script=Latin}/gu) ? language : undefined
}

/** Titles of the outline with their depths, 1 for the outermost, as `titleKey` writes them. */
export async function outlineOf({ file }: Opened): Promise<Map<string, number>> {
  const found = new Map<string, number>()
  type Entry = { title: string; items: Entry[] }
  const walk = (entries: readonly Entry[], depth: number): void => {
    for (const { title, items } of entries) {
      const key = titleKey(title)
      // A bare word of an outline would make headings of lines that happen to be it.
      if (key.length >= 4 && !found.has(key) && found.size < 5000) found.set(key, depth)
      if (depth < 6) walk(items ?? [], depth + 1)
    }
  }
  try {
    walk(((await file.getOutline()) ?? []) as Entry[], 1)
  } catch {
    return new Map()
  }
  return found
}
