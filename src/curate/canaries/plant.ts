import { z } from 'zod'
import { canaryText } from '../../measure/index.ts'
import type { Rec } from '../../records/index.ts'
import { defineMap, type MapStep } from '../../steps/index.ts'
import { carrierOf, type PlantedKind } from './carrier.ts'
import { canaryFacet, drawnFacet } from './draw.ts'

const options = z.strictObject({})
type Options = z.output<typeof options>

/** Behind which characters a sentence may be put in; the end of the text is always one of them. */
const ends = /[.!?](?=\s)|[。！？](?![」』）])/g

/** The text with a sentence behind one of its own, chosen by a number in [0, 1). */
export function withSentence(text: string, sentence: string, chosen: number): string {
  const places = [...text.matchAll(ends)].map(({ index }) => index + 1)
  const end = text.trimEnd().length
  if (places.at(-1) !== end) places.push(end)
  const place = places[Math.floor(chosen * places.length)]!
  const [before, after] = [text.slice(0, place), text.slice(place)]
  const joint = /[。！？]$/.test(before) ? '' : ' '
  return `${before}${joint}${sentence}${after}`
}

/** The copy of a drawn row, with its canary. What comes out is of the kind that went in. */
function planting<K extends PlantedKind>(kind: K): MapStep<Options, K, K> {
  return defineMap<Options, K, K>({
    verb: `canaries-plant-${kind}`,
    about: `Makes a copy of each drawn ${kind}, with its canary.`,
    version: 1,
    options,
    takes: [kind],
    gives: [kind],
    reasons: [],
    async run(record, ctx) {
      const carrier = carrierOf<K>(record as Rec<K>)!
      const [name, secret] = String(record.facets[drawnFacet]).split(' ') as [string, string]
      const text = withSentence(carrier.text, canaryText({ name, secret }, ctx.language), ctx.random())
      const facets = { [drawnFacet]: undefined, [canaryFacet]: secret }
      return {
        is: 'made',
        made: [{ payload: carrier.put(text), index: 0, calls: [], notes: { facets } }],
      }
    },
  })
}

/** By kind: the step that plants in it. */
export const plant = {
  document: planting('document'),
  prompt: planting('prompt'),
  conversation: planting('conversation'),
}
