/** `npm run bench -- [name] [--json]`: one object a line, each figure with the ceiling of the same run. */
import { benches } from './benches.ts'

const args = process.argv.slice(2)
const json = args.includes('--json')
const names = args.filter(a => !a.startsWith('--'))
for (const name of names.length > 0 ? names : Object.keys(benches)) {
  const bench = benches[name]
  if (!bench) {
    console.error(`no bench ${name}; known: ${Object.keys(benches).join(', ')}`)
    process.exitCode = 2
    continue
  }
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
