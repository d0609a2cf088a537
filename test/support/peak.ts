/** Loaded before a program, writes its peak of resident memory in megabytes to the file that STILLROOM_PEAK names, at its end. */
import { writeFileSync } from 'node:fs'

process.on('exit', () => writeFileSync(process.env.STILLROOM_PEAK!, String(process.resourceUsage().maxRSS / 1024)))
