// What a vault is asked, how often, how long the answers take, and what fails: by the names of its calls, never by what is in them. Kept in memory, sent nowhere.

import { isVaultError, type UnlockedVault } from '../index.js'

export interface CallMetrics {
  /** As it is written: `search`, `sessions.list`. */
  readonly name: string
  /** Calls that ended, whichever way. */
  readonly calls: number
  readonly running: number
  /** How often each code; `other` for what is no error of the vault, `aborted` for what was given up. */
  readonly errors: Readonly<Record<string, number>>
  /** Time spent on all of them, without what the caller of an iteration does between two results. */
  readonly totalMs: number
  readonly slowestMs: number
  /** Of the last 256 calls: half of them took no longer, 95 of 100 took no longer. */
  readonly medianMs: number
  readonly p95Ms: number
}

export interface Metrics {
  /** Milliseconds of the wall clock. */
  readonly since: number
  /** What took most time in all comes first. */
  readonly calls: readonly CallMetrics[]
  /** Failed calls of all that ended, from 0 to 1. What was aborted has not failed. */
  readonly errorRate: number
}

/** Parts of an open vault whose calls are counted under their own name. */
const PARTS = new Set(['sessions', 'chatLogs', 'brains', 'preferences', 'backup', 'slots', 'rotation'])
const REMEMBERED = 256

export class CallMeter {
  readonly #calls = new Map<string, Count>()
  readonly #now: () => number
  #since: number

  /** @param now milliseconds of a clock that does not jump */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
    this.#since = Date.now()
  }

  /** The same vault, each of whose calls is counted. Steps inside of `transact` are part of it, and not counted by themselves. */
  measure(open: UnlockedVault): UnlockedVault {
    return this.#measured(open, '')
  }

  metrics(): Metrics {
    const calls = [...this.#calls].map(([name, count]) => count.metrics(name)).sort((a, b) => b.totalMs - a.totalMs)
    const all = calls.reduce((sum, { calls: ended }) => sum + ended, 0)
    const failed = calls.reduce((sum, { errors }) => sum + Object.entries(errors).reduce((of, [code, times]) => (code === 'aborted' ? of : of + times), 0), 0)
    return { since: this.#since, calls, errorRate: all === 0 ? 0 : failed / all }
  }

  /** Counts from now on. */
  reset(): void {
    this.#calls.clear()
    this.#since = Date.now()
  }

  #measured<T extends object>(target: T, prefix: string): T {
    const seen = new Map<string, unknown>()
    return new Proxy(target, {
      get: (object, key) => {
        // Of the object itself: private members know no proxy.
        const value: unknown = Reflect.get(object, key, object)
        if (typeof key === 'symbol' || (typeof value !== 'function' && !PARTS.has(key))) return value
        if (!seen.has(key)) seen.set(key, typeof value === 'function' ? this.#call(prefix + key, value.bind(object) as Call) : this.#measured(value as object, `${key}.`))
        return seen.get(key)
      },
    })
  }

  #call(name: string, call: Call): Call {
    return (...args) => {
      const start = this.#now()
      const result = call(...args)
      if (result instanceof Promise) return this.#counted(name).during(start, result, this.#now)
      if (isIteration(result)) return this.#counted(name).over(result, this.#now)
      return result
    }
  }

  #counted(name: string): Count {
    const count = this.#calls.get(name) ?? new Count()
    this.#calls.set(name, count)
    return count
  }
}

type Call = (...args: unknown[]) => unknown

class Count {
  readonly #errors: Record<string, number> = {}
  readonly #last: number[] = []
  #calls = 0
  #running = 0
  #totalMs = 0
  #slowestMs = 0

  async during<T>(start: number, work: Promise<T>, now: () => number): Promise<T> {
    this.#running++
    try {
      return await work
    } catch (error) {
      this.#failed(error)
      throw error
    } finally {
      this.#ended(now() - start)
    }
  }

  /** One call from its first result to its last, or until nobody wants more. */
  async *over<T>(results: AsyncGenerator<T, unknown, undefined>, now: () => number): AsyncGenerator<T, void, undefined> {
    let spent = 0
    this.#running++
    try {
      for (;;) {
        const start = now()
        const next = await results.next().finally(() => (spent += now() - start))
        if (next.done === true) return
        yield next.value
      }
    } catch (error) {
      this.#failed(error)
      throw error
    } finally {
      this.#ended(spent)
      await results.return(undefined)
    }
  }

  #failed(error: unknown): void {
    const code = isVaultError(error) ? error.code : (error as { readonly name?: unknown } | undefined)?.name === 'AbortError' ? 'aborted' : 'other'
    this.#errors[code] = (this.#errors[code] ?? 0) + 1
  }

  #ended(ms: number): void {
    this.#running--
    this.#totalMs += ms
    this.#slowestMs = Math.max(this.#slowestMs, ms)
    this.#last[this.#calls++ % REMEMBERED] = ms
  }

  metrics(name: string): CallMetrics {
    const sorted = [...this.#last].sort((a, b) => a - b)
    const at = (share: number): number => sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0
    return { name, calls: this.#calls, running: this.#running, errors: { ...this.#errors }, totalMs: this.#totalMs, slowestMs: this.#slowestMs, medianMs: at(0.5), p95Ms: at(0.95) }
  }
}

function isIteration(result: unknown): result is AsyncGenerator<unknown, unknown, undefined> {
  return typeof result === 'object' && result !== null && Symbol.asyncIterator in result
}
