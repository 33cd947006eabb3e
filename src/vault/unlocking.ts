// Creating and unlocking: from a password to the opened vault, or to a typed refusal.

import type { SealedBytes, Seq, Tag } from '../brand.js'
import { equalBytes, toBase64Url } from '../crypto/bytes.js'
import type { VaultKeys } from '../crypto/keyring.js'
import { VaultError } from '../errors.js'
import { STORE_IDS, type Backend, type Operation, type StoreName } from '../stores/backend.js'
import { readCanaries, readHeaderMirrors, writeCanary, writeHeaderMirror, type Canary } from '../stores/canary.js'
import { Codec, tagOfRow } from './core/codec.js'
import { canaryOf, createHeader, headerName, isGenuineCanary, openWithVaultKey, unlockHeader, wipeOpened, type OpenedHeader } from './core/credentials.js'
import { decodeHeader, proveHeader, type UnprovenHeader } from './core/header.js'
import { encodeIndex } from './core/index-segments.js'
import { encodeLogRow } from './core/log-row.js'
import { emptyManifest, sealManifest } from './core/manifest.js'
import { prepareSlot, type SlotInput } from './core/new-slot.js'
import { readStanding, type Standing } from './core/replay.js'
import { nameOf } from './core/slot-edits.js'
import { isDeviceSlot, isKnownSlot } from './core/slot-json.js'
import { UNKNOWN_WAY, withOpener, type OpenedPassword, type Secret } from './core/slot-openers.js'
import { slotPortsOf, type ClosedParts } from './environment.js'
import { askOpenTab } from './joining.js'
import { OpenedVault } from './opened-vault.js'
import { TOKENIZER } from './search/words/tokenizer-version.js'
import { SecondCopies } from './second-copies.js'
import { UnlockedVault } from './unlocked-vault.js'

/** @throws {VaultError} see `EmptyVault.create` */
export async function createVault(parts: ClosedParts, first: string | { readonly device: true }, signal: AbortSignal | undefined): Promise<UnlockedVault> {
  signal?.throwIfAborted()
  const opened = await makeHeader(parts, first)
  try {
    signal?.throwIfAborted()
    await writeFirstRows(parts, opened)
    return await finishOpening(parts, opened, await readStanding(parts.backend, codecOf(opened)), signal)
  } catch (error) {
    wipeOpened(opened)
    throw error
  }
}

async function makeHeader({ environment, options }: ClosedParts, first: string | { readonly device: true }): Promise<OpenedHeader> {
  if (typeof first === 'object' && first?.device !== true) throw new TypeError('a vault is created with a password, or with { device: true }')
  const ports = slotPortsOf(environment, options)
  const input: SlotInput = typeof first === 'object' ? { kind: 'device' } : { kind: 'password', password: first }
  const slot = await prepareSlot(input, { ports, vaultName: options.name, slots: [] })
  try {
    return await createHeader(ports.kdf, (vaultKey, vaultId) => slot.create(vaultKey, vaultId, []))
  } finally {
    slot.wipe()
  }
}

/** Header, first log row and first manifest together, over nothing but an absent header; stale rows go (PROTOCOL rule 1). */
async function writeFirstRows({ backend, homes, options, environment }: ClosedParts, opened: OpenedHeader): Promise<void> {
  const codec = codecOf(opened)
  const { revision, tag } = headerName(opened)
  const first = 1 as Seq
  const logRow = await codec.sealLogRow(first, new Uint8Array(16) as Tag, encodeLogRow({ time: environment.now(), writer: toBase64Url(opened.header.homeId), operation: 1, changes: [['header', revision, tag]] }))
  const manifest = await sealManifest(codec, emptyManifest(first, { revision, tag }, options.index === false ? null : encodeIndex({ tokenizer: TOKENIZER, segments: [] }), environment.now()))
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
  // Afterwards: a creation that fails leaves nothing that would count as a vault that was there.
  await writeHeaderMirror(homes, options.name, revision, opened.row)
  await writeCanary(homes, options.name, canaryOf(opened, first, tagOfRow(logRow)), { force: true })
}

