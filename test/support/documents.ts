/** Documents about made-up machines, long enough to be asked about: one fixed text for each number. */
export function documents(n: number): { [path: string]: string } {
  const parts = [
    'inlet valve',
    'relief spring',
    'feed pump',
    'heat exchanger',
    'float switch',
    'pilot burner',
    'drain cock',
  ]
  const files: { [path: string]: string } = {}
  for (let i = 0; i < n; i++) {
    const part = parts[i % parts.length]!
    const other = parts[(i * 3 + 1) % parts.length]!
    files[`docs/part-${String(i).padStart(2, '0')}.md`] = `# The ${part} of model ${i}

The ${part} of model ${i} opens when the pressure passes ${3 + i} bar, because the ${other} can no longer hold it shut. It is
made of brass, so that it does not rust in wet rooms, and it is cleaned every ${i + 2} months.

## Why it fails

Most failures of the ${part} come from lime that settles on its seat. When lime keeps the seat open, the ${other} runs all the
time and the motor of model ${i} becomes hot. A technician removes the lime with weak acid and rinses the seat with clear water.

## How to set it

Turn the screw on top by a quarter turn to raise the pressure by ${(i % 3) + 1} bar. After each turn wait for one minute, because the
gauge of model ${i} follows slowly. If the gauge does not move at all, the line behind the ${part} is blocked.
`
  }
  return files
}
