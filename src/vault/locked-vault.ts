// The states a vault can be in before it is open. A closed union by `state`; data exists only on the unlocked one.

import type { SealedBytes, Seq, Tag } from '../brand.js'
import { calibrateIterations } from '../crypto/kdf.js'
import { equalBytes, fromBase64Url, toBase64Url } from '../crypto/bytes.js'
import { VaultError } from '../errors.js'
import { STORE_IDS, type Backend, type Operation, type StoreName } from '../stores/backend.js'
import { readCanaries, readHeaderMirrors, writeCanary, writeHeaderMirror } from '../stores/canary.js'
import type { SecondHome } from '../stores/second-home.js'
import { Codec, tagOfRow } from './core/codec.js'
import { canaryOf, createHeader, headerName, openWithVaultKey, unlockHeader, type OpenedHeader } from './core/credentials.js'
import { decodeHeader, type UnprovenHeader } from './core/header.js'
import { encodeLogRow } from './core/log-row.js'
import { emptyManifest, sealManifest } from './core/manifest.js'
import { readStanding, type Standing } from './core/replay.js'
import type { VaultEnvironment } from './environment.js'
import { OpenedVault, type VaultOptions } from './opened-vault.js'
import { UnlockedVault } from './unlocked-vault.js'

/** What every closed state knows. */
interface ClosedVault {
  readonly name: string
  /** Lets go of the storage. The object is of no use afterwards. */
  close(): Promise<void>
}

export interface UnlockOptions {
  readonly signal?: AbortSignal | undefined
  /** Open although saved commits are gone (`storage-lost`), and take what is left for the truth from now on. */
  readonly acceptLoss?: boolean | undefined
}

/** Nothing was ever saved under this name in this browser. */
export interface EmptyVault extends ClosedVault {
  readonly state: 'empty'
  /**
   * Creates the vault and opens it.
   * @throws {VaultError} `invalid-value` for a password that is empty, over 1,024 code points or ill-formed, `conflict` when another tab was faster,
   * `storage-full`, `storage-unavailable`, `crypto-unavailable`
   */
  create(password: string, options?: { readonly signal?: AbortSignal | undefined }): Promise<UnlockedVault>
}

export interface LockedVault extends ClosedVault {
  readonly state: 'locked'
  /**
   * Opens the vault. A lock in any tab, or the signal, ends a pending unlock.
   * @throws {VaultError} `wrong-password`; `corrupt`, `tampered`; `storage-lost` with the number of missing commits, until `acceptLoss`; `locked` when a lock came first
   */
  unlock(password: string, options?: UnlockOptions): Promise<UnlockedVault>
  /** Ends a pending unlock: it rejects with `locked`. */
  lock(): void
}

/** The browser says there is no vault, but something outside of the database remembers one. Nothing is created over it. */
export interface WipedVault extends ClosedVault {
  readonly state: 'wiped'
  readonly reason: 'database-empty' | 'header-missing'
  /** The last commit that is known to have existed, if any. */
  readonly lastKnownCommit?: number
}

/** A newer version of the app wrote this vault. Nothing is changed. */
export interface NewerVault extends ClosedVault {
  readonly state: 'newer'
  readonly error: VaultError
}

/** The storage cannot be opened. Nothing is known of the vault; least of all that it is empty. */
export interface UnavailableVault extends ClosedVault {
  readonly state: 'unavailable'
  readonly error: VaultError
  /** Tries again. */
  retry(): Promise<Vault>
}

export type Vault = EmptyVault | LockedVault | WipedVault | NewerVault | UnavailableVault

export interface ClosedParts {
  readonly options: VaultOptions
  readonly environment: VaultEnvironment
  readonly backend: Backend
  readonly homes: readonly SecondHome[]
}

export function emptyVault(parts: ClosedParts): EmptyVault {
  return {
    state: 'empty',
    name: parts.options.name,
    close: () => parts.backend.close(),
    create: async (password, { signal } = {}) => {
      const { kdf } = parts.environment
      signal?.throwIfAborted()
      const opened = await createHeader(password, await calibrateIterations(kdf, () => performance.now()), kdf)
      signal?.throwIfAborted()
      await writeFirstRows(parts, opened)
      return finishOpening(parts, opened, await readStanding(parts.backend, codecOf(opened)))
    },
  }
}

