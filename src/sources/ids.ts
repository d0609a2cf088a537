import type { Json } from '../records/index.ts'
import { object } from './columns.ts'
import type { Row } from './rows.ts'

/**
 * Gives rows the names that stand line by line in a file beside them: a line is `{ id, restore? }`, and `restore` puts back
 * what the format of the rows could not hold (JSON pointer and value; null takes out what was made up). A row that has a name
 * keeps it.
 */
export function openIds(lines: AsyncGenerator<Row>, column: string): (row: Row) => Promise<Row> {
  let line: Row | undefined
  return async row => {
    while (line === undefined || line.row < row.row) {
      const next = await lines.next()
      if (next.done) return row
      line = next.value
    }
    const columns = 'value' in row ? object(row.value) : undefined
    const beside = line.row === row.row && 'value' in line ? object(line.value) : undefined
    if (!columns || beside?.id === undefined || columns[column] !== undefined) return row
    const restored: Json = { ...columns, [column]: beside.id }
    for (const one of Array.isArray(beside.restore) ? beside.restore : []) {
      if (Array.isArray(one) && typeof one[0] === 'string')
        putBack(restored, one[0].split('/').slice(1), one[1] ?? null)
    }
    return { ...row, value: restored }
  }
}

/** Sets what a pointer leads to. One that leads nowhere, in a file that was changed, is passed over. */
function putBack(into: Json, [key, ...rest]: string[], value: Json): void {
  if (typeof into !== 'object' || into === null || key === undefined || key === '__proto__') return
  const holder = into as { [key: string]: Json }
  if (rest.length > 0) putBack(holder[key] ?? null, rest, value)
  else if (value === null) delete holder[key]
  else holder[key] = value
}
