import { type Grade, right, undecided, wrong } from '../grade.ts'
import type { Answer } from './answer.ts'
import { sameFraction } from './exact.ts'
import type { Node } from './expression.ts'
import { numberOf, sameValues, sameZeros } from './numeric.ts'

type Value = Answer & { is: 'value' }
type List = Answer & { is: 'list' }

/** Whether two formulas are equal: exactly where both are fractions of polynomials, else by their values. */
function sameNode(a: Node, b: Node): boolean | undefined {
  const exactly = sameFraction(a, b)
  if (exactly !== 'large') return exactly ?? sameValues(a, b)
  // A small difference of large numbers does not show in their values.
  return sameValues(a, b) === false ? false : undefined
}

const scaled = (node: Node, by: number): Node => (by === 1 ? node : { is: 'product', of: [node, decimal(by)] })

/** A factor between units as a fraction: they are decimals as the tables have them. */
function decimal(value: number): Node {
  const [digits, exponent = '0'] = value.toExponential().split('e')
  const [before, after = ''] = digits!.split('.')
  const power = BigInt(Number(exponent) - after.length)
  const n = BigInt(`${before}${after}`)
  return power >= 0n ? { is: 'number', n: n * 10n ** power, d: 1n } : { is: 'number', n, d: 10n ** -power }
}

/** Whether a decimal is the other value, rounded to the places that it shows. */
function rounded(a: Value, b: Value): boolean {
  if (a.places === undefined || a.places < 2) return false
  const [x, y] = [numberOf(a.node), numberOf(b.node)]
  return x !== undefined && y !== undefined && Math.abs(x - y) <= 0.5000001 * 10 ** -a.places
}

function sameValue(a: Value, b: Value): Grade {
  if (a.name !== undefined && b.name !== undefined && a.name !== b.name) return wrong(`${a.name} instead of ${b.name}`)
  if (a.unit && b.unit && a.unit.of !== b.unit.of) return wrong(`${a.unit.of} instead of ${b.unit.of}`)
  if (a.base !== undefined && b.base !== undefined && a.base !== b.base)
    return wrong(`base ${a.base} instead of ${b.base}`)
  const both = a.unit && b.unit
  const pairs: [Node, Node][] = [
    [both ? scaled(a.node, a.unit!.times) : a.node, both ? scaled(b.node, b.unit!.times) : b.node],
  ]
  // A percentage may be given as such or as a share of one, an angle in degrees or in radians.
  if (a.percent && !b.percent) pairs.push([scaled(a.node, 0.01), b.node])
  if (b.percent && !a.percent) pairs.push([a.node, scaled(b.node, 0.01)])
  if (a.unit?.of === 'angle' && !b.unit) pairs.push([turn(a.node), b.node])
  if (b.unit?.of === 'angle' && !a.unit) pairs.push([a.node, turn(b.node)])
  const verdicts = pairs.map(([x, y]) => sameNode(x, y))
  if (verdicts.includes(true)) return right
  if (rounded(a, b) || rounded(b, a)) return undecided('equal when rounded')
  return verdicts.includes(undefined) ? undecided('the two cannot be told apart') : wrong('another value')
}

const turn = (node: Node): Node => ({
  is: 'product',
  of: [
    node,
    {
      is: 'quotient',
      of: [
        { is: 'constant', name: 'pi' },
        { is: 'number', n: 180n, d: 1n },
      ],
    },
  ],
})

/** `same` of two answers is symmetric: `same(a, b)` and `same(b, a)` have one verdict. */
export function same(a: Answer, b: Answer): Grade {
  if (a.is === 'words' || b.is === 'words') return sameWords(a, b)
  if (a.is === 'value' && b.is === 'value') return sameValue(a, b)
  if (a.is === 'list' && b.is === 'list') return sameList(a, b)
  if (a.is === 'list' || b.is === 'list') {
    const [list, other] = a.is === 'list' ? [a, b] : [b, a as Answer]
    // `\{5\}` is 5.
    return !(list as List).ordered && (list as List).of.length === 1
      ? same((list as List).of[0]!, other)
      : wrong('several values instead of one, or one instead of several')
  }
  return sameEquation(a, b)
}

