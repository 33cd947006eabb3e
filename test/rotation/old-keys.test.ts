// After a rotation, with everything of before in hand: the vault key, the data keys, labels, an archive, and every way in.

import { expect, it } from 'vitest'
import { sha256 } from '../../src/crypto/blind.js'
import { equalBytes, toBase64Url, u64 } from '../../src/crypto/bytes.js'
import { openEnvelope } from '../../src/crypto/envelope.js'
import { headerMac } from '../../src/crypto/keyring.js'
import { STORE_IDS, type StoreName } from '../../src/stores/backend.js'
import { memoryFactory } from '../../src/stores/memory.js'
import { verifyArchive } from '../../src/index.js'
import { Codec } from '../../src/vault/core/codec.js'
import type { CommitLog } from '../../src/vault/core/commit-log.js'
import type { OpenedHeader } from '../../src/vault/core/credentials.js'
import { decodeHeader, proveHeader } from '../../src/vault/core/header.js'
import { expectedBlocks, expectedPages } from '../../src/vault/core/references.js'
import { readStanding } from '../../src/vault/core/replay.js'
import type { Bytes, SealedBytes } from '../../src/brand.js'
import type { MemoryDisk } from '../../src/stores/memory-disk.js'
import { archiveOf, CODE, contentOf } from '../kit/devices.js'
import { fillOddly } from '../kit/odd-vault.js'
import { unlockedWith } from '../kit/headers.js'
import { PASSWORD, testBrowser } from '../kit/tabs.js'

const row = (disk: MemoryDisk, store: StoreName, key: string): SealedBytes => disk.rows('test', store).get(key)!

/** How many rows open under these keys, each tried as what it is, whatever epoch it says it is of. */
async function opens(disk: MemoryDisk, { ring, header }: OpenedHeader): Promise<number> {
  const { homeId, vaultId } = header
  let opened = 0
  const attempt = async (store: StoreName, rowKey: Bytes, envelope: Bytes, previous?: Bytes): Promise<void> => {
    for (const { id } of ring.epochs) {
      // The epoch is said in the envelope: also as if it were one of these keys.
      const claiming = envelope.slice()
      new DataView(claiming.buffer).setUint32(3, id)
      for (const tried of [envelope, claiming]) {
        const context = { homeId, vaultId, storeId: STORE_IDS[store], rowKey, ...(previous && { previous }) }
        if (await openEnvelope(ring.epoch(id)!.sealKey(store), context, tried).then(() => true, () => false)) opened++
      }
    }
  }
  for (const store of ['heads', 'pages', 'blobs', 'blocks', 'quarantine'] as const) for (const [key, value] of disk.rows('test', store).entries()) await attempt(store, key as Bytes, value)
  const log = disk.rows('test', 'log').entries()
  for (const [i, [seq, value]] of log.entries()) await attempt('log', u64(seq as number), value, (log[i - 1]?.[1] ?? new Uint8Array(16)).slice(-16))
  const manifest = row(disk, 'manifest', 'manifest')
  await attempt('manifest', manifest.slice(0, 16), manifest.slice(16))
  return opened
}

