import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { Message, Payload } from '../../records/index.ts'
import { tokenizer } from '../../text/index.ts'
import { type Asked, type Content, type Exported, targetNamed, targets, writeExport } from '../index.ts'

const folder = mkdtempSync(join(tmpdir(), 'stillroom-write-'))
afterAll(() => rmSync(folder, { recursive: true }))
const origin = {
  name: 'pumps',
  version: '1',
  license: 'mit',
  manifest: 'a'.repeat(64),
  card: '---\nlicense: mit\n---\n\n# Pumps\n',
}

const user = (content: string): Message => ({ role: 'user', content })
const assistant = (content: string, more: Partial<Message> = {}): Message => ({ role: 'assistant', content, ...more })
const call = { id: 'call_1', type: 'function' as const, function: { name: 'look', arguments: { at: 'x' } } }
const tools = [{ type: 'function' as const, function: { name: 'look', parameters: { type: 'object' } } }]
const pair = (prompt: string, chosen: string, rejected: string): Payload => ({
  kind: 'preference',
  prompt: [user(prompt)],
  chosen: [assistant(chosen)],
  rejected: [assistant(rejected)],
})
const labelled = (n: number, label: boolean): Payload[] =>
  Array.from({ length: n }, (_, i) => ({
    kind: 'feedback',
    prompt: [user(`q${i}`)],
    completion: [assistant(label ? `good ${i}` : `bad ${i}`)],
    label,
  }))
const chat = (...messages: Message[]): Payload => ({ kind: 'conversation', messages })

let n = 0
type Row = { [column: string]: unknown }
/** Writes payloads, of which those from `test` on are held out; rows by path. */
async function written(
  target: string,
  payloads: Payload[],
  asked: Asked = {},
  heldOut: Payload[] = [],
): Promise<Exported & { dir: string; of(path: string): Row[] }> {
  const dir = join(folder, `${n++}`)
  async function* read() {
    for (const [i, payload] of payloads.entries())
      yield { split: 'train', content: { ...payload, id: `r${i}` } as Content }
    for (const [i, payload] of heldOut.entries())
      yield { split: 'test', content: { ...payload, id: `t${i}` } as Content }
  }
  const done = await writeExport(targetNamed(target), asked, origin, read, dir)
  const of = (path: string): Row[] =>
    readFileSync(join(dir, path), 'utf8')
      .split('\n')
      .filter(Boolean)
      .map(line => JSON.parse(line))
  return { ...done, dir, of }
}
const letters = (rows: Row[], column = 'label') => rows.map(row => (row[column] ? '+' : '-')).join('')

