/** Signs of mathematics and the commands that TeX has for them, in turn. */
const signs = [
  'α alpha β beta γ gamma δ delta ε varepsilon ϵ epsilon ζ zeta η eta θ theta ϑ vartheta ι iota κ kappa λ lambda μ mu',
  'µ mu ν nu ξ xi π pi ϖ varpi ρ rho ϱ varrho σ sigma ς varsigma τ tau υ upsilon φ varphi ϕ phi χ chi ψ psi ω omega',
  'Γ Gamma Δ Delta Θ Theta Λ Lambda Ξ Xi Π Pi Σ Sigma Υ Upsilon Φ Phi Ψ Psi Ω Omega ∆ Delta Ω Omega',
  '± pm ∓ mp × times ÷ div ⋅ cdot · cdot ∗ ast ⋆ star ∘ circ ∙ bullet ⊕ oplus ⊖ ominus ⊗ otimes ⊙ odot ∧ wedge ∨ vee',
  '∩ cap ∪ cup ∖ setminus ≤ leq ≥ geq ≠ neq ≈ approx ≡ equiv ∼ sim ≃ simeq ≅ cong ∝ propto ≪ ll ≫ gg ≺ prec ≻ succ',
  '⊂ subset ⊃ supset ⊆ subseteq ⊇ supseteq ∈ in ∉ notin ∋ ni ⊥ perp ∥ parallel ∣ mid ⊢ vdash ⊨ models',
  '∀ forall ∃ exists ∄ nexists ¬ neg ∅ emptyset ∞ infty ∂ partial ∇ nabla ℏ hbar ℓ ell ℜ Re ℑ Im ℵ aleph ∠ angle',
  '→ to ← leftarrow ↔ leftrightarrow ⇒ Rightarrow ⇐ Leftarrow ⇔ Leftrightarrow ↦ mapsto ↑ uparrow ↓ downarrow',
  '⟶ longrightarrow ⟵ longleftarrow ⟹ Longrightarrow ⟺ Longleftrightarrow ⇌ rightleftharpoons ↪ hookrightarrow',
  '∑ sum ∏ prod ∐ coprod ∫ int ∬ iint ∭ iiint ∮ oint ⋂ bigcap ⋃ bigcup ⋀ bigwedge ⋁ bigvee ⨁ bigoplus ⨂ bigotimes',
  '… ldots ⋯ cdots ⋮ vdots ⋱ ddots ′ prime ⟨ langle ⟩ rangle 〈 langle 〉 rangle ⌈ lceil ⌉ rceil ⌊ lfloor ⌋ rfloor',
  '‖ | √ surd † dagger ‡ ddagger ° degree ⊤ top □ square △ triangle ◦ circ ∴ therefore ∵ because',
  '{ { } } # # $ $ % % & & _ _',
].flatMap(line => line.split(' '))
const commands: { [sign: string]: string } = Object.fromEntries(
  signs.flatMap((sign, i) => (i % 2 === 0 ? [[sign, `\\${signs[i + 1]}`]] : [])),
)

const named = new Set(
  'sin cos tan cot sec csc arcsin arccos arctan sinh cosh tanh coth exp log ln lg lim limsup liminf max min sup inf det dim ker deg gcd hom arg Pr'.split(
    ' ',
  ),
)

/** Letters in a style of their own, by where they begin among the mathematical alphanumeric symbols of Unicode. */
const faces: [RegExp, string][] = [
  [/^[\u{1d538}-\u{1d56b}\u{1d7d8}-\u{1d7e1}ℂℍℕℙℚℝℤ]$/u, '\\mathbb'],
  [/^[\u{1d49c}-\u{1d503}ℬℰℱℋℐℒℳℛ]$/u, '\\mathcal'],
  [/^[\u{1d504}-\u{1d537}\u{1d56c}-\u{1d59f}ℭℌℨ]$/u, '\\mathfrak'],
  [/^[\u{1d400}-\u{1d433}\u{1d7ce}-\u{1d7d7}\u{1d468}-\u{1d49b}]$/u, '\\mathbf'],
]

/** Text of a formula as TeX: signs as commands, upright words of several letters as functions or `\mathrm`. */
export function texOf(text: string, upright = false): string {
  let tex = ''
  const add = (piece: string): void => {
    // A command ends where letters do.
    tex += /\\[A-Za-z]+$/.test(tex) && /^[A-Za-z0-9]/.test(piece) ? ` ${piece}` : piece
  }
  // Function application, invisible times and separators are said by nothing.
  for (const word of text
    .normalize('NFC')
    .replace(/[\u2061-\u2064\u200b\ufeff]/g, '')
    .match(/[A-Za-z]{2,}|\P{M}\p{M}*|\p{M}/gsu) ?? []) {
    if (/^[A-Za-z]{2,}$/.test(word)) {
      add(named.has(word) ? `\\${word}` : upright ? `\\mathrm{${word}}` : word)
      continue
    }
    const face = faces.find(([of]) => of.test(word))?.[1]
    const sign = commands[word] ?? (face ? undefined : commands[word.normalize('NFKC')])
    if (face) add(`${face}{${word.normalize('NFKC')}}`)
    else if (sign) add(sign)
    else if (word === '−') add('-')
    else if (/^\s$/.test(word)) add(' ')
    else if (word === '\\') add('\\backslash')
    else add(word.normalize('NFKC').length === 1 ? word.normalize('NFKC') : word)
  }
  return tex
}

