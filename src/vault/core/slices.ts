// Long work in slices: after some milliseconds the page gets its turn.

const SLICE_MS = 12

/** Gives way when the current slice is used up. One per piece of long work. */
export class Slices {
  #started = performance.now()
  readonly #signal: AbortSignal | undefined

  constructor(signal?: AbortSignal) {
    this.#signal = signal
  }

  /** @throws the signal's reason when it was aborted */
  async breathe(): Promise<void> {
    this.#signal?.throwIfAborted()
    if (performance.now() - this.#started < SLICE_MS) return
    await nextTask()
    this.#started = performance.now()
    this.#signal?.throwIfAborted()
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
