import { type Embedded, Fault, type Teacher, type Usage } from './contract.ts'
import { refusedIn, understood } from './dialect.ts'
import { type Connection, type Endpoint, post, scrub } from './post.ts'
import type { Resolved } from './presets.ts'

/** https://developers.openai.com/api/reference/resources/embeddings, as far as it is used. All of it doubtful. */
type Embeddings = {
  model?: string
  data?: { index?: number; embedding?: unknown }[]
  usage?: { prompt_tokens?: number; total_tokens?: number } | null
}

/**
 * Vectors by the embeddings endpoint of OpenAI's protocol: as base64, a third of the bytes, until a server refuses it.
 * `dimensions` is never left out, since vectors of another length are another answer.
 */
export function embedding(
  connection: Connection & { to: Endpoint },
  { model, embeds }: Resolved,
): Pick<Teacher, 'doEmbed' | 'embeds'> {
  if (!embeds) return {}
  const { texts: most, tokens, dimensionsName = 'dimensions' } = embeds
  let base64 = embeds.numbers !== true
  return {
    embeds: { texts: most, tokens },
    async doEmbed(texts, { dimensions, signal, limits }) {
      if (texts.length === 0) return { vectors: [], usage: { input: 0, output: 0 } }
      for (;;) {
        const asked = base64
        const answered = await post({
          ...connection,
          body: {
            model,
            input: texts,
            ...(asked && { encoding_format: 'base64' }),
            ...(dimensions !== undefined && { [dimensionsName]: dimensions }),
          },
          ...(signal && { signal }),
          ...(limits && { limits }),
        })
        const given = answered.json as Embeddings | undefined
        if (answered.status < 400 && Array.isArray(given?.data)) {
          return understood(() => embeddedOf(given, texts.length, dimensions))
        }
        const { status, error } = refusedIn(answered, 'a reply without vectors', connection.secret)
        if (asked && /encoding|base64/i.test(`${error.param} ${error.message}`)) {
          base64 = false
          continue
        }
        const message = scrub(error.message, connection.secret)
        return { vectors: [], usage: {}, rejected: { status, message } }
      }
    },
  }
}

function embeddedOf({ model, data, usage }: Embeddings, texts: number, dimensions: number | undefined): Embedded {
  const inOrder: unknown[] = Array(data!.length)
  for (const [place, { index = place, embedding }] of data!.entries()) {
    if (!(index >= 0 && index < data!.length) || inOrder[index] !== undefined) {
      throw new Fault('health', `vectors came for texts that are not there or have one: index ${index}`)
    }
    inOrder[index] = embedding
  }
  return {
    vectors: vectorsOf(inOrder, texts, dimensions),
    ...(model !== undefined && { served: model }),
    usage: usageOf(usage),
  }
}

/**
 * The vectors of so many texts, which are to be of this length or all of one.
 * @throws Fault where they are not.
 */
export function vectorsOf(given: readonly unknown[], texts: number, dimensions: number | undefined): Float32Array[] {
  if (given.length !== texts) throw new Fault('health', `${given.length} vectors came for ${texts} texts`)
  const vectors = given.map(vectorOf)
  const length = dimensions ?? vectors[0]?.length
  const other = vectors.find(vector => vector.length !== length)
  if (!other) return vectors
  // A model that shortens nothing never will.
  const policy = dimensions === undefined ? 'health' : 'route'
  throw new Fault(policy, `a vector of ${other.length} dimensions came where ${length} were expected`)
}

/** Numbers, or 32-bit floats, little-endian as on the machines that Node is built for. */
function vectorOf(embedding: unknown): Float32Array {
  const vector =
    typeof embedding === 'string'
      ? floats(Buffer.from(embedding, 'base64'))
      : Array.isArray(embedding)
        ? Float32Array.from(embedding as number[])
        : new Float32Array()
  if (vector.length === 0 || !vector.every(Number.isFinite)) throw new Fault('health', 'a vector is none')
  return vector
}

function floats(bytes: Buffer): Float32Array {
  if (bytes.length % 4 !== 0) throw new Fault('health', 'a vector broke off in mid-number')
  return new Float32Array(new Uint8Array(bytes).buffer)
}

/** There is no output to be paid for. */
function usageOf(usage: Embeddings['usage']): Usage {
  const input = usage?.prompt_tokens ?? usage?.total_tokens
  return typeof input === 'number' ? { input, output: 0 } : {}
}
