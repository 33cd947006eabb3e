// Idle moments that come when a test says so.

export interface IdleMoments {
  readonly idle: (work: () => Promise<void>) => () => void
  /** How much waits for one. */
  readonly waiting: number
  /** Moments, one after the other, until nothing waits for one any more; or so many. */
  pass(moments?: number): Promise<void>
}

export function idleMoments(): IdleMoments {
  const waiting = new Set<() => Promise<void>>()
  return {
    idle: (work) => {
      waiting.add(work)
      return () => waiting.delete(work)
    },
    get waiting() {
      return waiting.size
    },
    pass: async (moments = Infinity) => {
      for (const work of waiting) {
        if (moments-- <= 0) return
        waiting.delete(work)
        await work()
      }
    },
  }
}
