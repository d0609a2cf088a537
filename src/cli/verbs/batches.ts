import type { Run } from '../commands.ts'
import { counted, thousands } from '../figures.ts'
import { table } from '../layout.ts'
import { openArchive, workspaceFolder } from '../open.ts'
import { reporterOf } from '../reporter.ts'

export const run: Run = async call => {
  const { io } = call
  const reporter = reporterOf(call)
  const archive = openArchive(io, workspaceFolder(call, call.args[0]))
  try {
    const batches = archive.journal.batches()
    const open = batches.filter(({ state }) => state !== 'over')
    reporter.say(
      batches.length === 0
        ? 'No batch was ever cut here. `mode: batch` on a teacher asks in batches.'
        : table(
            [
              { head: 'batch' },
              { head: 'model' },
              { head: 'state' },
              { head: 'calls', right: true },
              { head: 'since' },
              { head: 'at the provider' },
              { head: 'note', flex: true },
            ],
            batches.map(({ id, provider, model, state, rows, at, remote, note }) => [
              id.slice(0, 8),
              `${provider}/${model}`,
              state,
              thousands(rows),
              at.slice(0, 16).replace('T', ' '),
              remote ?? '',
              note ?? '',
            ]),
            reporter.width,
            text => reporter.paint('bold', text),
          ),
      ...(open.length > 0
        ? [
            '',
            `${counted(open.length, 'batch', 'batches')} under way. Run the recipe to collect, or: stillroom batches cancel`,
          ]
        : []),
    )
    reporter.result({ batches })
    return 0
  } finally {
    archive.close()
  }
}