/** Words inside of a formula. */
export const texText = (text: string): string =>
  text.trim() === ''
    ? text === ''
      ? ''
      : '\\ '
    : `\\text{${text.replace(/[\\{}$#%&_^~]/g, sign => (sign === '\\' ? '' : `\\${sign}`))}}`

/** Pieces of a formula side by side. */
export function beside(pieces: readonly string[]): string {
  return pieces.reduce(
    (all, piece) => (/\\[A-Za-z]+$/.test(all) && /^[A-Za-z0-9]/.test(piece) ? `${all} ${piece}` : all + piece),
    '',
  )
}

const group = (tex: string): string => `{${tex.trim()}}`
export const fraction = (over: string, under: string): string => `\\frac${group(over)}${group(under)}`
export const root = (of: string, degree = ''): string =>
  `\\sqrt${degree.trim() === '' ? '' : `[${degree.trim()}]`}${group(of)}`

/** A base with what stands below and above to its right; letters and commands alone need no braces. */
export function scripts(base: string, below: string | undefined, above: string | undefined): string {
  const arm = (tex: string): string => (/^[A-Za-z0-9]$/.test(tex.trim()) ? tex.trim() : group(tex))
  const trimmed = base.trim()
  const simple = /^(?:[^\\{}^_\s]|\\[A-Za-z]+|\\[a-z]+\{[^{}]*\}|\\left[\s\S]*\\right\S+|[A-Za-z0-9.]+)$/u.test(trimmed)
  const primes =
    above !== undefined && /^(?:\\prime\s*)+$/.test(above.trim())
      ? "'".repeat(above.match(/prime/g)!.length)
      : undefined
  const up = primes ?? (above?.trim() ? `^${arm(above)}` : '')
  return `${simple || trimmed === '' ? (trimmed === '' ? '{}' : trimmed) : group(trimmed)}${primes ? up : ''}${below?.trim() ? `_${arm(below)}` : ''}${primes ? '' : up}`
}

/** Accents by the signs that stand for them, combining or alone. */
const accents: [name: string, signs: string[]][] = [
  ['hat', ['\u0302', '^', 'ˆ']],
  ['tilde', ['\u0303', '~', '˜']],
  ['bar', ['\u0304', '¯']],
  ['overline', ['\u0305', '‾', '―']],
  ['dot', ['\u0307', '˙']],
  ['ddot', ['\u0308', '¨']],
  ['dddot', ['\u20db']],
  ['vec', ['\u20d7', '→']],
  ['check', ['\u030c', 'ˇ']],
  ['breve', ['\u0306', '˘']],
  ['acute', ['\u0301']],
  ['grave', ['\u0300']],
  ['overbrace', ['⏞']],
  ['underbrace', ['⏟']],
  ['underline', ['\u0332', '_']],
]
/** What a sign stands over or under; undefined for one that is no accent. */
export function accented(sign: string, of: string): string | undefined {
  const name = accents.find(([, signs]) => signs.includes(sign.trim()))?.[0]
  return name && `\\${name}${group(of)}`
}

/** A delimiter that grows with what it holds; a dot where there is none. */
export function delimiter(sign: string): string {
  const trimmed = sign.trim()
  return trimmed === ''
    ? '.'
    : trimmed.length === 1 && /[()[\]|/.<>]/.test(trimmed)
      ? trimmed.replace('<', '\\langle ').replace('>', '\\rangle ').trim()
      : texOf(trimmed)
}

/** Parentheses that grow are only asked for where what is in them is tall. */
export function enclosed(open: string, inner: string, close: string): string {
  const tall = /\\(?:frac|sum|int|prod|begin|sqrt|binom)/.test(inner)
  const plain = /^[([|]$/.test(open) && /^[)\]|]$/.test(close)
  return plain && !tall ? `${open}${inner}${close}` : `\\left${spaced(open)}${inner}\\right${close}`
}
const spaced = (sign: string): string => (/[A-Za-z]$/.test(sign) ? `${sign} ` : sign)

export const matrix = (rows: readonly (readonly string[])[], kind = 'matrix'): string =>
  `\\begin{${kind}}${rows.map(row => row.map(cell => cell.trim()).join(' & ')).join(' \\\\ ')}\\end{${kind}}`
