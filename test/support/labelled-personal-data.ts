import { readFileSync } from 'node:fs'
import { random } from '../../src/records/index.ts'
import { checkedMakers, otherMakers, soundValue, written } from './personal-values.ts'
import type { Span } from './span-scores.ts'

/** A sentence with what it holds. `held`: its template is kept apart from those the rules were tuned on. */
export type Labelled = { text: string; spans: Span[]; template: string; held: boolean }

const folder = new URL('../fixtures/personal-data/', import.meta.url)
const personal = (slot: string) => slot in checkedMakers || entityOf(slot) !== undefined
/** Slots of templates that are personal data, by the entity they stand for; the others are there to mislead. */
const entityOf = (slot: string): string | undefined => {
  const name = slot.replace(/(?:-loose)?(?:-ja)?$/, '')
  return ownEntities.has(name) ? name : undefined
}
const ownEntities = new Set([
  ...Object.keys(checkedMakers),
  'secret',
  'email',
  'ip-address',
  'mac-address',
  'phone',
  'date-of-birth',
  'us-ssn',
  'us-itin',
  'us-mbi',
  'us-passport',
  'us-driver-licence',
  'uk-nino',
  'in-pan',
  'jp-driver-licence',
  'jp-passport',
  'jp-residence-card',
  'jp-pension-number',
  'jp-bank-account',
  'jp-postal-code',
  'jp-address',
])

/** Sentences out of our own templates, `each` from one; every second template is held back. Seeded, so always the same. */
export function ownSet(each: number): Labelled[] {
  return ['en', 'ja'].flatMap(language => {
    const lines = readFileSync(new URL(`templates.${language}.txt`, folder), 'utf8')
      .trimEnd()
      .split('\n')
    return lines.flatMap((one, n) => {
      const line = one.replaceAll('\\n', '\n').replaceAll('\\t', '\t')
      return Array.from({ length: each }, (_, i) =>
        fill(line, `${language}${n}`, n % 2 === 1, random('labelled', language, n, i)),
      )
    })
  })
}

function fill(line: string, template: string, held: boolean, dice: () => number): Labelled {
  let text = ''
  const spans: Span[] = []
  let last = 0
  for (const { index, 0: slot, 1: name } of line.matchAll(/\{([a-z-]+)\}/g)) {
    text += line.slice(last, index)
    last = index + slot.length
    const value = name! in checkedMakers ? written(name!, soundValue(name!, dice), dice) : otherMakers[name!]!(dice)
    if (personal(name!)) spans.push({ entity: entityOf(name!)!, start: text.length, end: text.length + value.length })
    text += value
  }
  return { text: text + line.slice(last), spans, template, held }
}

const theirs: { [type: string]: string } = {
  CREDIT_CARD: 'credit-card',
  IBAN_CODE: 'iban',
  EMAIL_ADDRESS: 'email',
  PHONE_NUMBER: 'phone',
  IP_ADDRESS: 'ip-address',
  DOMAIN_NAME: 'url',
  US_SSN: 'us-ssn',
  US_DRIVER_LICENSE: 'us-driver-licence',
  DATE_TIME: 'date',
}
export const presidioEntities = Object.values(theirs)

type Theirs = {
  full_text: string
  spans: { entity_type: string; start_position: number; end_position: number }[]
  template_id: number
}

/** Rows in the form of presidio-research, with the entities that rules can find; odd templates are held back. */
export function presidioSet(rows: readonly Theirs[]): Labelled[] {
  return rows.map(row => ({
    text: row.full_text,
    spans: row.spans.flatMap(span => {
      const entity = theirs[span.entity_type]
      return entity ? [{ entity, start: span.start_position, end: span.end_position }] : []
    }),
    template: `presidio${row.template_id}`,
    held: row.template_id % 2 === 1,
  }))
}

/** The slice of presidio-research that comes with the repository. */
export function presidioSlice(): Labelled[] {
  const lines = readFileSync(new URL('presidio.jsonl', folder), 'utf8').trimEnd().split('\n')
  return presidioSet(lines.map(line => JSON.parse(line) as Theirs))
}
