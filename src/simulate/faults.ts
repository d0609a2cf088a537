import { unit } from '../records/index.ts'
import type { SimulatorFault, SimulatorFaultRule, SimulatorOptions } from './options.ts'

const passing: SimulatorFault[] = [{ status: 500 }, { status: 503 }, 'reset', 'truncated']

type Counted = SimulatorFaultRule & { seen: number }

function matches(pattern: string, method: string, path: string): boolean {
  const [first, second] = pattern.split(' ')
  if (second !== undefined && first !== method) return false
  const wanted = (second ?? first!).split('/')
  const given = path.split('/')
  return wanted.length === given.length && wanted.every((part, i) => part === '*' || part === given[i])
}

/** Which calls go wrong, and how: by number among the calls that a rule is for, and by hash where it has a share. */
export function faultPlan({ seed = 1, schedule = [], faults = [], errorRate = 0 }: SimulatorOptions) {
  let rules: Counted[] = []
  let arrived = 0
  let attempts = new Map<string, number>()
  const reset = () => {
    rules = faults.map(rule => ({ ...rule, seen: 0 }))
    arrived = 0
    attempts = new Map()
  }
  reset()

  function drawn(share: number, ...names: string[]): boolean {
    const key = names.join(' ')
    const attempt = attempts.get(key) ?? 0
    attempts.set(key, attempt + 1)
    return unit(seed, key, attempt) < share
  }

  /** Every rule counts each call it is for, whichever of them holds. */
  function ruled(isFor: (rule: Counted) => boolean, ...names: string[]): SimulatorFault | undefined {
    let found: SimulatorFault | undefined
    rules.forEach((rule, i) => {
      if (!isFor(rule)) return
      const { kind, from = 1, share = 1 } = rule
      const to = rule.to ?? (rule.count === undefined ? Number.POSITIVE_INFINITY : from + rule.count - 1)
      const n = ++rule.seen
      if (found !== undefined || n < from || n > to) return
      if (share >= 1 || drawn(share, `rule ${i}`, ...names)) found = kind
    })
    return found
  }

  return {
    reset,
    chat(path: string, model: string, request: string, draw: string): SimulatorFault | undefined {
      const planned = arrived < schedule.length ? schedule[arrived++] : undefined
      const byRule =
        rules.length === 0
          ? undefined
          : ruled(
              rule =>
                (rule.model === undefined || rule.model === model) &&
                (rule.path === undefined || matches(rule.path, 'POST', path)),
              request,
              draw,
            )
      if (planned !== undefined || byRule !== undefined) return planned ?? byRule
      if (errorRate <= 0) return undefined
      const key = `${request} ${draw}`
      const attempt = attempts.get(key) ?? 0
      if (unit(seed, key, attempt) >= errorRate) {
        attempts.delete(key)
        return undefined
      }
      attempts.set(key, attempt + 1)
      return passing[Math.floor(unit(seed, key, attempt, 'kind') * passing.length)]!
    },
    /** For what is no call of a model: only rules that name its path. */
    visit: (method: string, path: string): SimulatorFault | undefined =>
      rules.length === 0
        ? undefined
        : ruled(rule => rule.path !== undefined && matches(rule.path, method, path), method, path),
  }
}

export type FaultPlan = ReturnType<typeof faultPlan>