function sameWords(a: Answer, b: Answer): Grade {
  const [x, y] = [a, b].map(one => (one.is === 'words' ? one.text : undefined))
  if (x !== undefined && y !== undefined) {
    const [p, q] = [x, y].map(text => text.replace(/^\(([a-z])\)$/, '$1').replace(/^(?:the|an?) /, ''))
    if (p === q) return right
    const part = p !== '' && q !== '' && (p!.includes(q!) || q!.includes(p!))
    return part || isFormula(p!) || isFormula(q!) ? undecided('neither can be read as a formula') : wrong('other words')
  }
  const words = (x ?? y)!
  return isFormula(words) ? undecided('one side cannot be read as a formula') : wrong('words instead of a value')
}

const isFormula = (text: string) => /[\\^_=<>+*/\d]/.test(text) || text.trim() === ''

function sameList(a: List, b: List): Grade {
  if (a.ordered !== b.ordered) {
    const [ordered, other] = a.ordered ? [a, b] : [b, a]
    if (other.open === 'union' || ordered.open === 'matrix') return wrong('another kind of answer')
    return undecided('several values in brackets, and several without an order')
  }
  if (a.ordered) {
    if (a.open !== b.open || a.close !== b.close) {
      return (a.open === 'matrix') !== (b.open === 'matrix')
        ? undecided('a matrix, and values in brackets')
        : wrong(`${a.open}${a.close} instead of ${b.open}${b.close}`)
    }
    if (a.of.length !== b.of.length) return wrong(`${a.of.length} values instead of ${b.of.length}`)
    return all(a.of.map((one, i) => same(one, b.of[i]!)))
  }
  const [p, q] = [a, b].map(list => once(list.of))
  if (p!.length !== q!.length) {
    const blurred = [p!, q!].some(list =>
      list.some((one, i) => list.some((two, j) => j > i && same(one, two).verdict === 'undecided')),
    )
    return blurred
      ? undecided('it cannot be told how many values there are')
      : wrong(`${p!.length} values instead of ${q!.length}`)
  }
  return matched(p!, q!)
}

/** Each value once: a set has none twice. */
const once = (values: Answer[]): Answer[] =>
  values.filter((one, i) => !values.slice(0, i).some(earlier => same(earlier, one).verdict === 'right'))

const all = (grades: Grade[]): Grade =>
  grades.find(({ verdict }) => verdict === 'wrong') ?? grades.find(({ verdict }) => verdict === 'undecided') ?? right

/** Values in any order: each has its equal on the other side, or may have where it cannot be told. */
function matched(p: Answer[], q: Answer[]): Grade {
  const grades = p.map(one => q.map(other => same(one, other).verdict))
  const fits = (accepted: (verdict: Grade['verdict']) => boolean): boolean => {
    const owner = new Map<number, number>()
    const place = (i: number, seen: Set<number>): boolean =>
      q.some((_, j) => {
        if (seen.has(j) || !accepted(grades[i]![j]!)) return false
        seen.add(j)
        const other = owner.get(j)
        if (other !== undefined && !place(other, seen)) return false
        owner.set(j, i)
        return true
      })
    return p.every((_, i) => place(i, new Set()))
  }
  if (fits(verdict => verdict === 'right')) return right
  return fits(verdict => verdict !== 'wrong') ? undecided('some values cannot be told apart') : wrong('other values')
}

/** Equations are equal when one is a multiple of the other; `y = 2x` stands for itself beside one that is not solved. */
function sameEquation(a: Answer, b: Answer): Grade {
  const [x, y] = [a, b].map(difference)
  if (!x || !y) return wrong('an equation instead of a value, or a value instead of an equation')
  const found = sameZeros(x, y)
  if (found === undefined) return undecided('the equations cannot be told apart')
  return found ? right : undecided('no equation is a multiple of the other')
}

function difference(answer: Answer): Node | undefined {
  const minus = (left: Node, right: Node): Node => ({
    is: 'sum',
    of: [left, { is: 'product', of: [{ is: 'number', n: -1n, d: 1n }, right] }],
  })
  if (answer.is === 'equation') return minus(...answer.sides)
  if (answer.is !== 'value' || answer.name === undefined || !/^[a-zA-Z](?:_\w+)?$/.test(answer.name)) return undefined
  return minus({ is: 'variable', name: answer.name }, answer.node)
}
