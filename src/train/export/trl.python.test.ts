import { spawnSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Json, Message, Payload } from '../../records/index.ts'
import { type Content, targetNamed, writeExport } from '../index.ts'

const python = process.env.STILLROOM_PYTHON ?? 'python3'
const offline = { ...process.env, HF_HUB_OFFLINE: '1', HF_DATASETS_OFFLINE: '1', HF_HUB_DISABLE_TELEMETRY: '1' }
const probe = spawnSync(
  python,
  ['-c', 'import trl, datasets; print("trl", trl.__version__, "datasets", datasets.__version__)'],
  {
    encoding: 'utf8',
    env: offline,
  },
)
const version = probe.status === 0 ? probe.stdout.trim().split('\n').at(-1) : undefined
if (version === undefined)
  console.log(`skipped: ${python} cannot import trl; set STILLROOM_PYTHON to a Python that can`)

const user = (content: string): Message => ({ role: 'user', content })
const assistant = (content: string, more: Partial<Message> = {}): Message => ({ role: 'assistant', content, ...more })
const calling = (name: string, args: { [key: string]: Json }): Payload => ({
  kind: 'conversation',
  messages: [
    user('Look'),
    { role: 'assistant', content: null, tool_calls: [{ type: 'function', function: { name, arguments: args } }] },
    { role: 'tool', content: 'seen', name },
    assistant('Seen.'),
  ],
  tools: [{ type: 'function', function: { name, parameters: { type: 'object', properties: args } } }],
})
const filler = 'word '.repeat(3000)
/** Every kind, and what differs from row to row late in a file, far behind the part that types are taken from. */
const payloads: Payload[] = [
  ...Array.from({ length: 800 }, (): Payload => ({ kind: 'conversation', messages: [user('q'), assistant(filler)] })),
  { kind: 'conversation', messages: [user('q'), assistant('a', { reasoning: 'so' })], reference: 'a' },
  calling('look', { at: 'x' }),
  calling('count', { from: 1, to: [null, 2] }),
  { kind: 'preference', prompt: [user('問い')], chosen: [assistant('A')], rejected: [assistant('B')] },
  ...[true, false, true, false].map(
    (label): Payload => ({ kind: 'feedback', prompt: [user('q')], completion: [assistant('a')], label }),
  ),
  { kind: 'prompt', messages: [user('1 + 1')], reference: '2', verifier: { kind: 'number' } },
  { kind: 'document', text: 'words', title: 'Title' },
  { kind: 'document', text: 'more words' },
  { kind: 'row', columns: { prompt: 'q', completions: ['a', 'b'], labels: [true, false] } },
]
const types = [
  'prompt-completion',
  'messages',
  'preference',
  'preference-implicit',
  'unpaired',
  'rlvr',
  'language-modeling',
  'stepwise',
]

/**
 * Each file as `datasets` loads it and as TRL takes it: columns, whether it is conversational, and what its own functions make
 * of the rows. A chat template that would show a key of a call in a message without one tells of nulls.
 */
const script = `
import json, sys, tempfile
from datasets import load_dataset
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast
from trl.data_utils import apply_chat_template, extract_prompt, is_conversational, unpair_preference_dataset
bare = Tokenizer(models.WordLevel({"<unk>": 0}, unk_token="<unk>"))
bare.pre_tokenizer = pre_tokenizers.Whitespace()
tokenizer = PreTrainedTokenizerFast(tokenizer_object=bare, unk_token="<unk>", eos_token="<unk>")
tokenizer.chat_template = "{% for t in tools or [] %}[{{ t.function.name }}]{% endfor %}{% for m in messages %}<{{ m.role }}{% if 'tool_calls' in m %}!{{ m.tool_calls | length }}{{ m.tool_calls[0].function.arguments | tojson }}{% endif %}>{{ (m.content or '')[:20] }}{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}"
found = {}
with tempfile.TemporaryDirectory() as cache:
    for path in sys.argv[2:]:
        rows = load_dataset("json", data_files={"train": sys.argv[1] + "/" + path + "/train.jsonl"}, cache_dir=cache)["train"]
        last = rows[len(rows) - 1]
        chat = is_conversational(last)
        said = None
        if chat:
            row = extract_prompt(last) if path == "preference-implicit" else last
            tools = [json.loads(one["tools"]) if one.get("tools") else None for one in rows] if "tools" in rows.column_names else [None] * len(rows)
            said = [apply_chat_template(extract_prompt(one) if path == "preference-implicit" else dict(one), tokenizer, tools=t) for one, t in zip(rows, tools)]
            for text in said:
                for value in text.values():
                    if isinstance(value, str): tokenizer(value)
        if path == "preference": unpair_preference_dataset(rows.select_columns(["prompt", "chosen", "rejected"]))
        found[path] = {"columns": rows.column_names, "rows": len(rows), "chat": chat, "said": said and said[:3], "first": json.loads(json.dumps(rows[0]))}
print(json.dumps(found))
`

describe.skipIf(version === undefined)(
  `${version ?? 'TRL is not installed'}: exports are what TRL takes them for`,
  () => {
    test('every type loads, is known for what it is, and goes through the chat template', {
      timeout: 240_000,
    }, async () => {
      const dir = mkdtempSync(join(tmpdir(), 'stillroom-trl-'))
      async function* read() {
        for (const [i, payload] of payloads.entries())
          yield { split: 'train', content: { ...payload, id: `r${i}` } as Content }
      }
      const origin = { name: 'x', version: '1', license: 'mit', manifest: 'a'.repeat(64), card: '' }
      for (const type of types)
        await writeExport(targetNamed('trl'), { type, reasoning: 'separate' }, origin, read, dir)
      const run = spawnSync(python, ['-c', script, dir, ...types], {
        encoding: 'utf8',
        env: offline,
        maxBuffer: 2 ** 28,
      })
      expect(run.status, run.stderr).toBe(0)
      const found = JSON.parse(run.stdout.trim().split('\n').at(-1)!)
      const seen = (type: string) => [found[type].columns.join(), found[type].rows, found[type].chat]
      expect(seen('messages')).toEqual(['id,messages,reference,tools', 803, true])
      expect(seen('prompt-completion')).toEqual(['id,prompt,completion,reference,tools', 803, true])
      expect(seen('preference')).toEqual(['id,prompt,chosen,rejected', 1, true])
      expect(seen('preference-implicit')).toEqual(['id,chosen,rejected', 1, true])
      expect(seen('unpaired')).toEqual(['id,prompt,completion,label', 4, true])
      expect(seen('rlvr')).toEqual(['id,prompt,solution,task,verifier,reference', 1, true])
      expect(seen('language-modeling')).toEqual(['id,text,title', 2, false])
      expect(seen('stepwise')).toEqual(['id,prompt,completions,labels', 1, false])
      const texts = found.messages.said.map((one: { text: string }) => one.text)
      expect(texts).toContain('[look]<user>Look<assistant!1{"at": "x"}><tool>seen<assistant>Seen.')
      expect(found.rlvr.first.solution).toBe('\\boxed{2}')
    })
  },
)
