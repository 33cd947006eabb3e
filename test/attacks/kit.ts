// An attacker with the profile folder: a vault with known content, raw rows to change, and the one question that matters
// afterwards: does it still tell the truth, or refuse?

import type { Bytes, SealedBytes } from '../../src/brand.js'
import { sha256 } from '../../src/crypto/blind.js'
import { concat, fromUtf8, readU32, u32, utf8 } from '../../src/crypto/bytes.js'
import { isVaultError, type VaultErrorCode } from '../../src/errors.js'
import { STORE_IDS, type RowKey, type StoreName } from '../../src/stores/backend.js'
import { memoryHome } from '../../src/stores/memory-home.js'
import type { MemoryDisk, RawRows } from '../../src/stores/memory-disk.js'
import { memoryFactory } from '../../src/stores/memory.js'
import { Codec } from '../../src/vault/core/codec.js'
import { decodeHeader } from '../../src/vault/core/header.js'
import { readStanding, type Standing } from '../../src/vault/core/replay.js'
import type { UnlockedVault } from '../../src/vault/unlocked-vault.js'
import type { Records } from '../../src/vault/vault-records.js'
import { unlockedWith } from '../kit/headers.js'
import { PASSWORD, testBrowser, type TestBrowser } from '../kit/tabs.js'

export const STORES = Object.keys(STORE_IDS) as StoreName[]

/** Small, seeded, the same in every engine (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/* ---- known content ---- */

/** A text over the border to blobs that no compression makes small. */
export function longText(length: number, seed: number): string {
  const random = seeded(seed)
  let text = ''
  while (text.length < length) text += random().toString(36).slice(2)
  return text.slice(0, length)
}

const message = (content: string, timestamp: number) => ({ senderId: 'ada', type: 'user' as const, content, timestamp })

/** What is folded by the first checkpoint. */
export async function fillFirst(tab: Records): Promise<void> {
  await tab.sessions.create({ id: 'trip', chatLogId: 'trip-chat', title: 'Trip', participants: ['ada', 'guide'], keywords: ['train'], createdAt: 1000 })
  await tab.sessions.create({ id: 'cook', chatLogId: 'cook-chat', createdAt: 2000 })
  await tab.sessions.create({ id: 'gone', chatLogId: 'gone-chat', createdAt: 3000 })
  await tab.chatLogs.append('trip-chat', Array.from({ length: 100 }, (_, i) => ({ ...message(`message ${i}`, 10_000 + i), id: `m${i}` })))
  await tab.chatLogs.append('cook-chat', Array.from({ length: 5 }, (_, i) => ({ ...message(`recipe ${i}`, 20_000 + i), id: `r${i}` })))
  await tab.chatLogs.append('gone-chat', { ...message('to be deleted', 30_000), id: 'g0' })
  await tab.chatLogs.append('cook-chat', { ...message('look', 20_100), id: 'picture', metadata: { images: [longText(270_000, 7)] } })
  await tab.brains.put({ entityId: 'guide', model: 'small', configuration: { tone: 'calm' }, memories: ['likes trains'] })
  await tab.brains.put({ entityId: 'cook', model: 'large', configuration: { salt: 3 }, memories: ['burnt once'] })
  await tab.brains.put({ entityId: 'old', model: 'large' })
  await tab.preferences.set('theme', 'dark')
  await tab.preferences.set('size', { width: 3, height: 4 })
  await tab.preferences.set('dropped', true)
}

/** What is folded by the second one: changed pages, changed heads, tombstones. */
export async function fillSecond(tab: Records): Promise<void> {
  await tab.chatLogs.update('trip-chat', 'm3', { content: 'message 3, changed' })
  await tab.chatLogs.update('trip-chat', 'm40', { content: 'message 40, changed' })
  await tab.chatLogs.deleteMessage('trip-chat', 'm50')
  await tab.brains.put({ entityId: 'guide', model: 'small', configuration: { tone: 'brisk' }, memories: ['likes trains', 'dislikes planes'] })
  await tab.sessions.delete('gone')
  await tab.brains.delete('old')
  await tab.preferences.delete('dropped')
  await tab.preferences.set('theme', 'light')
  await tab.sessions.update('cook', { state: 'archived' })
}

