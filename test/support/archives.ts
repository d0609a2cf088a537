import { crc32, deflateRawSync } from 'node:zlib'

export type Packed = {
  name: string | Buffer
  content?: string | Buffer
  /** 8 deflates, 0 stores. */
  method?: number
  flags?: number
  /** A Unix mode, as of a link. */
  mode?: number
  /** Sizes behind the content instead of before it. */
  descriptor?: boolean
  /** What the list says instead of the truth. */
  says?: { bytes?: number; crc?: number; packed?: number }
  extra?: Buffer
}

/** A zip, with whatever may be wrong with one (APPNOTE 6.3.10). */
export function zip(members: readonly Packed[], { directory = true, zip64 = false } = {}): Buffer {
  const parts: Buffer[] = []
  const central: Buffer[] = []
  let at = 0
  const add = (part: Buffer): void => {
    parts.push(part)
    at += part.length
  }
  for (const { name, content = '', method = 8, flags = 0, mode = 0, descriptor = false, says, extra } of members) {
    const raw = Buffer.from(name as string)
    const whole = Buffer.from(content as string)
    const data = method === 8 ? deflateRawSync(whole) : whole
    const bits = flags | (descriptor ? 8 : 0)
    const crc = says?.crc ?? crc32(whole)
    const [packed, bytes] = [says?.packed ?? data.length, says?.bytes ?? whole.length]
    const offset = at
    const fields = Buffer.alloc(26)
    fields.writeUInt16LE(20, 0)
    fields.writeUInt16LE(bits, 2)
    fields.writeUInt16LE(method, 4)
    fields.writeUInt32LE(crc, 10)
    fields.writeUInt32LE(packed, 14)
    fields.writeUInt32LE(zip64 ? 0xffffffff : bytes, 18)
    fields.writeUInt16LE(raw.length, 22)
    const more = zip64 ? zip64Field(bytes) : (extra ?? Buffer.alloc(0))
    fields.writeUInt16LE(more.length, 24)
    const local = Buffer.from(fields)
    local.writeUInt16LE(0, 24)
    if (descriptor) local.fill(0, 10, 22)
    add(Buffer.concat([Buffer.from('PK\x03\x04'), local, raw, data]))
    if (descriptor) add(Buffer.concat([Buffer.from('PK\x07\x08'), fields.subarray(10, 22)]))
    const rest = Buffer.alloc(14)
    rest.writeUInt32LE((mode << 16) >>> 0, 6)
    rest.writeUInt32LE(offset, 10)
    central.push(Buffer.concat([Buffer.from('PK\x01\x02'), Buffer.from([20, 3]), fields, rest, raw, more]))
  }
  if (!directory) return Buffer.concat(parts)
  const [start, list] = [at, Buffer.concat(central)]
  add(list)
  if (zip64) {
    const record = Buffer.alloc(56)
    record.write('PK\x06\x06', 'latin1')
    record.writeBigUInt64LE(44n, 4)
    for (const to of [24, 32]) record.writeBigUInt64LE(BigInt(members.length), to)
    record.writeBigUInt64LE(BigInt(list.length), 40)
    record.writeBigUInt64LE(BigInt(start), 48)
    const locator = Buffer.alloc(20)
    locator.write('PK\x06\x07', 'latin1')
    locator.writeBigUInt64LE(BigInt(at), 8)
    locator.writeUInt32LE(1, 16)
    add(Buffer.concat([record, locator]))
  }
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06', 'latin1')
  for (const to of [8, 10]) end.writeUInt16LE(zip64 ? 0xffff : members.length, to)
  end.writeUInt32LE(list.length, 12)
  end.writeUInt32LE(zip64 ? 0xffffffff : start, 16)
  add(end)
  return Buffer.concat(parts)
}

function zip64Field(bytes: number): Buffer {
  const field = Buffer.alloc(12)
  field.writeUInt16LE(1, 0)
  field.writeUInt16LE(8, 2)
  field.writeBigUInt64LE(BigInt(bytes), 4)
  return field
}

/** One header of a tar and what follows it, filled up to blocks. */
export function tarMember(name: string, content: string | Buffer = '', type = '0', size?: number): Buffer {
  const head = Buffer.alloc(512)
  const data = Buffer.from(content as string)
  head.write(name, 0, 100)
  head.write('0000644\0', 100)
  head.write(`${(size ?? data.length).toString(8).padStart(11, '0')}\0`, 124)
  head.write('00000000000\0', 136)
  head.write(type, 156)
  head.write('ustar\x0000', 257)
  if ('12'.includes(type)) head.write('/etc/hostname', 157)
  head.fill(' ', 148, 156)
  head.write(
    `${head
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, '0')}\0 `,
    148,
  )
  return Buffer.concat([head, data, Buffer.alloc((512 - (data.length % 512)) % 512)])
}

export const tar = (...members: Buffer[]): Buffer => Buffer.concat([...members, Buffer.alloc(1024)])
