import { sha256 } from '../records/index.ts'
import { matching, oneOf } from './check.ts'
import { type Endpoint, limitOf, ok, page, type Result } from './endpoint.ts'
import type { Ledger } from './ledger.ts'
import { invalidField, refusal } from './openai.ts'

type File = {
  id: string
  object: 'file'
  bytes: number
  created_at: number
  expires_at: number | null
  filename: string
  purpose: string
  status: 'processed'
  status_details: null
}
type Kept = { file: File; content: Buffer }

const fields: Record<string, (value: unknown, path: string) => ReturnType<ReturnType<typeof oneOf>>> = {
  purpose: oneOf('assistants', 'batch', 'fine-tune', 'vision', 'user_data', 'evals'),
  'expires_after[anchor]': oneOf('created_at'),
  'expires_after[seconds]': matching(/^\d{4,7}$/),
}

/** The files of the OpenAI protocol, in memory. */
export function openFiles(seed: number, ledger: Ledger, seconds: () => number) {
  const kept = new Map<string, Kept>()
  let made = 0

  function keep(filename: string, purpose: string, content: Buffer): File {
    const file: File = {
      id: `file-${sha256(`${seed} file ${++made}`).slice(0, 24)}`,
      object: 'file',
      bytes: content.length,
      created_at: seconds(),
      expires_at: null,
      filename,
      purpose,
      status: 'processed',
      status_details: null,
    }
    kept.set(file.id, { file, content })
    return file
  }

  async function upload(body: Buffer, type: string): Promise<Result> {
    let form: FormData
    try {
      form = await new Response(new Uint8Array(body), { headers: { 'content-type': type } }).formData()
    } catch {
      return refusal('We could not parse the multipart form of your request.')
    }
    for (const [name, value] of form) {
      if (name === 'file') continue
      const check = fields[name]
      const problem = check
        ? check(value, name)
        : ({ is: 'unknown', path: name, expected: 'a known field', received: name } as const)
      if (problem) return invalidField(problem)
    }
    for (const path of ['file', 'purpose']) {
      if (!form.has(path)) return invalidField({ is: 'missing', path, expected: 'a value', received: 'nothing' })
    }
    const file = form.get('file')
    if (!file || typeof file === 'string')
      return invalidField({ is: 'type', path: 'file', expected: 'file', received: 'string' })
    const purpose = String(form.get('purpose'))
    if (purpose === 'batch' && !file.name.endsWith('.jsonl'))
      return refusal('Invalid file format for Batch API. Must be .jsonl', 'file')
    ledger.counts.files++
    return ok(keep(file.name, purpose, Buffer.from(await file.arrayBuffer())))
  }

  const endpoint: Endpoint = ({ method, path, query, headers, body }) => {
    if (path[0] !== 'files') return undefined
    if (path.length === 1) {
      if (method === 'POST') return upload(body, headers['content-type'] ?? '')
      if (method !== 'GET') return undefined
      const limit = limitOf(query, 10_000, 10_000)
      if (limit === undefined) return refusal("Invalid value for 'limit'.", 'limit')
      const purpose = query.get('purpose')
      const files = [...kept.values()]
        .map(({ file }) => file)
        .filter(file => purpose === null || file.purpose === purpose)
      return ok({
        object: 'list',
        ...page(query.get('order') === 'asc' ? files : files.reverse(), query.get('after'), limit),
      })
    }
    const found = kept.get(path[1]!)
    if (!found) return refusal(`No such File object: ${path[1]}`, 'id', 404)
    if (method === 'GET' && path.length === 2) return ok(found.file)
    if (method === 'GET' && path[2] === 'content' && path.length === 3)
      return ok(found.content, 'application/octet-stream')
    if (method !== 'DELETE' || path.length > 2) return undefined
    kept.delete(path[1]!)
    return ok({ id: path[1], object: 'file', deleted: true })
  }

  return {
    endpoint,
    keep,
    content: (id: string): Buffer | undefined => kept.get(id)?.content,
    purpose: (id: string): string | undefined => kept.get(id)?.file.purpose,
    clear: () => kept.clear(),
  }
}

export type Files = ReturnType<typeof openFiles>