/** What stays in the log: one commit each. */
export async function fillLog(tab: Records): Promise<void> {
  await tab.chatLogs.append('trip-chat', { ...message('late 0', 40_000), id: 'late0' })
  await tab.chatLogs.append('trip-chat', { ...message('late 1', 40_001), id: 'late1', metadata: { context: { image: longText(70_000, 9) } } })
  await tab.preferences.set('late', [1, 2, 3])
  await tab.brains.put({ entityId: 'late', model: 'tiny', memories: [{ a: 1 }] })
  await tab.chatLogs.deleteMessage('trip-chat', 'm60')
  await tab.sessions.create({ id: 'last', chatLogId: 'last-chat', title: 'Last', createdAt: 5000 })
  await tab.chatLogs.append('last-chat', { ...message('the very last', 50_000), id: 'last0' })
}

/** One read of a vault, and what it gave when all was well. */
type Reads = ReadonlyMap<string, (tab: Records) => Promise<unknown>>
export type Truth = ReadonlyMap<string, string>

const KNOWN_CHATS = ['trip-chat', 'cook-chat', 'last-chat']

export const READS: Reads = new Map<string, (tab: Records) => Promise<unknown>>([
  ['sessions', (tab) => tab.sessions.list({ order: 'oldest' })],
  ['session', (tab) => tab.sessions.get('trip')],
  ['session count', (tab) => tab.sessions.count()],
  ['deleted session', async (tab) => (await tab.sessions.get('gone')) ?? null],
  ['chat logs', (tab) => tab.chatLogs.list()],
  ...KNOWN_CHATS.flatMap((id): [string, (tab: Records) => Promise<unknown>][] => [
    [`count of ${id}`, (tab) => tab.chatLogs.count(id)],
    [`messages of ${id}`, (tab) => tab.chatLogs.read(id, { limit: 1000 })],
    [`newest of ${id}`, (tab) => tab.chatLogs.read(id, { limit: 3 })],
  ]),
  ['a message', (tab) => tab.chatLogs.getMessage('trip-chat', 'm3')],
  ['a deleted message', async (tab) => (await tab.chatLogs.getMessage('trip-chat', 'm50')) ?? null],
  ['around', (tab) => tab.chatLogs.read('trip-chat', { around: 'm40', limit: 6 })],
  ['brains', (tab) => tab.brains.list()],
  ['brain guide', (tab) => tab.brains.get('guide')],
  ['brain cook', (tab) => tab.brains.get('cook')],
  ['brain late', (tab) => tab.brains.get('late')],
  ['deleted brain', async (tab) => (await tab.brains.get('old')) ?? null],
  ['preferences', (tab) => tab.preferences.list()],
  ['preference', (tab) => tab.preferences.get('theme')],
])

/** Everything the vault says, as text. Rejects when one read does. */
export async function tell(tab: Records): Promise<Truth> {
  const truth = new Map<string, string>()
  for (const [name, read] of READS) truth.set(name, await say(read, tab))
  return truth
}

/** That there is no such record is an answer too: true, or a lie. */
async function say(read: (tab: Records) => Promise<unknown>, tab: Records): Promise<string> {
  try {
    return String(JSON.stringify(await read(tab)))
  } catch (error) {
    if (isVaultError(error) && error.code === 'not-found') return 'not found'
    throw error
  }
}

/* ---- the built vault and scenes over it ---- */

export interface BuiltVault {
  readonly truth: Truth
  readonly disk: MemoryDisk
  readonly values: ReadonlyMap<string, string>
  /** The disk after the first checkpoint, and after the second. */
  readonly first: MemoryDisk
  readonly second: MemoryDisk
}

