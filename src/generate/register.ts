import { z } from 'zod'
import { type Register, registerOf, registers, stylesOf } from '../text/index.ts'

/** The option `register` of techniques that write Japanese. */
export const registerOption = z
  .enum(registers)
  .optional()
  .describe('Register of Japanese texts: plain (da, de aru), polite (desu, masu) or honorific (keigo)')

/**
 * The facet `register` of a Japanese text, where the ends of its sentences show one; where they do not, none is taken over
 * from what the text was made of.
 */
export function registerFacet(text: string, language: string | undefined): { register?: Register | undefined } {
  return language?.startsWith('ja') ? { register: registerOf(stylesOf(text), 1) } : {}
}

/** How a prompt asks for a register. */
export const registerWords: { [language in 'en' | 'ja']: { [register in Register]: string } } = {
  en: {
    plain: 'plain Japanese (da, de aru), as among friends or in notes',
    polite: 'polite Japanese (desu, masu)',
    honorific:
      'honorific Japanese (keigo), as to a customer: raise the reader, lower the writer, never both ways round',
  },
  ja: {
    plain: '常体(だ・である)。友人同士やメモのような書き方',
    polite: '敬体(です・ます)',
    honorific: '敬語(尊敬語・謙譲語・丁重語)。お客様に対する書き方で、尊敬語と謙譲語を取り違えない',
  },
}