function codecOf({ header, ring }: OpenedHeader): Codec {
  return new Codec({ vaultId: header.vaultId, homeId: header.homeId, ring })
}

async function finishOpening(parts: ClosedParts, opened: OpenedHeader, standing: Standing, signal?: AbortSignal, then?: (vault: OpenedVault) => void): Promise<UnlockedVault> {
  const vault = new OpenedVault({ ...parts, opened, standing })
  try {
    await vault.start()
  } catch (error) {
    vault.discard(error instanceof VaultError ? error : new VaultError('storage-unavailable', 'the vault could not be opened', {}, error))
    throw error
  }
  if (signal?.aborted) {
    // Nobody waits any more. Closed as if another tab had locked: that tells no further tab.
    await vault.lock('other-tab')
    throw signal.reason
  }
  // Locked in another tab meanwhile, and nobody heard it: those that were unlocked since stay open.
  try {
    vault.log.assertAlive()
  } catch (error) {
    await vault.lock('other-tab')
    throw error
  }
  then?.(vault)
  return new UnlockedVault(vault)
}

/** Kinds of the slots of the header that is stored, each once, of those that could be opened here. */
export async function waysInto({ backend, environment, options }: ClosedParts): Promise<readonly string[]> {
  const row = await readHeaderRow(backend)
  if (row === undefined) throw new VaultError('corrupt', 'the header of the vault is missing', { where: 'header', reason: 'missing' })
  const { slots } = decodeHeader(row).header
  const { deviceKeys } = slotPortsOf(environment, options)
  const usable = await Promise.all(slots.map(async (slot) => isKnownSlot(slot) && (!isDeviceSlot(slot) || (await deviceKeys?.get(nameOf(slot)).catch(() => undefined)) !== undefined)))
  return [...new Set(slots.filter((_, i) => usable[i]).map(({ kind }) => String(kind)))]
}

/** Opens a header, of several that are tried. */
type OpenHeader = (unproven: UnprovenHeader) => Promise<OpenedHeader>
/** Has what opens headers while work runs, and no longer. */
type UsingKeys = <T>(work: (open: OpenHeader) => Promise<T>) => Promise<T>

/** @throws {VaultError} see `LockedVault.unlock` */
export function unlockVault(parts: ClosedParts, secret: Secret, acceptLoss: boolean, signal: AbortSignal): Promise<UnlockedVault> {
  const ports = slotPortsOf(parts.environment, parts.options)
  let derived: OpenedPassword | undefined
  const usingSecret: UsingKeys = (work) =>
    withOpener(
      secret,
      ports,
      async (opener) => {
        const result = await work((unproven) => unlockHeader(unproven, opener))
        derived = opener.work
        return result
      },
      signal,
    )
  return openClosed(parts, usingSecret, acceptLoss, signal, (vault) => {
    // Behind the unlock: nobody waits for it, and if it does not come about now, it does another time.
    if (typeof secret === 'string' && derived !== undefined) vault.keys.strengthen(secret, derived).catch((error: unknown) => vault.warn(error))
  })
}

/** @throws {VaultError} see `LockedVault.join` */
export async function joinVault(parts: ClosedParts, signal: AbortSignal): Promise<UnlockedVault> {
  const channel = parts.environment.openChannel(parts.options.name)
  try {
    const fit = async (keys: VaultKeys): Promise<boolean> => {
      const row = await readHeaderRow(parts.backend)
      try {
        await proveHeader(decodeHeader(row ?? (new Uint8Array(0) as SealedBytes)), keys)
        return true
      } catch {
        return false
      }
    }
    for (let attempt = 1; ; attempt++) {
      const keys = await askOpenTab(channel, fit, signal)
      try {
        return await openClosed(parts, (work) => work((unproven) => openWithVaultKey(unproven, { ...keys })), false, signal)
      } catch (error) {
        // Keys may have changed since they were given away.
        if (attempt === MAX_HEADERS || !(error instanceof VaultError) || error.code !== 'tampered') throw error
      }
    }
  } finally {
    channel.close()
  }
}