it('nothing opens with the keys of before, no name of before is left, and every way in and every archive opens', { timeout: 60_000 }, async () => {
  const browser = testBrowser()
  const open = await browser.tab()
  const recoveryCode = await open.createRecoveryCode(PASSWORD)
  await fillOddly(open)
  await open.checkpoint()
  const content = await contentOf(open)
  const archive = await archiveOf(open)
  const before = browser.disk.snapshot()
  const old = await unlockedWith(decodeHeader(row(before, 'header', 'header')), PASSWORD)
  const oldLabels = await labelsOf(before, old)
  expect(oldLabels.size).toBeGreaterThan(15)
  // They open everything as long as nothing was rotated, so they fail below for no other reason.
  expect(await opens(before, old)).toBeGreaterThan(15)
  const namesBefore = namesOn(before)
  expect([...oldLabels].filter((label) => namesBefore.has(label)).length).toBe(namesBefore.size)

  await open.rotateKeys({ recoveryCode })
  expect(await opens(browser.disk, old)).toBe(0)
  const names = namesOn(browser.disk)
  expect(names.size).toBeGreaterThan(15)
  expect([...oldLabels].filter((label) => names.has(label))).toEqual([])
  const now = decodeHeader(row(browser.disk, 'header', 'header'))
  await expect(proveHeader(now, old.keys)).rejects.toMatchObject({ code: 'tampered' })
  expect(equalBytes(await headerMac(old.keys, now.row.slice(0, -32)), now.row.slice(-32))).toBe(false)
  for (const secret of [old.keys.vaultKey!, ...old.ring.content().epochs.map(({ key }) => key)]) for (const bytes of everything(browser.disk)) expect(indexOf(bytes, secret)).toBe(-1)
  // What is left of it: the two keys that open nothing.
  const next = await unlockedWith(now, PASSWORD)
  expect(sha256(next.ring.content().canaryKey)).toEqual(sha256(old.ring.content().canaryKey))
  expect(next.ring.epochs.map(({ id }) => id)).toEqual([2])
  expect(equalBytes(next.keys.vaultKey!, old.keys.vaultKey!)).toBe(false)
  await open.lock()

  for (const secret of [PASSWORD, { recoveryCode }]) {
    const vault = await browser.open()
    if (vault.state !== 'locked') throw new Error(vault.state)
    const again = await vault.unlock(secret)
    expect(await contentOf(again)).toEqual(content)
    expect(await again.check()).toMatchObject({ ok: true })
    await again.lock()
  }
  const { counts } = await verifyArchive(archive, { recoveryCode: CODE })
  expect(counts.sessions).toBe(content.sessions.length)
})

/** The names of everything that a vault refers to, under keys of before. */
async function labelsOf(disk: MemoryDisk, { header, ring }: OpenedHeader): Promise<Set<string>> {
  const backend = await memoryFactory(disk).open('test')
  const codec = new Codec({ ...header, ring })
  const { state, manifest } = await readStanding(backend, codec)
  const log = { state, manifest, codec } as unknown as CommitLog
  const labels = new Set<string>()
  const add = (store: 'heads' | 'pages' | 'blobs' | 'blocks', stem: string, page: number): void => void labels.add(`${store}/${toBase64Url(codec.label(store, stem, page))}`)
  for (const { stem, page } of expectedPages(log)) {
    add('pages', stem, page)
    const value = disk.rows('test', 'pages').get(codec.label('pages', stem, page))
    if (value === undefined) continue
    const { r } = (await codec.openPage('pages', codec.label('pages', stem, page), value)) as { r: [number, number, number, unknown][] }
    for (const [, , , body] of r) if (Array.isArray(body)) for (const [, blob, chunks] of body[1] as [unknown, string, number][]) for (let i = 0; i < chunks; i++) add('blobs', blob, i)
  }
  for (const { stem, page } of expectedBlocks(log)) add('blocks', stem, page)
  for (const collection of ['sessions', 'chatLogs', 'brains', 'preferences'] as const) for (const { number } of state.heads[collection].values()) add('heads', collection, number >> 5)
  await backend.close()
  return labels
}

function namesOn(disk: MemoryDisk): Set<string> {
  return new Set((['heads', 'pages', 'blobs', 'blocks'] as const).flatMap((store) => disk.rows('test', store).keys().map((key) => `${store}/${toBase64Url(key as Bytes)}`)))
}

function everything(disk: MemoryDisk): Uint8Array[] {
  return (Object.keys(STORE_IDS) as StoreName[]).flatMap((store) => disk.rows('test', store).entries().map(([, value]) => value))
}

function indexOf(bytes: Uint8Array, wanted: Uint8Array): number {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).indexOf(wanted)
}
