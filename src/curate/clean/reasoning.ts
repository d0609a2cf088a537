import type { Message } from '../../records/index.ts'

const nothing = /^[\s.…。、\-–—*_#]*(?:n\/?a|none|null|nil|no reasoning|なし|特になし)?[\s.。]*$/i
const leading = /^\s*<think(?:ing)?>([\s\S]*?)<\/think(?:ing)?>/

/** Reasoning that is there and says nothing, or that is missing where it is required. */
export function emptyReasoning({ reasoning, content }: Message, required: boolean): string | undefined {
  const inline = leading.exec((content ?? '').slice(0, 100_000))
  const thought = reasoning ?? inline?.[1]
  if (thought === undefined) return required ? '' : undefined
  return nothing.test(thought.slice(0, 200)) ? thought.trim().slice(0, 80) : undefined
}
