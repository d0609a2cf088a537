import { stringify } from 'yaml'
import type { Answers, Seen } from './verbs/init.ts'

/** A text as YAML takes it inside of braces. */
function scalar(value: string): string {
  const plain = stringify(value).trim()
  return /[{}[\],]/.test(value) && plain === value ? `'${value}'` : plain
}

/** A first recipe over what `init` saw, with a word on each line and on how to put a real teacher in. */
export function recipeText(seen: Seen[], { name, license, commercial }: Answers, language: string): string {
  const documents = seen.filter(({ kind }) => kind === 'document')
  const real = seen.find(({ kind, synthetic }) => (kind === 'prompt' || kind === 'conversation') && !synthetic)
  const from = documents.length === 1 ? documents[0]!.name : `[${documents.map(source => source.name).join(', ')}]`
  const sources = seen.flatMap(({ name, files, table, kind, asked, synthetic }) => {
    const mapped = kind === 'prompt' && asked ? `, kind: prompt, columns: { prompt: ${scalar(asked)} }` : ''
    const listed = typeof files === 'string' ? scalar(files) : `[${files.map(scalar).join(', ')}]`
    const part = table === undefined ? '' : `, table: ${scalar(table)}`
    const origin = synthetic ? ', origin: synthetic' : ''
    const line = `${name}: { files: ${listed}${part}, license: ${scalar(license)}${origin}${mapped} }`
    if (!kind) return [`  # ${line}   # say what its rows are with kind: and columns:`]
    if (mapped)
      return [
        '  # Short texts, taken for real queries; without kind: and columns: they would be documents.',
        `  ${line}`,
      ]
    if (asked)
      return [`  # Short texts. Queries? Then add: kind: prompt, columns: { prompt: ${scalar(asked)} }`, `  ${line}`]
    return [`  ${line}`]
  })
  return `# A recipe for stillroom. Check it with \`stillroom plan\`, try it with \`stillroom preview -n 3\`.
name: ${scalar(name)}
use: fine-tuning            # or eval-set, edge-cases, privacy: decides which gates are required
language: ${language}
seed: 1                     # of every choice; the same recipe gives the same bytes
purpose:                    # what the data is for: terms and licenses are checked against it
${commercial === undefined ? '  # commercial: true' : `  commercial: ${commercial}`}
  distribute: private       # who gets the trained model: private or public

# Who writes and who judges. The built-in ones are rules, no language models: they need no key and no network.
# A hosted model:  writer: { model: deepseek/deepseek-v4-flash }
#                  reads its key from the environment (here DEEPSEEK_API_KEY), never from this file;
#                  \`stillroom terms\` shows what its terms say about this use, \`stillroom prices\` which prices are known;
#                  \`price: { input: 0.3, output: 1.2 }\` in dollars per million tokens counts before those
# Your own server: writer: { model: qwen3-32b, at: "http://localhost:8000/v1", price: free, license: apache-2.0 }
teachers:
  writer: { model: builtin/extractive }
  judge: { model: builtin/heuristic }

# Real data. license is an SPDX id, proprietary or unknown; it follows every row to the release.
sources:
${sources.join('\n')}

steps:
  # The better half of the documents, by rules.
  - extract: { from: ${from}, keep: 50% }
  # Questions that a named audience would ask about each document.
  - ask:
      teacher: writer
      questions: 5
      audience: a new colleague
      ${real ? `like: ${real.name}              # imitates the register of real queries` : '# like: <source of real queries>   # imitates their register'}
  # Answers with reasoning. With a language model, samples: 5 and agreement: 0.6 keep what it is sure of.
  - answer: { teacher: writer }
  # Marks by a rubric; the lowest fifth is dropped.
  - judge: { teacher: judge, rubric: accuracy-clarity-usefulness, drop: 20% }
  # Refusals, cut-off and broken answers.
  - clean: {}
  - dedupe: { near: 0.8 }
  # Keeps test questions out of the training data. Needed before a release for fine-tuning.
  # - decontaminate: { against: [my-tests.jsonl] }

# budget: { usd: 20 }       # never exceeded, also not by calls in the air

# Written at the end of a run once this is uncommented, when no gate blocks.
# release: { version: 0.1.0, license: cc-by-4.0, date: 2026-01-31, previous: none }
`
}