async function openClosed(parts: ClosedParts, usingKeys: UsingKeys, acceptLoss: boolean, signal: AbortSignal, opened?: (vault: OpenedVault) => void): Promise<UnlockedVault> {
  const { backend, homes, options } = parts
  // Whatever has to be looked at anew, who asked for it is asked for a secret once.
  const { opened: header, standing } = await usingKeys(async (open) => {
    for (;;) {
      const found = await openWhatCounts(parts, open, acceptLoss, signal)
      if (found !== undefined) return found
    }
  })
  try {
    // The header as it is stored, never the one this tab holds: that may be an older one by now.
    await new SecondCopies(homes, options.name, () => canaryOf(header, standing.head.seq, standing.head.tag)).writeStoredHeader(backend, { alone: true })
    signal.throwIfAborted()
    return await finishOpening(parts, header, standing, signal, opened)
  } catch (error) {
    wipeOpened(header)
    throw error
  }
}

/** Header and log as they are, held against what is known of them beside the database. Undefined when another tab wrote meanwhile, perhaps another header. */
async function openWhatCounts(parts: ClosedParts, open: OpenHeader, acceptLoss: boolean, signal: AbortSignal): Promise<{ readonly opened: OpenedHeader; readonly standing: Standing } | undefined> {
  const { backend, homes, options } = parts
  const canaries = await readCanaries(homes, options.name)
  const { opened, standing } = await openHeaderAndStanding(parts, open, signal)
  try {
    signal.throwIfAborted()
    const missing = missingCommits(opened, standing, canaries)
    if (missing > 0 && !acceptLoss) {
      throw new VaultError('storage-lost', `the browser lost the last saved changes of this vault (${missing} commits); restore an archive, or unlock with acceptLoss to go on with what is left`, { where: 'log', missingCommits: missing })
    }
    // Whoever reports a loss sets the canary to what is there, or the same loss is reported for ever (PROTOCOL rule 2).
    if (missing > 0) await writeCanary(homes, options.name, canaryOf(opened, standing.head.seq, standing.head.tag), { force: true })
    if (await restoreHeader(backend, opened, standing)) return { opened, standing }
    wipeOpened(opened)
    return undefined
  } catch (error) {
    wipeOpened(opened)
    throw error
  }
}

/**
 * Tries the header of the database, then whatever different copies there are, and accepts only the one that log and manifest name: an older
 * header opens with an older password, and must not open what is there now.
 */
async function openHeaderAndStanding(parts: ClosedParts, open: OpenHeader, signal: AbortSignal): Promise<{ opened: OpenedHeader; standing: Standing }> {
  let row = await readHeaderRow(parts.backend)
  for (let attempt = 1; ; attempt++) {
    try {
      return await tryHeaders(parts, row, open, signal)
    } catch (error) {
      if (!(error instanceof VaultError) || !mayTryCopy(error)) throw error
      // Deriving takes a while: another tab may have changed the password meanwhile, or begun a rotation, or ended it. Then that header counts.
      const now = await readHeaderRow(parts.backend)
      if (attempt === MAX_HEADERS || now === undefined || (row !== undefined && equalBytes(now, row))) throw error
      signal.throwIfAborted()
      row = now
    }
  }
}

async function readHeaderRow(backend: Backend): Promise<SealedBytes | undefined> {
  const [row] = await backend.read([{ kind: 'get', store: 'header', key: 'header' }])
  return row
}

