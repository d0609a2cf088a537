import { readHtml } from '../pages/html.ts'

/** The body of a post, which is HTML, as Markdown. Empty where it holds no text. */
export function bodyMarkdown(html: string): string {
  return readHtml(html).text
}
