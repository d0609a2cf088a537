/** A bare chat server for measuring clients: one fixed reply of 60 tokens after a delay. Prints its port. */
import { createServer } from 'node:http'

const latency = Number(process.argv[2] ?? 0)
const body = JSON.stringify({
  id: 'x',
  object: 'chat.completion',
  model: 'bench',
  choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'word '.repeat(60).trim() } }],
  usage: { prompt_tokens: 40, completion_tokens: 60, total_tokens: 100 },
})
const server = createServer((request, response) => {
  request.resume()
  request.on('end', () => {
    const answer = (): void => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length })
      response.end(body)
    }
    if (latency > 0) setTimeout(answer, latency)
    else answer()
  })
})
server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  console.log(typeof address === 'object' ? address?.port : '')
})
process.on('disconnect', () => process.exit(0))
