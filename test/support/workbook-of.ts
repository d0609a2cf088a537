import { zipOf } from './zip.ts'

/** A sheet by its XML, what stands in `<sheetData>` and behind it. */
export type GivenSheet = { name: string; data: string; state?: string; after?: string }

const kept = (text: string) =>
  text.replace(/[&<>"]/g, sign => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign]!)

/** A workbook by hand: shared texts as XML of `<si>`, formats as codes of the styles 1, 2, ... */
export function workbookOf(
  sheets: GivenSheet[],
  {
    strings = [],
    formats = [],
    date1904 = false,
  }: { strings?: string[]; formats?: (string | number)[]; date1904?: boolean } = {},
): Buffer {
  const codes = formats.flatMap((code, i) =>
    typeof code === 'string' ? [`<numFmt numFmtId="${164 + i}" formatCode="${kept(code)}"/>`] : [],
  )
  const styles = formats.map((code, i) => `<xf numFmtId="${typeof code === 'string' ? 164 + i : code}"/>`)
  const type = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships'
  const related = (list: [id: string, kind: string, target: string][]) =>
    `<Relationships>${list.map(([id, kind, target]) => `<Relationship Id="${id}" Type="${type}/${kind}" Target="${target}"/>`).join('')}</Relationships>`
  return zipOf({
    '_rels/.rels': related([['r1', 'officeDocument', 'xl/workbook.xml']]),
    'xl/workbook.xml': `<workbook xmlns:r="r"><workbookPr${date1904 ? ' date1904="1"' : ''}/><sheets>${sheets
      .map(({ name, state }, i) => `<sheet name="${kept(name)}" r:id="s${i}"${state ? ` state="${state}"` : ''}/>`)
      .join('')}</sheets></workbook>`,
    'xl/_rels/workbook.xml.rels': related([
      ...sheets.map((_, i) => [`s${i}`, 'worksheet', `/xl/worksheets/sheet${i + 1}.xml`] as [string, string, string]),
      ['t', 'sharedStrings', 'sharedStrings.xml'],
      ['f', 'styles', 'styles.xml'],
    ]),
    'xl/sharedStrings.xml': `<sst>${strings.map(text => (text.startsWith('<') ? text : `<si><t>${kept(text)}</t></si>`)).join('')}</sst>`,
    'xl/styles.xml': `<styleSheet><numFmts>${codes.join('')}</numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf numFmtId="0"/>${styles.join('')}</cellXfs></styleSheet>`,
    ...Object.fromEntries(
      sheets.map(({ data, after = '' }, i) => [
        `xl/worksheets/sheet${i + 1}.xml`,
        `<worksheet><sheetData>${data}</sheetData>${after}</worksheet>`,
      ]),
    ),
  })
}

/** Rows of cells as XML, each by its place: texts stand in the cell. */
export function rowsXml(rows: (string | number | boolean | null)[][]): string {
  return rows
    .map((cells, i) => {
      const xml = cells.map((cell, c) => {
        const at = `${letters(c)}${i + 1}`
        if (cell === null) return ''
        if (typeof cell === 'string') return `<c r="${at}" t="inlineStr"><is><t>${kept(cell)}</t></is></c>`
        return typeof cell === 'boolean'
          ? `<c r="${at}" t="b"><v>${cell ? 1 : 0}</v></c>`
          : `<c r="${at}"><v>${cell}</v></c>`
      })
      return `<row r="${i + 1}">${xml.join('')}</row>`
    })
    .join('')
}

const letters = (column: number): string =>
  column < 26
    ? String.fromCharCode(65 + column)
    : letters(Math.floor(column / 26) - 1) + String.fromCharCode(65 + (column % 26))
