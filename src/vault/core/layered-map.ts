// A Map laid over another one. A draft of a commit writes into its own layer and reads through to what is true;
// accepting the draft pours the layer down, dropping it costs nothing.

const DELETED = Symbol('deleted')

export class LayeredMap<K, V> {
  readonly #parent: LayeredMap<K, V> | undefined
  // Made when first written: a draft has a dozen layers and writes to two or three.
  #own: Map<K, V | typeof DELETED> | undefined

  constructor(parent?: LayeredMap<K, V>) {
    this.#parent = parent
  }

  get(key: K): V | undefined {
    const own = this.#own?.get(key)
    if (own === DELETED) return undefined
    if (own !== undefined) return own
    return this.#parent?.get(key)
  }

  has(key: K): boolean {
    return this.get(key) !== undefined
  }

  set(key: K, value: V): void {
    ;(this.#own ??= new Map()).set(key, value)
  }

  delete(key: K): void {
    if (this.#parent === undefined) this.#own?.delete(key)
    else (this.#own ??= new Map()).set(key, DELETED)
  }

  /** Values of the layers below that are not covered, then this layer's own; within a layer in order of insertion. */
  *entries(): IterableIterator<[K, V]> {
    if (this.#parent !== undefined) {
      for (const entry of this.#parent.entries()) if (this.#own?.has(entry[0]) !== true) yield entry
    }
    if (this.#own === undefined) return
    for (const [key, value] of this.#own) if (value !== DELETED) yield [key, value]
  }

  /** All values at once: of a map without layers below in a fraction of the time that walking its entries takes. */
  values(): V[] {
    if (this.#parent === undefined) return this.#own === undefined ? [] : ([...this.#own.values()] as V[])
    return Array.from(this.entries(), ([, value]) => value)
  }

  /** Number of values; walks the layers when there is more than one. */
  get size(): number {
    if (this.#parent === undefined) return this.#own?.size ?? 0
    let size = 0
    for (const _ of this.entries()) size++
    return size
  }

  /** Repeats what was written to this layer on another map: the one below when nothing else is said. */
  pour(target: LayeredMap<K, V> | undefined = this.#parent): void {
    if (target === undefined || this.#own === undefined) return
    for (const [key, value] of this.#own) {
      if (value === DELETED) target.delete(key)
      else target.set(key, value)
    }
    this.#own.clear()
  }
}
