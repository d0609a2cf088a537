import { expect, test } from 'vitest'
import { renderError } from '../errors/index.ts'
import { openHub } from './endpoint.ts'
import { type PushOptions, push } from './push.ts'

const token = 'hf_secret0123456789'
const options: PushOptions = {
  ...{ repo: 'ann/pumps', uploads: [], version: '1.0.0', name: 'pumps', title: 'pumps 1.0.0', public: false },
  known: () => true,
}

/** A Hub that answers by path; every text that it says repeats the token that it was sent. */
const hubOf = (answer: (path: string) => [status: number, body: object]) =>
  openHub(
    { HF_TOKEN: token, HF_ENDPOINT: 'https://hub.example/' },
    {
      sleep: async () => {},
      fetch: async (url, init) => {
        const [status, body] = answer(new URL(String(url)).pathname)
        const echo = JSON.stringify({ ...body, error: `no: ${new Headers(init?.headers).get('authorization')}` })
        return new Response(echo, { status, headers: { 'content-type': 'application/json' } })
      },
    },
  )
const account = { name: 'ann', auth: { accessToken: { role: 'write' } } }

test('without the client the error names the command that installs it', async () => {
  const missing = () => Promise.reject(new Error('Cannot find package'))
  const hub = hubOf(() => [200, account])
  await expect(push(hub, options, missing)).rejects.toMatchObject({
    code: 'SR_HUB',
    hint: 'npm install @huggingface/hub@2.17.5',
  })
})

test.each([
  ['the account', '/api/whoami-v2', 401],
  ['the listing', '/api/datasets/ann/pumps/revision/main', 403],
  ['the client that makes the repository', '/api/repos/create', 403],
  ['a server that fails for good', '/api/whoami-v2', 500],
])('no error repeats the token: %s', async (_, path, status) => {
  const hub = hubOf(asked => (asked === path ? [status, {}] : asked === '/api/whoami-v2' ? [200, account] : [404, {}]))
  const error = await push(hub, options).catch(error => error)
  expect(error).toMatchObject({ code: 'SR_HUB', received: expect.stringContaining('no: Bearer <HF_TOKEN>') })
  expect(renderError(error) + JSON.stringify(error) + String(error.stack)).not.toContain(token)
})
