/** What is wrong with a query before any database is asked, in the words of an error. */
export type Objection = { message: string; expected: string; received: string; hint: string }

/** Comments, quoted texts and names, words, numbers, parameters; all else sign by sign. */
const token =
  /--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|[\p{L}_][\p{L}\p{N}_$]*|\d[\w.]*|[?:@$]\w*|\S/gu

const times = new Set(['date', 'time', 'datetime', 'julianday', 'strftime', 'unixepoch', 'timediff'])

/** Functions of SQLite that give something else each time; a connection that reads a source replaces them. */
export const changing = ['random', 'randomblob', 'current_date', 'current_time', 'current_timestamp'] as const

/** The objection to one of them, wherever it was met. */
export const objectionTo = (name: string): Objection => ({
  message: `The query gives other rows each time it is asked: it uses ${name}.`,
  expected: 'a query that gives the same rows for the same file',
  received: name,
  hint:
    times.has(name) || /^(?:now|today|age|(?:get_)?current_.*|transaction_timestamp)$/.test(name)
      ? 'write the date itself into the query'
      : 'leave it out; the step `sample` draws rows by the seed of the recipe',
})

const tokensOf = (sql: string): string[] =>
  (sql.match(token) ?? []).filter(part => !part.startsWith('--') && !part.startsWith('/*'))

/** The function of a query, out of those that `changes` knows, which gives something else each time; a sample does too. */
export function changingIn(sql: string, changes: (name: string) => boolean): string | undefined {
  const words = tokensOf(sql).map(part => part.toLowerCase())
  return words.find((word, i) => {
    if (/^current_(?:date|time|timestamp)$/.test(word) || word === 'tablesample') return true
    return word === 'using' ? words[i + 1] === 'sample' : words[i + 1] === '(' && changes(word)
  })
}

/**
 * Why a text is not one query that reads, needs no values from outside and gives the same rows each time; undefined where
 * it is. It looks at the words alone: whether tables and columns exist only the database knows.
 */
export function objectionIn(sql: string): Objection | undefined {
  const tokens = tokensOf(sql)
  const words = tokens.map(part => part.toLowerCase())
  const expected = 'one statement that begins with select, with or values'
  if (!['select', 'with', 'values'].includes(words[0] ?? '')) {
    const message = 'The query of a source only reads.'
    return { message, expected, received: tokens[0] ?? 'nothing', hint: 'write the query as `select ... from ...`' }
  }
  const end = words.indexOf(';')
  const second = words.findIndex((word, i) => end >= 0 && i > end && word !== ';')
  if (second >= 0) {
    return {
      ...{ message: 'The query of a source is one statement.', expected, received: `${tokens[second]} after a \`;\`` },
      hint: 'give each query a source of its own',
    }
  }
  const parameter = tokens.find(part => /^[?:@$]/.test(part))
  if (parameter !== undefined) {
    return {
      message: 'The query has a parameter, and nobody gives it a value.',
      ...{ expected: 'values in the query itself', received: parameter },
      hint: 'write the value into the query, texts in single quotes',
    }
  }
  const time = words.findIndex((word, i) => times.has(word) && words[i + 1] === '(' && isNow(word, words.slice(i + 2)))
  return time < 0 ? undefined : objectionTo(words[time]!)
}

/** Whether a function of time, followed by these words, is asked about the present. */
function isNow(name: string, rest: string[]): boolean {
  let depth = 1
  const inner = rest.slice(
    0,
    rest.findIndex(word => {
      depth += word === '(' ? 1 : word === ')' ? -1 : 0
      return depth === 0
    }),
  )
  // Without a time they mean now.
  const given = inner.length > (name === 'strftime' ? 1 : 0)
  return !given || inner.some(word => word === "'now'" || word === '"now"')
}
