/**
 * The ceiling: the same calls through `undici.request`, or the global `fetch`, and nothing around them. Arguments: base
 * URL, calls, width, client. Prints wall, CPU and resident memory.
 */
import { Agent, request } from 'undici'

const [url, calls, width, client] = process.argv.slice(2)
const n = Number(calls)
const agent = new Agent({ connections: Number(width), pipelining: 1 })
const cpu = process.cpuUsage()
const start = performance.now()
let next = 0
async function one(): Promise<void> {
  while (next < n) {
    const i = next++
    const content = `Question ${i}: what does part ${i * 7} do?`
    const asked = {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'bench', messages: [{ role: 'user', content }] }),
    }
    if (client === 'fetch') await (await fetch(`${url}/chat/completions`, asked)).json()
    else await (await request(`${url}/chat/completions`, { dispatcher: agent, ...asked })).body.json()
  }
}
await Promise.all(Array.from({ length: Number(width) }, one))
const wall = (performance.now() - start) / 1000
const used = process.cpuUsage(cpu)
await agent.close()
const rss = (process.resourceUsage().maxRSS * 1024) / 1e6
console.log(JSON.stringify({ wall, cpu: (used.user + used.system) / 1000, rss }))
process.disconnect?.()
