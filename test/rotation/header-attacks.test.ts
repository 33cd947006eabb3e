// Headers that were damaged, forged, swapped, replayed or raced for, after a rotation: the right typed state, the better copy used, and data untouched.

import { beforeAll, describe, expect, it } from 'vitest'
import { sha256 } from '../../src/crypto/blind.js'
import { concat, fromUtf8, readU32, u32, utf8 } from '../../src/crypto/bytes.js'
import { base64ToBytes, bytesToBase64 } from '../../src/stores/base64.js'
import { memoryHome } from '../../src/stores/memory-home.js'
import { createMemoryDisk, type MemoryDisk } from '../../src/stores/memory-disk.js'
import { contentOf } from '../kit/devices.js'
import { PASSWORD, testBrowser, type TestBrowser } from '../kit/tabs.js'
import type { Bytes, SealedBytes } from '../../src/brand.js'

type Content = Awaited<ReturnType<typeof contentOf>>

interface Scene {
  /** The header before the rotation, as it began, and the one there is. */
  readonly headers: readonly [before: SealedBytes, now: SealedBytes]
  readonly disk: MemoryDisk
  readonly homes: ReadonlyMap<string, string>
  readonly content: Content
  /** The header of another vault with the same password. */
  readonly foreign: SealedBytes
}

let scene: Scene

const headerOf = (disk: MemoryDisk): SealedBytes => disk.rows('test', 'header').get('header')!

async function vaultWith(text: string, homes: Map<string, string>): Promise<TestBrowser> {
  const browser = testBrowser({ disk: createMemoryDisk(), homes: [memoryHome(homes)] })
  const open = await browser.tab()
  await open.createRecoveryCode(PASSWORD)
  const { chatLogId } = await open.sessions.create({ id: 'one' })
  await open.chatLogs.append(chatLogId, Array.from({ length: 100 }, (_, i) => ({ senderId: 'ada', type: 'user' as const, content: `${text} ${i}` })))
  await open.checkpoint()
  await open.lock()
  return browser
}

beforeAll(async () => {
  const homes = new Map<string, string>()
  const browser = await vaultWith('mine', homes)
  const before = headerOf(browser.disk)
  const open = await browser.tab()
  await open.rotateKeys(PASSWORD)
  const content = await contentOf(open)
  await open.lock()
  const other = await vaultWith('theirs', new Map())
  scene = { headers: [before, headerOf(browser.disk)], disk: browser.disk.snapshot(), homes: new Map(homes), content, foreign: headerOf(other.disk) }
})

interface Slot {
  readonly kind: string
  commitment: string
}
interface Body {
  vaultId: string
  revision: number
  slots: Slot[]
}

/** A header with another body, its checksum made to fit; nobody but the vault can make the MAC fit. */
function forged(header: SealedBytes, change: (body: Body) => void): SealedBytes {
  const end = 12 + readU32(header, 8)
  const body = JSON.parse(fromUtf8(header.slice(12, end))) as Body
  change(body)
  const text = utf8(JSON.stringify(body))
  const content = concat(header.slice(0, 8), u32(text.length), text)
  return concat(content, sha256(content), header.slice(-32)) as SealedBytes
}

function flipped(header: SealedBytes, at: number): SealedBytes {
  const copy = header.slice() as SealedBytes
  copy[at < 0 ? copy.length + at : at]! ^= 1
  return copy
}

const foreignSlot = (): Slot => {
  const end = 12 + readU32(scene.foreign, 8)
  return (JSON.parse(fromUtf8(scene.foreign.slice(12, end))) as Body).slots[0]!
}

