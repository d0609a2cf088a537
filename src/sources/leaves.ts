import { appendFileSync, closeSync, openSync } from 'node:fs'
import type { Json } from '../records/index.ts'
import { packedWith, rawBytes, refused, tooLarge, Unreadable } from './bytes.ts'
import type { SourceConfig } from './config.ts'
import { formOfFile } from './detect.ts'
import type { SourceFile } from './files.ts'
import { type Budget, type Form, type Limits, packing } from './form.ts'
import { budgetOf, type FormName, formOf } from './forms.ts'
import type { SourceReason } from './reasons.ts'
import { scratch } from './scratch.ts'

/** A file that is read, in the form that it has; or why it, or a member of it, is not. */
export type Leaf =
  | { is: 'file'; file: SourceFile; format: FormName }
  | { is: 'rejected'; file: Pick<SourceFile, 'path' | 'below'>; reason: SourceReason; evidence: Json }

/**
 * What a file stands for: itself, or the members of the archive that it is, and those of archives among them. What is
 * unpacked for it is there until the next leaf is asked for. Throws SR_SOURCE_READ.
 */
export async function* leavesOf(
  config: SourceConfig,
  file: SourceFile,
  limits: Limits,
  budget: Budget = budgetOf(limits),
): AsyncGenerator<Leaf> {
  const rejected = (reason: SourceReason, evidence: Json, of: Pick<SourceFile, 'path' | 'below'> = file): Leaf => ({
    is: 'rejected',
    file: of,
    reason,
    evidence,
  })
  const place = scratch()
  try {
    if (file.size === 0) {
      yield rejected('empty-file', { bytes: 0 })
      return
    }
    let format = await formOfFile(config, file)
    let form = formOf(format)
    let there = file
    if ((form.seeks || (form.holds === 'document' && form.confined)) && packedWith(file)) {
      there = await unpacked(file, place.file(), form, limits, budget)
      format = await formOfFile(config, there)
      form = formOf(format)
    }
    if (form.holds !== 'files') {
      yield { is: 'file', file: there, format }
      return
    }
    if (budget.depth < 1) {
      yield rejected('too-deep', { depth: limits.depth })
      return
    }
    budget.depth--
    try {
      for await (const member of (await form.load())(there, limits, budget)) {
        const { path } = member.is === 'file' ? member.file : member
        const below = `${file.below}${path.slice(file.path.length)}`
        if (member.is === 'file') yield* leavesOf(config, { ...member.file, below }, limits, budget)
        else yield rejected(member.reason, member.evidence, { path, below })
      }
    } finally {
      budget.depth++
    }
  } catch (error) {
    if (!(error instanceof Unreadable)) throw refused(file.path, error)
    yield rejected(error.reason, error.evidence)
  } finally {
    place.remove()
  }
}

/** A packed file as one that its reader can go to and fro in. Throws `Unreadable`. */
async function unpacked(
  file: SourceFile,
  absolute: string,
  form: Form,
  limits: Limits,
  budget: Budget,
): Promise<SourceFile> {
  const document = form.holds === 'document'
  const most = document ? limits.bytes * packing : budget.expanded
  const handle = openSync(absolute, 'wx', 0o600)
  let size = 0
  try {
    for await (const chunk of rawBytes(file)) {
      size += chunk.length
      if (size > most && document) throw tooLarge(file.size, most)
      if (size > most) throw new Unreadable('over-limit', 'expands too much', { expanded: limits.expanded })
      appendFileSync(handle, chunk)
    }
  } finally {
    closeSync(handle)
  }
  budget.expanded -= size
  return { ...file, absolute, size }
}
