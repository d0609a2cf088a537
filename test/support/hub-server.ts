import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

type File = { content: Buffer; lfs: boolean }
type Commit = { sha: string; title: string; files: Map<string, File> }
type Repo = {
  private: boolean
  gated: boolean
  branches: Map<string, Commit>
  tags: Map<string, Commit>
  commits: Commit[]
}
type Account = { name: string; orgs?: string[]; role?: 'read' | 'write' }

export type HubServer = {
  url: string
  /** Requests so far, as `METHOD /path`. */
  asked: string[]
  /** Tokens that reached the other host, to which files in LFS redirect. */
  leaked: string[]
  repos: Map<string, Repo>
  /** Bytes in LFS by sha256. */
  lfs: Map<string, Buffer>
  /** Puts files on main of a repository, which is made where there is none; gives the commit. */
  put(repo: string, files: { [path: string]: string | Buffer }, more?: { private?: boolean; gated?: boolean }): string
  tag(repo: string, tag: string): void
  /** Called before each request; what it gives is answered instead. */
  fault?: (request: string) => { status: number; headers?: { [name: string]: string } } | 'cut' | undefined
  stop(): Promise<void>
}

const sha = (algorithm: string, ...parts: (string | Buffer)[]): string =>
  parts.reduce((hash, part) => hash.update(part), createHash(algorithm)).digest('hex')

const large = /\.(?:parquet|gz)$/

/**
 * The HTTP API of the Hub over real sockets, as far as its client and ours use it: accounts, repositories of data, listings,
 * files (those in LFS through another host), plain LFS uploads, commits, tags. It refuses what the Hub refuses.
 */