const attacks: Record<string, { readonly code: string; readonly header: () => SealedBytes | undefined }> = {
  'its slots swapped': { code: 'tampered', header: () => forged(scene.headers[1], (body) => body.slots.reverse()) },
  'a slot of another vault': { code: 'wrong-password', header: () => forged(scene.headers[1], (body) => (body.slots = [foreignSlot()])) },
  'a slot taken away': { code: 'tampered', header: () => forged(scene.headers[1], (body) => (body.slots = body.slots.slice(0, 1))) },
  'its slots as they were before the rotation': { code: 'tampered', header: () => forged(scene.headers[1], (body) => (body.slots = (JSON.parse(fromUtf8(scene.headers[0].slice(12, 12 + readU32(scene.headers[0], 8)))) as Body).slots)) },
  'its end cut off': { code: 'corrupt', header: () => scene.headers[1].slice(0, 500) as SealedBytes },
  'nothing but its beginning': { code: 'corrupt', header: () => scene.headers[1].slice(0, 9) as SealedBytes },
  'a wrong checksum': { code: 'corrupt', header: () => flipped(scene.headers[1], -33) },
  'a wrong commitment': { code: 'wrong-password', header: () => forged(scene.headers[1], (body) => (body.slots[0]!.commitment = `${body.slots[0]!.commitment.startsWith('A') ? 'B' : 'A'}${body.slots[0]!.commitment.slice(1)}`)) },
  'a wrong MAC': { code: 'tampered', header: () => flipped(scene.headers[1], -1) },
  'the header of before the rotation': { code: 'tampered', header: () => scene.headers[0] },
  'the header of before, made to say it is newer': { code: 'tampered', header: () => forged(scene.headers[0], (body) => (body.revision = 9)) },
  'none at all': { code: 'corrupt', header: () => undefined },
}

interface Attacked {
  readonly browser: TestBrowser
  readonly homes: Map<string, string>
  readonly dataBefore: string
}

function attack(header: SealedBytes | undefined, homes: ReadonlyMap<string, string>): Attacked {
  const disk = scene.disk.snapshot()
  if (header === undefined) disk.rows('test', 'header').delete('header')
  else disk.rows('test', 'header').set('header', header)
  const own = new Map(homes)
  return { browser: testBrowser({ disk, homes: [memoryHome(own)] }), homes: own, dataBefore: dataOf(disk) }
}

/** Every row but the header's and marks of open tabs. */
function dataOf(disk: MemoryDisk): string {
  return (['manifest', 'log', 'heads', 'pages', 'blobs', 'blocks', 'quarantine'] as const).map((store) => disk.rows('test', store).entries().map(([key, value]) => `${String(key)}:${bytesToBase64(value)}`).join()).join('\n')
}

const withoutCopies = (): Map<string, string> => new Map([...scene.homes].filter(([key]) => !key.includes('/header/')))
/** Only the copy of the header of before the rotation is left. */
const withOldCopy = (): Map<string, string> => new Map([...scene.homes].map(([key, value]) => [key, key.includes('/header/') ? bytesToBase64(scene.headers[0]) : value]))

describe.each(Object.entries(attacks))('a vault whose header has %s', (_name, { code, header }) => {
  it('opens by the copy of its header, which takes its place', async () => {
    const { browser } = attack(header(), scene.homes)
    const open = await browser.tab()
    expect(await contentOf(open)).toEqual(scene.content)
    expect(headerOf(browser.disk)).toEqual(scene.headers[1])
    expect(await open.check()).toMatchObject({ ok: true })
    await open.lock()
  })

  it('without a copy is refused, and nothing is written', async () => {
    const given = header()
    const { browser, dataBefore } = attack(given, withoutCopies())
    const vault = await browser.open()
    // Without any header nobody can be asked for a password.
    if (given === undefined) expect(vault).toMatchObject({ state: 'wiped', reason: 'header-missing' })
    else {
      if (vault.state !== 'locked') throw new Error(vault.state)
      await expect(vault.unlock(PASSWORD)).rejects.toMatchObject({ code })
    }
    expect(headerOf(browser.disk)).toEqual(given)
    expect(dataOf(browser.disk)).toBe(dataBefore)
  })

  it('with an older copy alone is refused, and nothing is written', async () => {
    const given = header()
    const { browser, dataBefore } = attack(given, withOldCopy())
    const vault = await browser.open()
    if (vault.state !== 'locked') throw new Error(vault.state)
    await expect(vault.unlock(PASSWORD)).rejects.toMatchObject({ code: expect.stringMatching(/^(tampered|corrupt|wrong-password)$/) as string })
    expect(dataOf(browser.disk)).toBe(dataBefore)
  })
})