async function tryHeaders(parts: ClosedParts, row: SealedBytes | undefined, open: OpenHeader, signal: AbortSignal): Promise<{ opened: OpenedHeader; standing: Standing }> {
  const { backend, homes, options } = parts
  const copies = await readHeaderMirrors(homes, options.name)
  const rows = [...(row === undefined ? [] : [row]), ...copies.map((copy) => copy as SealedBytes)]
  // The first header to be tried says most about what went wrong.
  let failure: VaultError | undefined
  for (const candidate of distinct(rows)) {
    try {
      const opened = await open(decodeHeader(candidate))
      return await standingFor(backend, opened)
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof VaultError) || !mayTryCopy(error)) throw error
      // Except that a copy tells a wrong password from a header that cannot be read.
      if (failure === undefined || (error.code === 'wrong-password' && (failure.code === 'corrupt' || failure.details.reason === UNKNOWN_WAY))) failure = error
    }
    signal.throwIfAborted()
  }
  throw failure ?? new VaultError('corrupt', 'the header of the vault is missing', { where: 'header', reason: 'missing' })
}

/** Headers that may be written one after the other while somebody unlocks. */
const MAX_HEADERS = 10
const MAY_TRY_COPY = new Set(['corrupt', 'tampered', 'wrong-password'])

/** A name of a way in that was damaged makes it one that nobody knows. */
function mayTryCopy({ code, details }: VaultError): boolean {
  return MAY_TRY_COPY.has(code) || details.reason === UNKNOWN_WAY
}

function* distinct(rows: readonly SealedBytes[]): IterableIterator<SealedBytes> {
  for (const [index, row] of rows.entries()) if (!rows.slice(0, index).some((earlier) => equalBytes(earlier, row))) yield row
}

async function standingFor(backend: Backend, opened: OpenedHeader): Promise<{ opened: OpenedHeader; standing: Standing }> {
  try {
    const standing = await readStanding(backend, codecOf(opened))
    if (standing.header.tag === toBase64Url(opened.tag)) return { opened, standing }
  } catch (error) {
    wipeOpened(opened)
    // Rows of a later epoch than this header knows: it is older than they are.
    if (!(error instanceof VaultError) || error.code !== 'keys-changed') throw error
  }
  wipeOpened(opened)
  throw new VaultError('tampered', 'the header of the vault is not the one that was written last', { where: 'header', number: opened.header.revision, reason: 'rolled-back' })
}

/** Puts back a header that was damaged or missing. False when anybody has committed since: then which header counts is open again. */
async function restoreHeader(backend: Backend, opened: OpenedHeader, standing: Standing): Promise<boolean> {
  const [row] = await backend.read([{ kind: 'get', store: 'header', key: 'header' }])
  if (row !== undefined && equalBytes(row, opened.row)) return true
  const { seq, tag } = standing.head
  const { applied } = await backend.apply({
    expect: [{ kind: 'tag', store: 'log', key: seq, tag }, { kind: 'last', store: 'log', key: seq }, row === undefined ? { kind: 'absent', store: 'header', key: 'header' } : { kind: 'tag', store: 'header', key: 'header', tag: tagOfRow(row) }],
    operations: [{ kind: 'put', store: 'header', key: 'header', value: opened.row }],
    durability: 'strict',
  })
  return applied
}

/** How many commits a genuine canary knows that the log does not; at least one when it knows another vault. A canary that lags is normal. */
function missingCommits(opened: OpenedHeader, standing: Standing, canaries: readonly Canary[]): number {
  const vaultId = toBase64Url(opened.header.vaultId)
  const own = canaries.filter((canary) => canary.vaultId === vaultId)
  // Every home remembers another vault: this one was put in its place.
  if (own.length === 0 && canaries.length > 0) return Math.max(1, ...canaries.map((canary) => canary.seq))
  let missing = 0
  for (const canary of own) {
    if (!isGenuineCanary(opened, canary)) continue
    const replaced = canary.seq === standing.head.seq && canary.tag !== toBase64Url(standing.head.tag)
    missing = Math.max(missing, canary.seq - standing.head.seq, replaced ? 1 : 0)
  }
  return missing
}
