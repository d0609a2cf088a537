/**
 * Rows of numbers and classes, sixteen to a block: of each number column 16 floats, then of each class column 16 classes
 * of 16 bits. A query is its numbers, then its classes. Of each query the two smallest distances so far are kept by lane,
 * as 16 floats and 16 more.
 */

function keep(state: usize, d: v128): void {
  const first = v128.load(state)
  v128.store(state, f32x4.pmin(v128.load(state, 64), f32x4.pmax(first, d)), 64)
  v128.store(state, f32x4.pmin(first, d))
}

/**
 * Looks at all rows for all queries. `squares`: numbers are apart by the square of their difference, else by its size, one
 * at most; classes by `weight`. `tail` is added to the sixteen distances of the last block: infinity where no row is.
 */
export function nearestTwo(
  queries: usize,
  queryCount: u32,
  queryBytes: usize,
  blocks: usize,
  blockCount: u32,
  numbers: u32,
  classes: u32,
  squares: u32,
  weight: f32,
  tail: usize,
  states: usize,
): void {
  const one = f32x4.splat(1)
  const heavy = f32x4.splat(weight)
  for (let n: u32 = 0; n < queryCount; n++) {
    const state = states + ((<usize>n) << 7)
    let at = blocks
    for (let block: u32 = 0; block < blockCount; block++) {
      let query = queries + <usize>n * queryBytes
      let s0 = f32x4.splat(0)
      let s1 = s0
      let s2 = s0
      let s3 = s0
      if (squares) {
        for (let i: u32 = 0; i < numbers; i++) {
          const x = v128.load32_splat(query)
          const d0 = f32x4.sub(v128.load(at), x)
          const d1 = f32x4.sub(v128.load(at, 16), x)
          const d2 = f32x4.sub(v128.load(at, 32), x)
          const d3 = f32x4.sub(v128.load(at, 48), x)
          s0 = f32x4.add(s0, f32x4.mul(d0, d0))
          s1 = f32x4.add(s1, f32x4.mul(d1, d1))
          s2 = f32x4.add(s2, f32x4.mul(d2, d2))
          s3 = f32x4.add(s3, f32x4.mul(d3, d3))
          query += 4
          at += 64
        }
      } else {
        for (let i: u32 = 0; i < numbers; i++) {
          const x = v128.load32_splat(query)
          s0 = f32x4.add(s0, f32x4.pmin(f32x4.abs(f32x4.sub(v128.load(at), x)), one))
          s1 = f32x4.add(s1, f32x4.pmin(f32x4.abs(f32x4.sub(v128.load(at, 16), x)), one))
          s2 = f32x4.add(s2, f32x4.pmin(f32x4.abs(f32x4.sub(v128.load(at, 32), x)), one))
          s3 = f32x4.add(s3, f32x4.pmin(f32x4.abs(f32x4.sub(v128.load(at, 48), x)), one))
          query += 4
          at += 64
        }
      }
      let c0 = i16x8.splat(0)
      let c1 = c0
      for (let i: u32 = 0; i < classes; i++) {
        const x = v128.load16_splat(query)
        c0 = i16x8.sub(c0, i16x8.ne(v128.load(at), x))
        c1 = i16x8.sub(c1, i16x8.ne(v128.load(at, 16), x))
        query += 2
        at += 32
      }
      s0 = f32x4.add(s0, f32x4.mul(heavy, f32x4.convert_i32x4_u(i32x4.extend_low_i16x8_u(c0))))
      s1 = f32x4.add(s1, f32x4.mul(heavy, f32x4.convert_i32x4_u(i32x4.extend_high_i16x8_u(c0))))
      s2 = f32x4.add(s2, f32x4.mul(heavy, f32x4.convert_i32x4_u(i32x4.extend_low_i16x8_u(c1))))
      s3 = f32x4.add(s3, f32x4.mul(heavy, f32x4.convert_i32x4_u(i32x4.extend_high_i16x8_u(c1))))
      if (block + 1 === blockCount) {
        s0 = f32x4.add(s0, v128.load(tail))
        s1 = f32x4.add(s1, v128.load(tail, 16))
        s2 = f32x4.add(s2, v128.load(tail, 32))
        s3 = f32x4.add(s3, v128.load(tail, 48))
      }
      keep(state, s0)
      keep(state + 16, s1)
      keep(state + 32, s2)
      keep(state + 48, s3)
    }
  }
}
