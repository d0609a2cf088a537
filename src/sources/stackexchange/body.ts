import { markdownOf } from '../markup/markdown.ts'
import { parsed } from '../markup/parse.ts'
import { readHtml } from '../pages/html.ts'

/**
 * The body of a post, which is HTML, as Markdown: code, lists, quotes, tables and formulas stay what they are. Empty where it
 * holds no text. One that is nested too deep becomes its words alone.
 */
export function bodyMarkdown(html: string): string {
  if (!/[<&]/.test(html)) return html.trim()
  const page = parsed(html)
  return (page ? markdownOf([page.body]) : readHtml(html).text).trim()
}
