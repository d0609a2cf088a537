import type { SimulatorCapacity } from './options.ts'

/** A place in a server: given back, or given up while it was waited for; `gone` then. */
export type Place = { gone: boolean; leave(): void }
type Guest = Place & { begin: (place: Place) => void; inside: boolean }

/** The slots of a server, and who has them. Without a capacity there is one for everybody. */
export function openSlots(capacity: SimulatorCapacity | undefined, clock: () => number) {
  const { concurrency = Number.POSITIVE_INFINITY, beyond = 'refuse', perSecond = 0 } = capacity ?? {}
  const start = Math.min(concurrency, capacity?.start ?? concurrency)
  const waiting = new Set<Guest>()
  let busy = 0
  let opened: number | undefined
  let counted: number | undefined
  let growth: NodeJS.Timeout | undefined
  let calling = false
  let sums = { maxBusy: 0, maxQueued: 0, busyMs: 0, slotMs: 0 }

  const slotsAt = (now: number) => Math.min(concurrency, start + (perSecond * (now - (opened ?? now))) / 1000)

  /** Brings the sums up to now; called before every change. */
  function count(): number {
    const now = clock()
    counted ??= now
    const span = now - counted
    sums.busyMs += busy * span
    if (capacity && opened !== undefined) {
      // Slots grow in a line until all are open.
      const full = perSecond > 0 ? opened + ((concurrency - start) / perSecond) * 1000 : Number.POSITIVE_INFINITY
      const growing = Math.max(0, Math.min(now, full) - counted)
      sums.slotMs += (growing * (slotsAt(counted) + slotsAt(Math.min(now, full)))) / 2 + (span - growing) * slotsAt(now)
    }
    counted = now
    return now
  }

  function admit(guest: Guest) {
    guest.inside = true
    busy++
    if (busy > sums.maxBusy) sums.maxBusy = busy
    guest.begin(guest)
  }

  function next() {
    const now = count()
    // A call that ends at once frees its slot for the same round.
    if (calling) return
    calling = true
    for (const guest of waiting) {
      if (busy + 1 > slotsAt(now)) break
      waiting.delete(guest)
      admit(guest)
    }
    calling = false
    if (waiting.size === 0 || perSecond <= 0 || growth || slotsAt(now) >= concurrency) return
    const ms = ((busy + 1 - slotsAt(now)) / perSecond) * 1000
    growth = setTimeout(
      () => {
        growth = undefined
        next()
      },
      Math.max(1, ms),
    )
  }

  const free = (now: number) => waiting.size === 0 && busy + 1 <= slotsAt(now)

  return {
    /** Whether a call that comes now is turned away. */
    refuses: (): boolean => beyond === 'refuse' && !free(clock()),
    /** Calls `begin` when a slot is free, now or later. */
    enter(begin: (place: Place) => void): Place {
      const guest: Guest = {
        begin,
        inside: false,
        gone: false,
        leave() {
          if (guest.gone) return
          guest.gone = true
          if (!guest.inside) return void waiting.delete(guest)
          count()
          busy--
          if (waiting.size > 0) next()
        },
      }
      const now = count()
      opened ??= now
      if (free(now)) admit(guest)
      else {
        waiting.add(guest)
        if (waiting.size > sums.maxQueued) sums.maxQueued = waiting.size
        if (perSecond > 0) next()
      }
      return guest
    },
    read() {
      count()
      return { queued: waiting.size, busy, ...sums }
    },
    reset() {
      count()
      opened = undefined
      sums = { maxBusy: busy, maxQueued: waiting.size, busyMs: 0, slotMs: 0 }
    },
    stop: () => clearTimeout(growth),
  }
}

export type Slots = ReturnType<typeof openSlots>
