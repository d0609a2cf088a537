import { type Dom, type DomDocument, treeOf } from './dom.ts'
import { withoutStyle } from './inline.ts'
import { texOfMathml } from './mathml.ts'
import type { Element } from './tree.ts'

/** What a renderer puts around a formula, the outermost last: it repeats the formula for eyes, ears and copying. */
const wrappers =
  '.katex, .katex-display, .mwe-math-element, .MathJax, .MathJax_Display, .MathJax_SVG, mjx-container, .mjx-chtml'

/**
 * Puts the TeX of each formula in its place, in elements marked `data-tex` (`inline` or `block`): of MathML, KaTeX, MathJax 2
 * and 3, and of Wikipedia, whose formulas are hidden for readers of screens beside a picture.
 */
export function placeTex(document: DomDocument): void {
  for (const script of [...document.querySelectorAll('script[type^="math/tex"]')]) {
    const block = /mode=display/.test(script.getAttribute('type') ?? '')
    for (const shown of before(script)) shown.remove()
    script.replaceWith(formula(document, script.textContent, block))
  }
  for (const math of [...document.querySelectorAll('math')]) {
    if (!math.parentNode) continue
    const tree = treeOf(math) as Element
    const tex = texOfMathml(tree)
    let outer: Dom = math
    for (let around = math.closest(wrappers); around; around = around.parentElement?.closest(wrappers) ?? null)
      outer = around
    const block =
      math.getAttribute('display') === 'block' ||
      outer.getAttribute('display') === 'true' ||
      outer.matches('.katex-display, .MathJax_Display') ||
      outer.querySelector('.mwe-math-fallback-image-display') !== null
    outer.replaceWith(...(tex === '' ? [] : [formula(document, tex, block)]))
  }
}

/** What MathJax shows for a script stands right before it. */
function before(script: Dom): Dom[] {
  const shown: Dom[] = []
  const parent = script.parentElement
  if (!parent) return shown
  for (const node of parent.childNodes) {
    if (node === script) break
    if (
      node.nodeType === 1 &&
      node.matches('.MathJax_Preview, .MathJax, .MathJax_Display, .MathJax_SVG, .MathJax_SVG_Display')
    )
      shown.push(node)
    else if (node.nodeType === 1 || node.textContent.trim() !== '') shown.length = 0
  }
  return shown
}

function formula(document: DomDocument, tex: string, block: boolean): Dom {
  const made = document.createElement('span')
  made.setAttribute('data-tex', block ? 'block' : 'inline')
  made.textContent = withoutStyle(tex.replace(/^\s*(?:%[^\n]*\n)+/, ''))
  return made
}
