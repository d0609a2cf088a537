import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { StillroomError } from '../errors/index.ts'

const acceptance = z.strictObject({
  provider: z.string().trim().min(1),
  version: z.string().trim().min(1),
  by: z.string().trim().min(1),
  at: z.iso.date(),
  note: z.string().optional(),
})
const file = z.strictObject({ format: z.literal(1), acceptances: z.array(acceptance) })

/** Who read which version of whose terms, and when (a date given by the caller). `provider` is a verdict's `key`. */
export type Acceptance = z.infer<typeof acceptance>

/** The acceptances in `<workspace>/terms.json`, none when there is no such file. Throws SR_WORKSPACE when it is damaged. */
export function readAcceptances(workspace: string): Acceptance[] {
  const path = join(workspace, 'terms.json')
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
  try {
    return file.parse(JSON.parse(text)).acceptances
  } catch (cause) {
    throw new StillroomError('SR_WORKSPACE', 'The record of accepted terms cannot be read.', {
      position: { file: path },
      hint: 'Restore it from a backup, or delete it and accept the terms again.',
      cause,
    })
  }
}

/**
 * Adds an acceptance, or replaces the one for the same version; earlier versions stay as history. The file is whole at
 * every instant. Throws SR_USAGE when who, what or which version is missing.
 */
export function writeAcceptance(workspace: string, given: Acceptance): void {
  const parsed = acceptance.safeParse(given)
  if (!parsed.success) {
    const fields = [...new Set(parsed.error.issues.map(issue => String(issue.path[0] ?? issue.code)))].join(', ')
    throw new StillroomError('SR_USAGE', `An acceptance of terms lacks a valid value for ${fields}.`, {
      hint: 'Say whose terms, which version, who accepts them and the date (YYYY-MM-DD).',
    })
  }
  const { provider, version } = parsed.data
  const others = readAcceptances(workspace).filter(known => known.provider !== provider || known.version !== version)
  const text = `${JSON.stringify({ format: 1, acceptances: [...others, parsed.data] }, null, 2)}\n`
  mkdirSync(workspace, { recursive: true })
  const temporary = join(workspace, `terms.json.${process.pid}.tmp`)
  const fd = openSync(temporary, 'w')
  try {
    writeFileSync(fd, text)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  renameSync(temporary, join(workspace, 'terms.json'))
}
