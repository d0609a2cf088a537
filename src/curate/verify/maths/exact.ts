import { type Node, reduced } from './expression.ts'

/** Terms by their powers, such as `x 2 y 1`; the empty key is the constant. No term is zero. */
type Polynomial = Map<string, Term>
type Term = { powers: ReadonlyMap<string, number>; n: bigint; d: bigint }
type Fraction = { over: Polynomial; under: Polynomial }

/** Terms of a polynomial, power of a sum, size of a coefficient, and terms added in one comparison. */
const bounds = { terms: 300, power: 40, coefficient: 1n << 4096n, work: 30_000 }

class TooMuch extends Error {}

/** Work that is left in the comparison under way: one at a time, since it never waits. */
let left = 0

const keyOf = (powers: ReadonlyMap<string, number>) =>
  [...powers]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, power]) => `${name} ${power}`)
    .join(' ')

function put(into: Polynomial, { powers, n, d }: Term): void {
  const key = keyOf(powers)
  const known = into.get(key)
  const sum = known ? reduced(known.n * d + n * known.d, known.d * d) : reduced(n, d)
  if (sum.n === 0n) into.delete(key)
  else into.set(key, { powers, n: sum.n, d: sum.d })
  const large = sum.n > bounds.coefficient || sum.n < -bounds.coefficient || sum.d > bounds.coefficient
  if (large || into.size > bounds.terms || --left < 0) throw new TooMuch()
}

const constant = (n: bigint, d = 1n): Polynomial => new Map(n === 0n ? [] : [['', { powers: new Map(), n, d }]])
const one = constant(1n)

function added(a: Polynomial, b: Polynomial): Polynomial {
  const sum = new Map(a)
  for (const term of b.values()) put(sum, term)
  return sum
}

function multiplied(a: Polynomial, b: Polynomial): Polynomial {
  const product: Polynomial = new Map()
  for (const x of a.values()) {
    for (const y of b.values()) {
      const powers = new Map(x.powers)
      for (const [name, power] of y.powers) powers.set(name, (powers.get(name) ?? 0) + power)
      put(product, { powers, n: x.n * y.n, d: x.d * y.d })
    }
  }
  return product
}

const times = (a: Fraction, b: Fraction): Fraction => ({
  over: multiplied(a.over, b.over),
  under: multiplied(a.under, b.under),
})

function plus(a: Fraction, b: Fraction): Fraction {
  if (same(a.under, b.under)) return { over: added(a.over, b.over), under: a.under }
  return {
    over: added(multiplied(a.over, b.under), multiplied(b.over, a.under)),
    under: multiplied(a.under, b.under),
  }
}

function same(a: Polynomial, b: Polynomial): boolean {
  return a.size === b.size && [...a].every(([key, { n, d }]) => b.get(key)?.n === n && b.get(key)?.d === d)
}

function raised(base: Fraction, power: number): Fraction {
  const single = base.over.size <= 1 && base.under.size <= 1
  if (Math.abs(power) > (single ? 1000 : bounds.power)) throw new TooMuch()
  const turned = power < 0 ? { over: base.under, under: base.over } : base
  let result: Fraction = { over: one, under: one }
  let square = turned
  for (let rest = Math.abs(power); rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result = times(result, square)
    if (rest > 1) square = times(square, square)
  }
  return result
}

/** A formula as one fraction of two polynomials; undefined where it has parts that are none, such as roots. */
function fractionOf(node: Node): Fraction | undefined {
  switch (node.is) {
    case 'number':
      return { over: constant(node.n, node.d), under: one }
    case 'variable':
      return symbol(node.name)
    case 'constant':
      // No polynomial with rational coefficients is zero at pi or at e.
      return node.name === 'pi' || node.name === 'e' ? symbol(`\\${node.name}`) : undefined
    case 'sum':
    case 'product': {
      let all: Fraction | undefined
      for (const part of node.of) {
        const next = fractionOf(part)
        if (!next) return undefined
        all = all === undefined ? next : node.is === 'sum' ? plus(all, next) : times(all, next)
      }
      return all
    }
    case 'quotient': {
      const [over, under] = node.of.map(fractionOf)
      return over && under && under.over.size > 0
        ? { over: multiplied(over.over, under.under), under: multiplied(over.under, under.over) }
        : undefined
    }
    case 'power': {
      const [base, exponent] = node.of.map(fractionOf)
      const power = exponent && wholeOf(exponent)
      if (!base || power === undefined || (power < 0 && base.over.size === 0)) return undefined
      return raised(base, power)
    }
    case 'call': {
      const [first, second] = node.of.map(fractionOf)
      const [n, k] = [first && wholeOf(first), second && wholeOf(second)]
      if (node.name === 'factorial' && n !== undefined && n >= 0 && n <= 200) return whole(product(1, n))
      if (node.name === 'binomial' && n !== undefined && k !== undefined && k >= 0 && k <= n && n <= 200)
        return whole(product(n - k + 1, n) / product(1, k))
      return undefined
    }
  }
}

const whole = (n: bigint): Fraction => ({ over: constant(n), under: one })
const symbol = (name: string): Fraction => {
  const powers = new Map([[name, 1]])
  return { over: new Map([[keyOf(powers), { powers, n: 1n, d: 1n }]]), under: one }
}

function product(from: number, to: number): bigint {
  let all = 1n
  for (let n = from; n <= to; n++) all *= BigInt(n)
  return all
}

/** The whole number that a fraction is. */
function wholeOf({ over, under }: Fraction): number | undefined {
  if (over.size === 0) return 0
  const [a, b] = [over.get(''), under.get('')]
  if (!a || !b || over.size > 1 || under.size > 1) return undefined
  const value = reduced(a.n * b.d, a.d * b.n)
  return value.d === 1n && value.n < 10_000n && value.n > -10_000n ? Number(value.n) : undefined
}

/**
 * Whether two formulas are the same fraction of polynomials, worked out exactly: numbers as fractions, sums multiplied out.
 * Undefined where one of them is no such fraction, `large` where it is too large to be worked out.
 */
export function sameFraction(a: Node, b: Node): boolean | undefined | 'large' {
  left = bounds.work
  try {
    const [x, y] = [fractionOf(a), fractionOf(b)]
    if (!x || !y) return undefined
    const equal = same(multiplied(x.over, y.under), multiplied(y.over, x.under))
    // Nobody knows a relation between pi and e, and nobody has shown that there is none.
    const both = JSON.stringify([...x.over.keys(), ...x.under.keys(), ...y.over.keys(), ...y.under.keys()])
    return equal || !(both.includes('\\\\pi') && both.includes('\\\\e')) ? equal : undefined
  } catch (error) {
    if (error instanceof TooMuch) return 'large'
    throw error
  }
}
