import { z } from 'zod'
import { StillroomError } from '../../errors/index.ts'
import { didYouMean } from '../../recipe/index.ts'
import table from './gpus.json' with { type: 'json' }

/** Dollars of one GPU for an hour, and where that stands. */
export type GpuPrice = {
  usd: number
  by?: string
  date?: string
  source?: string
  hand?: 'first' | 'second'
  file?: string
}

/** A kind of GPU: dense BF16 peak in TFLOPS, memory in GB, its bandwidth in GB/s. */
export type Gpu = {
  name: string
  also: string[]
  tflops: number
  gb: number
  bandwidth: number
  nvlink?: boolean
  consumer?: boolean
  note?: string
  price?: GpuPrice
}

/** The kinds that come along, those with little memory first. */
export const gpus: readonly Gpu[] = table.gpus as Gpu[]

const price = z.union([
  z.number().min(0),
  z.strictObject({
    usd: z.number().min(0).describe('Dollars of one GPU for an hour'),
    by: z.string().min(1).optional().describe('Who rents it out'),
    date: z.iso.date().optional().describe('Day as of which the price holds'),
    source: z.string().min(1).optional().describe('Where it stands'),
  }),
])
/** A file of prices: dollars an hour by kind of GPU, plain or with where they come from. */
export const gpuPrices = z.record(z.string(), price)
export type GpuPrices = z.output<typeof gpuPrices>

const key = (name: string) => name.toLowerCase().replaceAll(/[\s_-]+/g, '')

/** A kind of GPU by its name or another name it goes by. Throws SR_RECIPE_VALUE for one that is not known. */
export function gpuNamed(name: string, all: readonly Gpu[] = gpus): Gpu {
  const found = all.find(gpu => [gpu.name, ...gpu.also].some(one => key(one) === key(name)))
  if (found) return found
  throw new StillroomError('SR_RECIPE_VALUE', `No kind of GPU is called ${name} here.`, {
    expected: all.map(gpu => gpu.name).join(', '),
    received: name,
    hint: didYouMean(
      name,
      all.map(gpu => gpu.name),
    ),
  })
}

/** The kinds of GPU with prices of one's own before those that come along. Throws SR_RECIPE_VALUE for an unknown kind. */
export function withPrices(own: GpuPrices, file: string, all: readonly Gpu[] = gpus): Gpu[] {
  const named = new Map(Object.entries(own).map(([name, said]) => [gpuNamed(name, all).name, said]))
  return all.map(gpu => {
    const said = named.get(gpu.name)
    if (said === undefined) return gpu
    return { ...gpu, price: { ...(typeof said === 'number' ? { usd: said } : said), file } as GpuPrice }
  })
}
