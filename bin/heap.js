import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'

/** Bytes of the young generation from which it grows no more. */
const mostYoung = 16 * 2 ** 20

/**
 * Keeps memory near what is in use. Thousands of calls in the air leave garbage that V8, with gigabytes free, lets lie:
 * by default the young generation grows to over 100 MB and the old one to several times what lives. The first can be
 * bounded from outside only when a process is started, so its growth is ended once it has what it needs.
 */
export function holdHeap() {
  setFlagsFromString('--heap-growing-percent=50')
  const looking = setInterval(() => {
    const young = getHeapSpaceStatistics().find(space => space.space_name === 'new_space')
    if (young && young.space_size < mostYoung) return
    setFlagsFromString('--semi-space-growth-factor=1')
    clearInterval(looking)
  }, 20)
  looking.unref()
}
