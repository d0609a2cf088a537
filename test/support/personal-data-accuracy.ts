import { chosen, type Entity } from '../../src/curate/personal-data/entities.ts'
import type { Accuracy } from '../../src/curate/personal-data/report.ts'
import { scan } from '../../src/curate/personal-data/scan.ts'
import { random } from '../../src/records/index.ts'
import { type Labelled, ownSet, presidioEntities, presidioSlice } from './labelled-personal-data.ts'
import { checkedMakers, nearMiss, soundValue, written } from './personal-values.ts'
import { figuresOf, leaked, type SpanScore, scoreSpans } from './span-scores.ts'

const all = chosen(undefined)
/** Dates and web addresses are found when they are asked for, and labelled in the sets of others. */
const asked = new Set<Entity>([...all, 'date', 'url'])

/** Counts by entity, and what of the labelled characters was found by nobody. */
export function measure(
  set: readonly Labelled[],
  theirs: boolean,
): { scores: Map<string, SpanScore>; left: number; of: number } {
  const scores = new Map<string, SpanScore>()
  let left = 0
  let of = 0
  for (const { text, spans } of set) {
    const found = scan(text, { wanted: theirs ? asked : all })
      // Their one entity for dates holds dates of birth too; what they do not label says nothing.
      .map(one => (theirs && one.entity === 'date-of-birth' ? { ...one, entity: 'date' as const } : one))
      .filter(one => !theirs || presidioEntities.includes(one.entity))
    scoreSpans(spans, found, scores)
    const open = leaked(text, spans, found)
    left += open.left
    of += open.of
  }
  return { scores, left, of }
}

const rounded = (n: number) => Math.round(n * 1e4) / 1e4

/** Words that a value of the entity usually stands behind. */
export const labels: { [entity: string]: string } = {
  'credit-card': 'Card number',
  iban: 'IBAN',
  'crypto-address': 'Wallet',
  'jp-my-number': 'マイナンバー',
  'in-aadhaar': 'Aadhaar',
  'pl-pesel': 'PESEL',
  'kr-rrn': '주민등록번호',
  'fr-nir': 'NIR',
  'de-tax-id': 'Steuer-ID',
  'it-codice-fiscale': 'Codice fiscale',
  'es-nif': 'NIF',
  'es-nie': 'NIE',
  'uk-nhs': 'NHS number',
  'us-npi': 'NPI',
  'us-bank-routing': 'Routing number',
  'jp-health-insurance': '保険者番号',
}

/** Sound values must be found and mistyped ones must not: as many of each, behind the word for them, of one entity. */
export function measureGenerated(
  entity: string,
  values: number,
): { precision: number; recall: number; asOther: number } {
  let found = 0
  let wrong = 0
  let asOther = 0
  for (let i = 0; i < values; i++) {
    const dice = random('generated', entity, i)
    const say = (value: string) => scan(`${labels[entity]}: ${written(entity, value, dice)}`, { wanted: all })
    if (say(soundValue(entity, dice)).some(one => one.entity === entity)) found++
    const miss = say(nearMiss(entity, dice))
    if (miss.some(one => one.entity === entity)) wrong++
    else if (miss.length > 0) asOther++
  }
  return {
    precision: found + wrong === 0 ? 0 : found / (found + wrong),
    recall: found / values,
    asOther: asOther / values,
  }
}

/** Sentences held back while the rules were written: our own, and the slice of presidio-research. */
export const heldBack = (): { own: Labelled[]; theirs: Labelled[] } => ({
  own: ownSet(10).filter(one => one.held),
  theirs: presidioSlice().filter(one => one.held),
})

/** What the card shows, but for the generated values. */
export function measureLabelled(): Omit<Accuracy, 'generated'> {
  const { own, theirs } = heldBack()
  const [a, b] = [measure(own, false), measure(theirs, true)]
  const names = [...new Set([...a.scores.keys(), ...b.scores.keys()])].sort()
  const entities = names.map(name => {
    const none: SpanScore = { gold: 0, found: 0, matched: 0, exact: 0 }
    const [x, y] = [a.scores.get(name) ?? none, b.scores.get(name) ?? none]
    const sum = { gold: x.gold + y.gold, found: x.found + y.found, matched: x.matched + y.matched }
    const exact = x.exact + y.exact
    const { precision, recall, f2 } = figuresOf(sum)
    const strict = figuresOf({ ...sum, matched: exact }).f2
    return [
      name,
      {
        labelled: sum.gold,
        precision: rounded(precision),
        recall: rounded(recall),
        f2: rounded(f2),
        strict: rounded(strict),
      },
    ] as const
  })
  return {
    sentences: own.length + theirs.length,
    templates: new Set([...own, ...theirs].map(one => one.template)).size,
    entities: Object.fromEntries(entities),
    leaked: rounded((a.left + b.left) / (a.of + b.of)),
  }
}

export function measureAll(values: number): Accuracy {
  const entities = Object.keys(checkedMakers).map(entity => {
    const { precision, recall } = measureGenerated(entity, values)
    return [entity, { precision: rounded(precision), recall: rounded(recall) }] as const
  })
  return { ...measureLabelled(), generated: { values, entities: Object.fromEntries(entities) } }
}
