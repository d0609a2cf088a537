import { StillroomError } from '../../errors/index.ts'
import { type Sha, sha256 } from '../../records/index.ts'
import { fromFile } from '../../steps/index.ts'
import { sections } from '../sections.ts'

/** One cell of the matrix, and what a teacher is told of it. */
export type Cell = { audience: string; style: string; brief: string }
/** A file of cells: Markdown with `### <audience> x <style>` and the brief below it. */
export type Cells = { name: string; digest: Sha; text: string; cells: Cell[] }

export const nameOf = ({ audience, style }: Pick<Cell, 'audience' | 'style'>): string => `${audience} x ${style}`

/** The cells of a file of one's own, else the built-in ones. Throws SR_RECIPE_VALUE for a file that states none. */
export const loadCells = (own: string | undefined, language: string): Cells =>
  cellsIn(own ?? new URL(`./cells.${language.startsWith('ja') ? 'ja' : 'en'}.md`, import.meta.url))

const cellsIn = fromFile((text, file): Cells => {
  const name = String(file).slice(String(file).lastIndexOf('/') + 1)
  const cells = new Map<string, Cell>()
  for (const [heading, brief] of sections(text)) {
    const [audience, style] = heading.split(' x ').map(part => part.trim())
    if (!audience || !style || brief === '' || cells.has(heading)) throw unusable(name, `### ${heading}`)
    cells.set(nameOf({ audience, style }), { audience, style, brief })
  }
  if (cells.size === 0) throw unusable(name, 'no line that starts with "### "')
  return { name, digest: sha256(text), text, cells: [...cells.values()] }
})

const unusable = (name: string, received: string) =>
  new StillroomError('SR_RECIPE_VALUE', `The file of cells "${name}" does not state its cells.`, {
    expected: '"### <audience> x <style>" with a text below it, each cell once',
    received,
  })

/** Names of the chosen audiences and styles in the order of the file. Throws SR_RECIPE_VALUE where a combination has no brief. */
export function chosenCells(
  { cells, name }: Cells,
  audiences = [...new Set(cells.map(cell => cell.audience))],
  styles = [...new Set(cells.map(cell => cell.style))],
): Cell[] {
  return audiences.flatMap(audience =>
    styles.map(style => {
      const cell = cells.find(one => one.audience === audience && one.style === style)
      if (cell) return cell
      throw new StillroomError('SR_RECIPE_VALUE', `${name} has no cell ${nameOf({ audience, style })}.`, {
        expected: cells.map(nameOf).join(', '),
        received: nameOf({ audience, style }),
        hint: 'Write a brief for the cell into a file of your own, and name it as `cells`.',
      })
    }),
  )
}
