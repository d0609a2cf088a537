import { pathToFileURL } from 'node:url'
import { StillroomError } from '../errors/index.ts'
import { askJson, explain, refusal, silent } from './ask.ts'
import { type Dataset, datasetIfAny, nameAt, putTag, readText, tagsOf } from './dataset.ts'
import { isSame } from './digest.ts'
import { type Hub, pageOf, scrubbed } from './endpoint.ts'

/** A file to be pushed: its path in the repository, where it lies, its size. */
export type Upload = { path: string; file: string; bytes: number }

/** `known` files are those of which a version consists; the others may differ between equal versions. */
export type PushOptions = {
  repo: string
  uploads: readonly Upload[]
  /** Tag of the version; without one the branch is brought up to date and nothing is named. */
  version?: string
  known(path: string): boolean
  /** What the folder is called: a repository that holds something else is left alone. Undefined for a folder that is no release. */
  name?: string
  /** First line of the commit. */
  title: string
  /** Whether everybody may read it. */
  public: boolean
  signal?: AbortSignal
  /** What goes on: `sent` of `total` bytes are there, `path` has just arrived. */
  told?(what: { sent: number; total: number; path?: string }): void
}

/** What became of a push. `existed` says that this version was there already and nothing was written. */
export type Pushed = {
  url: string
  commit: string
  existed: boolean
  created: boolean
  private: boolean
  /** Files of an earlier version that were taken out. */
  removed: string[]
  version?: string
}

const install = 'npm install @huggingface/hub@2.17.5'

type Client = typeof import('@huggingface/hub')

/** The client, loaded when it is first needed. Throws SR_HUB with the command that installs it. */
async function client(load: () => Promise<Client>): Promise<Client> {
  try {
    return await load()
  } catch (cause) {
    throw new StillroomError('SR_HUB', 'A push needs the package @huggingface/hub, which is not installed.', {
      hint: install,
      cause,
    })
  }
}

/**
 * Makes a folder the content of a repository of data: one commit, then the tag. The repository is made where there is none.
 * Doing it again changes nothing, also after a kill: bytes that are there are not sent twice, a commit that is there is only
 * tagged. Files that an earlier version left are taken out in the same commit; files of others are left alone.
 * @throws StillroomError SR_KEY_MISSING without a token; SR_RELEASE_EXISTS where the version is there with other content,
 * or the repository holds something else; SR_USAGE where a public repository would get what was not called public; SR_HUB.
 */
export async function push(
  hub: Hub,
  options: PushOptions,
  load: () => Promise<Client> = () => import('@huggingface/hub'),
): Promise<Pushed> {
  const { repo, version } = options
  if (hub.token === undefined) {
    throw new StillroomError(
      'SR_KEY_MISSING',
      'A push needs a token, and the environment variable HF_TOKEN is not set.',
      {
        hint: `make one with the right to write at ${hub.url}/settings/tokens, and: export HF_TOKEN=...`,
      },
    )
  }
  const library = await client(load)
  await expectWriter(hub, repo)
  const before = await datasetIfAny(hub, repo)
  if ('missing' in before) await before.missing.body?.cancel()
  const there = 'missing' in before ? undefined : before
  if (there) expectVisible(there, options.public)
  const done = (commit: string, more: Partial<Pushed> = {}): Pushed => ({
    ...{ url: pageOf(hub, repo, version), commit, existed: false, created: !there, removed: [] },
    private: there?.private ?? !options.public,
    ...(version === undefined ? {} : { version }),
    ...more,
  })
  if (there) {
    const tag = version === undefined ? undefined : (await tagsOf(hub, repo)).get(version)
    if (tag !== undefined) {
      const tagged = await datasetIfAny(hub, repo, version)
      if ('missing' in tagged) throw await refusal(hub, tagged.missing, nameAt(repo, version))
      if (await holds(tagged, options)) return done(tag, { existed: true })
      throw new StillroomError('SR_RELEASE_EXISTS', `${repo} has a version ${version} with other content.`, {
        received: pageOf(hub, repo, version),
        hint: 'give `release.version` in the recipe a new number and release again; a version is never changed',
      })
    }
    await expectOurs(hub, there, options)
    if (await holds(there, options)) {
      if (version !== undefined) await putTag(hub, repo, version, there.sha, options.title)
      return done(there.sha, { existed: version === undefined })
    }
  } else {
    const visibility = options.public ? 'public' : 'private'
    const to = { repo: { type: 'dataset' as const, name: repo }, accessToken: hub.token, hubUrl: hub.url }
    await foreign(hub, `the repository ${repo}`, library.createRepo({ ...to, visibility, fetch: hub.fetch }))
  }
  const removed = there ? await stale(hub, there, options) : []
  const commit = await upload(hub, library, options, removed, there?.sha)
  if (version !== undefined) await putTag(hub, repo, version, commit, options.title)
  return done(commit, { removed })
}

