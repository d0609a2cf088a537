import { StillroomError } from '../errors/index.ts'
import type { Journal, Money } from '../workspace/index.ts'
import type { Stop } from './stop.ts'

/** Money for some calls: one, unless it says so. */
export type Spend = Money & { calls?: number }
export type Budget = { usd?: number; tokens?: number; calls?: number }

/**
 * What may still be spent. A reservation that does not fit waits while others are out, since they cost less than their
 * worst case when they land; when none is out, the budget is reached and the run stops.
 */
export type Purse = {
  /**
   * Takes the worst case of a call, or of several, at once or when the promise resolves. Throws `Stopped`; of several
   * calls `tooMuch`, where there may be room for fewer.
   */
  reserve(money: Spend, tooMuch?: Error): Promise<void> | undefined
  /** Takes it only if there is room now and nobody waits. */
  take(money: Spend): boolean
  /** Counts a call as out whose worst case the journal holds already: one of a batch that an earlier process cut. */
  adopt(): void
  /** Gives the reservation back and counts what the call did cost, if it was made; dollars nobody knows count in full. */
  settle(reserved: Spend, cost?: Spend): void
}

export function openPurse(before: ReturnType<Journal['spent']>, budget: Budget, stop: Stop): Purse {
  // A call that an earlier process sent without hearing back may have been answered.
  const spent = { usd: before.usd, tokens: before.tokens, calls: before.calls + before.orphans }
  const waiting: { money: Spend; go: () => void; fewer: (() => void) | undefined }[] = []
  let out = 0
  stop.tripped.catch(serve)

  function add({ usd, tokens, calls = 1 }: Spend, sign: 1 | -1): void {
    spent.usd += sign * (usd ?? 0)
    spent.tokens += sign * tokens
    spent.calls += sign * calls
  }
  function limit(money: Spend): string | undefined {
    if (budget.usd !== undefined && spent.usd + (money.usd ?? 0) > budget.usd) return `$${budget.usd}`
    if (budget.tokens !== undefined && spent.tokens + money.tokens > budget.tokens) return `${budget.tokens} tokens`
    if (budget.calls !== undefined && spent.calls + (money.calls ?? 1) > budget.calls) return `${budget.calls} calls`
    return undefined
  }
  function take(money: Spend): boolean {
    if (waiting.length > 0 || limit(money)) return false
    out++
    add(money, 1)
    return true
  }
  /** Whoever waits, in order, as far as there is room; everybody once the run is stopping. */
  function serve(): void {
    for (let next = waiting[0]; next; next = waiting[0]) {
      const over = limit(next.money)
      if (over && out > 0 && !stop.reason) return
      if (over && next.fewer && !stop.reason) {
        waiting.shift()
        next.fewer()
        continue
      }
      if (over) {
        stop.trip(
          new StillroomError('SR_BUDGET', `The budget of ${over} is reached.`, {
            received: `$${spent.usd.toFixed(4)}, ${spent.tokens} tokens and ${spent.calls} calls spent`,
            hint: 'raise `budget` in the recipe and run again, or take what is finished with: stillroom release --partial',
          }),
        )
      } else if (!stop.reason) {
        out++
        add(next.money, 1)
      }
      waiting.shift()
      next.go()
    }
  }
  return {
    reserve(money, tooMuch) {
      if (take(money)) return undefined
      const turn = new Promise<void>((go, fail) => waiting.push({ money, go, fewer: tooMuch && (() => fail(tooMuch)) }))
      serve()
      return turn.then(stop.check)
    },
    take,
    adopt: () => void out++,
    settle(reserved, cost) {
      out--
      add(reserved, -1)
      if (cost) add({ ...cost, usd: cost.usd ?? reserved.usd }, 1)
      serve()
    },
  }
}
