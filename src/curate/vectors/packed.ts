type Packable = Float32Array | Float64Array | Uint16Array | Uint32Array | Int8Array

/** Numbers as base64 of their little-endian bytes: what a decision holds is JSON. */
export function pack(numbers: Packable): string {
  return Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength).toString('base64')
}

/** The numbers again, in memory of their own. */
export function unpack<T extends Packable>(text: string, make: new (bytes: ArrayBuffer) => T): T {
  const bytes = Buffer.from(text, 'base64')
  return new make(new Uint8Array(bytes).buffer)
}
