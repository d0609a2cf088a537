import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { StillroomError } from '../errors/index.ts'
import {
  type CardNotes,
  choose,
  datasetAt,
  type Hub,
  type HubFile,
  nameAt,
  type PullOptions,
  pullFiles,
  readCard,
  readText,
} from '../hub/index.ts'
import { makeWorkspace, putWhole } from '../workspace/index.ts'
import type { SourceConfig } from './config.ts'
import type { SourceFile } from './files.ts'

/** The commit that a source is read at, and the license that the card of the repository names there. */
export type Pinned = { sha: string; license?: string }

/** What is known of a repository at one commit, kept beside its files: nobody is asked for it again. */
type Listing = { repo: string; sha: string; card: CardNotes; files: HubFile[] }

/** Commits that revisions named when they were first read. */
type Pins = { [revision: string]: string }

const home = (root: string): string => join(root, 'hub')
const pinsFile = (root: string, repo: string): string => join(home(root), `${repo}.pins.json`)
const listingFile = (root: string, repo: string, sha: string): string => join(home(root), `${repo}@${sha}.json`)
const fileFolder = (root: string, repo: string, sha: string): string => join(home(root), `${repo}@${sha}`)

function kept<T>(file: string): T | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as T
  } catch {
    // Not there: asked for.
    return undefined
  }
}

const isCommit = (revision: string): boolean => /^[0-9a-f]{40}$/.test(revision)

/**
 * A source of the Hub with its revision pinned to a commit: the one that it named when this workspace read it first, else
 * the one that it names now. From then on nobody is asked. `uri` becomes the address of the repository at that commit.
 * Throws SR_HUB.
 */
export async function settleHub(config: SourceConfig, root: string, hub: () => Hub): Promise<SourceConfig> {
  const { hub: repo, revision } = asked(config)
  const pins = kept<Pins>(pinsFile(root, repo)) ?? {}
  const known = isCommit(revision) ? revision : pins[revision]
  let listing = known === undefined ? undefined : kept<Listing>(listingFile(root, repo, known))
  if (!listing) {
    listing = await look(hub(), repo, known ?? revision)
    makeWorkspace(root)
    putWhole(listingFile(root, repo, listing.sha), JSON.stringify(listing))
    if (!isCommit(revision)) {
      const all = { ...kept<Pins>(pinsFile(root, repo)), [revision]: listing.sha }
      putWhole(pinsFile(root, repo), JSON.stringify(all, null, 1))
    }
  }
  const { sha, card } = listing
  chosen(config, listing)
  const pinned: Pinned = { sha, ...(card.license === undefined ? {} : { license: card.license }) }
  return { ...config, uri: `hf://datasets/${repo}@${sha}`, pinned }
}

async function look(hub: Hub, repo: string, revision: string): Promise<Listing> {
  const dataset = await datasetAt(hub, repo, revision)
  const card = readCard(await readText(hub, dataset, 'README.md'))
  return { repo, sha: dataset.sha, card, files: dataset.files }
}

const asked = ({ hub, revision = 'main' }: SourceConfig): { hub: string; revision: string } => ({
  hub: hub!,
  revision,
})

/** The files of the listing that the source reads. Throws SR_HUB where its config and split cannot be told. */
function chosen({ config, split }: SourceConfig, { repo, card, files }: Listing): HubFile[] {
  const wanted = { ...(config === undefined ? {} : { config }), ...(split === undefined ? {} : { split }) }
  const paths = files.map(({ path }) => path)
  const names = new Set(choose(paths, card, wanted, nameAt(repo)).files)
  return files.filter(({ path }) => names.has(path))
}

function listingOf(config: SourceConfig, root: string): Listing {
  const { hub } = asked(config)
  const sha = config.pinned?.sha
  const listing = sha === undefined ? undefined : kept<Listing>(listingFile(root, hub, sha))
  if (listing) return listing
  throw new StillroomError('SR_SOURCE_READ', `${nameAt(hub, sha?.slice(0, 12))} is not in the workspace.`, {
    hint: 'stillroom run brings it there',
  })
}

/** The files of a settled source, whether they have come or not, in order of their paths; `mtimeMs` is 0 for those that have not. */
export function hubFiles(config: SourceConfig, root: string): SourceFile[] {
  const listing = listingOf(config, root)
  const folder = fileFolder(root, listing.repo, listing.sha)
  return chosen(config, listing).map(({ path, size }) => {
    const absolute = join(folder, path)
    const info = statSync(absolute, { throwIfNoEntry: false })
    return { path, below: path, absolute, size, mtimeMs: info?.size === size ? info.mtimeMs : 0 }
  })
}

/**
 * The same, once all of them, or the first `most`, lie in the workspace. Without `hub` nobody is asked. `again` reads what
 * lies there once more, and asks whether the revision still names the commit.
 * @throws StillroomError SR_HUB; SR_SOURCE_READ for a file that is not there where nobody may be asked.
 */
export async function pullHub(
  config: SourceConfig,
  root: string,
  hub: (() => Hub) | undefined,
  { most, ...options }: PullOptions & { most?: number } = {},
): Promise<SourceFile[]> {
  const listing = listingOf(config, root)
  const { repo, sha } = listing
  const wanted = chosen(config, listing).slice(0, most)
  const missing = hubFiles(config, root)
    .slice(0, most)
    .find(({ mtimeMs }) => mtimeMs === 0)
  if (hub && (missing || options.again)) {
    if (options.again) await expectUnmoved(config, hub())
    await pullFiles(hub(), { repo, sha }, wanted, fileFolder(root, repo, sha), options)
  } else if (missing) {
    throw new StillroomError(
      'SR_SOURCE_READ',
      `${missing.path} of ${nameAt(repo, sha.slice(0, 12))} is not in the workspace.`,
      {
        hint: 'stillroom run brings it there; this command asks nobody',
      },
    )
  }
  return hubFiles(config, root).slice(0, most)
}

async function expectUnmoved(config: SourceConfig, hub: Hub): Promise<void> {
  const { hub: repo, revision } = asked(config)
  const sha = config.pinned!.sha
  if (isCommit(revision)) return
  const now = await datasetAt(hub, repo, revision)
  if (now.sha === sha) return
  throw new StillroomError('SR_HUB', `${revision} of ${repo} names another commit than when it was first read.`, {
    expected: sha,
    received: now.sha,
    hint: `write \`revision: ${now.sha}\` to read what is there now, or \`revision: ${sha}\` to stay with what was read`,
  })
}
