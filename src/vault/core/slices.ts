// Long work in slices: after some milliseconds the page gets its turn.

const SLICE_MS = 12

/** Gives way when the current slice is used up. One per piece of long work. */
export class Slices {
  #started = performance.now()
  #turn: Promise<void> | undefined
  readonly #signal: AbortSignal | undefined

  constructor(signal?: AbortSignal) {
    this.#signal = signal
  }

  /**
   * Whether to breathe before going on. What is done side by side asks this itself, and again after breathing: of many who only wait for `breathe`
   * all are told to go on before the first of them has used up the slice.
   */
  get isDue(): boolean {
    return this.#signal?.aborted === true || performance.now() - this.#started >= SLICE_MS
  }

  /** @throws the signal's reason when it was aborted */
  async breathe(): Promise<void> {
    this.#signal?.throwIfAborted()
    if (!this.isDue) return
    await (this.#turn ??= this.#nextTurn())
    this.#signal?.throwIfAborted()
  }

  async #nextTurn(): Promise<void> {
    await nextTask()
    this.#turn = undefined
    this.#started = performance.now()
  }
}

/** A macrotask: timers are clamped to 4 ms when nested, a message is not. */
function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = () => {
      port1.close()
      resolve()
    }
    port2.postMessage(0)
  })
}