describe('what becomes of a release', () => {
  test('each kind goes to its type; exams are kept out of training and told', async () => {
    const made = await written('trl', [
      chat(user('q'), assistant('a')),
      pair('q', 'a', 'b'),
      ...labelled(1, true),
      { kind: 'prompt', messages: [user('q')] },
      { kind: 'document', text: 'words' },
      { kind: 'row', columns: { prompt: 'q', completions: ['a', 'b'], labels: [true, false] } },
      { kind: 'exam', prompt: [user('q')], target: 'a' },
    ])
    expect(made.types.map(({ type }) => type).sort()).toEqual(
      ['language-modeling', 'preference', 'prompt-completion', 'prompt-only', 'stepwise', 'unpaired'].sort(),
    )
    expect(made.leftOut).toEqual({ exam: 1 })
    expect(made.of('left-out.jsonl')).toEqual([{ id: 'r6', split: 'train', reason: 'exam' }])
    expect(made.of('prompt-completion/train.jsonl')).toEqual([
      { id: 'r0', prompt: [user('q')], completion: [assistant('a')] },
    ])
    expect(made.of('stepwise/train.jsonl')).toEqual([
      { id: 'r5', prompt: 'q', completions: ['a', 'b'], labels: [true, false] },
    ])
  })

  test('conversations of several turns are learnt whole; weights that a trainer does not read are told', async () => {
    const long = chat(user('q'), assistant('a', { weight: 0 }), user('r'), assistant('b'))
    const made = await written('trl', [chat(user('q'), assistant('a')), long])
    expect(made.types[0]!.type).toBe('messages')
    expect(made.warnings.join()).toContain('1 rows have turns with weight 0')
    const last = await written('trl', [long], { type: 'prompt-completion' })
    expect(last.warnings).toEqual([])
    expect(last.of('prompt-completion/train.jsonl')[0]!.completion).toEqual([assistant('b')])
  })

  test.each([
    ['equal-sides', pair('q', 'same', ' same ')],
    ['empty-completion', pair('q', 'a', '  ')],
    ['empty-completion', chat(user('q'), assistant(''))],
    ['no-final-answer', chat(user('q'), assistant('a'), user('r'))],
    ['nothing-trained', chat(user('q'), assistant('a', { weight: 0 }))],
    ['empty-prompt', { kind: 'feedback', prompt: [], completion: [assistant('a')], label: true }],
    ['think-mark', chat(user('q'), assistant('a', { reasoning: 'x </think> y' }))],
  ] as [string, Payload][])('%s is refused and the rest goes on', async (reason, bad) => {
    const good: Payload[] = [
      pair('q', 'a', 'b'),
      chat(user('q'), assistant('a')),
      ...labelled(1, true),
      ...labelled(1, false),
    ]
    const made = await written('trl', [bad, ...good])
    expect(made.leftOut).toEqual({ [reason]: 1 })
    expect(made.rows).toBe(4)
  })

  test('sides that differ in their reasoning alone are equal once it is dropped', async () => {
    const payload: Payload = {
      kind: 'preference',
      prompt: [user('q')],
      chosen: [assistant('a', { reasoning: 'so' })],
      rejected: [assistant('a', { reasoning: 'thus' })],
    }
    expect((await written('trl', [payload])).rows).toBe(1)
    await expect(written('trl', [payload], { reasoning: 'drop' })).rejects.toMatchObject({
      code: 'SR_EXPORT_EMPTY',
      received: '1 equal-sides',
    })
  })

  test('nothing of a kind is an error that says what is there and where such rows come from', async () => {
    await expect(written('trl', [chat(user('q'), assistant('a'))], { type: 'dpo' })).rejects.toMatchObject({
      code: 'SR_EXPORT_EMPTY',
      received: '1 conversation',
      hint: expect.stringContaining('rank'),
    })
    await expect(written('kto', [pair('q', 'a', 'b')])).rejects.toMatchObject({
      hint: expect.stringContaining('--type unpaired'),
    })
    await expect(written('trl', [], { type: 'ppo' })).rejects.toMatchObject({
      code: 'SR_USAGE',
      expected: expect.stringContaining('preference-implicit'),
    })
  })
})

describe('labelled rows', () => {
  test('good and bad stand in turn, however the release has them, in every split', async () => {
    const made = await written('trl', [...labelled(6, true), ...labelled(3, false)], {}, [
      ...labelled(2, false),
      ...labelled(2, true),
    ])
    expect(letters(made.of('unpaired/train.jsonl'))).toMatch(/^(?!.*(\+\+\+|--))/)
    expect(letters(made.of('unpaired/test.jsonl'))).toBe('+-+-')
    expect(
      made
        .of('unpaired/train.jsonl')
        .filter(row => !row.label)
        .map(row => row.id),
    ).toEqual(['r6', 'r7', 'r8'])
  })

  test('what is too long counts on neither side', async () => {
    const long = { ...labelled(1, true)[0]!, completion: [assistant('word '.repeat(200))] } as Payload
    const made = await written('trl', [...Array(8).fill(long), ...labelled(3, true), ...labelled(3, false)], {
      ...{ context: 40, tooLong: 'drop', counter: tokenizer() },
    })
    expect(letters(made.of('unpaired/train.jsonl'))).toBe('+-+-+-')
    expect(made.leftOut).toEqual({ 'too-long': 8 })
  })

  test('one label alone is told; pairs become labels only when that is asked for, the sides of each far apart', async () => {
    expect((await written('trl', labelled(3, true))).warnings).toEqual([expect.stringContaining('all labels are true')])
    const pairs = Array.from({ length: 6 }, (_, i) => pair(`q${i}`, 'a', 'b'))
    const made = await written('trl', pairs, { type: 'unpaired' })
    expect(made.warnings[0]).toContain('each chosen answer is called good')
    const rows = made.of('unpaired/train.jsonl')
    expect(letters(rows)).toBe('+-+-+-+-+-+-')
    expect(new Set(rows.map(row => row.id)).size).toBe(12)
    const prompts = rows.map(row => JSON.stringify(row.prompt))
    expect(prompts.some((one, i) => one === prompts[i + 1])).toBe(false)
  })
})

