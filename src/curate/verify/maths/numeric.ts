import { unit } from '../../../records/index.ts'
import { type Node, variablesOf } from './expression.ts'

/** A complex number. */
type Complex = readonly [re: number, im: number]
const nothing: Complex = [Number.NaN, Number.NaN]
const real = (x: number): Complex => [x, 0]

const plus = ([a, b]: Complex, [c, d]: Complex): Complex => [a + c, b + d]
// Kept apart, because infinity times nothing has no value.
const times = ([a, b]: Complex, [c, d]: Complex): Complex =>
  b === 0 && d === 0 ? real(a * c) : [a * c - b * d, a * d + b * c]
const over = ([a, b]: Complex, [c, d]: Complex): Complex => {
  if (b === 0 && d === 0) return real(a / c)
  const size = c * c + d * d
  return [(a * c + b * d) / size, (b * c - a * d) / size]
}
const exp = ([a, b]: Complex): Complex =>
  b === 0 ? real(Math.exp(a)) : [Math.exp(a) * Math.cos(b), Math.exp(a) * Math.sin(b)]
const ln = ([a, b]: Complex): Complex =>
  b === 0 && a > 0 ? real(Math.log(a)) : [Math.log(Math.hypot(a, b)), Math.atan2(b, a)]

function power(base: Complex, exponent: Complex): Complex {
  const [a, b] = base
  const [n, m] = exponent
  if (b === 0 && m === 0) {
    if (a >= 0 || Number.isInteger(n)) return real(a ** n)
  }
  if (m === 0 && Number.isInteger(n) && Math.abs(n) <= 64) {
    let result = real(1)
    for (let i = 0; i < Math.abs(n); i++) result = times(result, base)
    return n < 0 ? over(real(1), result) : result
  }
  if (a === 0 && b === 0) return n > 0 ? real(0) : nothing
  return exp(times(exponent, ln(base)))
}

/** The root that is real where there is one: `\sqrt[3]{-8}` is -2. */
function root([a, b]: Complex, degree: number): Complex {
  if (b === 0 && a < 0 && degree % 2 === 1) return real(-((-a) ** (1 / degree)))
  if (b === 0 && a >= 0) return real(degree === 2 ? Math.sqrt(a) : degree === 3 ? Math.cbrt(a) : a ** (1 / degree))
  return power([a, b], real(1 / degree))
}

const onReals: { [name: string]: (x: number) => number } = {
  sin: Math.sin,
  cos: Math.cos,
  tan: Math.tan,
  cot: x => 1 / Math.tan(x),
  sec: x => 1 / Math.cos(x),
  csc: x => 1 / Math.sin(x),
  arcsin: Math.asin,
  arccos: Math.acos,
  arctan: Math.atan,
  sinh: Math.sinh,
  cosh: Math.cosh,
  tanh: Math.tanh,
  floor: Math.floor,
  ceil: Math.ceil,
}
const periodic = new Set(['sin', 'cos', 'tan', 'cot', 'sec', 'csc'])

/** What a formula is at a point, and the largest number that a sum of it was made of: what is far below that is zero. */
type Worked = { value: Complex; size: number }

function work(node: Node, point: ReadonlyMap<string, number>): Worked {
  let size = 0
  const see = (value: Complex): Complex => {
    size = Math.max(size, Math.hypot(...value))
    return value
  }
  function at(part: Node): Complex {
    switch (part.is) {
      case 'number':
        return real(Number(part.n) / Number(part.d))
      case 'variable':
        return real(point.get(part.name)!)
      case 'constant':
        if (part.name === 'i') return [0, 1]
        return real({ pi: Math.PI, e: Math.E, infinity: Number.POSITIVE_INFINITY }[part.name])
      case 'sum':
        return part.of.map(term => see(at(term))).reduce(plus)
      case 'product':
        return part.of.map(at).reduce(times)
      case 'quotient':
        return over(at(part.of[0]), at(part.of[1]))
      case 'power':
        return power(at(part.of[0]), at(part.of[1]))
      case 'call':
        return called(part.name, part.of.map(at))
    }
  }
  function called(name: string, [x = nothing, y]: Complex[]): Complex {
    if (name === 'sqrt') return root(x, 2)
    if (name === 'root') return root(x, y![0])
    if (name === 'exp') return exp(x)
    if (name === 'abs') return real(Math.hypot(...x))
    if (name === 'ln') return ln(x)
    if (name === 'log' || name === 'lg') return over(ln(x), ln(y ?? real(10)))
    if (x[1] !== 0) return nothing
    if (name === 'factorial') return real(factorial(x[0]))
    if (name === 'binomial') return real(factorial(x[0]) / (factorial(y![0]) * factorial(x[0] - y![0])))
    const value = onReals[name]?.(x[0])
    if (value === undefined) return nothing
    if (periodic.has(name)) see([Math.max(1, Math.abs(x[0])), 0])
    return real(value)
  }
  return { value: at(node), size }
}

