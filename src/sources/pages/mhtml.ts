/** The page of a web archive as browsers save it (RFC 2557): the first part that is HTML. Undefined where it is none. */
export function pageOfMhtml(bytes: Buffer): { bytes: Buffer; charset?: string } | undefined {
  const head = bytes.subarray(0, 8192).toString('latin1')
  if (!/^(?:[\w-]+:[^\n]*\r?\n(?:[ \t][^\n]*\r?\n)*)*?(?:MIME-Version|Content-Type):/i.test(head)) return undefined
  const boundary = /^Content-Type:\s*multipart\/related;[^\n]*(?:\r?\n[ \t][^\n]*)*?boundary="?([^"\r\n;]+)/im.exec(
    head,
  )?.[1]
  if (boundary === undefined) return undefined
  const mark = Buffer.from(`--${boundary}`)
  for (let at = bytes.indexOf(mark); at >= 0; ) {
    const next = bytes.indexOf(mark, at + mark.length)
    const part = bytes.subarray(at + mark.length, next < 0 ? bytes.length : next)
    const gap = /\r?\n\r?\n/.exec(part.subarray(0, 8192).toString('latin1'))
    const headers = part.subarray(0, gap?.index ?? 0).toString('latin1')
    const type = /^Content-Type:\s*([\w/+.-]+)((?:[^\n]|\n[ \t])*)/im.exec(headers)
    if (gap && /^(?:text\/html|application\/xhtml\+xml)$/i.test(type?.[1] ?? '')) {
      const charset = /charset="?([\w-]+)/i.exec(type![2]!)?.[1]
      const body = part.subarray(gap.index + gap[0].length)
      return {
        bytes: decoded(body, /^Content-Transfer-Encoding:\s*([\w-]+)/im.exec(headers)?.[1]),
        ...(charset ? { charset } : {}),
      }
    }
    at = next
  }
  return undefined
}

function decoded(body: Buffer, encoding = ''): Buffer {
  if (/^base64$/i.test(encoding)) return Buffer.from(body.toString('latin1'), 'base64')
  if (!/^quoted-printable$/i.test(encoding)) return body
  const text = body.toString('latin1').replace(/=[ \t]*\r?\n/g, '')
  return Buffer.from(
    text.replace(/=([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  )
}