export async function buildVault(name = 'test', password = PASSWORD): Promise<BuiltVault> {
  const values = new Map<string, string>()
  const browser = testBrowser({ homes: [memoryHome(values)] })
  const empty = await browser.open({ name })
  if (empty.state !== 'empty') throw new Error(`the vault is ${empty.state}`)
  const tab = await empty.create(password)
  await fillFirst(tab)
  await tab.checkpoint()
  const first = browser.disk.snapshot()
  await fillSecond(tab)
  await tab.checkpoint()
  const second = browser.disk.snapshot()
  await fillLog(tab)
  const truth = await tell(tab)
  await tab.lock()
  return { truth, disk: browser.disk, values, first, second }
}

/** One copy of a built vault, to be attacked. */
export interface Scene {
  readonly name: string
  readonly truth: Truth
  readonly browser: TestBrowser
  readonly disk: MemoryDisk
  /** What lies in the second home: canary and copies of the header. */
  readonly values: Map<string, string>
  readonly rows: (store: StoreName) => RawRows
}

export function scene(built: BuiltVault, options: { readonly mirror?: boolean; readonly canary?: boolean; readonly name?: string } = {}): Scene {
  const { mirror = true, canary = true, name = 'test' } = options
  const disk = built.disk.snapshot()
  const values = new Map(built.values)
  for (const key of values.keys()) if ((!mirror && key.includes('/header/')) || (!canary && key.endsWith('/canary'))) values.delete(key)
  return { name, truth: built.truth, browser: testBrowser({ disk, homes: [memoryHome(values)] }), disk, values, rows: (store) => disk.rows(name, store) }
}

/** What an insider knows: keys and state, to find the row an attack is about. */
export interface Insider {
  readonly codec: Codec
  readonly standing: Standing
  /** The label of a page of a chat log. */
  readonly page: (chatLogId: string, page: number) => RowKey
  readonly brain: (entityId: string) => RowKey
  readonly heads: (collection: string) => RowKey
  readonly tombstones: () => RowKey
  /** Read again from the rows as they are now. */
  readonly again: () => Promise<Standing>
}

export async function insider({ disk, name }: Pick<Scene, 'disk' | 'name'>, password = PASSWORD): Promise<Insider> {
  const opened = await unlockedWith(decodeHeader(disk.rows(name, 'header').get('header')!), password)
  const codec = new Codec({ vaultId: opened.header.vaultId, homeId: opened.header.homeId, ring: opened.ring })
  const backend = await memoryFactory(disk).open(name)
  const standing = await readStanding(backend, codec)
  return {
    codec,
    standing,
    page: (chatLogId, page) => codec.label('pages', standing.state.heads.chatLogs.get(chatLogId)!.value['stem'] as string, page),
    brain: (entityId) => codec.label('pages', 'brains', standing.state.heads.brains.get(entityId)!.number),
    heads: (collection) => codec.label('heads', collection, 0),
    tombstones: () => codec.label('pages', 'tombstones', 0),
    again: () => readStanding(backend, codec),
  }
}

/* ---- the one question ---- */

export type Outcome =
  | { readonly kind: 'state'; readonly state: 'wiped' | 'newer' | 'unavailable' }
  | { readonly kind: 'refused'; readonly code: VaultErrorCode; readonly reason: string | undefined; readonly missingCommits?: number | undefined }
  | { readonly kind: 'opened'; readonly refusedReads: ReadonlyMap<string, VaultErrorCode> }

/** Codes that say "this cannot be trusted". Not among them: `not-found`, which is an answer, and `invalid-value`. */
const HONEST = new Set<VaultErrorCode>(['corrupt', 'tampered', 'storage-lost', 'keys-changed', 'unsupported-version', 'wrong-password', 'storage-unavailable'])

function honestCode(error: unknown, doing: string): VaultErrorCode {
  if (!isVaultError(error) || !HONEST.has(error.code)) throw new Error(`${doing} failed without saying what it means: ${String(error)}`, { cause: error })
  return error.code
}

