/** The parts of a Markdown file under its lines `### name`, in order. What stands before the first is for people. */
export function sections(text: string): [name: string, body: string][] {
  const parts = text.split(/^### +(.+?)[ \t]*$/gm)
  const found: [string, string][] = []
  for (let i = 1; i < parts.length; i += 2) found.push([parts[i]!, parts[i + 1]!.trim()])
  return found
}