describe('schema', () => {
  test('columns stand in all rows, reasoning in all messages or none, and calls where calls are', async () => {
    const made = await written(
      'trl',
      [
        chat(user('q'), assistant('a')),
        { ...chat(user('q'), assistant('a')), reference: 'a' } as Payload,
        chat(user('q'), assistant('a', { reasoning: 'so' })),
        {
          kind: 'conversation',
          messages: [
            user('q'),
            { role: 'assistant', content: null, tool_calls: [call] },
            { role: 'tool', content: 'r', tool_call_id: 'call_1' },
            assistant('a'),
          ],
          tools,
        },
      ],
      { reasoning: 'separate' },
    )
    const rows = made.of('messages/train.jsonl')
    expect(new Set(rows.map(row => Object.keys(row).join()))).toEqual(new Set(['id,messages,reference,tools']))
    const messages = rows.flatMap(row => row.messages as Row[])
    expect(messages.every(message => typeof message.reasoning_content === 'string')).toBe(true)
    expect(messages.filter(message => 'tool_calls' in message)).toHaveLength(1)
    expect(messages.find(message => 'tool_calls' in message)!.tool_calls).toEqual([call])
    // `datasets` takes the types of columns from what stands first.
    const first = rows.slice(0, 2).flatMap(row => Object.entries(row).flatMap(([name, value]) => (value ? [name] : [])))
    expect(new Set(first)).toEqual(new Set(['id', 'messages', 'reference', 'tools']))
    const plain = await written('trl', [chat(user('q'), assistant('a'))])
    expect(Object.keys(plain.of('prompt-completion/train.jsonl')[0]!)).toEqual(['id', 'prompt', 'completion'])
  })

  test('a reward finds the final answer in a box, and the reference whole beside it', async () => {
    const made = await written('trl', [
      { kind: 'prompt', messages: [user('q')], reference: 'half of 10\n#### 5', verifier: { kind: 'maths' } },
      { kind: 'prompt', messages: [user('q')], reference: 'Oslo' },
    ])
    expect(made.of('rlvr/train.jsonl')).toEqual([
      {
        id: 'r0',
        prompt: [user('q')],
        solution: '\\boxed{5}',
        task: 'maths',
        verifier: '{"kind":"maths"}',
        reference: 'half of 10\n#### 5',
      },
      { id: 'r1', prompt: [user('q')], solution: 'Oslo', task: 'exact', verifier: '', reference: '' },
    ])
  })
})

describe('context', () => {
  const counter = tokenizer()
  const short = chat(user('q'), assistant('a'))
  const long = chat(user('q'), assistant('word '.repeat(300).trim()))

  test('stop writes nothing and names rows', async () => {
    const dir = join(folder, `${n}`)
    await expect(written('trl', [short, long], { context: 50, counter })).rejects.toMatchObject({
      code: 'SR_EXPORT_CONTEXT',
      message: expect.stringContaining('1 rows are longer than 50 tokens'),
      received: expect.stringContaining('r1 ('),
    })
    const left = readdirSync(dir, { recursive: true, withFileTypes: true })
    expect(left.filter(entry => entry.isFile())).toEqual([])
  })

  test('drop lists them with their length', async () => {
    const made = await written('trl', [short, long], { context: 50, tooLong: 'drop', counter })
    expect(made.of('left-out.jsonl')).toEqual([
      { id: 'r1', split: 'train', reason: 'too-long', tokens: expect.any(Number) },
    ])
    expect(made.types[0]!.files[0]!.rows).toBe(1)
  })

  test('truncate takes later exchanges first, then the end of answers; prompts are never cut', async () => {
    const twice = chat(user('q'), assistant('a'), user('r'), assistant('word '.repeat(300).trim()))
    const sides = pair('q', `Yes: ${'word '.repeat(300).trim()}`, `No: ${'word '.repeat(200).trim()}`)
    const asked = pair('word '.repeat(300), 'a', 'b')
    const made = await written(
      'trl',
      [long, twice, sides, asked, pair('q', `${'x '.repeat(300)}a`, `${'x '.repeat(300)}b`)],
      {
        ...{ context: 50, tooLong: 'truncate', counter },
      },
    )
    const [cut, whole] = made.of('messages/train.jsonl').map(row => row.messages as Message[])
    expect(whole).toEqual([user('q'), assistant('a')])
    expect(counter.count(cut![1]!.content!)).toBeGreaterThan(30)
    const [both] = made.of('preference/train.jsonl')
    for (const side of ['chosen', 'rejected']) {
      const tokens = counter.count((both![side] as Message[])[0]!.content!)
      expect(tokens).toBeLessThan(50)
    }
    expect(made.leftOut).toEqual({ 'too-long': 1, 'equal-sides': 1 })
    expect(made.cut).toBe(3)
  })
})

