/** A formula. Decimals are exact fractions; `e`, `i` and `pi` are constants, every other letter is a variable. */
export type Node =
  | { is: 'number'; n: bigint; d: bigint }
  | { is: 'constant'; name: 'pi' | 'e' | 'i' | 'infinity' }
  | { is: 'variable'; name: string }
  | { is: 'sum' | 'product'; of: Node[] }
  | { is: 'quotient' | 'power'; of: [Node, Node] }
  | { is: 'call'; name: string; of: Node[] }

const whole = (n: bigint): Node => ({ is: 'number', n, d: 1n })
const minus = (node: Node): Node =>
  node.is === 'number' ? { ...node, n: -node.n } : { is: 'product', of: [whole(-1n), node] }

/** Characters of a formula, digits of a number and brackets inside brackets, beyond which nothing is read. */
const bounds = { length: 400, digits: 300, depth: 40 }

const functions = [
  ...['arcsin', 'arccos', 'arctan', 'sinh', 'cosh', 'tanh', 'sin', 'cos', 'tan', 'cot', 'sec', 'csc'],
  ...['ln', 'log', 'lg', 'exp', 'sqrt', 'abs', 'floor', 'ceil'],
]
const word = new RegExp(`^\\\\?(?:operatorname\\{(\\w+)\\}|(${functions.join('|')})(?![a-z]))`)
const greek =
  /^\\(alpha|beta|gamma|delta|epsilon|varepsilon|zeta|eta|theta|vartheta|iota|kappa|lambda|mu|nu|xi|rho|sigma|tau|phi|varphi|chi|psi|omega|Gamma|Delta|Theta|Lambda|Xi|Pi|Sigma|Phi|Psi|Omega)(?![a-zA-Z])/
const closing: { [open: string]: string } = {
  '(': ')',
  '[': ']',
  '{': '}',
  '|': '|',
  '\\lfloor': '\\rfloor',
  '\\lceil': '\\rceil',
}

/** What makes a whole number a mixed one: `1\frac{1}{2}`, `1 1/2`. */
const mixed = /^\\frac[ ]?\{[ ]?(\d+)[ ]?\}[ ]?\{[ ]?(\d+)[ ]?\}|^ (\d+)\/(\d+)(?![\d.])/

class Unread extends Error {}

