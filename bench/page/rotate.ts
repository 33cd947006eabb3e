// The rows of `rotate` as tasks.

import { corpus } from './corpus.ts'
import { longestTask, watchLongTasks } from './measures.ts'
import type { RotateSubject } from './subjects/rotate-subject.ts'
import { RotatedVault } from './subjects/rotated-vault.ts'
import { Sqlite } from './subjects/sqlite.ts'

/** The same tables and indexes as in `search`, with a raw key. */
class RekeyedSqlite implements RotateSubject {
  readonly #sqlite = new Sqlite({ encrypted: true, byRow: false })

  async build(conversations: Parameters<RotateSubject['build']>[0]): Promise<void> {
    await this.#sqlite.create()
    await this.#sqlite.build(conversations)
    await this.#sqlite.close()
  }

  reopen = (): Promise<void> => this.#sqlite.reopen()
  rotate = (): Promise<number> => this.#sqlite.rekey()
  digest = (): Promise<string> => this.#sqlite.digest()
  check = (): Promise<void> => this.#sqlite.check()
  close = (): Promise<void> => this.#sqlite.close()
}

const makers: Record<string, () => RotateSubject> = { 'sealed-vault': () => new RotatedVault(), 'sqlite-encrypted': () => new RekeyedSqlite() }
let open: RotateSubject | undefined

function subject(): RotateSubject {
  if (open === undefined) throw new Error('no subject is open')
  return open
}

function make(name: string): RotateSubject {
  const made = makers[name]
  if (made === undefined) throw new Error(`there is no subject ${name}`)
  open = made()
  return open
}

/** Bytes of the values that are given to IndexedDB while work runs. */
async function bytesPut(work: () => Promise<unknown>): Promise<number> {
  const store = IDBObjectStore.prototype as unknown as Record<'put' | 'add', (this: IDBObjectStore, value: Uint8Array, key?: IDBValidKey) => IDBRequest<IDBValidKey>>
  const before = { put: store.put, add: store.add }
  let bytes = 0
  for (const method of ['put', 'add'] as const) {
    store[method] = function (value, key) {
      bytes += value.byteLength
      return before[method].call(this, value, key)
    }
  }
  try {
    await work()
  } finally {
    Object.assign(store, before)
  }
  return bytes
}

export const rotateTasks = {
  'rotate/build': async ({ subject: name }: { subject: string }): Promise<void> => {
    await make(name).build(await corpus())
  },

  'rotate/reopen': async ({ subject: name }: { subject: string }): Promise<void> => make(name).reopen(),

  'rotate/digest': (): Promise<string> => subject().digest(),

  'rotate/check': (): Promise<void> => subject().check(),

  /** Milliseconds. */
  'rotate/rotate': (): Promise<number> => subject().rotate(),

  'rotate/bytes': (): Promise<number> => bytesPut(() => subject().rotate()),

  'rotate/watch': async (): Promise<boolean> => watchLongTasks(),

  'rotate/longest-task': longestTask,

  'rotate/close': (): Promise<void> => subject().close(),
}
