import { basename } from 'node:path'
import type { Pace, Purpose, Use } from '../../govern/index.ts'
import type { Teacher } from './teachers.ts'

/** What a person said, or the options of the command, or the defaults. */
export type Answers = {
  name: string
  /** Undefined where the folder is to decide. */
  use?: Use
  changes: Pace
  /** Train although the knowledge changes. */
  force: boolean
  /** Path of an exam that is there already, relative to the folder. */
  exam?: string
  /** What the base model scored on it. */
  baseline?: string
  purpose: Purpose
  /** Of all sources, in place of what files beside them say. */
  license?: string
  teacher: Teacher
  /** Dollars. */
  budget: number
}

export const standardBudget = 20

export function nameOf(folder: string): string {
  const plain = basename(folder)
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
  return plain || 'dataset'
}