/** Reads LaTeX or plain notation; undefined where it is none that is known. */
export function parse(text: string): Node | undefined {
  if (text.length > bounds.length) return undefined
  let at = 0
  let depth = 0
  const rest = () => text.slice(at)
  const skip = () => {
    while (text[at] === ' ') at++
  }
  function take(pattern: RegExp): RegExpExecArray | undefined {
    skip()
    const found = pattern.exec(rest())
    if (found) at += found[0].length
    return found ?? undefined
  }
  const fail = (): never => {
    throw new Unread()
  }

  function sum(): Node {
    if (++depth > bounds.depth) fail()
    const terms: Node[] = []
    let sign = take(/^[+-]/)?.[0]
    for (;;) {
      const term = product()
      terms.push(sign === '-' ? minus(term) : term)
      sign = take(/^[+-]/)?.[0]
      if (sign === undefined) break
    }
    depth--
    return terms.length === 1 ? terms[0]! : { is: 'sum', of: terms }
  }

  function product(): Node {
    let value = factor()
    for (;;) {
      const sign = take(/^(?:\*|\/|\\cdot(?![a-z])|\\times(?![a-z])|\\div(?![a-z])|:)/)?.[0]
      if (sign === undefined && !begins()) return value
      const next = factor()
      const divides = sign === '/' || sign === '\\div' || sign === ':'
      value = divides
        ? { is: 'quotient', of: [value, next] }
        : { is: 'product', of: [...(value.is === 'product' ? value.of : [value]), next] }
    }
  }

  /** Whether what follows is a factor beside the one before it, as in `2x`. */
  function begins(): boolean {
    skip()
    if (at >= text.length) return false
    return /^(?:[\w.([{]|\\(?!cdot|times|div|rfloor|rceil|right|cup|cap|in(?![a-z])|le|ge|lt|gt|ne|pm|mp|to(?![a-z])|\\|\}))/.test(
      rest(),
    )
  }

  function factor(): Node {
    const sign = take(/^[+-]/)?.[0]
    if (sign !== undefined) {
      if (++depth > bounds.depth) fail()
      const value = factor()
      depth--
      return sign === '-' ? minus(value) : value
    }
    let base = primary()
    for (;;) {
      if (take(/^!(?!=)/)) base = { is: 'call', name: 'factorial', of: [base] }
      else if (take(/^\^[ ]?(?:\{[ ]?\\circ[ ]?\}|\\circ(?![a-z]))/)) base = degrees(base)
      else if (take(/^\^/)) {
        base = { is: 'power', of: [base, exponent()] }
      } else return base
    }
  }
  const degrees = (node: Node): Node => ({
    is: 'product',
    of: [node, { is: 'quotient', of: [{ is: 'constant', name: 'pi' }, whole(180n)] }],
  })

  function exponent(): Node {
    const sign = take(/^[+-]/)?.[0]
    if (++depth > bounds.depth) fail()
    const value = primary()
    // Powers of powers are read from the right.
    const all: Node = take(/^\^/) ? { is: 'power', of: [value, exponent()] } : value
    depth--
    return sign === '-' ? minus(all) : all
  }

  /** The argument of a command: in braces, else one digit or one command. */
  function argument(): Node {
    skip()
    if (text[at] === '{') return bracketed('{')
    const digit = take(/^\d/)
    return digit ? whole(BigInt(digit[0])) : primary()
  }

  function bracketed(open: string): Node {
    at += open.length
    const inside = sum()
    skip()
    if (!text.startsWith(closing[open]!, at)) fail()
    at += closing[open]!.length
    return inside
  }

  function number(digits: string): Node {
    if (digits.length > bounds.digits) fail()
    const [before, after = ''] = digits.split('.')
    return reduced(BigInt(`${before}${after}`), 10n ** BigInt(after.length))
  }

  function primary(): Node {
    skip()
    const digits = take(/^(?:\d+(?:\.\d*)?|\.\d+)/)?.[0]
    if (digits !== undefined) {
      const value = number(digits)
      const part = /^\d+$/.test(digits) && mixed.exec(rest())
      if (!part) return value
      at += part[0].length
      const [n, d] = [part[1] ?? part[3]!, part[2] ?? part[4]!].map(text => number(text)) as [Node, Node]
      return { is: 'sum', of: [value, { is: 'quotient', of: [n, d] }] }
    }
    if (take(/^\\frac(?![a-z])/)) {
      const over = argument()
      return { is: 'quotient', of: [over, argument()] }
    }
    if (take(/^\\d?binom(?![a-z])/)) {
      const n = argument()
      return { is: 'call', name: 'binomial', of: [n, argument()] }
    }
    const called = take(word)
    if (called) return call(called[1] ?? called[2]!)
    const letter = take(greek)
    if (letter) return subscripted(letter[1]!)
    if (take(/^(?:\\pi(?![a-z])|pi(?![a-z]))/)) return { is: 'constant', name: 'pi' }
    if (take(/^\\infty(?![a-z])/)) return { is: 'constant', name: 'infinity' }
    for (const open of ['\\lfloor', '\\lceil', '|', '(', '[', '{']) {
      if (!text.startsWith(open, at)) continue
      const inside = bracketed(open)
      const name = { '\\lfloor': 'floor', '\\lceil': 'ceil', '|': 'abs' }[open]
      return name ? { is: 'call', name, of: [inside] } : inside
    }
    // A run of letters is a word and no formula, unless it is a product of few.
    const letters = take(/^[a-zA-Z]{1,2}(?![a-zA-Z])|^[a-zA-Z](?=[a-zA-Z]{1,2}(?![a-zA-Z]))/)?.[0]
    if (letters === undefined) return fail()
    at -= letters.length - 1
    const name = letters[0]!
    if (name === 'e' || name === 'i') return { is: 'constant', name }
    return subscripted(name)
  }

  function subscripted(name: string): Node {
    const under = take(/^_(?:\{(\w{1,8})\}|(\w))/)
    return { is: 'variable', name: under ? `${name}_${under[1] ?? under[2]}` : name }
  }

  function call(name: string): Node {
    if (name === 'sqrt') {
      const root = take(/^\[[ ]?(\d{1,2})[ ]?\]/)?.[1]
      const of = argument()
      return root === undefined
        ? { is: 'call', name, of: [of] }
        : { is: 'call', name: 'root', of: [of, whole(BigInt(root))] }
    }
    const base = name === 'log' && take(/^_/) ? argument() : undefined
    const power = take(/^\^/) ? exponent() : undefined
    skip()
    const of = text[at] === '(' || text[at] === '{' || text[at] === '[' ? primary() : applied()
    const plain: Node = { is: 'call', name, of: base === undefined ? [of] : [of, base] }
    if (power === undefined) return plain
    // `\sin^{-1}` is the inverse.
    const inverse = power.is === 'number' && power.n === -1n && power.d === 1n && ['sin', 'cos', 'tan'].includes(name)
    return inverse ? { is: 'call', name: `arc${name}`, of: [of] } : { is: 'power', of: [plain, power] }
  }

  /** What a function without brackets is applied to: `\sin 2x`, up to the next sign or function. */
  function applied(): Node {
    const factors = [factor()]
    while (begins() && !word.test(rest().trimStart()) && text[at] !== '(') factors.push(factor())
    return factors.length === 1 ? factors[0]! : { is: 'product', of: factors }
  }

  try {
    const read = sum()
    skip()
    return at === text.length ? read : undefined
  } catch (error) {
    if (error instanceof Unread) return undefined
    throw error
  }
}

function gcd(a: bigint, b: bigint): bigint {
  let [x, y] = [a < 0n ? -a : a, b < 0n ? -b : b]
  while (y) [x, y] = [y, x % y]
  return x
}

/** A fraction in lowest terms, its denominator positive. */
export function reduced(n: bigint, d: bigint): Node & { is: 'number' } {
  const by = gcd(n, d) * (d < 0n ? -1n : 1n)
  return { is: 'number', n: n / by, d: d / by }
}

/** Whether a formula has a part of this sort. */
export const holds = (node: Node, is: Node['is']): boolean =>
  node.is === is || ('of' in node && node.of.some(part => holds(part, is)))

/** Names of the variables of a formula. */
export function variablesOf(node: Node, found = new Set<string>()): Set<string> {
  if (node.is === 'variable') found.add(node.name)
  if ('of' in node) for (const part of node.of) variablesOf(part, found)
  return found
}
