/** `npm run bench -- [name] [--json]`: one object a line, each figure with the ceiling of the same run. `engine` is all that begin so. */
import { benches } from './benches.ts'

// As the command line does; plain JavaScript, so without types.
const { holdHeap } = await import(new URL('../bin/heap.js', import.meta.url).href)
holdHeap()
const args = process.argv.slice(2)
const json = args.includes('--json')
const names = args.filter(a => !a.startsWith('--'))
const known = Object.keys(benches)
const chosen = names.flatMap(name => known.filter(bench => bench === name || bench.startsWith(`${name}-`)))
for (const name of names.filter(name => !chosen.some(bench => bench === name || bench.startsWith(`${name}-`)))) {
  console.error(`no bench ${name}; known: ${known.join(', ')}`)
  process.exitCode = 2
}
for (const name of names.length > 0 ? chosen : known) {
  const bench = benches[name]!
  for await (const line of bench()) {
    if (json) console.log(JSON.stringify({ bench: name, ...line }))
    else {
      const against =
        line.ceiling === undefined ? '' : `  ceiling ${round(line.ceiling)}  ratio ${line.ratio?.toFixed(3)}`
      const verdict = line.target === undefined ? '' : `  target ${line.target}  ${line.holds ? 'holds' : 'MISSED'}`
      console.log(`${name}  ${line.metric}: ${round(line.value)} ${line.unit}${against}${verdict}`)
    }
  }
}

function round(n: number): string {
  return Math.abs(n) >= 100 ? n.toFixed(0) : n.toPrecision(4)
}
