/** What a worker thread runs: jobs over the built-in steps. */
import { builtinSteps } from './builtin-steps.ts'
// Past the room's door: through it a thread would load teachers, releases and all else that it never needs.
import { serveJobs } from './run/serve-jobs.ts'

serveJobs(builtinSteps)
