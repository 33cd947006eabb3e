// Iterations that an app goes through as it likes: over hits, over messages. One that is left standing holds what it has found and not given
// yet, and an app that holds it would hold all of that after the lock. So the vault has what an iteration works with, and the app a name for it.

type Source<T> = AsyncGenerator<T, void, undefined>
type Step<T> = IteratorResult<T, void>

export class Iterations {
  /** By the iterations that apps have: one that nobody has any more is not kept for the sake of the lock. */
  #sources = new WeakMap<object, Source<unknown>>()
  readonly #assertAlive: () => void

  constructor(assertAlive: () => void) {
    this.#assertAlive = assertAlive
  }

  /** The same iteration until the lock. Then it rejects as everything does, and nothing is left of what it held. */
  over<T>(source: Source<T>): Source<T> {
    const find = (): Source<T> | undefined => this.#sources.get(iteration) as Source<T> | undefined
    const iteration = new Iteration<T>(find, this.#assertAlive)
    this.#sources.set(iteration, source)
    return iteration
  }

  /** Forgets all of them. Who is in the middle of a step meets a dead log. */
  end(): void {
    this.#sources = new WeakMap()
  }
}

class Iteration<T> implements Source<T> {
  readonly #find: () => Source<T> | undefined
  readonly #assertAlive: () => void
  #isOver = false

  static {
    // What the engine gives to its own iterations, as far as it has it: disposal, for one.
    Object.setPrototypeOf(this.prototype, Object.getPrototypeOf(Object.getPrototypeOf(async function* () {}.prototype)) as object)
  }

  constructor(find: () => Source<T> | undefined, assertAlive: () => void) {
    this.#find = find
    this.#assertAlive = assertAlive
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<Step<T>> {
    // What has ended has ended, locked or not.
    if (this.#isOver) return { done: true, value: undefined }
    try {
      const source = this.#find()
      if (source === undefined) this.#assertAlive()
      const step = await source!.next()
      if (step.done === true) this.#isOver = true
      return step
    } catch (error) {
      this.#isOver = true
      throw error
    }
  }

  async return(): Promise<Step<T>> {
    this.#isOver = true
    await this.#find()?.return()
    return { done: true, value: undefined }
  }

  async throw(error: unknown): Promise<Step<T>> {
    this.#isOver = true
    await this.#find()?.throw(error)
    throw error
  }
}
