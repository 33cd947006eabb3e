// Opening a database within a deadline: the first open of some Safaris never answers, and an upgrade can be blocked for ever.

import { STORE_IDS } from './backend.js'
import { storageError, toStorageError } from './storage-failure.js'

/** Brings a database one version further. Synchronous: it runs inside `upgradeneeded`. */
export type Migration = (database: IDBDatabase, transaction: IDBTransaction) => void

export interface OpenHooks {
  upgrade(database: IDBDatabase, transaction: IDBTransaction, event: IDBVersionChangeEvent): void
  readonly blocked: () => void
  /** Another connection wants to upgrade or delete. */
  readonly superseded: () => void
  /** The connection was closed from outside. */
  readonly terminated: () => void
}

/** Sends one open request. Rejects with the engine's own error. */
export type OpenDatabase = (name: string, version: number, hooks: OpenHooks) => Promise<IDBDatabase>

/** Where a database is, and how it is made. */
export interface DatabasePlace {
  readonly name: string
  readonly open: OpenDatabase
  /** One for each version, the first leads from nothing to version 1. */
  readonly migrations: readonly Migration[]
}

export interface OpenTimings {
  /** One attempt to open may take this long; there are two. */
  readonly openMs: number
  /** Another tab that blocks an upgrade or a deletion gets this long to let go. */
  readonly blockedMs: number
}

export interface OpenedDatabase {
  readonly database: IDBDatabase
  /** The database was made by this opening. It may hold old rows all the same. */
  readonly fresh: boolean
  /** What Chromium says about data it had to throw away; other engines say nothing. */
  readonly dataLoss: string | undefined
}

export interface HandleHooks {
  superseded(database: IDBDatabase): void
  terminated(database: IDBDatabase): void
}

const ATTEMPTS = 2

const openTimeout = () => storageError('storage-unavailable', 'the database does not open, reload the page', 'open-timeout')

/** Settles like `promise`, or rejects with `late()` after `ms`. */
export function withDeadline<T>(promise: Promise<T>, ms: number, late: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(late()), ms)
    promise.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}

async function openOnce(place: DatabasePlace, create: boolean, timings: OpenTimings, handleHooks: HandleHooks): Promise<OpenedDatabase> {
  let fresh = false
  let dataLoss: string | undefined
  let gone = false
  let givenUp = false
  let database: IDBDatabase | undefined
  let onBlocked = (): void => {}
  const blocked = new Promise<never>((_resolve, reject) => {
    onBlocked = () => {
      const late = (): void => reject(storageError('storage-blocked', 'another tab keeps an older version open, close it', 'blocked'))
      setTimeout(late, timings.blockedMs)
    }
  })
  // It has no one to wait for it once the open has settled.
  blocked.catch(() => {})

  const sent = place.open(place.name, place.migrations.length, {
    upgrade: (upgraded, transaction, event) => {
      fresh = event.oldVersion === 0
      const lost = event as { dataLoss?: string; dataLossMessage?: string }
      if (lost.dataLoss !== undefined && lost.dataLoss !== 'none') dataLoss = `${lost.dataLoss}: ${lost.dataLossMessage ?? ''}`
      gone = fresh && !create
      if (gone || givenUp) transaction.abort()
      else for (const migrate of place.migrations.slice(event.oldVersion)) migrate(upgraded, transaction)
    },
    blocked: () => onBlocked(),
    superseded: () => {
      if (database !== undefined) handleHooks.superseded(database)
    },
    terminated: () => {
      if (database !== undefined) handleHooks.terminated(database)
    },
  })
  try {
    database = await withDeadline(Promise.race([sent, blocked]), timings.openMs, openTimeout)
  } catch (error) {
    givenUp = true
    // A success that comes after all would hold up upgrades and deletions of other tabs.
    sent.then((late) => late.close()).catch(() => {})
    if (gone) throw storageError('storage-lost', 'the database was deleted while it was in use', 'database-gone', error)
    throw toStorageError(error, 'open')
  }
  const missing = Object.keys(STORE_IDS).filter((name) => !database?.objectStoreNames.contains(name))
  if (missing.length > 0) {
    database.close()
    throw storageError('storage-lost', `the database lacks the stores ${missing.join(', ')}`, 'missing-stores')
  }
  return { database, fresh, dataLoss }
}

/**
 * Opens the database, with a second attempt when the first does not answer.
 * @param create Whether a database that is not there may be made.
 * @throws {VaultError} `storage-unavailable`, `storage-blocked`, `storage-full`, `storage-lost` or `unsupported-version`.
 */
export async function openWithin(place: DatabasePlace, create: boolean, timings: OpenTimings, handleHooks: HandleHooks): Promise<OpenedDatabase> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await openOnce(place, create, timings, handleHooks)
    } catch (cause) {
      const error = toStorageError(cause, 'open')
      if (error.details.reason !== 'open-timeout' || attempt === ATTEMPTS) throw error
    }
  }
}
