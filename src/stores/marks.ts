// Marks of tabs that have not closed yet, and the cure for what an unclean stop can do to Chromium.
// Implements docs/format.md, section 9.
//
// A tab first holds its lock, then leaves its mark; it removes the mark, then lets the lock go. So a mark whose lock is free
// belongs to a tab that died. Where locks cannot be looked at, a foreign mark may as well belong to a tab that lives: it
// counts as an unclean stop (checking once too often costs little), and is removed only when the tab that saw it closes cleanly.

import type { SealedBytes } from '../brand.js'
import type { Backend, Operation } from './backend.js'
import type { FairLocks } from './locks.js'

const FILLER = 'filler/'
const MARK = new Uint8Array([0]) as SealedBytes

// LevelDB begins a new log after about 4 MB. Values over 64 KiB never reach that log, Chromium keeps them in files of their own:
// 12 rows of 1 MiB left it at 10 KB, 264 of 48 KiB renewed it three times.
const FILLER_ROW_BYTES = 48 * 1024
const FILLER_ROWS = 264

export interface UncleanStop {
  /** Marks of tabs that did not close. Empty: every tab closed, or lives. */
  readonly marks: readonly string[]
  /** False when some of these tabs may live: their marks must stay until this tab closes. */
  readonly certain: boolean
}

const tabLock = (vaultName: string, id: string): string => `sealed-vault/${vaultName}/tab/${id}`

/** Holds the lock that says "this tab lives". Resolves when it is held, with the function that lets it go. */
export function holdTabLock(locks: FairLocks, vaultName: string, id: string): Promise<() => void> {
  return new Promise((resolve, reject) => {
    locks.request(tabLock(vaultName, id), {}, () => new Promise<void>((release) => resolve(release))).catch(reject)
  })
}

/** Leaves the mark of a tab: one strict write. */
export async function leaveMark(backend: Backend, id: string): Promise<void> {
  await backend.apply({ expect: [], operations: [{ kind: 'put', store: 'marks', key: id, value: MARK }], durability: 'strict' })
}

/** Removes the mark of a tab that closes cleanly, or that was found dead and dealt with. */
export async function removeMark(backend: Backend, id: string): Promise<void> {
  await backend.apply({ expect: [], operations: [{ kind: 'delete', store: 'marks', key: id }], durability: 'strict' })
}

/** The ids of all marks. */
export async function readMarks(backend: Backend): Promise<string[]> {
  const [keys] = await backend.read([{ kind: 'keys', store: 'marks' }])
  return keys.filter((key): key is string => typeof key === 'string' && !key.startsWith(FILLER))
}

/** Which tabs of this vault stopped without closing. Call it before this tab leaves its own mark. */
export async function findUncleanStop(backend: Backend, locks: FairLocks, vaultName: string): Promise<UncleanStop> {
  const before = await readMarks(backend)
  if (before.length === 0) return { marks: [], certain: true }
  const held = await locks.heldNames()
  if (held === undefined) return { marks: before, certain: false }
  const free = before.filter((id) => !held.has(tabLock(vaultName, id)))
  if (free.length === 0) return { marks: [], certain: true }
  // A tab that closed between the two looks has removed its mark before its lock went.
  const after = new Set(await readMarks(backend))
  return { marks: free.filter((id) => after.has(id)), certain: true }
}

export interface RollOptions {
  /** Whether the engine keeps a log that can be torn. By default what the user agent says of Chromium. */
  readonly chromium?: boolean
}

const isChromium = (): boolean => typeof navigator !== 'undefined' && /Chrom/.test(navigator.userAgent ?? '')

/**
 * Makes Chromium's LevelDB begin a new log, by writing and deleting 12 MB of noise. After an unclean stop the end of the old log may be
 * torn: the first opening survives that, but what is written behind the tear is lost at the second restart, with everything before it.
 * To be called when the vault has been checked and before anything else is written. Resolves to false, at once, on other engines.
 * @throws {VaultError} `storage-*`; noise that was left behind goes with the next roll.
 */
export async function rollEngineLog(backend: Backend, { chromium = isChromium() }: RollOptions = {}): Promise<boolean> {
  if (!chromium) return false
  // One row of noise many times over: each is written on its own, so nothing is gained by fresh noise.
  const noise = crypto.getRandomValues(new Uint8Array(FILLER_ROW_BYTES)) as SealedBytes
  const keys = Array.from({ length: FILLER_ROWS }, (_, i) => `${FILLER}${i}`)
  const puts = keys.map((key): Operation => ({ kind: 'put', store: 'marks', key, value: noise }))
  const deletes = keys.map((key): Operation => ({ kind: 'delete', store: 'marks', key }))
  const bySlice = 64
  for (let i = 0; i < puts.length; i += bySlice) await backend.apply({ expect: [], operations: puts.slice(i, i + bySlice), durability: 'relaxed' })
  await backend.apply({ expect: [], operations: deletes, durability: 'strict' })
  return true
}
