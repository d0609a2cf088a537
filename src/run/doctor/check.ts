/** One look at something that a run needs: how it is, and what to do where it is not well. */
export type Check = { name: string; is: 'ok' | 'warn' | 'fail'; said: string; next?: string }
