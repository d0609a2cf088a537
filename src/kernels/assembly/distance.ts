/**
 * Levenshtein distance of two texts of 16-bit units, `m <= n`, or `limit + 1` where it is more: bit-parallel dynamic
 * programming (Myers 1999, in blocks after Hyyro 2003), in the band that a distance within the limit stays in. Beyond the
 * band each step counts one, which no distance is less than. `masks` has 65536 numbers of 64 bits, all zero before and
 * after; `deltas` has room for `n + 1` bytes.
 */
export function editDistance(a: usize, m: u32, b: usize, n: u32, limit: u32, masks: usize, deltas: usize): u32 {
  if (n - m > limit) return limit + 1
  while (m && load<u16>(a) === load<u16>(b)) {
    a += 2
    b += 2
    m--
    n--
  }
  while (m && load<u16>(a + ((m - 1) << 1)) === load<u16>(b + ((n - 1) << 1))) {
    m--
    n--
  }
  if (m === 0) return n
  memory.fill(deltas, 1, n + 1)
  let corner: u32 = 0
  let score: u32 = 0
  for (let above: u32 = 0; above < m; above += 64) {
    const height = min<u32>(64, m - above)
    const rows = a + (above << 1)
    for (let r: u32 = 0; r < height; r++) {
      const mask = masks + ((<usize>load<u16>(rows + (r << 1))) << 3)
      store<u64>(mask, load<u64>(mask) | ((<u64>1) << r))
    }
    const from = above + 1 > limit ? above + 1 - limit : 1
    const to = <u32>min<u64>(n, <u64>above + height + limit)
    const next = above + 65 > limit ? above + 65 - limit : 1
    score = corner + height
    let least = score
    const bottom: u64 = height - 1
    let up: u64 = ~0
    let down: u64 = 0
    for (let j = from; j <= to; j++) {
      if (j === next) corner = score
      const came: i32 = load<i8>(deltas + j)
      const same = load<u64>(masks + ((<usize>load<u16>(b + ((j - 1) << 1))) << 3))
      const vertical = same | down
      const equal = same | <u64>(came < 0)
      const horizontal = (((equal & up) + up) ^ up) | equal
      let plus = down | ~(horizontal | up)
      let minus = up & horizontal
      const went = <i32>((plus >> bottom) & 1) - <i32>((minus >> bottom) & 1)
      plus = (plus << 1) | <u64>(came > 0)
      minus = (minus << 1) | <u64>(came < 0)
      up = minus | ~(vertical | plus)
      down = plus & vertical
      store<i8>(deltas + j, went)
      score += went
      least = min(least, score)
    }
    if (to + 1 === next) corner = score
    for (let r: u32 = 0; r < height; r++) store<u64>(masks + ((<usize>load<u16>(rows + (r << 1))) << 3), 0)
    if (least > limit) return limit + 1
  }
  return score > limit ? limit + 1 : score
}
