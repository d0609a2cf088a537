/** Numbers as words of a report: never by locale, so that a report reads the same everywhere. */

/** 12345.6 as `12,346`. */
export function thousands(value: number): string {
  const digits = String(Math.abs(Math.round(value)))
  const grouped = digits.replace(/\B(?=(\d{3})+$)/g, ',')
  return value < 0 ? `-${grouped}` : grouped
}

/** `1 row`, `2 rows`, `1,204 rows`. */
export function counted(n: number, one: string, many = `${one}s`): string {
  return `${thousands(n)} ${n === 1 ? one : many}`
}

/** Dollars with as many digits as a reader can use; unknown where no price was given. */
export function dollars(usd: number | null | undefined): string {
  if (usd === null || usd === undefined) return 'no price'
  if (usd === 0) return '$0'
  if (usd < 0.01) return `$${usd.toPrecision(2)}`
  const [whole, cents] = usd.toFixed(2).split('.')
  return `$${thousands(Number(whole))}.${cents}`
}

/** A large number with three digits: `842`, `12.4 k`, `1.20 M`. */
export function compact(value: number): string {
  const units = ['', ' k', ' M', ' G', ' T']
  let unit = 0
  let rest = value
  while (rest >= 999.5 && unit < units.length - 1) {
    rest /= 1000
    unit++
  }
  return `${unit === 0 ? thousands(rest) : rest.toPrecision(3)}${units[unit]}`
}

/** Bytes in units of 1,024. */
export function bytes(n: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let value = n
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  return `${unit === 0 || value >= 100 ? thousands(value) : value.toFixed(1)} ${units[unit]}`
}

/** Milliseconds as `0.8 s`, `42 s`, `3 min 05 s`, `2 h 07 min`. */
export function duration(ms: number): string {
  if (ms < 9_950) return `${(ms / 1000).toFixed(1)} s`
  const s = Math.round(ms / 1000)
  const two = (n: number): string => String(n).padStart(2, '0')
  if (s < 60) return `${s} s`
  if (s < 3600) return `${Math.floor(s / 60)} min ${two(s % 60)} s`
  return `${Math.floor(s / 3600)} h ${two(Math.floor((s % 3600) / 60))} min`
}

/** Milliseconds of an estimate: `42 s`, `12 min`, `2 h 10 min`. */
export function roughly(ms: number): string {
  if (ms < 59_500) return `${Math.max(1, Math.round(ms / 1000))} s`
  const minutes = Math.round(ms / 60_000)
  if (minutes < 60) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  return hours < 24 ? `${hours} h ${minutes % 60} min` : `${counted(Math.round(hours / 24), 'day')}`
}

/** An instant as `2026-11-20 10:15 UTC`. */
export function instant(iso: string | undefined): string {
  return iso ? `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC` : 'at an unknown time'
}

/** Reasons with their counts, most frequent first: `12 unparseable, 3 refused`. */
export function reasonList(reasons: { [reason: string]: number }, most = Number.POSITIVE_INFINITY): string {
  const sorted = Object.entries(reasons).sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
  const shown = sorted.slice(0, most).map(([reason, n]) => `${thousands(n)} ${reason}`)
  if (sorted.length > shown.length) shown.push(`${sorted.length - shown.length} more`)
  return shown.join(', ')
}
