import { parse } from 'yaml'
import { z } from 'zod'
import { StillroomError } from '../errors/index.ts'

/** What the card of a repository says in its front matter, as far as it is needed to read the data. */
export type CardNotes = {
  /** As the Hub names it; several are joined by AND, since all of them have to be kept. */
  license?: string
  configs?: Config[]
}

type Config = { name: string; default: boolean; splits: { split: string | undefined; patterns: string[] }[] }

const words = z.union([z.string(), z.array(z.string())]).transform(value => [value].flat())
const front = z.looseObject({
  license: words.optional().catch(undefined),
  license_name: z.string().optional().catch(undefined),
  configs: z
    .array(
      z.looseObject({
        config_name: z.string(),
        default: z.boolean().default(false),
        data_dir: z.string().optional(),
        data_files: z.union([words, z.array(z.looseObject({ split: z.string().optional(), path: words }))]).optional(),
      }),
    )
    .optional()
    .catch(undefined),
})

/** Reads the front matter of a card. What is not in the form of a dataset card counts as not said. */
export function readCard(card: string | undefined): CardNotes {
  const yaml = /^\uFEFF?---\r?\n([\s\S]*?)\r?\n---/.exec(card ?? '')?.[1]
  if (yaml === undefined) return {}
  let value: unknown
  try {
    value = parse(yaml, { prettyErrors: false })
  } catch {
    return {}
  }
  const read = front.safeParse(value)
  if (!read.success) return {}
  const { license: given, license_name: named, configs } = read.data
  const licenses = given?.map(one => (one === 'other' && named !== undefined ? named : one))
  return {
    ...(licenses?.length ? { license: licenses.join(' AND ') } : {}),
    ...(configs ? { configs: configs.map(configOf) } : {}),
  }
}

type Front = NonNullable<z.output<typeof front>['configs']>[number]

function configOf({ config_name, default: first, data_dir, data_files }: Front): Config {
  const below = (pattern: string): string =>
    (data_dir === undefined ? pattern : `${data_dir}/${pattern}`).replace(/^(?:\.\/)+/, '').replace(/\/{2,}/g, '/')
  const named = data_files?.filter(one => typeof one === 'object') ?? []
  const plain = data_files?.filter(one => typeof one === 'string') ?? []
  const splits = named.map(({ split, path }) => ({ split, patterns: path.map(below) }))
  if (plain.length > 0) splits.push({ split: undefined, patterns: plain.map(below) })
  if (data_files === undefined && data_dir !== undefined) splits.push({ split: undefined, patterns: [below('**')] })
  return { name: config_name, default: first, splits }
}

/** Formats that can be read, packed ones among them. */
const readable = /\.(?:parquet|(?:jsonl|ndjson|json|csv|tsv)(?:\.gz)?)$/i
/** Files of the format that hold no rows: what tools and we ourselves put beside the data. */
const beside =
  /(?:^|\/)(?:config|dataset_infos?|dataset_dict|state|croissant|gates|manifest|run|signature|spdx)\.json$|(?:^|\/)(?:provenance|leaves|facts)\.jsonl$/i
const passedOver = /(?:^|\/)(?:\.|__)|\.md$/i

/** Words by which a split is known where a card names none; the first that fits counts. */
const splitWords: [split: string, words: string][] = [
  ['train', 'train(?:ing)?'],
  ['validation', 'validation|valid|dev|val'],
  ['test', 'test(?:ing)?|eval(?:uation)?'],
]

export type Chosen = { config?: string; splits: string[]; files: string[] }

/**
 * The data files of a config and its splits. A card that has `configs` decides; without it, names do, as `datasets`
 * reads them: `data/<split>-00000-of-00001.*`, then folders, then files, else all is `train`. Without `split` it is `train`
 * where there is one, else the only one. Throws SR_HUB with what there is: no such config, no such split, a choice that
 * is open, no file that can be read.
 */