/** Who the token belongs to, and whether the owner of the repository is theirs to write for. */
async function expectWriter(hub: Hub, repo: string): Promise<void> {
  type Account = { name?: string; orgs?: { name?: string }[]; auth?: { accessToken?: { role?: string } } }
  const account = (await askJson(hub, '/api/whoami-v2', 'the account of the token')) as Account
  const owner = repo.split('/')[0]!
  const owners = [account.name, ...(account.orgs ?? []).map(({ name }) => name)].flatMap(name => name ?? [])
  if (!owners.some(name => name.toLowerCase() === owner.toLowerCase())) {
    throw new StillroomError(
      'SR_HUB',
      `The token of HF_TOKEN belongs to ${owners[0] ?? 'nobody'}, who is not of ${owner}.`,
      {
        expected: `--to <owner>/<name> with the owner ${owners.join(' or ')}`,
      },
    )
  }
  if (account.auth?.accessToken?.role === 'read') {
    throw new StillroomError('SR_HUB', 'The token of HF_TOKEN may only read.', {
      hint: `make one with the right to write at ${hub.url}/settings/tokens`,
    })
  }
}

function expectVisible({ repo, private: closed }: Dataset, wanted: boolean): void {
  if (closed || wanted) return
  throw new StillroomError('SR_USAGE', `${repo} is public, and everybody would see what is pushed.`, {
    hint: 'say so with --public, or name a private repository',
  })
}

/** A repository holds one dataset: a name that was mistyped must not overwrite another. */
async function expectOurs(hub: Hub, there: Dataset, { name }: PushOptions): Promise<void> {
  const text = await readText(hub, there, 'manifest.json')
  const data = there.files.some(({ path }) => !/^(?:\.[^/]*|README\.md)$/.test(path))
  let other: string | undefined
  if (text === undefined) other = data && name !== undefined ? 'data that is no release' : undefined
  else {
    const held = manifestName(text)
    if (held !== name) other = held === undefined ? 'data that is no release' : `releases of ${held}`
  }
  if (other === undefined) return
  throw new StillroomError('SR_RELEASE_EXISTS', `${there.repo} holds ${other}.`, {
    expected:
      name === undefined ? 'a repository without a release' : `an empty repository, or one with releases of ${name}`,
    hint: 'name a repository of its own with --to; it is made where there is none',
  })
}

function manifestName(text: string): string | undefined {
  try {
    const { format, name } = JSON.parse(text) as { format?: unknown; name?: unknown }
    return typeof format === 'number' && typeof name === 'string' ? name : undefined
  } catch {
    return undefined
  }
}

/** Whether a revision is this version: every known file is there as it lies here, and no other data beside it. */
async function holds(there: Dataset, { uploads, known }: PushOptions): Promise<boolean> {
  const remote = new Map(there.files.map(file => [file.path, file]))
  const own = new Set(uploads.map(({ path }) => path))
  if (there.files.some(({ path }) => path.startsWith('data/') && !own.has(path))) return false
  for (const upload of uploads) {
    if (!known(upload.path)) continue
    const file = remote.get(upload.path)
    if (!file || !(await isSame(upload.file, file))) return false
  }
  return true
}

