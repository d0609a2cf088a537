import type { Facts, SourceStanding } from './facts.ts'
import { defineGate, type GateResult } from './gate.ts'

/** Words of the recipe that say that a site does not want this. */
const reserves = /\b(disallow|forbid|forbidden|denied|deny|refus|reserv|opt(ed)?[- ]?out|no-?ai|not allowed)/i
const online = ({ uri, asked }: SourceStanding) => asked === true || /^https?:/.test(uri ?? '')

/** Pages are read where their site lets programs read them and reserves nothing; the decision is kept for each. */
export const robots = defineGate({
  id: 'robots',
  level: 'critical',
  about: 'No row comes from a page whose site keeps programs or text and data mining out.',
  uses: ['fine-tuning', 'eval-set', 'edge-cases', 'privacy'],
  plan: judge,
  data: judge,
})

function judge({ sources, rows }: Facts): GateResult | undefined {
  if (!sources) return undefined
  const sites = sources.filter(source => source.feeds && online(source))
  const evidence = {
    sources: sites.map(({ name, uri, robots, asked, rejected }) => ({
      source: name,
      uri: uri ?? null,
      robots: robots ?? null,
      asked: asked ?? false,
      left: rejected ?? null,
    })),
    pages: rows?.robots ?? null,
  }
  if (sites.length === 0) return undefined
  const wayOut = 'Leave the source out, or override this gate with the permission that you have.'
  const reserved = sites.filter(({ robots, asked }) => !asked && robots !== undefined && reserves.test(robots))
  if (reserved.length > 0) {
    const why = reserved.map(({ name, robots }) => `${name}: ${robots}.`).join(' ')
    return { is: 'block', evidence, why, wayOut }
  }
  const denied = rows?.robots.deny ?? 0
  if (denied > 0) return { is: 'block', evidence, why: `${denied} pages are closed to programs.`, wayOut }
  const open = sites.filter(({ robots, asked }) => robots === undefined && !asked)
  if (open.length > 0) {
    const names = open.map(({ name }) => name).join(', ')
    return {
      is: 'unknown',
      evidence,
      why: `What robots.txt and the terms of the site say of ${names} is not told: \`robots\` is absent.`,
      wayOut: 'Write `robots:` at the source, or fetch its pages with `urls:`, which ask.',
    }
  }
  const left = sites.flatMap(({ name, rejected = {} }) => {
    const counts = ['disallowed', 'reserved'].flatMap(reason =>
      rejected[reason] ? [`${rejected[reason]} ${reason}`] : [],
    )
    return counts.length > 0 ? [`${counts.join(', ')} of ${name}`] : []
  })
  const out = left.length > 0 ? ` Left out: ${left.join('; ')}.` : ''
  return { is: 'pass', evidence, why: `Every page that was read is open to it.${out}` }
}
