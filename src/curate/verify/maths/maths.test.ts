import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { equivalent, maths, mathsIn, shape } from './maths.ts'

const verdict = (a: string, b: string) => equivalent(a, b).verdict

/** Two answers that are equal. */
const equal: [string, string, why: string][] = [
  // Words and notation
  ['\\text{Tuesday}', 'tuesday', 'words without case and commands'],
  ['(C)', 'C', 'a letter in brackets'],
  ['$42$', '42', 'signs that only set the type'],
  ['\\boxed{\\dfrac{1}{2}}', '\\frac12', 'a box, and arguments without braces'],
  ['１２', '12', 'full width'],
  ['seven', '7', 'a number in words'],
  ['−5', '-5', 'a minus sign of its own'],
  ['x²', 'x^2', 'a raised sign'],
  // Exact numbers
  ['0.5', '\\frac{1}{2}', 'a decimal and its fraction'],
  ['1,234,567', '1234567', 'thousands'],
  ['\\frac{2}{4}', '1/2', 'lowest terms'],
  ['1\\frac{1}{2}', '\\frac{3}{2}', 'a mixed number'],
  ['2 3/4', '2.75', 'a mixed number in plain text'],
  ['2^{10}', '1024', 'a power'],
  ['10^{-2}', '0.01', 'a negative power'],
  ['5!', '120', 'a factorial'],
  ['\\binom{5}{2}', '10', 'a binomial'],
  ['3 \\times 10^5', '300000', 'scientific notation'],
  ['\\frac{\\frac{1}{2}}{3}', '\\frac{1}{6}', 'a fraction of fractions'],
  ['123456789012345678901234567890', '123456789012345678901234567889+1', 'more digits than a float has'],
  ['-\\frac{3}{7}', '\\frac{-3}{7}', 'the sign before or in the fraction'],
  ['50\\%', '\\frac{1}{2}', 'a percentage as a share'],
  ['50\\%', '50', 'a percentage without its sign'],
  // Units
  ['5\\text{ cm}', '5', 'a unit that one side leaves out'],
  ['5 cm', '0.05 m', 'units of one dimension'],
  ['\\$18.90', '18.9 dollars', 'money'],
  ['90^\\circ', '90', 'degrees left out'],
  ['30^\\circ', '\\frac{\\pi}{6}', 'degrees and radians'],
  ['12 apples', '12', 'what is counted'],
  ['1 \\text{ hour}', '60 \\text{ minutes}', 'time'],
  ['25\\text{ m}^2', '25', 'a unit with a power'],
  // Formulas
  ['(x+1)^2', 'x^2+2x+1', 'multiplied out'],
  ['(a+b)(a-b)', 'a^2-b^2', 'a product of sums'],
  ['2x', 'x \\cdot 2', 'order of factors'],
  ['x+y', 'y + x', 'order of terms'],
  ['\\frac{x^2-1}{x-1}', 'x+1', 'a fraction reduced'],
  ['\\frac{1}{x}+\\frac{1}{y}', '\\frac{x+y}{xy}', 'a common denominator'],
  ['\\pi r^2', 'r^2\\pi', 'pi as a factor'],
  ['2**3', '8', 'a power as programs write it'],
  ['3*x^2 + 2*x', 'x(3x+2)', 'plain notation'],
  // Roots, logarithms, angles: by value
  ['\\sqrt{8}', '2\\sqrt{2}', 'a square drawn out of a root'],
  ['\\frac{1}{\\sqrt{2}}', '\\frac{\\sqrt{2}}{2}', 'a root in the denominator'],
  ['\\sqrt[3]{-27}', '-3', 'a real root of a negative number'],
  ['\\sqrt{3+2\\sqrt2}', '1+\\sqrt2', 'a nested root'],
  ['\\sin^2 x + \\cos^2 x', '1', 'an identity'],
  ['\\ln(ab)', '\\ln a + \\ln b', 'a logarithm of a product'],
  ['\\log_2 8', '3', 'a logarithm with a base'],
  ['\\sin 30^\\circ', '\\frac12', 'a sine in degrees'],
  ['e^{i\\pi}', '-1', 'complex numbers'],
  ['(2+3i)(2-3i)', '13', 'a product of conjugates'],
  ['\\sqrt{x^2}', '|x|', 'a root of a square'],
  ['\\tan x', '\\frac{\\sin x}{\\cos x}', 'a quotient of functions'],
  // Sets, tuples, intervals
  ['\\{1, 2, 3\\}', '\\{3, 1, 2\\}', 'a set in another order'],
  ['1, 2', '2 and 1', 'a list without an order'],
  ['\\{1, 1, 2\\}', '\\{2, 1\\}', 'a set has no value twice'],
  ['(1, 2)', '\\left( \\frac{2}{2}, 2 \\right)', 'a tuple by its parts'],
  ['x=1 \\text{ or } x=-1', '\\pm 1', 'both signs'],
  ['1 \\pm \\sqrt{2}', '\\{1-\\sqrt2, 1+\\sqrt2\\}', 'both signs in a sum'],
  ['[0, \\infty)', 'x \\ge 0', 'an interval as an inequality'],
  ['(1, 2]', '1 < x \\leq 2', 'an interval as two inequalities'],
  ['(-\\infty, 1) \\cup (2, \\infty)', '(2,\\infty)\\cup(-\\infty,1)', 'a union in another order'],
  ['x \\in [1, 3]', '[1,3]', 'membership'],
  ['\\emptyset', '\\{\\}', 'the empty set'],
  ['\\{5\\}', '5', 'a set of one'],
  // Equations and assignments
  ['x = 5', '5', 'the name of what was asked for'],
  ['f(x) = 2x + 1', '1+2x', 'the name of a function'],
  ['y = 2x + 3', '2x - y + 3 = 0', 'a line in another form'],
  ['2x + 4y = 6', 'x + 2y = 3', 'a multiple of an equation'],
  ['x = 1, y = 2', 'y=2, x=1', 'named values in another order'],
  ['3 + 4 = 7', '7', 'a calculation and its result'],
  // Matrices and bases
  [
    '\\begin{pmatrix} 1 & 2 \\\\ 3 & 4 \\end{pmatrix}',
    '\\begin{bmatrix}1&2\\\\3&2^2\\end{bmatrix}',
    'a matrix in other brackets',
  ],
  ['1010_2', '1010_{2}', 'a base'],
]