const text = z.string().min(1)
const plainTurn = z.strictObject({ role: z.enum(['system', 'user', 'assistant']), content: text })
const alternating = z.array(z.looseObject({ from: z.string(), value: z.string() })).refine(turns => {
  const spoken = turns[0]?.from === 'system' ? turns.slice(1) : turns
  return spoken.every(({ from }, i) =>
    (i % 2 === 0 ? ['human', 'observation'] : ['gpt', 'function_call']).includes(from),
  )
})
const single = z.array(z.looseObject({ role: z.literal('assistant') })).length(1)

/** Rows as the trainers and vendors that cannot be installed here document them. */
const schemas: { [target: string]: { [type: string]: z.ZodType } } = {
  axolotl: {
    messages: z.strictObject({
      id: text,
      messages: z.array(
        z.looseObject({
          role: text,
          tool_calls: z
            .array(z.looseObject({ function: z.strictObject({ name: text, arguments: z.string() }) }))
            .optional(),
        }),
      ),
      tools: z.string().nullable(),
    }),
    preference: z.strictObject({
      id: text,
      prompt: z.array(plainTurn).min(1),
      chosen: z.array(plainTurn).length(1),
      rejected: z.array(plainTurn).length(1),
    }),
    orpo: z.strictObject({
      ...{ id: text, system: z.string().optional() },
      chosen: z.array(plainTurn).refine(turns => turns.length % 2 === 0),
      rejected: z.array(plainTurn),
    }),
    unpaired: z.strictObject({ id: text, prompt: text, completion: text, label: z.boolean() }),
  },
  'llama-factory': {
    messages: z.strictObject({ id: text, conversations: alternating, tools: z.string().nullable() }),
    preference: z.strictObject({
      id: text,
      conversations: alternating.refine(turns => turns.length % 2 === 1),
      chosen: z.strictObject({ from: z.literal('gpt'), value: text }),
      rejected: z.strictObject({ from: z.literal('gpt'), value: text }),
    }),
    unpaired: z.strictObject({ id: text, conversations: alternating, kto_tag: z.boolean() }),
  },
  openai: {
    messages: z.strictObject({
      messages: z.array(
        z.strictObject({
          role: z.enum(['system', 'user', 'assistant', 'tool']),
          content: z.string().nullable(),
          tool_calls: z
            .array(
              z.strictObject({
                id: text,
                type: z.literal('function'),
                function: z.strictObject({ name: text, arguments: z.string() }),
              }),
            )
            .optional(),
          tool_call_id: z.string().optional(),
        }),
      ),
      tools: z
        .array(z.strictObject({ type: z.literal('function'), function: z.looseObject({ name: text }) }))
        .optional(),
    }),
  },
  together: {
    preference: z.strictObject({
      input: z.strictObject({ messages: z.array(z.looseObject({ role: text })) }),
      preferred_output: single,
      non_preferred_output: single,
    }),
  },
}
const kinds: { [type: string]: Payload[] } = {
  messages: [
    chat({ role: 'system', content: 's' }, user('q'), assistant('a', { reasoning: 'so' })),
    {
      kind: 'conversation',
      messages: [
        user('q'),
        { role: 'assistant', content: null, tool_calls: [{ type: 'function', function: call.function }, call] },
        { role: 'tool', content: 'r', name: 'look' },
        { role: 'tool', content: 's', name: 'look' },
        assistant('a'),
      ],
      tools,
    },
  ],
  preference: [
    {
      kind: 'preference',
      prompt: [user('q'), assistant('a'), user('r')],
      chosen: [assistant('b', { reasoning: 'so' })],
      rejected: [assistant('c')],
    },
  ],
  unpaired: [...labelled(2, true), ...labelled(2, false)],
}
kinds.orpo = kinds.preference!

