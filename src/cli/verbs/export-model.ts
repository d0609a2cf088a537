import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { type ClassifierModel, modelCard } from '../../curate/index.ts'
import { StillroomError } from '../../errors/index.ts'
import { recordsOf } from '../../run/index.ts'
import type { Run } from '../commands.ts'
import { look } from '../look.ts'
import { finishedRun, here } from '../open.ts'
import { reporterOf } from '../reporter.ts'

export const run: Run = call =>
  look(call, ({ archive, root, runs }) => {
    const { io, given } = call
    const past = finishedRun(runs(), io, root)
    const learnt = past.stages.filter(({ nodes }) => nodes.some(({ verb }) => verb === 'classifier-fit'))
    const names = learnt.map(({ nodes }) => nodes.at(-1)!.owner)
    const stage = given.step === undefined && learnt.length === 1 ? learnt[0] : learnt[names.indexOf(given.step ?? '')]
    if (!stage) {
      throw new StillroomError(
        'SR_NOT_FOUND',
        `Run ${past.id} learnt no classifier${given.step ? ` ${given.step}` : ''}.`,
        {
          expected: names.join(', ') || 'a step `classifier` with a teacher',
          hint: names.length > 0 ? 'name the step with --step' : 'run a recipe with the step `classifier`',
        },
      )
    }
    const [record] = recordsOf(archive.store, past, stage.key)
    const model = (record?.kind === 'row' ? record.columns.model : undefined) as ClassifierModel | undefined
    if (!model)
      throw new StillroomError('SR_WORKSPACE', `The model of ${stage.key} is gone.`, { hint: 'run the recipe again' })
    if ('insufficient' in model) {
      throw new StillroomError('SR_YIELD', `${stage.key} learnt nothing: ${model.insufficient}.`, {
        hint: 'have more rows labelled, with `labels`',
      })
    }
    const file = resolve(io.cwd, given.out ?? `models/${model.step}.json`)
    const card = `${file.replace(/\.json$/, '')}.md`
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, `${JSON.stringify(model, null, 1)}\n`)
    writeFileSync(card, modelCard(model))
    const reporter = reporterOf(call)
    reporter.say(
      `The classifier ${model.step} is in ${here(io, file)}, its card in ${here(io, card)}. In a recipe:`,
      '',
      `  - classifier: { model: ${here(io, file)}, as: ${model.step} }`,
    )
    const { weights: _, ...told } = model
    reporter.result({ file: here(io, file), card: here(io, card), model: told })
    return 0
  })
