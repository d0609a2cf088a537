import { parse, stringify } from 'yaml'
import { trlTypes } from './shapes.ts'
import type { Origin, RowFile, Target } from './target.ts'

const number = (n: number): string => String(n).padStart(5, '0')

/** README.md of a repository: what the card of the release says, with the configs of these files. */
function readme(written: readonly RowFile[], { name, version, license, manifest, card }: Origin): string {
  const [, head = '', body = card] = /^---\n([\s\S]*?)\n---\n([\s\S]*)$/.exec(card) ?? []
  const { configs: _, dataset_info: __, ...front } = (parse(head) ?? {}) as { [field: string]: unknown }
  const types = [...new Set(written.map(file => file.type))]
  const splitsOf = (type: string) => [...new Set(written.filter(file => file.type === type).map(file => file.split))]
  const configs = types.map((config_name, i) => ({
    config_name,
    ...(i === 0 && { default: true }),
    data_files: splitsOf(config_name).map(split => ({ split, path: `data/${config_name}/${split}-*.jsonl` })),
  }))
  const rows = (type: string, split: string) =>
    written.filter(file => file.type === type && file.split === split).reduce((n, file) => n + file.rows, 0)
  const table = types.flatMap(type => splitsOf(type).map(split => `| ${type} | ${split} | ${rows(type, split)} |`))
  return [
    `---\n${stringify({ ...(Object.keys(front).length > 0 ? front : { license }), configs }, { lineWidth: 0 })}---\n`,
    `The rows of ${name} ${version} as trainers read them, one config for each way to train. They were made of the release`,
    `whose manifest has sha256 \`${manifest}\`; \`id\` is the name that a row has there.\n`,
    ['| Config | Split | Rows |', '| --- | --- | --- |', ...table].join('\n'),
    '\nWhat follows is the card of that release; the files that it names beside the data lie there.\n',
    body.trim(),
    '',
  ].join('\n')
}

/** The layout that the Hub shows and `datasets` loads by the name of a config: data/<config>/<split>-00000-of-0000N. */
export const hub: Target = {
  name: 'hub',
  about:
    'A repository for the Hugging Face Hub: one config each for sft, dpo, kto and grpo, and a README that names them',
  types: {
    sft: trlTypes.messages,
    dpo: trlTypes.preference,
    kto: trlTypes.unpaired,
    grpo: trlTypes.rlvr,
    prompts: trlTypes['prompt-only'],
    pretraining: trlTypes['language-modeling'],
  },
  choose(kind, seen) {
    if (kind === 'prompt') return seen.checkable === seen.rows ? 'grpo' : 'prompts'
    return { conversation: 'sft', preference: 'dpo', feedback: 'kto', document: 'pretraining' }[kind as string]
  },
  ids: 'column',
  parts: {
    rows: 100_000,
    path: (type, split, part, parts) => `data/${type}/${split}-${number(part)}-of-${number(parts)}.jsonl`,
  },
  files: (written, _, origin) => ({ 'README.md': readme(written, origin) }),
}
