import { expect, test } from 'vitest'
import { builtinTeacher } from './index.ts'

const document =
  'A mutex protects data that several threads share. A thread takes the lock before it touches the data and releases it afterwards. While one thread holds the lock, every other thread that asks for it waits. Programs deadlock because two threads may each hold a lock that the other one wants. Taking locks in one fixed order everywhere prevents this kind of deadlock.'
const prompt = 'Why can programs that use a mutex deadlock?'
const good =
  'Programs deadlock because two threads may each hold a lock that the other one wants. While one thread holds the lock of a mutex, every other thread that asks for it waits. Taking locks in one fixed order everywhere prevents this kind of deadlock.'

async function marks(completion: string, language = 'en', question = prompt, source = document) {
  const input = {
    prompt: question,
    completion,
    document: source,
    aspects: ['accuracy', 'clarity', 'usefulness'],
    scale: [1, 10],
    language,
  }
  const reply = await builtinTeacher('heuristic', 'judge').doGenerate(
    { messages: [], task: { name: 'judge', input } },
    { seed: 1, cap: 500, draw: 0 },
  )
  return JSON.parse(reply.content!) as { rationale: string; accuracy: number; clarity: number; usefulness: number }
}

test('marks are integers on the scale and the rationale is one sentence', async () => {
  const { rationale, ...values } = await marks(good)
  expect(rationale).toMatch(/^[^.]+\.$/)
  for (const value of Object.values(values)) {
    expect(Number.isInteger(value)).toBe(true)
    expect(value).toBeGreaterThanOrEqual(6)
    expect(value).toBeLessThanOrEqual(10)
  }
})

test('each fault costs the aspect it belongs to', async () => {
  const best = await marks(good)
  const invented = await marks(
    'A mutex was introduced by Ada Lovelace in 1843 and costs 250 nanoseconds on ARM processors. Programs deadlock because cosmic radiation flips bits.',
  )
  expect(invented.accuracy).toBeLessThan(best.accuracy - 2)
  const pointing = await marks(
    'This is shown in Listing 4-2. As we saw in the previous chapter, it deadlocks. See the next section for details.',
  )
  expect(pointing.clarity).toBeLessThan(best.clarity - 2)
  const beside = await marks('Threads share data.')
  expect(beside.usefulness).toBeLessThan(best.usefulness - 2)
  const cut = await marks('Programs deadlock because two threads may each hold a lock that the other one')
  expect(cut.clarity).toBeLessThan(best.clarity)
  expect((await marks('I am sorry, I cannot answer this.')).usefulness).toBe(1)
})

test('Japanese is read by its own rules', async () => {
  const source =
    'ミューテックスは、複数のスレッドが共有するデータを保護します。二つのスレッドが互いのロックを待つため、プログラムはデッドロックします。'
  const question = 'なぜミューテックスを使うプログラムはデッドロックするのですか？'
  const best = await marks(source, 'ja', question, source)
  const adrift = await marks('上記の図を参照してください。', 'ja', question, source)
  expect(best.accuracy).toBeGreaterThan(adrift.accuracy)
  expect(best.clarity).toBeGreaterThan(adrift.clarity)
})
