import { expect, test } from 'vitest'
import { familiesOf } from './family.ts'

test('the family of a model, wherever it is served', () => {
  const family = (id: string) => familiesOf(id).join('+')
  expect(family('openai/gpt-4.1-mini')).toBe('openai')
  expect(family('openrouter/openai/o3')).toBe('openai')
  expect(family('self/Qwen2.5-72B-Instruct@main')).toBe('alibaba')
  expect(family('together/deepseek-ai/DeepSeek-R1-Distill-Qwen-32B')).toBe('alibaba+deepseek')
  expect(family('ollama/mistral-small')).toBe('mistral')
  expect(family('ollama/llama3.3:70b')).toBe('meta')
  expect(family('self/Llama-3.1-Swallow-70B')).toBe('meta')
  // A provider that serves its own models tells what the name does not.
  expect(family('mistral/open-small-3')).toBe('mistral')
  expect(family('ollama/phi-4')).toBe('microsoft')
  expect(family('self/graphite-8b')).toBe('graphite')
  expect(family('self/graphite-70b')).toBe('graphite')
  expect(family('self/7b')).toBe('7b')
  expect(family('builtin/extractive')).not.toBe(family('builtin/heuristic'))
})
