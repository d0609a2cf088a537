import { leafTeachers } from '../../run/index.ts'
import { builtinPrices, type PriceEntry, priceOf } from '../../teachers/index.ts'
import type { Run } from '../commands.ts'
import { counted, thousands } from '../figures.ts'
import { type Column, table, wrap } from '../layout.ts'
import { openRecipe } from '../open.ts'
import { fromText, perMillion } from '../price-text.ts'
import { type Reporter, reporterOf } from '../reporter.ts'

type Rates = Pick<PriceEntry, 'input' | 'output' | 'cachedInput' | 'cacheWrite' | 'batch'>

const columns = { in: 'input', cached: 'cachedInput', written: 'cacheWrite', out: 'output', batch: 'batch' } as const

/** Columns of rates that anything stands in, and how to fill them. */
function rateColumns(all: readonly Partial<Rates>[]): { heads: Column[]; cells(rates: Partial<Rates>): string[] } {
  const used = Object.entries(columns).filter(([, field]) => all.some(rates => rates[field] !== undefined))
  const cell = (field: keyof Rates, value: number | undefined): string =>
    value === undefined ? '' : field === 'batch' ? `x ${value}` : perMillion(value)
  return {
    heads: used.map(([head]) => ({ head, right: true })),
    cells: rates => used.map(([, field]) => cell(field, rates[field])),
  }
}

export const run: Run = async call => {
  const reporter = reporterOf(call)
  if (call.args[0] === undefined) return listAll(reporter)
  const project = await openRecipe(call, call.args[0])
  const plan = await project.plan()
  const teachers = leafTeachers(plan).map(({ name, config, resolved }) => ({
    name,
    id: resolved.id,
    ...(priceOf(config, resolved, plan.prices) ?? { price: null, from: null }),
  }))
  const ratesOf = ({ price }: (typeof teachers)[number]): Rates | undefined =>
    price === null || price === 'free' ? undefined : price
  const { heads, cells } = rateColumns(teachers.flatMap(teacher => ratesOf(teacher) ?? []))
  reporter.say(
    table(
      [{ head: 'teacher' }, { head: 'model' }, ...heads, { head: 'from', flex: true }],
      teachers.map(teacher => [
        teacher.name,
        teacher.id,
        ...cells(ratesOf(teacher) ?? {}),
        teacher.from === null ? 'no price' : fromText(teacher.from),
      ]),
      reporter.width,
      text => reporter.paint('bold', text),
    ),
    '',
    'Dollars per million tokens.',
  )
  reporter.result({ teachers })
  return 0
}

/** All that comes along. Sources and notes are too long for a table: `--json` has them. */
function listAll(reporter: Reporter): number {
  const { width, paint } = reporter
  const entries = builtinPrices.flatMap(one => one.entries)
  const notes = [
    ...longPrompts(entries),
    `${counted(entries.length, 'price')} in dollars per million tokens, as of the day named and without promise; 1st: read at the provider, 2nd: in a report about it. --json tells the sources and notes. A file that a recipe names by \`prices:\` counts before them, and \`price:\` of a teacher before both.`,
  ]
  for (const [i, provider] of [...new Set(entries.map(entry => entry.provider))].entries()) {
    const own = entries.filter(entry => entry.provider === provider)
    const { heads, cells } = rateColumns(own)
    reporter.say(
      ...(i > 0 ? [''] : []),
      table(
        [{ head: provider, flex: true }, ...heads, { head: 'as of' }, { head: 'hand' }],
        own.map(entry => [entry.model, ...cells(entry), entry.date ?? '', entry.hand === 'first' ? '1st' : '2nd']),
        width,
        text => paint('bold', text),
      ),
    )
  }
  reporter.say(...notes.flatMap(text => ['', ...wrap(text, width)]))
  reporter.result({ prices: entries })
  return 0
}

/** Which models cost more for a long prompt, those with the same terms together. */
function longPrompts(entries: readonly PriceEntry[]): string[] {
  const terms = new Map<string, string[]>()
  for (const { model, long } of entries) {
    if (!long) continue
    const text = `Prompts of more than ${thousands(long.over)} tokens cost x ${long.input} in and x ${long.output} out`
    terms.set(text, [...(terms.get(text) ?? []), model])
  }
  return [...terms].map(([text, models]) => `${text}: ${models.join(', ')}.`)
}
