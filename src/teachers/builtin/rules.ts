import type { Outline, Section } from './outline.ts'

export type Kind = 'what' | 'why' | 'how' | 'what-if' | 'compare' | 'problem' | 'benefit' | 'which'
export type Grade = 'free' | 'lean' | 'bad' | 'intro' | 'pointer'
/** A question and where its answer starts: at the sentence it was made from, or at the head of the section. */
export type Question = {
  text: string
  kind: Kind
  difficulty: 'easy' | 'medium' | 'hard'
  /** How much a rule is trusted to give a natural question: 0 to 1. */
  trust: number
  /** The answer is the section as a whole, not the passage around a sentence. */
  whole?: boolean
  /** Says what a leading pronoun of the answer stands for. */
  topic?: string
  /** Words of which the answer must hold one early on. */
  about?: string
}
/** What is known of a document while questions are made. */
export type Scene = { outline: Outline; prose: string; domain?: string; topic?: { phrase: string; plural: boolean } }
/**
 * The rules of one language. `grade` says whether a sentence stands alone (`free`), stands behind the one before it
 * (`lean`), announces the block after it (`intro`), only sends the reader
 * elsewhere (`pointer`) or cannot be used.
 */
export type Rules = {
  sentences(paragraph: string): string[]
  /** Takes cross references out of a sentence. */
  clean(sentence: string): string
  grade(sentence: string): Grade
  /** False for text that points away from itself: for list items, which are no sentences. */
  usable(text: string): boolean
  /** True when an answer to a how-question tells what to do. */
  instructs(answer: string): boolean
  /** Replaces a leading pronoun by what it stands for; undefined where there is none that can be replaced. */
  resolve(sentence: string, topic: string): string | undefined
  /** Between sentences of a paragraph. */
  space: string
  /** Length in words (characters of unspaced scripts count half). */
  size(text: string): number
  scene(outline: Outline): Scene
  ofSection(section: Section, scene: Scene, first: string): Question[]
  ofSentence(sentence: string, section: Section, scene: Scene): Question[]
  /** Content words, for overlap. */
  terms(text: string): Set<string>
}
