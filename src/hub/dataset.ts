import { z } from 'zod'
import type { Sha } from '../records/index.ts'
import { askJson, refusal, send, strange } from './ask.ts'
import type { Hub } from './endpoint.ts'

/** A file of a repository; `size` in bytes. What lies in LFS is known by sha256, all else by its git blob id (sha1). */
export type HubFile = { path: string; size: number; sha256?: Sha; oid: string }

/** A repository of data at one commit: `sha` names it for good. */
export type Dataset = { repo: string; sha: string; private: boolean; files: HubFile[] }

const info = z.looseObject({
  sha: z.string().regex(/^[0-9a-f]{40,64}$/),
  private: z.boolean().optional(),
  siblings: z
    .array(
      z.looseObject({
        rfilename: z.string().min(1),
        size: z.int().min(0).optional(),
        blobId: z.string().optional(),
        lfs: z.looseObject({ sha256: z.string(), size: z.int() }).nullish(),
      }),
    )
    .optional(),
})

/** What a person calls a repository at a revision. */
export const nameAt = (repo: string, revision?: string): string =>
  `the dataset ${repo}${revision === undefined ? '' : `@${revision}`}`

/** The repository at a branch, tag or commit. Throws SR_HUB: unknown, private, gated, unreachable. */
export async function datasetAt(hub: Hub, repo: string, revision = 'main'): Promise<Dataset> {
  const found = await datasetIfAny(hub, repo, revision)
  if ('missing' in found) throw await refusal(hub, found.missing, nameAt(repo, revision))
  return found
}

/** The same where it need not exist; then the answer that says so. Throws SR_HUB for every other refusal. */
export async function datasetIfAny(
  hub: Hub,
  repo: string,
  revision = 'main',
): Promise<Dataset | { missing: Response }> {
  const what = nameAt(repo, revision)
  const answer = await send(hub, `/api/datasets/${repo}/revision/${encodeURIComponent(revision)}?blobs=true`)
  if (answer.status === 404) return { missing: answer }
  if (!answer.ok) throw await refusal(hub, answer, what)
  const read = info.safeParse(await answer.json().catch(() => undefined))
  if (!read.success) throw strange(hub, what)
  const { sha, siblings = [] } = read.data
  const files = siblings.map(({ rfilename, size, blobId, lfs }) => ({
    path: rfilename,
    size: lfs?.size ?? size ?? 0,
    oid: blobId ?? '',
    ...(lfs ? { sha256: lfs.sha256 } : {}),
  }))
  files.sort((a, b) => (a.path < b.path ? -1 : 1))
  return { repo, sha, private: read.data.private ?? false, files }
}

const refs = z.looseObject({ tags: z.array(z.looseObject({ name: z.string(), targetCommit: z.string() })).default([]) })

/** The commits that tags of a repository name. */
export async function tagsOf(hub: Hub, repo: string): Promise<Map<string, string>> {
  const what = `the tags of ${repo}`
  const read = refs.safeParse(await askJson(hub, `/api/datasets/${repo}/refs`, what))
  if (!read.success) throw strange(hub, what)
  return new Map(read.data.tags.map(({ name, targetCommit }) => [name, targetCommit]))
}

/** Names a commit for good. Throws SR_HUB, also where the tag exists. */
export async function putTag(hub: Hub, repo: string, tag: string, commit: string, message: string): Promise<void> {
  const path = `/api/datasets/${repo}/tag/${encodeURIComponent(commit)}`
  const answer = await send(hub, path, { method: 'POST', body: { tag, message } })
  if (!answer.ok) throw await refusal(hub, answer, `the tag ${tag} of ${repo}`)
  await answer.body?.cancel()
}

/** The address of one file at one commit, below the endpoint. */
export const filePath = (repo: string, sha: string, path: string): string =>
  `/datasets/${repo}/resolve/${sha}/${path.split('/').map(encodeURIComponent).join('/')}`

/** A small file as text; undefined where the repository has none of that name. */
export async function readText(hub: Hub, { repo, sha, files }: Dataset, path: string): Promise<string | undefined> {
  if (!files.some(file => file.path === path)) return undefined
  const answer = await send(hub, filePath(repo, sha, path))
  if (!answer.ok) throw await refusal(hub, answer, `${path} of ${nameAt(repo, sha.slice(0, 12))}`)
  return answer.text()
}