/** Two answers that are not equal. */
const unequal: [string, string, why: string][] = [
  ['42', '43', 'another number'],
  ['5', '-5', 'another sign'],
  ['\\frac{1}{2}', '\\frac{1}{3}', 'another fraction'],
  ['123456789012345678901234567890', '123456789012345678901234567891', 'the last of many digits'],
  ['10^{-12}\\pi', '2 \\cdot 10^{-12}\\pi', 'two numbers that are both small'],
  ['50\\%', '5\\%', 'another percentage'],
  ['0.5\\%', '50\\%', 'percentages are themselves'],
  ['5 cm', '5 m', 'another unit'],
  ['5 kg', '5 m', 'another dimension'],
  ['x+1', 'x-1', 'another formula'],
  ['(x+1)^2', 'x^2+1', 'a square that was forgotten to be multiplied out'],
  ['x^2', 'x^3', 'another power'],
  ['2x', '2y', 'another variable'],
  ['\\sqrt{x^2}', 'x', 'equal for positive numbers alone'],
  ['\\sqrt{2}', '\\sqrt{3}', 'another root'],
  ['\\sin 2x', '2 \\sin x', 'a factor drawn out of a sine'],
  ['\\ln(a+b)', '\\ln a + \\ln b', 'a logarithm of a sum'],
  ['e^{\\pi}-\\pi', '20', 'a near miss'],
  ['(1, 2)', '(2, 1)', 'a tuple in another order'],
  ['(1, 2)', '[1, 2]', 'an end of an interval'],
  ['(1, 2)', '(1, 2, 3)', 'a longer tuple'],
  ['\\{1, 2\\}', '\\{1, 3\\}', 'another set'],
  ['\\{1, 2\\}', '\\{1, 2, 3\\}', 'a larger set'],
  ['\\pm 1', '1', 'one sign of two'],
  ['x > 3', 'x \\ge 3', 'an open end'],
  ['x > 3', 'x < 3', 'the other side'],
  ['(-\\infty, 1) \\cup (2, \\infty)', '(-\\infty, 1)', 'a part of a union'],
  ['x = 1, y = 2', 'x = 2, y = 1', 'values of other names'],
  ['x = 5', 'y = 5', 'another name'],
  ['\\infty', '-\\infty', 'the other infinity'],
  [
    '\\begin{pmatrix} 1 & 2 \\\\ 3 & 4 \\end{pmatrix}',
    '\\begin{pmatrix} 1 & 3 \\\\ 2 & 4 \\end{pmatrix}',
    'transposed',
  ],
  ['1010_2', '1010_3', 'another base'],
  ['yes', 'no', 'other words'],
  ['Monday', '5', 'words instead of a number'],
  ['1\\frac{1}{2}', '\\frac{1}{2}', 'a mixed number is no product'],
  ['2\\sqrt{2}', '\\sqrt{2}', 'a factor left out'],
]

