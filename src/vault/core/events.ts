// Tells listeners what happened. A listener that throws is not our failure: it can neither stop the others nor a commit.

export class Events<Event> {
  readonly #listeners = new Set<(event: Event) => void>()

  subscribe(listener: (event: Event) => void): () => void {
    // A wrapper per subscription, so the same function subscribed twice is told twice and each can leave alone.
    const entry = (event: Event): void => listener(event)
    this.#listeners.add(entry)
    return () => this.#listeners.delete(entry)
  }

  emit(event: Event): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(event)
      } catch (error) {
        // Reported where the page reports its own errors, after our work is done.
        queueMicrotask(() => {
          throw error
        })
      }
    }
  }

  /** Whether anybody would hear: news that cost something to put together need not be. */
  get heard(): boolean {
    return this.#listeners.size > 0
  }

  clear(): void {
    this.#listeners.clear()
  }
}
