import { stringify } from 'yaml'

/**
 * A config as trainers read it, which is YAML 1.1 by PyYAML: words like `no` in quotes, and a point in numbers with an
 * exponent, without which they are text (`5.0e-7`).
 */
export function yamlOf(about: string[], config: { [key: string]: unknown }): string {
  const present = Object.fromEntries(Object.entries(config).filter(([, value]) => value !== undefined))
  const text = stringify(present, { version: '1.1', lineWidth: 0, flowCollectionPadding: false })
  const numbers = text.replace(/^(\s*(?:- )?(?:[\w-]+: )?)(-?\d+)e([+-]?\d+)$/gm, '$1$2.0e$3')
  const pointed = numbers.replace(/^(\s*(?:- )?(?:[\w-]+: )?-?\d+\.\d+)e(\d+)$/gm, '$1e+$2')
  return `${about.map(line => `# ${line}\n`).join('')}${pointed}`
}