/** What a rule cannot tell is not wrong. */
const open: [string, string, why: string][] = [
  ['0.33', '\\frac{1}{3}', 'a rounded decimal: the question says whether it will do'],
  ['3.14', '\\pi', 'the same for pi'],
  ['\\int_0^1 x\\,dx', '\\frac12', 'notation that is not read'],
  ['\\oint \\foo', '\\bar', 'no formula at all'],
  ['9^{9^{9^9}}', '9^{9^{9^8}}', 'numbers that nobody can write down'],
  ['(1, 2)', '1, 2', 'brackets or none'],
  ['x^2 = 1', 'x = 1', 'equations of which one is no multiple of the other'],
  ['[red, blue]', '\\foo{1}', 'words and a command'],
]

describe('equivalence', () => {
  test.each(equal)('%s is %s (%s)', (a, b) => {
    expect([verdict(a, b), verdict(b, a)]).toEqual(['right', 'right'])
  })
  test.each(unequal)('%s is not %s (%s)', (a, b) => {
    expect([verdict(a, b), verdict(b, a)]).toEqual(['wrong', 'wrong'])
  })
  test.each(open)('%s and %s are undecided (%s)', (a, b) => {
    expect([verdict(a, b), verdict(b, a)]).toEqual(['undecided', 'undecided'])
  })

  test('every answer of the tables equals itself, and both ways have one verdict', () => {
    const all = [...equal, ...unequal].flatMap(([a, b]) => [b, a])
    for (const one of all) expect([one, verdict(one, one)]).toEqual([one, 'right'])
    fc.assert(
      fc.property(fc.constantFrom(...all), fc.constantFrom(...all), (a, b) => verdict(a, b) === verdict(b, a)),
      { numRuns: 400 },
    )
  })

  test('whatever the text, there is a verdict, the same one both ways', () => {
    const piece = fc.constantFrom(
      ...['\\frac', '{', '}', '(', ')', '[', '1', '2', '0', 'x', '^', '_', '\\sqrt', '+', '-', '*', '/', '=', ',', '<'],
      ...['\\pm', '\\cup', '!', '.', '%', '\\sin', '\\log', 'e', 'i', '\\pi', '\\infty', '|', ' ', '&', '\\\\', '\\{'],
    )
    const text = fc.array(piece, { maxLength: 14 }).map(parts => parts.join(''))
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(['right', 'wrong', 'undecided']).toContain(verdict(a, b))
        expect(verdict(b, a)).toBe(verdict(a, b))
        expect(verdict(a, a)).not.toBe('wrong')
      }),
      { numRuns: 1500 },
    )
  })

  test('work is bounded: what is too large is undecided', () => {
    const product = Array.from({ length: 30 }, (_, i) => `(x+y+z+${i})`).join('')
    expect(verdict(product, `${product}+1`)).not.toBe('right')
    expect(verdict('('.repeat(300), 'x')).toBe('undecided')
    expect(verdict('1'.repeat(399), '2')).toBe('undecided')
    expect(verdict('x'.repeat(5000), 'x')).toBe('undecided')
    expect(verdict('(((((2^{999})^{999})^{999})^{999})^{999})', '1')).not.toBe('right')
  })

  test('fractions are compared exactly, however they are written', () => {
    const fraction = fc.tuple(fc.integer({ min: -9999, max: 9999 }), fc.integer({ min: 1, max: 9999 }))
    fc.assert(
      fc.property(fraction, fraction, fc.integer({ min: 1, max: 99 }), ([a, b], [c, d], k) => {
        const equal = BigInt(a) * BigInt(d) === BigInt(c) * BigInt(b)
        expect(verdict(`\\frac{${a}}{${b}}`, `${c}/${d}`)).toBe(equal ? 'right' : 'wrong')
        expect(verdict(`\\frac{${a * k}}{${b * k}}`, `${a}/${b}`)).toBe('right')
      }),
    )
  })
})

