import { z } from 'zod'

/** Names of sources, teachers and steps: dots and slashes join them to longer keys, so they are not allowed inside. */
export const nameOf = z.string().regex(/^[\p{L}\p{N}_][\p{L}\p{N}_-]*$/u, 'a name of letters, digits, - and _')
