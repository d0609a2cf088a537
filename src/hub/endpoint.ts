import { StillroomError } from '../errors/index.ts'

/** Where the Hub is asked, and by whom: base URL without a slash at its end, the token of the caller, the transport. */
export type Hub = {
  url: string
  token?: string
  fetch: typeof fetch
  /** Waits between two tries, milliseconds. */
  sleep(ms: number): Promise<void>
}

type Env = Record<string, string | undefined>

const publicHub = 'https://huggingface.co'

/**
 * The Hub that the environment names: `HF_ENDPOINT` (default the public one) and `HF_TOKEN`. The token goes nowhere but
 * into headers of requests to that endpoint. Throws SR_USAGE for an address that is none, SR_KEY_MISSING for a token that
 * cannot be one; its text is never repeated.
 */
export function openHub(
  env: Env,
  { fetch = globalThis.fetch, sleep = pause }: Partial<Pick<Hub, 'fetch' | 'sleep'>> = {},
): Hub {
  const url = (env.HF_ENDPOINT?.trim() || publicHub).replace(/\/+$/, '')
  if (!URL.canParse(url) || !/^https?:/.test(url) || new URL(url).username !== '') {
    throw new StillroomError('SR_USAGE', 'HF_ENDPOINT holds no address of a Hub.', {
      expected: 'https://<host>, without a name or password in it',
      hint: `leave it unset for ${publicHub}`,
    })
  }
  const token = env.HF_TOKEN?.trim() || undefined
  if (token !== undefined && !/^hf_[\x21-\x7e]+$/.test(token)) {
    throw new StillroomError('SR_KEY_MISSING', 'HF_TOKEN holds something that is no token of the Hub.', {
      expected: 'a token that begins with hf_',
      hint: `make one at ${url}/settings/tokens`,
    })
  }
  return { url, fetch, sleep, ...(token === undefined ? {} : { token }) }
}

/** The address as a person knows it. */
export const hostOf = ({ url }: Hub): string => new URL(url).host

/** A text without the token, wherever it came from. */
export const scrubbed = (text: string, { token }: Pick<Hub, 'token'>): string =>
  token === undefined ? text : text.replaceAll(token, '<HF_TOKEN>')

const pause = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms))

/** What a repository of data is called: its owner and its name. */
export const repoPattern = /^[A-Za-z0-9][\w.-]*\/[A-Za-z0-9_][\w.-]*$/

/** The page of a repository, for people. */
export const pageOf = ({ url }: Hub, repo: string, revision?: string): string =>
  `${url}/datasets/${repo}${revision === undefined ? '' : `/tree/${encodeURIComponent(revision)}`}`
