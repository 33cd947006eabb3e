// Creating and unlocking: from a password to the opened vault, or to a typed refusal.

import type { SealedBytes, Seq, Tag } from '../brand.js'
import { calibrateIterations, DEFAULT_KDF_POLICY } from '../crypto/kdf.js'
import { equalBytes, fromBase64Url, toBase64Url } from '../crypto/bytes.js'
import { VaultError } from '../errors.js'
import { STORE_IDS, type Backend, type Operation, type StoreName } from '../stores/backend.js'
import { readCanaries, readHeaderMirrors, writeCanary, writeHeaderMirror } from '../stores/canary.js'
import { Codec, tagOfRow } from './core/codec.js'
import { canaryOf, createHeader, headerName, openWithVaultKey, unlockHeader, type OpenedHeader } from './core/credentials.js'
import { decodeHeader, type UnprovenHeader } from './core/header.js'
import { encodeLogRow } from './core/log-row.js'
import { emptyManifest, sealManifest } from './core/manifest.js'
import { readStanding, type Standing } from './core/replay.js'
import type { ClosedParts } from './environment.js'
import { OpenedVault } from './opened-vault.js'
import { UnlockedVault } from './unlocked-vault.js'

/** @throws {VaultError} see `EmptyVault.create` */
export async function createVault(parts: ClosedParts, password: string, signal: AbortSignal | undefined): Promise<UnlockedVault> {
  const { kdf = DEFAULT_KDF_POLICY } = parts.environment
  signal?.throwIfAborted()
  const opened = await createHeader(password, await calibrateIterations(kdf, () => performance.now()), kdf)
  signal?.throwIfAborted()
  await writeFirstRows(parts, opened)
  return finishOpening(parts, opened, await readStanding(parts.backend, codecOf(opened)))
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

/** @throws {VaultError} see `LockedVault.unlock` */
export async function unlockVault(parts: ClosedParts, password: string, acceptLoss: boolean, signal: AbortSignal): Promise<UnlockedVault> {
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
      const opened = await unlockHeader(decodeHeader(candidate), password, environment.kdf ?? DEFAULT_KDF_POLICY)
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
