// An IndexedDB that does nothing by itself: a test answers every request, or leaves it without an answer for ever.

import { STORE_IDS } from '../../../src/stores/backend.ts'

/** An engine's error, which the stores must tell by name and message alone. */
export const engineError = (name: string, message = ''): Error => Object.assign(new Error(message), { name })

export class ScriptedRequest {
  onsuccess: ((event: unknown) => void) | null = null
  onerror: ((event: unknown) => void) | null = null
  onblocked: ((event: unknown) => void) | null = null
  onupgradeneeded: ((event: unknown) => void) | null = null
  result: unknown
  error: Error | null = null
  transaction: ScriptedTransaction | null = null

  succeed(result?: unknown): void {
    this.result = result
    this.onsuccess?.({ target: this })
  }

  fail(error: Error): void {
    this.error = error
    this.onerror?.({ target: this, preventDefault: () => {} })
  }
}

export class ScriptedTransaction {
  oncomplete: (() => void) | null = null
  onabort: (() => void) | null = null
  onerror: ((event: unknown) => void) | null = null
  error: Error | null = null
  aborted = false
  readonly requests: ScriptedRequest[] = []
  readonly mode: string
  readonly names: readonly string[]

  constructor(names: readonly string[], mode: string) {
    this.names = names
    this.mode = mode
  }

  objectStore(): Record<string, () => ScriptedRequest> {
    const send = (): ScriptedRequest => {
      const request = new ScriptedRequest()
      this.requests.push(request)
      return request
    }
    return { get: send, getKey: send, getAll: send, getAllKeys: send, count: send, openKeyCursor: send, add: send, put: send, delete: send, clear: send }
  }

  /** Answers the requests that are still open. */
  succeedAll(result?: unknown): void {
    for (const request of this.requests.splice(0)) request.succeed(result)
  }

  /** The engine reports an error of the first open request. */
  failRequest(error: Error): void {
    const target = this.requests.shift()
    if (target === undefined) throw new Error('no request is open')
    target.error = error
    this.onerror?.({ target, preventDefault: () => {} })
  }

  complete(): void {
    this.oncomplete?.()
  }

  /** The engine aborts with an error of its own. */
  abortWith(error: Error | null): void {
    this.error = error
    this.onabort?.()
  }

  /** What a store calls. The event comes a moment later, as in engines. */
  abort(): void {
    if (this.aborted) throw engineError('InvalidStateError')
    this.aborted = true
    queueMicrotask(() => this.onabort?.())
  }
}

export class ScriptedDatabase {
  onversionchange: (() => void) | null = null
  onclose: (() => void) | null = null
  closed = false
  /** Thrown by the next `transaction` calls. */
  refuse: Error | undefined
  stores: readonly string[] = Object.keys(STORE_IDS)
  readonly transactions: ScriptedTransaction[] = []

  get objectStoreNames(): { contains(name: string): boolean } {
    return { contains: (name) => this.stores.includes(name) }
  }

  get last(): ScriptedTransaction {
    const transaction = this.transactions.at(-1)
    if (transaction === undefined) throw new Error('no transaction was begun')
    return transaction
  }

  transaction(names: readonly string[], mode: string): ScriptedTransaction {
    if (this.refuse !== undefined) throw this.refuse
    if (this.closed) throw engineError('InvalidStateError', 'The database connection is closing.')
    const transaction = new ScriptedTransaction(names, mode)
    this.transactions.push(transaction)
    return transaction
  }

  close(): void {
    this.closed = true
  }

  /** The engine closes the connection: running transactions get no event of their own. */
  terminate(): void {
    this.onclose?.()
  }
}

/** Answers one open request. */
export type OpenScript = (request: ScriptedRequest, database: ScriptedDatabase) => void

export const succeeds: OpenScript = (request, database) => request.succeed(database)
export const hangs: OpenScript = () => {}
export const failsWith =
  (name: string, message?: string): OpenScript =>
  (request) =>
    request.fail(engineError(name, message))

/** A factory whose opens follow a script; after its end the last line is repeated. */
export function scriptedFactory(...script: OpenScript[]) {
  const requests: ScriptedRequest[] = []
  const databases: ScriptedDatabase[] = []
  const factory = {
    open: (): ScriptedRequest => {
      const request = new ScriptedRequest()
      const database = new ScriptedDatabase()
      const line = script[Math.min(requests.length, script.length - 1)] ?? succeeds
      requests.push(request)
      databases.push(database)
      queueMicrotask(() => line(request, database))
      return request
    },
  }
  return {
    indexedDB: factory as unknown as IDBFactory,
    requests,
    databases,
    /** The database of the newest open. */
    get database(): ScriptedDatabase {
      const database = databases.at(-1)
      if (database === undefined) throw new Error('nothing was opened')
      return database
    },
  }
}
