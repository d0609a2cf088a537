import type { Id, Parent } from '../records/index.ts'

/**
 * What becomes of a record when others are erased. `delete`: it is one of them, or all its subjects go, and with them
 * what it was made of. `regenerate`: it was made of more than what goes, and can be made anew without it.
 */
export type Fate = 'delete' | 'regenerate'

const growing = (held: Int32Array<ArrayBuffer>, needed: number): Int32Array<ArrayBuffer> => {
  if (needed <= held.length) return held
  const larger = new Int32Array(Math.max(needed, held.length * 2))
  larger.set(held)
  return larger
}

/** Who descends from whom, by any parent but a whole corpus: ids once, and four numbers for each edge. */
export type Kinship = {
  /** The same record may come several times, with other parents each time. */
  add(id: Id, parents: readonly Parent[]): void
  has(id: Id): boolean
  size(): number
  /** Subjects of a record, theirs, and so on. */
  ascend(ids: Iterable<Id>): Set<Id>
  /** `gone` and everything below them; and everything below `renewed`, which are to be made anew. */
  descend(gone: Iterable<Id>, renewed?: Iterable<Id>): Map<Id, Fate>
}

export function kinship(): Kinship {
  const numbers = new Map<Id, number>()
  const ids: Id[] = []
  let edges = 0
  const numbersFor = (): Int32Array<ArrayBuffer> => new Int32Array(1024)
  let [above, below, subject] = [numbersFor(), numbersFor(), numbersFor()]
  let [nextBelow, nextAbove] = [numbersFor(), numbersFor()]
  /** The last edge of each record, plus one: down to what was made of it, and up to what it was made of. */
  let [firstBelow, firstAbove] = [numbersFor(), numbersFor()]

  function numberOf(id: Id): number {
    const known = numbers.get(id)
    if (known !== undefined) return known
    const n = ids.push(id) - 1
    numbers.set(id, n)
    if (n === firstBelow.length) {
      firstBelow = growing(firstBelow, n + 1)
      firstAbove = growing(firstAbove, n + 1)
    }
    return n
  }
  function* upwards(n: number): Generator<number> {
    for (let e = firstAbove[n]!; e > 0; e = nextAbove[e - 1]!) yield e - 1
  }
  function* downwards(n: number): Generator<number> {
    for (let e = firstBelow[n]!; e > 0; e = nextBelow[e - 1]!) yield e - 1
  }
  function related(n: number, p: number, isSubject: number): boolean {
    for (let e = firstAbove[n]!; e > 0; e = nextAbove[e - 1]!)
      if (above[e - 1] === p && subject[e - 1] === isSubject) return true
    return false
  }
  const knownOf = (wanted: Iterable<Id>): number[] => [...wanted].flatMap(id => numbers.get(id) ?? [])

  return {
    has: id => numbers.has(id),
    size: () => ids.length,
    add(id, parents) {
      const n = numberOf(id)
      for (const { id: parent, role } of parents) {
        if (role === 'corpus') continue
        const p = numberOf(parent)
        const isSubject = role === 'subject' ? 1 : 0
        if (related(n, p, isSubject)) continue
        if (edges === above.length) {
          above = growing(above, edges + 1)
          below = growing(below, edges + 1)
          subject = growing(subject, edges + 1)
          nextBelow = growing(nextBelow, edges + 1)
          nextAbove = growing(nextAbove, edges + 1)
        }
        above[edges] = p
        below[edges] = n
        subject[edges] = isSubject
        nextBelow[edges] = firstBelow[p]!
        nextAbove[edges] = firstAbove[n]!
        edges++
        firstBelow[p] = edges
        firstAbove[n] = edges
      }
    },
    ascend(wanted) {
      const found = new Set<number>()
      const open = knownOf(wanted)
      for (let n = open.pop(); n !== undefined; n = open.pop()) {
        for (const e of upwards(n)) {
          if (subject[e] === 0 || found.has(above[e]!)) continue
          found.add(above[e]!)
          open.push(above[e]!)
        }
      }
      return new Set([...found].map(n => ids[n]!))
    },
    descend(gone, renewed = []) {
      const fates = new Map<number, Fate>()
      const open: number[] = []
      const settle = (n: number, fate: Fate): void => {
        if (fates.get(n) === fate || fates.get(n) === 'delete') return
        fates.set(n, fate)
        open.push(n)
      }
      for (const n of knownOf(gone)) settle(n, 'delete')
      for (const n of knownOf(renewed)) settle(n, 'regenerate')
      for (let n = open.pop(); n !== undefined; n = open.pop()) {
        for (const e of downwards(n)) {
          const child = below[e]!
          // Whoever still has a subject can be made of it; a child is looked at again when another of its subjects goes.
          let [subjects, left] = [0, 0]
          for (const up of upwards(child)) {
            if (subject[up] === 0) continue
            subjects++
            if (fates.get(above[up]!) !== 'delete') left++
          }
          settle(child, subjects > 0 && left === 0 ? 'delete' : 'regenerate')
        }
      }
      return new Map([...fates].map(([n, fate]) => [ids[n]!, fate]))
    },
  }
}
