/** The ceiling: the same calls through `undici.request` alone. Arguments: base URL, calls, width. Prints wall and CPU. */
import { Agent, request } from 'undici'

const [url, calls, width] = process.argv.slice(2)
const n = Number(calls)
const agent = new Agent({ connections: Number(width), pipelining: 1 })
const cpu = process.cpuUsage()
const start = performance.now()
let next = 0
async function one(): Promise<void> {
  while (next < n) {
    const i = next++
    const content = `Question ${i}: what does part ${i * 7} do?`
    const reply = await request(`${url}/chat/completions`, {
      dispatcher: agent,
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'bench', messages: [{ role: 'user', content }] }),
    })
    await reply.body.json()
  }
}
await Promise.all(Array.from({ length: Number(width) }, one))
const wall = (performance.now() - start) / 1000
const used = process.cpuUsage(cpu)
await agent.close()
console.log(JSON.stringify({ wall, cpu: (used.user + used.system) / 1000 }))
process.disconnect?.()