/** Files that an earlier version had and this one has not: by its manifest, and whatever lies among the data. */
async function stale(hub: Hub, there: Dataset, { uploads }: PushOptions): Promise<string[]> {
  const own = new Set(uploads.map(({ path }) => path))
  const text = await readText(hub, there, 'manifest.json')
  let earlier: Set<unknown> = new Set()
  try {
    const { files = [] } = JSON.parse(text ?? '{}') as { files?: { path: unknown }[] }
    earlier = new Set(files.map(({ path }) => path))
  } catch {
    // No manifest of ours: only the data goes.
  }
  return there.files
    .map(({ path }) => path)
    .filter(path => !own.has(path) && (path.startsWith('data/') || path.startsWith('report/') || earlier.has(path)))
}

/** One commit of everything. Large files go up before it, as LFS objects by digest: those that are there are passed over. */
async function upload(
  hub: Hub,
  library: Client,
  { repo, uploads, title, signal, told }: PushOptions,
  removed: readonly string[],
  parent: string | undefined,
): Promise<string> {
  const total = uploads.reduce((n, { bytes }) => n + bytes, 0)
  const sizes = new Map(uploads.map(({ path, bytes }) => [path, bytes]))
  // Bytes as they leave, those of files that need not be sent, and those of files that are known to be there.
  let [streamed, spared, arrived] = [0, 0, 0]
  const sending = new Set<string>()
  const tell = (path?: string): void =>
    told?.({ sent: Math.max(streamed + spared, arrived), total, ...(path === undefined ? {} : { path }) })
  const commits = library.commitIter({
    repo: { type: 'dataset', name: repo },
    accessToken: hub.token!,
    hubUrl: hub.url,
    title,
    operations: [
      ...uploads.map(({ path, file }) => ({ operation: 'addOrUpdate' as const, path, content: pathToFileURL(file) })),
      ...removed.map(path => ({ operation: 'delete' as const, path })),
    ],
    ...(parent === undefined ? {} : { parentCommit: parent }),
    ...(signal ? { abortSignal: signal } : {}),
    // Plain LFS: one digest for a file, which stands in the manifest and in every listing as well.
    useXet: false,
    fetch: counting(hub.fetch, bytes => {
      streamed += bytes
      tell()
    }),
  })
  const what = `the upload to ${repo}`
  for (;;) {
    const next = await foreign(hub, what, commits.next(), signal)
    if (next.done) {
      if (next.value) return next.value.commit.oid
      throw new StillroomError('SR_INTERNAL', `${what} ended without a commit.`)
    }
    if (next.value.event !== 'fileProgress' || next.value.state !== 'uploading') continue
    const { path, progress } = next.value
    if (progress < 1) {
      sending.add(path)
      continue
    }
    const size = sizes.get(path) ?? 0
    arrived += size
    if (!sending.has(path)) spared += size
    tell(path)
  }
}

/** Counts what leaves of large files. Their bodies stay what they are, so that their length is told ahead. */
function counting(fetch: Hub['fetch'], told: (bytes: number) => void): Hub['fetch'] {
  return (url, init) => {
    const body = init?.body
    if (init?.method === 'PUT' && body instanceof Blob) {
      const stream = body.stream.bind(body)
      body.stream = () => {
        const count = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
          transform(chunk, next) {
            told(chunk.length)
            next.enqueue(chunk)
          },
        })
        return stream().pipeThrough(count)
      }
    }
    return fetch(url, init)
  }
}

/** What the client throws, as an error of ours and without the token. */
async function foreign<T>(hub: Hub, what: string, work: Promise<T>, signal?: AbortSignal): Promise<T> {
  try {
    return await work
  } catch (cause) {
    if (signal?.aborted) throw signal.reason
    const { statusCode, message } = cause as { statusCode?: number; message?: string }
    if (typeof statusCode !== 'number') throw silent(hub, cause)
    // The client adds the address and a number of the request; what the Hub said stands in front.
    const said = scrubbed(String(message ?? ''), hub).replace(/\. URL: [\s\S]*$/, '')
    throw explain(hub, statusCode, '', said.slice(0, 300), what)
  }
}