/** Header, first log row and first manifest together, over nothing but an absent header; stale rows go (PROTOCOL rule 1). */
async function writeFirstRows({ backend, homes, options, environment }: ClosedParts, opened: OpenedHeader): Promise<void> {
  const codec = codecOf(opened)
  const { revision, tag } = headerName(opened)
  const first = 1 as Seq
  const logRow = await codec.sealLogRow(first, new Uint8Array(16) as Tag, encodeLogRow({ time: environment.now(), writer: toBase64Url(opened.header.homeId), operation: 1, changes: [['header', revision, tag]] }))
  const manifest = await sealManifest(codec, emptyManifest(first, { revision, tag }))
  await writeHeaderMirror(homes, options.name, revision, opened.row)
  const clear: Operation[] = (Object.keys(STORE_IDS) as StoreName[]).map((store) => ({ kind: 'clear', store }))
  const result = await backend.apply({
    expect: [{ kind: 'absent', store: 'header', key: 'header' }],
    operations: [
      ...clear,
      { kind: 'put', store: 'header', key: 'header', value: opened.row },
      { kind: 'put', store: 'log', key: first, value: logRow },
      { kind: 'put', store: 'manifest', key: 'manifest', value: manifest },
    ],
    durability: 'strict',
  })
  if (!result.applied) throw new VaultError('conflict', 'another tab created this vault first; open it again and unlock it', { where: 'header' })
  await writeCanary(homes, options.name, canaryOf(opened, first, tagOfRow(logRow)), { force: true })
}

function codecOf({ header, ring }: OpenedHeader): Codec {
  return new Codec({ vaultId: header.vaultId, homeId: header.homeId, ring })
}

async function finishOpening(parts: ClosedParts, opened: OpenedHeader, standing: Standing): Promise<UnlockedVault> {
  const vault = new OpenedVault({ ...parts, opened, standing })
  await vault.start()
  return new UnlockedVault(vault)
}

export function lockedVault(parts: ClosedParts): LockedVault {
  let pending: AbortController | undefined
  const { options, environment, backend } = parts
  const abort = (): void => pending?.abort(new VaultError('locked', 'the vault was locked while it was being unlocked', { reason: 'asked' }))
  return {
    state: 'locked',
    name: options.name,
    close: async () => {
      abort()
      await backend.close()
    },
    lock: abort,
    unlock: async (password, { signal, acceptLoss = false } = {}) => {
      if (pending !== undefined) throw new VaultError('busy', 'this vault is being unlocked already', { where: 'unlock' })
      const own = new AbortController()
      pending = own
      const follow = (): void => own.abort(signal?.reason)
      signal?.throwIfAborted()
      signal?.addEventListener('abort', follow, { once: true })
      // A lock in any tab beats a password that is still being worked on.
      const channel = environment.openChannel(options.name)
      const stop = channel.subscribe((message) => {
        if (message.kind === 'locked' || message.kind === 'destroyed') abort()
      })
      try {
        const aborted = new Promise<never>((_, reject) => own.signal.addEventListener('abort', () => reject(own.signal.reason as Error), { once: true }))
        const work = unlock(parts, password, acceptLoss, own.signal)
        work.catch(() => undefined)
        aborted.catch(() => undefined)
        return await Promise.race([work, aborted])
      } finally {
        pending = undefined
        signal?.removeEventListener('abort', follow)
        stop()
        channel.close()
      }
    },
  }
}

async function unlock(parts: ClosedParts, password: string, acceptLoss: boolean, signal: AbortSignal): Promise<UnlockedVault> {
  const { backend, homes, options } = parts
  const canaries = await readCanaries(homes, options.name)
  const { opened, standing } = await openHeaderAndStanding(parts, password, signal)
  signal.throwIfAborted()
  const missing = missingCommits(opened, standing, canaries)
  if (missing > 0 && !acceptLoss) {
    opened.ring.wipe()
    throw new VaultError('storage-lost', `the browser lost the last saved changes of this vault (${missing} commits); restore an archive, or unlock with acceptLoss to go on with what is left`, { where: 'log', missingCommits: missing })
  }
  // Whoever reports a loss sets the canary to what is there, or the same loss is reported for ever (PROTOCOL rule 2).
  if (missing > 0) await writeCanary(homes, options.name, canaryOf(opened, standing.head.seq, standing.head.tag), { force: true })
  await restoreHeader(backend, opened, standing)
  await writeHeaderMirror(homes, options.name, opened.header.revision, opened.row)
  if (signal.aborted) {
    opened.ring.wipe()
    throw signal.reason
  }
  return finishOpening(parts, opened, standing)
}

