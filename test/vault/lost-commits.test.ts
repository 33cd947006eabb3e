// The store went back while tabs have the vault open: what was acknowledged is gone, and nothing may be written over the gap.
// PROTOCOL rules 3 and 4.

import { describe, expect, it } from 'vitest'
import { memoryLocks } from '../../src/stores/locks.js'
import { createMemoryDisk } from '../../src/stores/memory-disk.js'
import { memoryHome } from '../../src/stores/memory-home.js'
import type { OpenTabChannel } from '../../src/stores/tab-channel.js'
import { PASSWORD, testBrowser } from '../kit/tabs.js'
import { lockedOf, outcomeOf, settle } from '../kit/vault-states.js'

const silence: OpenTabChannel = () => ({ post: () => {}, subscribe: () => () => {}, close: () => {} })

function parts() {
  const disk = createMemoryDisk()
  const shared = { disk, locks: memoryLocks(), openChannel: silence }
  const log = () => disk.rows('test', 'log')
  const lastSeq = (): number => Math.max(...(log().keys() as number[]))
  return { disk, shared, log, lastSeq }
}

describe('a commit of a tab that closed, lost with the connection', () => {
  async function loseTheLast() {
    const { disk, shared, log, lastSeq } = parts()
    const browser = testBrowser({ ...shared, homes: [memoryHome()] })
    const gone = await browser.tab()
    const left = await browser.tab()
    await gone.preferences.set('precious', 1)
    await gone.lock()
    log().delete(lastSeq())
    disk.disconnect()
    return { browser, left, log, lastSeq }
  }

  it('is missed by the tab that is left, before it writes', async () => {
    const { browser, left, lastSeq } = await loseTheLast()
    const before = lastSeq()
    expect(await outcomeOf(left.preferences.set('over', 'it'))).toBe('storage-lost')
    expect(lastSeq()).toBe(before)
    await settle()
    await expect((await lockedOf(browser)).unlock(PASSWORD)).rejects.toMatchObject({ code: 'storage-lost', details: { missingCommits: 1 } })
    const accepted = await (await lockedOf(browser)).unlock(PASSWORD, { acceptLoss: true })
    expect(await accepted.preferences.list()).toEqual([])
    await accepted.preferences.set('again', 1)
    await accepted.lock()
    expect(await (await browser.tab()).preferences.get('again')).toBe(1)
  })

  it('is missed before it answers a read', async () => {
    const { left } = await loseTheLast()
    expect(await outcomeOf(left.preferences.get('precious'))).toBe('storage-lost')
  })
})

describe('a connection that is lost with nothing gone', () => {
  it('stops nobody: neither the tab behind the canary nor the one ahead of it', async () => {
    const { disk, shared } = parts()
    // The lock of the first tab reaches nobody: what is looked at is the canary it leaves.
    const browser = testBrowser({ ...shared, homes: [memoryHome()], lockMark: () => undefined })
    const [gone, a, b] = [await browser.tab(), await browser.tab(), await browser.tab()]
    await gone.preferences.set('precious', 1)
    await gone.lock()
    disk.disconnect()
    expect(await a.preferences.get('precious')).toBe(1)
    await a.preferences.set('more', 2)
    disk.disconnect()
    await b.preferences.set('and', 3)
    expect((await a.preferences.list()).length + (await b.preferences.list()).length).toBeGreaterThanOrEqual(5)
    await a.lock()
    await b.lock()
    expect(await (await browser.tab()).preferences.list()).toHaveLength(3)
  })

  it('takes a canary of another vault, or a forged one, for nothing', async () => {
    const { disk, shared } = parts()
    const home = memoryHome()
    const tab = await testBrowser({ ...shared, homes: [home] }).tab()
    const [key] = (await home.keys('')).filter((name) => name.endsWith('/canary'))
    const canary = JSON.parse((await home.read(key!))!) as Record<string, unknown>
    for (const forged of [{ ...canary, seq: 1000 }, { ...canary, seq: 1000, vaultId: 'AAAAAAAAAAAAAAAAAAAAAA' }, { ...canary, seq: 1000, tag: '!' }]) {
      await home.write(key!, JSON.stringify(forged))
      disk.disconnect()
      await tab.preferences.set('still', 'here')
    }
  })
})

describe('a log that ends with the same number, but another commit', () => {
  it('is told from the one this tab knows', async () => {
    const { shared, log, lastSeq } = parts()
    const tab = await testBrowser({ ...shared, homes: [memoryHome()] }).tab()
    await tab.preferences.set('mine', 1)
    log().delete(lastSeq())
    const other = await testBrowser({ ...shared, homes: [memoryHome()] }).tab()
    await other.preferences.set('theirs', 2)
    expect(await outcomeOf(tab.preferences.delete('nothing'))).toBe('storage-lost')
  })
})
