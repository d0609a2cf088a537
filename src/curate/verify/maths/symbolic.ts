import type { ComputeEngine as Engine } from '@cortex-js/compute-engine'
import { StillroomError } from '../../../errors/index.ts'

/** The engine works out towers of powers and large factorials to the last digit, so that they are kept from it. */
const heavy = /\d{13}|\^[^ ]{0,12}\^|\^\{?[^{}^]{0,40}\d{4}|\d{4}\)?!|\\(?:sum|prod|int)[^ ]{0,60}\d{5}/
const longest = 200

let engine: Promise<Engine> | undefined

async function loaded(): Promise<Engine> {
  try {
    const { ComputeEngine } = await import('@cortex-js/compute-engine')
    return new ComputeEngine()
  } catch (cause) {
    throw new StillroomError('SR_RECIPE_VALUE', '`symbolic: true` needs the package @cortex-js/compute-engine.', {
      cause,
      hint: 'npm install @cortex-js/compute-engine@0.140.0, or leave out `symbolic`',
    })
  }
}

/**
 * What the compute engine makes of two formulas in LaTeX, such as integrals and sums: equal, not equal, or undefined.
 * @throws StillroomError SR_RECIPE_VALUE where the package is not installed.
 */
export async function symbolic(a: string, b: string): Promise<boolean | undefined> {
  engine ??= loaded()
  const ce = await engine
  if ([a, b].some(text => text.length > longest || heavy.test(text))) return undefined
  try {
    const [x, y] = [a, b].map(text => ce.parse(text.replace(/\\[()[\]]|\$/g, '')).evaluate())
    if (!x!.isValid || !y!.isValid) return undefined
    if (x!.isSame(y!) || x!.simplify().isSame(y!.simplify()) || x!.isEqual(y!) === true) return true
    // Of formulas with variables it says false of what it cannot bring to one form.
    return x!.unknowns.length + y!.unknowns.length === 0 ? x!.isEqual(y!) : undefined
  } catch {
    return undefined
  }
}
