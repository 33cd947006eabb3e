// Locks between the tabs of an origin. They give fairness and exclusion of jobs, never correctness: that is the business
// of expectations inside transactions, so a vault without Web Locks is slower at worst.

export interface LockOptions {
  /** Do not wait: when the lock is taken, the callback gets `false`. */
  readonly ifAvailable?: boolean
  /** Ends the wait. Rejects with the signal's reason; a callback that has begun is not stopped. */
  readonly signal?: AbortSignal
}

export interface FairLocks {
  /** False where nobody can be kept waiting: every request is granted at once then. */
  readonly available: boolean
  /** Runs the callback while the lock is held, in the order of the requests, and settles like it. */
  request<T>(name: string, options: LockOptions, callback: (held: boolean) => Promise<T>): Promise<T>
  /** The names of all locks that some tab holds, or undefined where that cannot be known. */
  heldNames(): Promise<ReadonlySet<string> | undefined>
}

const NO_LOCKS: FairLocks = {
  available: false,
  request: async (_name, options, callback) => {
    options.signal?.throwIfAborted()
    return callback(true)
  },
  heldNames: async () => undefined,
}

/** Web Locks, or a stand-in that grants everything where they are missing (`available: false`). */
export function webLocks(): FairLocks {
  const manager = typeof navigator === 'undefined' ? undefined : (navigator.locks as LockManager | undefined)
  if (manager === undefined) return NO_LOCKS
  return {
    available: true,
    request: async (name, { ifAvailable = false, signal }, callback) => {
      signal?.throwIfAborted()
      // The platform refuses both options together; a request that does not wait needs no signal.
      const options = ifAvailable ? { ifAvailable } : signal === undefined ? {} : { signal }
      return manager.request(name, options, (lock) => callback(lock !== null))
    },
    heldNames: async () => {
      try {
        const { held = [] } = await manager.query()
        return new Set(held.flatMap(({ name }) => (name === undefined ? [] : [name])))
      } catch {
        return undefined
      }
    },
  }
}

/** Locks inside one process, first come, first served: for tests that play several tabs. */
export function memoryLocks(): FairLocks {
  const queues = new Map<string, (() => void)[]>()

  const acquire = (name: string, signal: AbortSignal | undefined): Promise<void> =>
    new Promise((resolve, reject) => {
      const queue = queues.get(name)
      if (queue === undefined) {
        queues.set(name, [])
        return resolve()
      }
      const grant = (): void => {
        signal?.removeEventListener('abort', giveUp)
        resolve()
      }
      const giveUp = (): void => {
        queue.splice(queue.indexOf(grant), 1)
        reject(signal?.reason)
      }
      queue.push(grant)
      signal?.addEventListener('abort', giveUp, { once: true })
    })
  const release = (name: string): void => {
    const next = queues.get(name)?.shift()
    if (next === undefined) queues.delete(name)
    else next()
  }
  return {
    available: true,
    request: async (name, { ifAvailable = false, signal }, callback) => {
      signal?.throwIfAborted()
      if (ifAvailable && queues.has(name)) return callback(false)
      await acquire(name, signal)
      try {
        return await callback(true)
      } finally {
        release(name)
      }
    },
    heldNames: async () => new Set(queues.keys()),
  }
}