export function choose(
  paths: readonly string[],
  { configs = [] }: CardNotes,
  wanted: { config?: string; split?: string | string[] },
  what: string,
): Chosen {
  const seen = paths.filter(path => !passedOver.test(path))
  const config = configFor(configs, wanted.config, what)
  const found = config ? splitsOf(config, seen) : splitsByName(seen.filter(path => readable.test(path)))
  const names = [...found.keys()]
  const splits = [wanted.split ?? []].flat()
  if (splits.length === 0) {
    const only = names.includes('train') ? 'train' : names.length === 1 ? names[0]! : undefined
    if (only === undefined && names.length > 1) {
      throw new StillroomError('SR_HUB', `${what} has several splits, and none is called train.`, {
        expected: `split: one or a list of ${names.join(', ')}`,
      })
    }
    if (only !== undefined) splits.push(only)
  }
  for (const split of splits) {
    if (found.has(split)) continue
    throw new StillroomError('SR_HUB', `${what} has no split \`${split}\`.`, {
      expected: names.join(', ') || 'nothing: it has no data files',
    })
  }
  const all = [...new Set(splits.flatMap(split => found.get(split)!))].sort((a, b) => (a < b ? -1 : 1))
  const files = all.filter(path => readable.test(path))
  if (files.length === 0 || files.length < all.length) {
    const others = [...new Set((all.length > 0 ? all : seen).map(path => /\.\w+$/.exec(path)?.[0] ?? 'no ending'))]
    const none = files.length === 0
    throw new StillroomError(
      'SR_HUB',
      none ? `${what} holds no data file that can be read.` : `${what} holds data files that cannot be read.`,
      {
        expected: 'parquet, jsonl, json, csv or tsv',
        received: others.sort().join(', ') || 'no file',
        hint: 'the branch refs/convert/parquet of many datasets holds their rows as Parquet: name it as `revision`',
      },
    )
  }
  return { ...(config ? { config: config.name } : {}), splits, files }
}

function configFor(configs: readonly Config[], wanted: string | undefined, what: string): Config | undefined {
  const named = (name: string) => configs.find(one => one.name === name)
  const names = configs.map(({ name }) => name).join(', ')
  if (wanted !== undefined) {
    const found = named(wanted)
    if (found) return found
    throw new StillroomError('SR_HUB', `${what} has no config \`${wanted}\`.`, {
      expected: names || 'no `config`: its card names none',
    })
  }
  const first = configs.find(one => one.default) ?? named('default') ?? (configs.length === 1 ? configs[0] : undefined)
  if (first || configs.length === 0) return first
  throw new StillroomError('SR_HUB', `${what} has several configs, and none is the default.`, {
    expected: `config: one of ${names}`,
  })
}

/** Files of a config by split. Where it names no split, names decide among its files. */
function splitsOf({ splits }: Config, paths: readonly string[]): Map<string, string[]> {
  const found = new Map<string, string[]>()
  for (const { split, patterns } of splits) {
    const matched = paths.filter(path => patterns.some(pattern => matches(pattern, path)))
    const parts = split === undefined ? splitsByName(matched) : new Map([[split, matched]])
    for (const [name, files] of parts) found.set(name, [...(found.get(name) ?? []), ...files])
  }
  if (splits.length === 0) return splitsByName(paths.filter(path => readable.test(path)))
  return found
}

function splitsByName(paths: readonly string[]): Map<string, string[]> {
  const data = paths.filter(path => !beside.test(path))
  const sharded = Map.groupBy(data, path => /^data\/(.+)-\d{5}-of-\d{5}[^/]*\.[^/]*$/.exec(path)?.[1])
  sharded.delete(undefined)
  if (sharded.size > 0) return sharded as Map<string, string[]>
  // A word stands alone between signs and digits: `my-test_1.csv`, not `latest.csv`.
  const sign = '[-._ 0-9]'
  for (const behind of [`(?:${sign}[^/]*)?/`, `${sign}[^/]*$`]) {
    const found = new Map<string, string[]>()
    for (const [split, names] of splitWords) {
      const pattern = new RegExp(`(?:^|/)(?:[^/]*${sign})?(?:${names})${behind}`)
      const files = data.filter(path => pattern.test(path))
      if (files.length > 0) found.set(split, files)
    }
    if (found.size > 0) return found
  }
  return new Map(data.length > 0 ? [['train', data]] : [])
}

/** Globs as `datasets` has them: `*` and `?` inside of a folder, `**` through folders, `[..]` for one character. */
function matches(pattern: string, path: string): boolean {
  const source = pattern.replace(/\*\*\/|\*\*|\*|\?|\[[^\]]+\]|[\\^$.|+(){}[\]]/g, sign => {
    if (sign === '**/') return '(?:.*/)?'
    if (sign === '**') return '.*'
    if (sign === '*') return '[^/]*'
    if (sign === '?') return '[^/]'
    return sign.startsWith('[') && sign.length > 1 ? sign.replace(/^\[!/, '[^').replaceAll('\\', '\\\\') : `\\${sign}`
  })
  return new RegExp(`^${source}$`).test(path)
}