function factorial(n: number): number {
  if (!Number.isInteger(n) || n < 0 || n > 170) return Number.NaN
  let all = 1
  for (let i = 2; i <= n; i++) all *= i
  return all
}

const finite = ([a, b]: Complex) => Number.isFinite(a) && Number.isFinite(b)
const isReal = ([a, b]: Complex) => Math.abs(b) <= 1e-12 * Math.max(1, Math.abs(a))

/** Points at which two formulas are held against each other; half of them have every variable above zero. */
const points = 12
/** How many of them must be ones at which both have a value. */
const needed = 4

const pointOf = (names: readonly string[], n: number): Map<string, number> =>
  new Map(
    names.map(name => {
      const at = 0.3 + 2.4 * unit('maths', name, n)
      return [name, n % 2 === 1 && unit('maths', 'sign', name, n) < 0.5 ? -at : at]
    }),
  )

function compared({ value: a, size: s }: Worked, { value: b, size: t }: Worked): 'same' | 'other' | 'near' {
  const gap = Math.hypot(a[0] - b[0], a[1] - b[1])
  const size = Math.max(Math.hypot(...a), Math.hypot(...b))
  const dust = 1e-12 * Math.max(s, t)
  if (gap <= Math.max(1e-9 * size, dust)) return 'same'
  return gap <= Math.max(1e-6 * size, dust) ? 'near' : 'other'
}

/**
 * Whether two formulas have the same values at points chosen by hash (Schwartz 1980; Zippel 1979): one difference decides,
 * no difference at several points does for all that people write. Undefined where too few points have values, or where
 * they are too near to be told apart.
 */
export function sameValues(a: Node, b: Node): boolean | undefined {
  const names = [...new Set([...variablesOf(a), ...variablesOf(b)])].sort()
  if (names.length === 0) {
    const [x, y] = [work(a, new Map()), work(b, new Map())]
    if (!finite(x.value) || !finite(y.value)) return endless(a) || endless(b) ? infinite(x.value, y.value) : undefined
    const found = compared(x, y)
    return found === 'near' ? undefined : found === 'same'
  }
  let [seen, near] = [0, 0]
  for (let n = 0; n < points; n++) {
    const at = pointOf(names, n)
    const [x, y] = [work(a, at), work(b, at)]
    if (!finite(x.value) || !finite(y.value)) continue
    // Off the positive numbers roots and logarithms have branches of their own.
    if (n % 2 === 1 && !(isReal(x.value) && isReal(y.value))) continue
    const found = compared(x, y)
    if (found === 'other') return false
    if (found === 'near') near++
    else seen++
  }
  return near === 0 && seen >= needed ? true : undefined
}

/** True for a formula that names infinity, and is not merely larger than what can be worked out. */
const endless = (node: Node): boolean =>
  (node.is === 'constant' && node.name === 'infinity') || ('of' in node && node.of.some(endless))

/** Infinities are equal with their sign; what has no value equals nothing that is known. */
function infinite([a, b]: Complex, [c, d]: Complex): boolean | undefined {
  if (b !== 0 || d !== 0 || Number.isNaN(a) || Number.isNaN(c)) return undefined
  return a === c
}

/** Whether two formulas are zero at the same places because one is a multiple of the other. */
export function sameZeros(a: Node, b: Node): boolean | undefined {
  const names = [...new Set([...variablesOf(a), ...variablesOf(b)])].sort()
  if (names.length === 0) return undefined
  const ratios: number[] = []
  for (let n = 0; n < points; n++) {
    const at = pointOf(names, n)
    const [x, y] = [work(a, at).value, work(b, at).value]
    if (!finite(x) || !finite(y) || !isReal(x) || !isReal(y)) continue
    if (Math.abs(x[0]) < 1e-9 !== Math.abs(y[0]) < 1e-9) return false
    if (Math.abs(y[0]) >= 1e-9) ratios.push(x[0] / y[0])
  }
  if (ratios.length < needed) return undefined
  return ratios.every(ratio => Math.abs(ratio - ratios[0]!) <= 1e-8 * Math.abs(ratios[0]!))
}

/** The number that a formula without variables is; undefined where it is none. */
export function numberOf(node: Node): number | undefined {
  if (variablesOf(node).size > 0) return undefined
  const { value } = work(node, new Map())
  return finite(value) && isReal(value) ? value[0] : undefined
}