test.each(
  Object.entries(schemas).flatMap(([target, types]) =>
    Object.entries(types).map(([type, schema]) => [target, type, schema] as const),
  ),
)('%s %s rows are of the documented shape', async (target, type, schema) => {
  const made = await written(target, kinds[type]!, { type })
  for (const row of made.of(`${type}/train.jsonl`)) expect(schema.safeParse(row).error).toBeUndefined()
  expect(made.rows).toBe(kinds[type]!.length)
})

test('LLaMA-Factory finds its files in dataset_info.json, with the columns that are there', async () => {
  const made = await written('llama-factory', [...kinds.messages!, ...kinds.preference!, ...kinds.unpaired!])
  const info = JSON.parse(readFileSync(join(made.dir, 'dataset_info.json'), 'utf8'))
  expect(info).toEqual({
    messages_train: {
      file_name: 'messages/train.jsonl',
      formatting: 'sharegpt',
      columns: { messages: 'conversations', tools: 'tools' },
    },
    preference_train: {
      file_name: 'preference/train.jsonl',
      formatting: 'sharegpt',
      ranking: true,
      columns: { messages: 'conversations', chosen: 'chosen', rejected: 'rejected' },
    },
    unpaired_train: {
      file_name: 'unpaired/train.jsonl',
      formatting: 'sharegpt',
      columns: { messages: 'conversations', kto_tag: 'kto_tag' },
    },
  })
  for (const { file_name } of Object.values(info) as { file_name: string }[])
    expect(existsSync(join(made.dir, file_name))).toBe(true)
})

test('a format that holds less refuses or tells: flat texts, one turn a side, few rows', async () => {
  const several: Payload = {
    kind: 'feedback',
    prompt: [user('q'), assistant('a'), user('r')],
    completion: [assistant('b')],
    label: true,
  }
  expect((await written('axolotl', [several, ...labelled(1, false)])).leftOut).toEqual({ 'multi-turn': 1 })
  const developer = chat({ role: 'developer', content: 's' }, user('q'), assistant('a'))
  expect((await written('alpaca', [developer])).lost).toEqual({ 'the role developer': 1 })
  const made = await written('openai', [chat(user('q'), assistant('a'))])
  expect(made.warnings.join()).toContain('OpenAI takes no file of under 10 rows')
  expect(made.warnings.join()).toContain('2027-01-06')
  expect(made.of('messages/train.ids.jsonl')).toEqual([{ id: 'r0' }])
  const inline = await written('axolotl', kinds.preference!, { reasoning: 'separate' })
  expect(inline.warnings.join()).toContain('reasoning is written inline')
  expect((inline.of('preference/train.jsonl')[0]!.chosen as Message[])[0]!.content).toBe('<think>\nso\n</think>\n\nb')
})

test('every target says what it is, and chooses types of its own', () => {
  const kinds = ['conversation', 'preference', 'feedback', 'prompt', 'document', 'row', 'exam'] as const
  for (const target of targets) {
    const chosen = kinds.flatMap(kind => target.choose(kind, { rows: 2, several: 1, checkable: 0 }) ?? [])
    expect(chosen.length).toBeGreaterThan(0)
    for (const type of chosen) expect(Object.keys(target.types)).toContain(type)
    expect(target.choose('exam', { rows: 1, several: 0, checkable: 1 })).toBeUndefined()
  }
})
