// What is left in the memory of a page after a lock: of a password and of texts that were written, read, searched for and exported nothing, although the page still holds the
// vault and all that came from it. The same look before the lock has to find all of them behind the vault, or its silence would mean nothing. Only Chromium shows its heap.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, type CDPSession, chromium, type Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { chromiumLaunchOptions, findBrowser } from '../../scripts/browsers.mjs'
import { seededRandom } from '../kit/random.js'
import type { HeapPage } from './kit/heap-page.js'
import { PLANTED, plantedPassword, plantedText } from './kit/heap-secrets.js'
import { HeapSnapshot, type Reach } from './kit/heap-snapshot.js'
import { type PageServer, serveBarePage } from './kit/page-server.js'

const TEXTS = Array.from({ length: PLANTED }, (_, place) => plantedText(place))
const SECRETS = [...TEXTS, plantedPassword()]
const SEED = Number(process.env['SEALED_VAULT_SEED'] ?? 1)

/** What the page holds of the vault, and what that keeps alive. */
const behindVault = (snapshot: HeapSnapshot): Reach => snapshot.keptBy(snapshot.global('held'), snapshot.global('taken'))

interface Scene {
  readonly name: string
  /** Looked at while a key is derived from it. */
  readonly hasPassword?: boolean
  /** Tasks until the lock. */
  readonly turns: number
}

const random = seededRandom(SEED)
const scenes: readonly Scene[] = [
  { name: 'unlock', hasPassword: true, turns: random.below(8) },
  { name: 'nothing', turns: 0 },
  { name: 'write', turns: random.below(3) },
  { name: 'search', turns: random.below(20) },
  { name: 'export', hasPassword: true, turns: random.below(40) },
  { name: 'import', hasPassword: true, turns: random.below(60) },
  { name: 'rotate', hasPassword: true, turns: random.below(60) },
  { name: 'password', hasPassword: true, turns: random.below(4) },
]

describe('the memory of a page in chromium', () => {
  const found = findBrowser('chromium') !== undefined
  let folder: string
  let server: PageServer
  let browser: Browser
  let page: Page
  let session: CDPSession

  beforeAll(async () => {
    if (!found) return
    folder = mkdtempSync(join(tmpdir(), 'sealed-vault-heap-'))
    server = await serveBarePage(folder, 'heap.html')
    browser = await chromium.launch({ ...chromiumLaunchOptions(), headless: true })
    page = await browser.newPage()
    await page.goto(server.url)
    await page.waitForFunction(() => 'heapPage' in globalThis)
    session = await page.context().newCDPSession(page)
    await session.send('HeapProfiler.enable')
    await page.evaluate(() => (globalThis as unknown as { heapPage: HeapPage }).heapPage.fill())
  })

  afterAll(async () => {
    if (!found) return
    await browser.close()
    await server.close()
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 })
  })

  test.skipIf(!found).each(scenes)('has nothing of the vault after a lock during: $name', async ({ name, hasPassword = false, turns }) => {
    await page.evaluate(([scene, has]) => (globalThis as unknown as { heapPage: HeapPage }).heapPage.prepare(scene, has), [name, hasPassword] as const)
    const before = await HeapSnapshot.take(session)
    const wanted = name === 'unlock' ? [plantedPassword()] : hasPassword ? SECRETS : TEXTS
    const control = [...before.find(behindVault(before), SECRETS).keys()]
    expect(new Set(control)).toEqual(new Set(wanted))

    const outcomes = await page.evaluate(([scene, has, after]) => (globalThis as unknown as { heapPage: HeapPage }).heapPage.lock(scene, has, after), [name, hasPassword, turns] as const)
    for (const outcome of outcomes) expect(['resolved', 'locked']).toContain(outcome)
    const after = await HeapSnapshot.take(session)
    const reach = behindVault(after)
    console.log(`${name}, ${turns} tasks later ${outcomes.join()}: ${control.length} of them before, ${reach.size} of ${after.count} objects behind the vault after`)
    expect(Object.fromEntries(after.find(reach, SECRETS))).toEqual({})
    // Strings the snapshot has not in full could hide one.
    expect(after.cutOff(reach)).toEqual([])
    // Nor anywhere else.
    expect(Object.fromEntries(after.find(after.all(), SECRETS))).toEqual({})
  })
})