export async function hubServer(accounts: { [token: string]: Account } = {}): Promise<HubServer> {
  const repos: HubServer['repos'] = new Map()
  const lfs: HubServer['lfs'] = new Map()
  const store = createServer((request, response) => {
    if (request.headers.authorization) hub.leaked.push(request.headers.authorization)
    const [, kind, oid = ''] = (request.url ?? '').split(/[/?]/)
    if (request.method === 'PUT' && kind === 'upload') {
      return void bodyOf(request).then(body => {
        if (sha('sha256', body) !== oid) return response.writeHead(400).end()
        lfs.set(oid, body)
        response.writeHead(200, { etag: `"${oid}"` }).end()
      })
    }
    const content = lfs.get(oid)
    if (content) response.writeHead(200, { 'content-length': content.length }).end(content)
    else response.writeHead(404).end()
  })
  const main = createServer((request, response) => {
    const line = `${request.method} ${request.url}`
    hub.asked.push(line)
    const fault = hub.fault?.(line)
    if (fault === 'cut') return void request.socket.destroy()
    if (fault) return void response.writeHead(fault.status, fault.headers).end()
    bodyOf(request)
      .then(body => answer(request, response, body))
      .catch(error => response.writeHead(500).end(String(error)))
  })

  const json = (response: ServerResponse, value: unknown, status = 200): void => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
  }
  const refuse = (response: ServerResponse, status: number, code: string, error: string): void => {
    response.writeHead(status, { 'content-type': 'application/json', ...(code ? { 'x-error-code': code } : {}) })
    response.end(JSON.stringify({ error }))
  }
  const nextCommit = (repo: Repo, title: string, files: Map<string, File>): Commit => {
    const made = { sha: sha('sha1', title, String(repo.commits.length), ...files.keys()), title, files }
    repo.commits.push(made)
    repo.branches.set('main', made)
    return made
  }
  const newRepo = (name: string, more: { private?: boolean; gated?: boolean }): Repo => {
    const repo = { private: more.private ?? false, gated: more.gated ?? false, branches: new Map(), tags: new Map() }
    const made: Repo = { ...repo, commits: [] }
    repos.set(name, made)
    nextCommit(
      made,
      'initial commit',
      new Map([['.gitattributes', { content: Buffer.from('*.parquet lfs\n'), lfs: false }]]),
    )
    return made
  }
  const commitAt = (repo: Repo, revision: string): Commit | undefined =>
    repo.branches.get(revision) ?? repo.tags.get(revision) ?? repo.commits.find(({ sha }) => sha === revision)

  async function answer(request: IncomingMessage, response: ServerResponse, body: Buffer): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://hub')
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1]
    const account = token === undefined ? undefined : accounts[token]
    if (token !== undefined && !account) return refuse(response, 401, '', 'Invalid credentials in Authorization header')
    const path = url.pathname.split('/').map(decodeURIComponent)
    const mine = (owner: string): boolean =>
      account !== undefined && account.role !== 'read' && [account.name, ...(account.orgs ?? [])].includes(owner)
    if (url.pathname === '/api/whoami-v2') {
      if (!account) return refuse(response, 401, '', 'Invalid username or password.')
      const orgs = (account.orgs ?? []).map(name => ({ type: 'org', name }))
      const auth = { type: 'access_token', accessToken: { displayName: 'test', role: account.role ?? 'write' } }
      return json(response, { type: 'user', id: '1', name: account.name, orgs, auth })
    }
    if (url.pathname === '/api/repos/create' && request.method === 'POST') {
      const { name, organization, type, visibility } = JSON.parse(body.toString())
      const full = `${organization}/${name}`
      if (type !== 'dataset' || !mine(organization)) return refuse(response, 403, '', 'You may not create this.')
      if (repos.has(full)) return refuse(response, 409, '', 'You already created this dataset repo')
      newRepo(full, { private: visibility === 'private' })
      return json(response, { url: `${hub.url}/datasets/${full}`, name: full, id: full })
    }
    // /api/datasets/<owner>/<name>/<verb>/<revision> and /datasets/<owner>/<name>/resolve/<revision>/<path>
    const api = path[1] === 'api'
    const [owner = '', plain = '', verb = '', revision = '', ...rest] = path.slice(api ? 3 : 2)
    const name = `${owner}/${plain.replace(/\.git$/, '')}`
    const repo = repos.get(name)
    const visible = repo && (!repo.private || [account?.name, ...(account?.orgs ?? [])].includes(owner))
    if (!visible)
      return refuse(
        response,
        account ? 404 : 401,
        'RepoNotFound',
        account ? 'Repository not found' : 'Invalid username or password.',
      )
    if (verb === 'refs') {
      const listed = (refs: Map<string, Commit>) =>
        [...refs].map(([name, { sha }]) => ({ name, ref: `refs/tags/${name}`, targetCommit: sha }))
      return json(response, { branches: listed(repo.branches), converts: [], tags: listed(repo.tags) })
    }
    if (plain.endsWith('.git')) {
      const { operation, transfers, hash_algo, objects } = JSON.parse(body.toString())
      if (operation !== 'upload' || hash_algo !== 'sha_256' || !transfers.includes('basic') || !mine(owner))
        return refuse(response, 403, '', 'No upload')
      const told = objects.map(({ oid, size }: { oid: string; size: number }) => ({
        ...{ oid, size },
        ...(lfs.has(oid) ? {} : { actions: { upload: { href: `${other}/upload/${oid}` } } }),
      }))
      return json(response, { transfer: 'basic', objects: told })
    }
    const at = commitAt(repo, revision)
    if (!at) return refuse(response, 404, 'RevisionNotFound', `Invalid rev id: ${revision}`)
    if (verb === 'revision') {
      const siblings = [...at.files].map(([rfilename, { content, lfs }]) => ({
        ...{ rfilename, size: content.length },
        blobId: sha('sha1', `blob ${content.length}\0`, content),
        ...(lfs ? { lfs: { sha256: sha('sha256', content), size: content.length, pointerSize: 130 } } : {}),
      }))
      return json(response, {
        ...{ id: name, sha: at.sha, private: repo.private, gated: repo.gated ? 'auto' : false },
        siblings: url.searchParams.get('blobs') ? siblings : siblings.map(({ rfilename }) => ({ rfilename })),
      })
    }
    if (verb === 'resolve') {
      if (repo.gated && !mine(owner))
        return refuse(response, account ? 403 : 401, 'GatedRepo', 'Access to this dataset is restricted.')
      const file = at.files.get(rest.join('/'))
      if (!file) return refuse(response, 404, 'EntryNotFound', 'Entry not found')
      if (!file.lfs) return void response.writeHead(200).end(file.content)
      return void response.writeHead(302, { location: `${other}/file/${sha('sha256', file.content)}?signed=1` }).end()
    }
    if (!mine(owner)) return refuse(response, 403, '', 'You may not write here.')
    if (verb === 'preupload') {
      const { files } = JSON.parse(body.toString())
      const told = files.map((file: { path: string; size: number }) => ({
        path: file.path,
        uploadMode: large.test(file.path) && file.size > 0 ? 'lfs' : 'regular',
      }))
      return json(response, { files: told })
    }
    if (verb === 'tag') {
      const { tag } = JSON.parse(body.toString())
      if (repo.tags.has(tag)) return refuse(response, 409, '', 'Tag reference exists already')
      repo.tags.set(tag, at)
      return json(response, {})
    }
    if (verb === 'commit') {
      const lines = body
        .toString()
        .split('\n')
        .map(line => JSON.parse(line))
      const { parentCommit, summary } = lines.find(({ key }) => key === 'header').value
      if (parentCommit && parentCommit !== at.sha) return refuse(response, 412, '', 'A commit has happened since.')
      const files = new Map(at.files)
      for (const { key, value } of lines) {
        if (key === 'file') files.set(value.path, { content: Buffer.from(value.content, value.encoding), lfs: false })
        if (key === 'deletedFile' && !files.delete(value.path))
          return refuse(response, 404, 'EntryNotFound', value.path)
        if (key !== 'lfsFile') continue
        const content = lfs.get(value.oid)
        if (content?.length !== value.size) return refuse(response, 400, '', `LFS pointer to nothing: ${value.path}`)
        files.set(value.path, { content: content!, lfs: true })
      }
      const made = nextCommit(repo, summary, files)
      return json(response, {
        commitOid: made.sha,
        commitUrl: `${hub.url}/datasets/${name}/commit/${made.sha}`,
        hookOutput: '',
      })
    }
    refuse(response, 404, '', 'Not found')
  }

  const other = await listen(store)
  const hub: HubServer = {
    url: await listen(main),
    asked: [],
    leaked: [],
    repos,
    lfs,
    put(name, files, more = {}) {
      const repo = repos.get(name) ?? newRepo(name, more)
      const whole = new Map(repo.branches.get('main')!.files)
      for (const [path, text] of Object.entries(files)) {
        const content = Buffer.from(text as string)
        whole.set(path, { content, lfs: large.test(path) })
        if (large.test(path)) lfs.set(sha('sha256', content), content)
      }
      return nextCommit(repo, 'put', whole).sha
    },
    tag(name, tag) {
      const repo = repos.get(name)!
      repo.tags.set(tag, repo.branches.get('main')!)
    },
    async stop() {
      await Promise.all([main, store].map(close))
    },
  }
  return hub
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const close = (server: Server): Promise<void> =>
  new Promise(resolve => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
