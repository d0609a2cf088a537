import { withoutStyle } from './inline.ts'
import { texOfMathml } from './mathml.ts'
import { classed, type Element, element, find, has, type Node } from './tree.ts'

/** What a renderer puts around a formula: it repeats the formula for eyes, ears and copying. */
const wrapper =
  /^(?:katex|katex-display|mwe-math-element|MathJax|MathJax_Display|MathJax_SVG|MathJax_SVG_Display|mjx-chtml)$/
const shown = /^(?:MathJax_Preview|MathJax|MathJax_Display|MathJax_SVG|MathJax_SVG_Display)$/

/**
 * The tree with the TeX of each formula in its place, in elements marked `data-tex` (`inline` or `block`): of MathML, KaTeX,
 * MathJax 2 and 3, and of Wikipedia, whose formulas are hidden for readers of screens beside a picture.
 */
export const withTex = (root: Element): Element => (holds(root) ? (placed(root) as Element) : root)

const holds = (node: Node): boolean =>
  typeof node !== 'string' &&
  (node.tag === 'math' || node.attributes['data-tex'] !== undefined || node.children.some(holds))

function placed(node: Element): Node {
  if (node.attributes['data-tex'] !== undefined) {
    return formula(node.children.join(''), node.attributes['data-tex'] === 'block')
  }
  if (node.tag === 'math') return formula(texOfMathml(node), node.attributes.display === 'block')
  if (node.tag === 'mjx-container' || classed(node, wrapper)) {
    const math = find(node, 'math')[0]
    if (math) return formula(texOfMathml(math), isDisplay(node, math))
  }
  const children: Node[] = []
  for (const child of node.children) {
    if (typeof child === 'string') {
      children.push(child)
      continue
    }
    // What MathJax shows of a formula stands right before it.
    if (child.attributes['data-tex'] !== undefined) {
      for (let last = children.at(-1); last !== undefined; last = children.at(-1)) {
        const gap =
          typeof last === 'string'
            ? last.trim() === '' && children.length > 1 && isShown(children.at(-2)!)
            : isShown(last)
        if (!gap) break
        children.pop()
      }
    }
    children.push(isShown(child) && !has(child, 'math') ? child : placed(child))
  }
  return element(node.tag, node.attributes, children)
}

const isShown = (node: Node): boolean => typeof node !== 'string' && classed(node, shown)

const isDisplay = (node: Element, math: Element): boolean =>
  math.attributes.display === 'block' ||
  node.attributes.display === 'true' ||
  [node, ...find(node, 'span', 'div', 'img')].some(one =>
    classed(one, /^(?:katex-display|MathJax_Display|mwe-math-fallback-image-display)$/),
  )

function formula(tex: string, block: boolean): Node {
  const plain = withoutStyle(tex.replace(/^\s*(?:%[^\n]*\n)+/, '').replace(/^\s*<!\[CDATA\[|\]\]>\s*$/g, ''))
  return plain === '' ? '' : element('span', { 'data-tex': block ? 'block' : 'inline' }, [plain])
}
