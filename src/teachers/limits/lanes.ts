/** First in, first out, in constant time. */
export class Queue<T> {
  private items: (T | undefined)[] = []
  private head = 0
  get size(): number {
    return this.items.length - this.head
  }
  get first(): T | undefined {
    return this.items[this.head]
  }
  push(item: T): void {
    this.items.push(item)
  }
  shift(): T | undefined {
    if (this.head === this.items.length) return undefined
    const item = this.items[this.head]
    this.items[this.head++] = undefined
    if (this.head > 1024 && this.head * 2 > this.items.length) {
      this.items = this.items.slice(this.head)
      this.head = 0
    }
    return item
  }
  /** Takes out all items that the test is true of. */
  remove(test: (item: T) => boolean): T[] {
    const all = this.items.slice(this.head) as T[]
    const gone = all.filter(test)
    if (gone.length > 0) {
      this.items = all.filter(item => !test(item))
      this.head = 0
    }
    return gone
  }
}

/** Queues that take turns, so that a long one does not hold up the others; first in, first out within each. */
export class Lanes<T> {
  size = 0
  private readonly queues = new Map<string, Queue<T>>()
  /** Queues that hold something; the one at `turn` is next. */
  private readonly order: Queue<T>[] = []
  private turn = 0
  get first(): T | undefined {
    return this.order[this.turn]?.first
  }
  push(lane: string, item: T): void {
    let queue = this.queues.get(lane)
    if (!queue) {
      queue = new Queue()
      this.queues.set(lane, queue)
    }
    // Just before the one whose turn it is: last in the round.
    if (queue.size === 0) this.order.splice(this.turn++, 0, queue)
    queue.push(item)
    this.size++
    if (this.turn >= this.order.length) this.turn = 0
  }
  shift(): T | undefined {
    const queue = this.order[this.turn]
    if (!queue) return undefined
    const item = queue.shift()
    this.size--
    if (queue.size === 0) this.order.splice(this.turn, 1)
    else this.turn++
    if (this.turn >= this.order.length) this.turn = 0
    return item
  }
  remove(test: (item: T) => boolean): T[] {
    const gone = this.order.flatMap(queue => queue.remove(test))
    this.size -= gone.length
    const before = this.order.slice(0, this.turn).filter(queue => queue.size > 0)
    const after = this.order.slice(this.turn).filter(queue => queue.size > 0)
    this.order.splice(0, this.order.length, ...after, ...before)
    this.turn = 0
    return gone
  }
}
