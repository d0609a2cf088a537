/** The simulator in a process of its own, with the options of the first argument. Prints its address. */
import { type SimulatorOptions, startSimulator } from '../src/simulate/index.ts'

const simulator = await startSimulator(JSON.parse(process.argv[2] ?? '{}') as SimulatorOptions)
console.log(simulator.url)
process.on('disconnect', () => void simulator.stop().then(() => process.exit(0)))
