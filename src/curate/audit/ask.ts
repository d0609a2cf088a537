import { z } from 'zod'
import { type Kind, kinds, type Rec } from '../../records/index.ts'
import type { Answer } from '../../steps/index.ts'
import { defineMap, fence, loadPrompt, type MapStep, type Pure, promptNotes } from '../../steps/index.ts'
import { excerpt } from '../excerpt.ts'
import { partsOf } from './content.ts'

const options = z.strictObject({ teacher: z.string().describe('Teacher that judges') })
type Options = z.output<typeof options>
type Verdict = { reason: string; verdict: 'right' | 'wrong' | 'unsure' }

/** When a row of each kind is wrong. */
export const wrongWhen: { [language in 'en' | 'ja']: { [kind in Kind]: string } } = {
  en: {
    document: 'The text is wrong if something it states is false, or if it is broken off, garbled or no readable text.',
    prompt:
      'The question is wrong if it cannot be answered as it stands: it contradicts itself, lacks what is needed, or takes something false for granted. With a reference answer, it is wrong if that answer is.',
    conversation:
      'The answer is wrong if its result or something it states is false, if it does not follow from its own steps, or if it does not answer what was asked. An answer with a right result and a wrong step on the way is wrong.',
    preference: 'The row is wrong if the rejected answer is the better one.',
    feedback: 'The row is wrong if the verdict does not fit the answer.',
    exam: 'The row is wrong if the expected answer is not the right one, or if another would be right as well.',
    row: 'The row is wrong if a value cannot be true, or if two of its values contradict each other.',
  },
  ja: {
    document:
      '述べられていることに誤りがあるとき、または途中で切れている、崩れている、読める文章でないとき、誤りとします。',
    prompt:
      '質問がそのままでは答えられないとき（矛盾している、必要な情報がない、誤った前提に立っている）、誤りとします。参考解答がある場合は、それが誤っているときも誤りとします。',
    conversation:
      '回答の結果または述べられていることに誤りがあるとき、自らの手順から導けないとき、尋ねられたことに答えていないとき、誤りとします。結果が正しくても途中に誤りがあれば、誤りとします。',
    preference: '選ばれなかった回答のほうが優れているとき、誤りとします。',
    feedback: '付けられた評価が回答に合っていないとき、誤りとします。',
    exam: '期待される答えが正しくないとき、または他の答えも正しいとき、誤りとします。',
    row: 'ありえない値があるとき、または値どうしが矛盾しているとき、誤りとします。',
  },
}

const grounding = {
  en: 'The source document is what the row was made from. What contradicts it is wrong; what goes beyond it is right if it is true.',
  ja: '資料は、このデータの元になった文章です。資料と矛盾することは誤りです。資料にないことでも、事実であれば正しいとします。',
}

function request(record: Rec, ctx: Pure<Options>) {
  const language = ctx.language.startsWith('ja') ? 'ja' : 'en'
  const prompt = loadPrompt(new URL(`./audit.${language}.md`, import.meta.url))
  const document = ctx.ancestor('document')
  return {
    ...prompt.ask({
      document: document && fence(excerpt(document.text, 24_000), 'document'),
      grounding: document && grounding[language],
      row: partsOf(record)
        .map(({ label, text }) => fence(text, label))
        .join('\n\n'),
      wrong: wrongWhen[language][record.kind],
    }),
    reply: z.object({ reason: z.string(), verdict: z.enum(['right', 'wrong', 'unsure']) }),
  }
}

const short = (text: string) => (text.length > 300 ? `${text.slice(0, 299).trimEnd()}…` : text)
const by = (reply: Answer, { teacher }: Options) => ({ method: 'audit', judge: teacher, call: reply.call })

/** A verdict on each row as the score `wrong`: 1 or 0, and unscored where the judge cannot tell. */
export const auditAsk: MapStep<Options> = defineMap<Options, Kind, Kind, Verdict>({
  verb: 'audit-ask',
  about: 'A teacher says of each row whether it is right or wrong, with a reason.',
  version: 1,
  options,
  takes: kinds,
  gives: 'same',
  reasons: [],
  needs: { teachers: ['teacher'], ancestors: ['document'] },
  prompts: () => promptNotes(import.meta.url, 'audit', ['en', 'ja']),
  teacher: o => o.teacher,
  prompt: request,
  parse(reply, _, o) {
    const { reason, verdict } = reply.data!
    const score = { ...by(reply, o), why: short(reason) }
    const wrong =
      verdict === 'unsure' ? { ...score, unscored: 'unsure' } : { ...score, value: verdict === 'wrong' ? 1 : 0 }
    return { is: 'passed', notes: { scores: { wrong } } }
  },
  unusable: (reply, _, o) => ({
    is: 'passed',
    notes: {
      scores: {
        wrong: {
          ...by(reply, o),
          ...(reply.bad ? { why: short(reply.bad.detail) } : {}),
          unscored: reply.bad?.reason ?? 'unparseable',
        },
      },
    },
  }),
})
