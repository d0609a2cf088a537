/** Rows are padded with zeros to whole vectors of four; `bytes` is the length of a row. */

function sum(s: v128): f32 {
  return f32x4.extract_lane(s, 0) + f32x4.extract_lane(s, 1) + (f32x4.extract_lane(s, 2) + f32x4.extract_lane(s, 3))
}

export function dot(a: usize, b: usize, bytes: usize): f32 {
  let s = f32x4.splat(0)
  for (let k: usize = 0; k < bytes; k += 16) s = f32x4.add(s, f32x4.mul(v128.load(a + k), v128.load(b + k)))
  return sum(s)
}

/** The dot products of a vector with each of `count` rows, four rows at a time. */
export function dots(query: usize, rows: usize, count: usize, bytes: usize, out: usize): void {
  let row: usize = 0
  for (; row + 4 <= count; row += 4) {
    const r0 = rows + row * bytes
    const r1 = r0 + bytes
    const r2 = r1 + bytes
    const r3 = r2 + bytes
    let s0 = f32x4.splat(0)
    let s1 = s0
    let s2 = s0
    let s3 = s0
    for (let k: usize = 0; k < bytes; k += 16) {
      const q = v128.load(query + k)
      s0 = f32x4.add(s0, f32x4.mul(q, v128.load(r0 + k)))
      s1 = f32x4.add(s1, f32x4.mul(q, v128.load(r1 + k)))
      s2 = f32x4.add(s2, f32x4.mul(q, v128.load(r2 + k)))
      s3 = f32x4.add(s3, f32x4.mul(q, v128.load(r3 + k)))
    }
    store<f32>(out + (row << 2), sum(s0))
    store<f32>(out + (row << 2), sum(s1), 4)
    store<f32>(out + (row << 2), sum(s2), 8)
    store<f32>(out + (row << 2), sum(s3), 12)
  }
  for (; row < count; row++) store<f32>(out + (row << 2), dot(query, rows + row * bytes, bytes))
}

function put(to: usize, a: u32, b: u32, s: v128, threshold: f32): usize {
  const value = sum(s)
  if (a >= b || !(value >= threshold)) return to
  store<u32>(to, a)
  store<u32>(to, b, 4)
  store<f32>(to, value, 8)
  return to + 12
}

/**
 * Pairs of a row `a` and a later row `b` whose product is at least the threshold, as triples (a, b, product); the number
 * of them. Rows `a` stand from `rowsA` on and are numbered from `a0`, rows `b` likewise. Two rows are multiplied with four
 * at a time: eight sums fit into the registers. Behind both blocks there are readable rows up to multiples of 2 and 4.
 */
export function pairs(
  rowsA: usize,
  a0: u32,
  aCount: u32,
  rowsB: usize,
  b0: u32,
  bCount: u32,
  bytes: usize,
  threshold: f32,
  out: usize,
): u32 {
  let to = out
  for (let i: u32 = 0; i < aCount; i += 2) {
    const x = rowsA + <usize>i * bytes
    for (let j: u32 = 0; j < bCount; j += 4) {
      const y = rowsB + <usize>j * bytes
      let s0 = f32x4.splat(0)
      let s1 = s0
      let s2 = s0
      let s3 = s0
      let t0 = s0
      let t1 = s0
      let t2 = s0
      let t3 = s0
      for (let k: usize = 0; k < bytes; k += 16) {
        const u = v128.load(x + k)
        const v = v128.load(x + bytes + k)
        let w = v128.load(y + k)
        s0 = f32x4.add(s0, f32x4.mul(u, w))
        t0 = f32x4.add(t0, f32x4.mul(v, w))
        w = v128.load(y + bytes + k)
        s1 = f32x4.add(s1, f32x4.mul(u, w))
        t1 = f32x4.add(t1, f32x4.mul(v, w))
        w = v128.load(y + 2 * bytes + k)
        s2 = f32x4.add(s2, f32x4.mul(u, w))
        t2 = f32x4.add(t2, f32x4.mul(v, w))
        w = v128.load(y + 3 * bytes + k)
        s3 = f32x4.add(s3, f32x4.mul(u, w))
        t3 = f32x4.add(t3, f32x4.mul(v, w))
      }
      const a = a0 + i
      const b = b0 + j
      const left = bCount - j
      to = put(to, a, b, s0, threshold)
      if (left > 1) to = put(to, a, b + 1, s1, threshold)
      if (left > 2) to = put(to, a, b + 2, s2, threshold)
      if (left > 3) to = put(to, a, b + 3, s3, threshold)
      if (i + 1 === aCount) continue
      to = put(to, a + 1, b, t0, threshold)
      if (left > 1) to = put(to, a + 1, b + 1, t1, threshold)
      if (left > 2) to = put(to, a + 1, b + 2, t2, threshold)
      if (left > 3) to = put(to, a + 1, b + 3, t3, threshold)
    }
  }
  return <u32>((to - out) / 12)
}