/** Tries the header of the database, then its copies, and accepts only the one that log and manifest name. */
async function openHeaderAndStanding(parts: ClosedParts, password: string, signal: AbortSignal): Promise<{ opened: OpenedHeader; standing: Standing }> {
  const { backend, homes, options, environment } = parts
  const [row] = await backend.read([{ kind: 'get', store: 'header', key: 'header' }])
  const copies = await readHeaderMirrors(homes, options.name)
  const rows = [...(row === undefined ? [] : [row]), ...copies.map((copy) => copy as SealedBytes)]
  let failure: unknown = new VaultError('corrupt', 'the header of the vault is missing', { where: 'header', reason: 'missing' })
  let failed = false
  for (const candidate of distinct(rows)) {
    try {
      const opened = await unlockHeader(decodeHeader(candidate), password, environment.kdf)
      signal.throwIfAborted()
      return await standingFor(backend, opened, rows)
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof VaultError) || !MAY_TRY_COPY.has(error.code)) throw error
      // The database's own header says most about what went wrong.
      if (!failed) failure = error
      failed = true
      // A wrong password is wrong for a copy of the same slots too: not worth another key derivation.
      if (error.code === 'wrong-password' && !rows.some((other) => differsAtSameRevision(candidate, other))) throw error
    }
  }
  throw failure
}

const MAY_TRY_COPY = new Set(['corrupt', 'tampered', 'wrong-password'])

function* distinct(rows: readonly SealedBytes[]): IterableIterator<SealedBytes> {
  for (const [index, row] of rows.entries()) if (!rows.slice(0, index).some((earlier) => equalBytes(earlier, row))) yield row
}

function differsAtSameRevision(a: SealedBytes, b: SealedBytes): boolean {
  try {
    return !equalBytes(a, b) && decodeHeader(a).header.revision === decodeHeader(b).header.revision
  } catch {
    return true
  }
}

/** Reads the vault with an opened header. When log and manifest name another revision, a copy of that one must be at hand. */
async function standingFor(backend: Backend, opened: OpenedHeader, rows: readonly SealedBytes[]): Promise<{ opened: OpenedHeader; standing: Standing }> {
  const standing = await readStanding(backend, codecOf(opened))
  if (standing.header.tag === toBase64Url(opened.tag)) return { opened, standing }
  const [latest] = await backend.read([{ kind: 'get', store: 'header', key: 'header' }])
  for (const row of [...(latest === undefined ? [] : [latest]), ...rows]) {
    const named = tryDecode(row)
    if (named !== undefined && standing.header.tag === toBase64Url(named.tag)) return { opened: await openWithVaultKey(named, opened.keys), standing }
  }
  throw new VaultError('tampered', 'the header of the vault was replaced by an older one', { where: 'header', number: opened.header.revision, reason: 'rolled-back' })
}

function tryDecode(row: SealedBytes): UnprovenHeader | undefined {
  try {
    return decodeHeader(row)
  } catch {
    return undefined
  }
}

/** Puts back a header that was damaged or missing, if nobody wrote one meanwhile. */
async function restoreHeader(backend: Backend, opened: OpenedHeader, standing: Standing): Promise<void> {
  const [row] = await backend.read([{ kind: 'get', store: 'header', key: 'header' }])
  if (row !== undefined && equalBytes(row, opened.row)) return
  await backend.apply({
    expect: [{ kind: 'tag', store: 'log', key: standing.head.seq, tag: standing.head.tag }, row === undefined ? { kind: 'absent', store: 'header', key: 'header' } : { kind: 'tag', store: 'header', key: 'header', tag: tagOfRow(row) }],
    operations: [{ kind: 'put', store: 'header', key: 'header', value: opened.row }],
    durability: 'strict',
  })
}

/** How many commits a genuine canary knows that the log does not. A canary that lags is normal. */
function missingCommits(opened: OpenedHeader, standing: Standing, canaries: Awaited<ReturnType<typeof readCanaries>>): number {
  let missing = 0
  for (const canary of canaries) {
    const genuine = canary.vaultId === toBase64Url(opened.header.vaultId) && canaryOf(opened, canary.seq, fromBase64Url(canary.tag) as unknown as Tag).mac === canary.mac
    if (!genuine) continue
    const replaced = canary.seq === standing.head.seq && canary.tag !== toBase64Url(standing.head.tag)
    missing = Math.max(missing, canary.seq - standing.head.seq, replaced ? 1 : 0)
  }
  return missing
}
