// Second homes, locks, marks and facts of a real engine.

import { describe, expect, test } from 'vitest'
import { readCanaries, readHeaderMirrors, removeCanary, writeCanary, writeHeaderMirror } from '../../src/stores/canary.ts'
import { indexedDbFactory } from '../../src/stores/indexeddb.ts'
import { webLocks } from '../../src/stores/locks.ts'
import { findUncleanStop, holdTabLock, leaveMark, readMarks, removeMark, rollEngineLog } from '../../src/stores/marks.ts'
import { opfsHome } from '../../src/stores/opfs-home.ts'
import type { SecondHome } from '../../src/stores/second-home.ts'
import { selectBackend, storageFacts } from '../../src/stores/select-backend.ts'
import { webStorageHome } from '../../src/stores/web-storage-home.ts'
import { row } from '../../src/testing/contract-rows.ts'
import { lockCases } from '../stores/kit/lock-cases.ts'

const canary = (seq: number) => ({ v: 1, vaultId: 'dmF1bHQ', seq, tag: 'dGFn', mac: 'bWFj' })

/** Only OPFS may be missing, where a page cannot write to it (WebKitGTK, Safari before 26). */
function expectNoOpfs(): void {
  expect('FileSystemFileHandle' in globalThis && 'createWritable' in FileSystemFileHandle.prototype).toBe(false)
}

const homes: [string, () => Promise<SecondHome | undefined>][] = [
  ['localStorage', async () => webStorageHome()],
  ['the origin private file system', opfsHome],
]

describe.each(homes)('%s', (_what, find) => {
  test('keeps what was written until it is removed', async () => {
    const home = await find()
    if (home === undefined) return expectNoOpfs()
    const prefix = `sealed-vault/${crypto.randomUUID()}/`
    const key = `${prefix}ä b/%2F`
    expect([await home.read(key), await home.keys(prefix)]).toEqual([undefined, []])
    expect(await home.write(key, 'a long first value')).toBe(true)
    expect(await home.write(key, 'short ✓')).toBe(true)
    await home.write(`${prefix}2`, '2')
    const again = await find()
    expect([await again?.read(key), await again?.keys(prefix)]).toEqual(['short ✓', [`${prefix}2`, key].sort()])
    await home.remove(key)
    await home.remove(key)
    expect([await home.read(key), await home.keys(prefix)]).toEqual([undefined, [`${prefix}2`]])
    await home.remove(`${prefix}2`)
  })

  test('holds canary and header', async () => {
    const home = await find()
    if (home === undefined) return expectNoOpfs()
    const name = crypto.randomUUID()
    await writeCanary([home], name, canary(4))
    await writeCanary([home], name, canary(2))
    expect(await readCanaries([home], name)).toEqual([canary(4)])
    await writeHeaderMirror([home], name, 1, row(1, 65_536))
    expect(await readHeaderMirrors([home], name)).toEqual([row(1, 65_536)])
    await removeCanary([home], name)
    for (const key of await home.keys(`sealed-vault/${name}/`)) await home.remove(key)
    expect(await home.keys(`sealed-vault/${name}/`)).toEqual([])
  })
})

test('localStorage that is full refuses and keeps the old value', async () => {
  const home = webStorageHome()
  if (home === undefined) throw new Error('every engine has localStorage')
  const key = `sealed-vault/${crypto.randomUUID()}/canary`
  await home.write(key, 'old')
  expect(await home.write(key, 'x'.repeat(12_000_000))).toBe(false)
  expect(await home.read(key)).toBe('old')
  await home.remove(key)
})

describe('Web Locks', () => {
  lockCases(webLocks)
})

test('marks tell a dead tab from one that lives', async () => {
  const name = `marks-${crypto.randomUUID()}`
  const locks = webLocks()
  const backend = await selectBackend().open(name)
  const release = await holdTabLock(locks, name, 'lives')
  await leaveMark(backend, 'lives')
  await leaveMark(backend, 'died')
  expect(await findUncleanStop(backend, locks, name)).toEqual({ marks: ['died'], certain: true })
  await removeMark(backend, 'lives')
  release()
  expect(await readMarks(backend)).toEqual(['died'])
  await backend.close()
  await selectBackend().destroy(name)
})

test('the log is rolled on Chromium, and leaves nothing', async () => {
  const name = `roll-${crypto.randomUUID()}`
  const backend = await indexedDbFactory().open(name)
  await leaveMark(backend, 'tab')
  expect(await rollEngineLog(backend)).toBe(navigator.userAgent.includes('Chrom'))
  expect(await backend.read([{ kind: 'keys', store: 'marks' }])).toEqual([['tab']])
  await backend.close()
  await indexedDbFactory().destroy(name)
})

test('facts of the storage are numbers and booleans, or absent', async () => {
  const { kind, why, persisted, usageBytes, quotaBytes } = await storageFacts('indexeddb')
  expect([kind, why]).toEqual(['indexeddb', 'the browser offers IndexedDB'])
  expect(['boolean', 'undefined']).toContain(typeof persisted)
  for (const bytes of [usageBytes, quotaBytes]) expect(['number', 'undefined']).toContain(typeof bytes)
})