describe('grader', () => {
  const settings = z.object(shape)
  const graded = async (completion: string, reference: string | undefined, options = {}) => {
    const given = { ...(reference === undefined ? {} : { reference }), verifier: settings.parse(options), messages: [] }
    return (await maths(completion, given, undefined as never)).verdict
  }
  test('the answer is taken out of both texts', async () => {
    expect(await graded('Natalia sold 48 + 24 = 72.\nAnswer: 72 clips', 'so 48+24 = 72\n#### 72')).toBe('right')
    expect(await graded('We get $x = \\frac{1}{2}$, or \\boxed{0.5}.', '\\frac12')).toBe('right')
    expect(await graded('First $a = 3$. Therefore $\\frac{\\sqrt{8}}{2}$ is the length.', '\\sqrt{2}')).toBe('right')
    expect(await graded('So there are 9 left, which makes 18 in all', '18')).toBe('right')
    expect(await graded('答え: 3/4', '0.75')).toBe('right')
    expect(await graded('Answer: 71', '#### 72')).toBe('wrong')
    expect(await graded('There are many things to be said about this long and open question.', '72')).toBe('undecided')
    expect(await graded('72', undefined)).toBe('undecided')
    expect(mathsIn('Answer: 7')).toBe('7')
  })
  test('prose where a value is wanted states nothing; what the rules alone cannot read does', async () => {
    const given = { reference: '\\frac12', verifier: settings.parse({}), messages: [] }
    const silentOf = async (text: string) => (await maths(text, given, undefined as never)).silent
    expect(await silentOf('Answer: it depends on x = 3 above')).toBe(true)
    expect(await silentOf(`Answer: ${'1 + '.repeat(200)}`)).toBe(true)
    expect(await silentOf('\\boxed{\\oint_C x}')).toBeUndefined()
  })
  test('a tolerance lets a rounded number pass', async () => {
    expect(await graded('Answer: 3.14', '\\pi', { tolerance: 0.01 })).toBe('right')
    expect(await graded('Answer: 3.1', '\\pi', { tolerance: 0.01 })).toBe('wrong')
    expect(await graded('Answer: 1010', '1000', { relative: 0.02 })).toBe('right')
  })
  test('the compute engine is asked where the recipe says so, and kept from what it would not end', async () => {
    expect(await graded('\\boxed{\\int_0^1 x dx}', '\\frac12', { symbolic: true })).toBe('right')
    expect(await graded('\\boxed{\\sum_{k=1}^{10} k}', '54', { symbolic: true })).toBe('wrong')
    expect(await graded('\\boxed{9^{9^{9^9}}}', '1', { symbolic: true })).not.toBe('right')
  })
})