/** Reads everything: each answer is the truth, or a refusal that says why. */
export async function neverLiesOpen(tab: Records, truth: Truth): Promise<Map<string, VaultErrorCode>> {
  const refused = new Map<string, VaultErrorCode>()
  for (const [name, read] of READS) {
    let said: string
    try {
      said = await say(read, tab)
    } catch (error) {
      refused.set(name, honestCode(error, `reading ${name}`))
      continue
    }
    if (said !== truth.get(name)) throw new Error(`the vault lied about ${name}: ${said.slice(0, 300)}`)
  }
  return refused
}

/** Opens an attacked vault: it is never empty, never wrong, and what it refuses it refuses with a reason. */
export async function neverLies(attacked: Scene, options: { readonly password?: string; readonly acceptLoss?: boolean; readonly truth?: Truth } = {}): Promise<Outcome> {
  const { password = PASSWORD, acceptLoss = false, truth = attacked.truth } = options
  const before = sealedRows(attacked)
  const vault = await attacked.browser.open({ name: attacked.name })
  if (vault.state === 'empty') throw new Error('a vault with content opened as an empty one')
  if (vault.state !== 'locked') {
    await vault.close()
    assertUntouched(before, sealedRows(attacked))
    return { kind: 'state', state: vault.state }
  }
  let tab: UnlockedVault
  try {
    tab = await vault.unlock(password, { acceptLoss })
  } catch (error) {
    const code = honestCode(error, 'unlocking')
    await vault.close()
    assertUntouched(before, sealedRows(attacked))
    const { reason, missingCommits } = (error as { details: { reason?: string; missingCommits?: number } }).details
    return { kind: 'refused', code, reason, ...(missingCommits !== undefined && { missingCommits }) }
  }
  try {
    return { kind: 'opened', refusedReads: await neverLiesOpen(tab, truth) }
  } finally {
    await tab.lock()
  }
}

/** Every row but leases and marks, as text: what a refusal must leave as it was. */
export function sealedRows({ disk, name }: Pick<Scene, 'disk' | 'name'>): readonly string[] {
  if (!disk.names().includes(name)) return []
  return STORES.filter((store) => store !== 'marks' && store !== 'jobs').flatMap((store) =>
    disk
      .rows(name, store)
      .entries()
      .map(([key, value]) => `${store}/${typeof key === 'object' ? hex(key) : `${typeof key} ${key}`}/${value.length}/${fingerprint(value)}`),
  )
}

/** FNV-1a: quick, and good enough to notice a write. */
function fingerprint(bytes: Uint8Array): number {
  let sum = 0x811c9dc5
  for (let i = 0; i < bytes.length; i++) sum = Math.imul(sum ^ bytes[i]!, 0x01000193)
  return sum >>> 0
}

function assertUntouched(before: readonly string[], after: readonly string[]): void {
  if (before.length !== after.length || before.some((row, i) => row !== after[i])) throw new Error('a vault that was refused was written to')
}

export function hex(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += byte < 16 ? `0${byte.toString(16)}` : byte.toString(16)
  return text
}

/* ---- tools of the attacker ---- */

export function flip(row: Uint8Array, at: number, mask = 1): Bytes {
  const changed = row.slice()
  changed[at]! ^= mask
  return changed as Bytes
}

export interface HeaderBody {
  format: number
  vaultId: string
  homeId: string
  revision: number
  slots: { id: string; kind: string; kdf: { name: string; iterations: number; salt: string }; [field: string]: unknown }[]
  keyRing: string
  [field: string]: unknown
}

const DIGEST = 32

export function headerBody(row: Uint8Array): HeaderBody {
  return JSON.parse(fromUtf8(row.slice(12, 12 + readU32(row, 8)))) as HeaderBody
}

/** A header with another body, its checksum right and its MAC as it was: all that an attacker without the key can do. */
export function editHeader(row: Uint8Array, edit: (body: HeaderBody) => void): SealedBytes {
  const body = headerBody(row)
  edit(body)
  const text = utf8(JSON.stringify(body))
  const content = concat(row.slice(0, 8), u32(text.length), text)
  return concat(content, sha256(content), row.slice(row.length - DIGEST)) as SealedBytes
}
