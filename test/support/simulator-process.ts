/** A simulator in a process of its own, so that its memory and time are not those of what asks it. Options as JSON in the argument. */
import { startSimulator } from '../../src/testing.ts'

const simulator = await startSimulator(JSON.parse(process.argv[2] ?? '{}'))
process.on('disconnect', () => process.exit())
process.send!(simulator.url)
