/** Connected components of names joined pairwise (union by smaller name, path halving): order never matters. */
export class Components {
  readonly #above = new Map<string, string>()

  /** The smallest name of the component. */
  find(name: string): string {
    let at = name
    for (;;) {
      const above = this.#above.get(at) ?? at
      if (above === at) return at
      const higher = this.#above.get(above) ?? above
      this.#above.set(at, higher)
      at = higher
    }
  }

  join(a: string, b: string): void {
    const [x, y] = [this.find(a), this.find(b)]
    if (x === y) return
    if (x < y) this.#above.set(y, x)
    else this.#above.set(x, y)
  }
}