describe('a copy of the header', () => {
  it('that is newer than the store, of a rotation that never began, opens nothing and is in nobody’s way', async () => {
    // Another rotation, cut off after its copy was written: the same vault goes on from where it was.
    const begun = testBrowser({ disk: scene.disk.snapshot(), homes: [memoryHome(new Map(scene.homes))] })
    const rotating = await begun.tab()
    await rotating.rotateKeys(PASSWORD)
    await rotating.lock()
    const newer = headerOf(begun.disk)
    const revision = (JSON.parse(fromUtf8(newer.slice(12, 12 + readU32(newer, 8)) as Bytes)) as Body).revision
    const homes = new Map(scene.homes)
    homes.set(`sealed-vault/test/header/${revision % 2}`, bytesToBase64(newer))
    const { browser } = attack(scene.headers[1], homes)
    const open = await browser.tab()
    expect(await contentOf(open)).toEqual(scene.content)
    await open.lock()
    // Nor is it when the header in the store is damaged and it is the only copy: what it opens is not there.
    const alone = attack(flipped(scene.headers[1], -33), new Map([...homes].map(([key, value]) => [key, key.includes('/header/') ? bytesToBase64(newer) : value])))
    const vault = await alone.browser.open()
    if (vault.state !== 'locked') throw new Error(vault.state)
    await expect(vault.unlock(PASSWORD)).rejects.toMatchObject({ code: expect.stringMatching(/^(tampered|corrupt)$/) as string })
    expect(dataOf(alone.browser.disk)).toBe(alone.dataBefore)
  })

  it('is that of the header there is, and no other is left, after a rotation', () => {
    const copies = [...scene.homes].filter(([key]) => key.includes('/header/')).map(([, value]) => base64ToBytes(value))
    expect(copies).toEqual([scene.headers[1]])
  })
})

describe('two headers at once', () => {
  it('of two tabs that rotate: both end, one after the other, or one is told of the conflict', async () => {
    const { browser } = attack(scene.headers[1], scene.homes)
    const [a, b] = [await browser.tab(), await browser.tab()]
    const ends = await Promise.allSettled([a.rotateKeys(PASSWORD), b.rotateKeys(PASSWORD)])
    for (const end of ends) if (end.status === 'rejected') expect(end.reason).toMatchObject({ code: 'conflict' })
    expect(ends.some(({ status }) => status === 'fulfilled')).toBe(true)
    await a.checkpoint()
    for (const open of [a, b]) {
      expect(await contentOf(open)).toEqual(scene.content)
      expect(open.rotation.state).toBe('none')
    }
    await a.lock()
    const again = await browser.tab()
    expect(await contentOf(again)).toEqual(scene.content)
    expect(await again.check()).toMatchObject({ ok: true })
  })

  it('of a tab that rotates and one that changes the password: both count', async () => {
    const { browser } = attack(scene.headers[1], scene.homes)
    const [a, b] = [await browser.tab(), await browser.tab()]
    const ends = await Promise.allSettled([a.rotateKeys(PASSWORD), b.changePassword(PASSWORD, 'another one')])
    for (const end of ends) if (end.status === 'rejected') expect(end.reason).toMatchObject({ code: expect.stringMatching(/^(conflict|wrong-password)$/) as string })
    await a.rotation.continue()
    await a.lock()
    const vault = await browser.open()
    if (vault.state !== 'locked') throw new Error(vault.state)
    const again = await vault.unlock(ends[1].status === 'fulfilled' ? 'another one' : PASSWORD)
    expect(await contentOf(again)).toEqual(scene.content)
    expect(await again.check()).toMatchObject({ ok: true })
  })
})
