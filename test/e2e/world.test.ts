// A world of 200 entities and twenty chats in a real browser: it is in the vault while it lives, frame by frame, and comes back after its process was killed. `npm run faults -- worlds` runs it for 10,000 frames.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type Browser, type Page } from 'playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { chromiumLaunchOptions, findBrowser } from '../../scripts/browsers.mjs'
import { serveBundle, type BundleServer } from './kit/bundle-server.ts'
import { traceFrames } from './kit/main-thread-trace.ts'
import type { WorldPage } from './kit/world-page.ts'

const isWhole = process.env['SEALED_VAULT_FAULTS'] === 'full'
const FRAMES = isWhole ? 10_000 : 900
const LIVES = 3

interface Saved {
  readonly chats: readonly { readonly id: string; readonly messages: readonly { readonly id: string; readonly content: string }[] }[]
  readonly entities: readonly { readonly id: string; readonly brain: { readonly configuration: { readonly changes: number } } }[]
}

let server: BundleServer
let folder: string
let browser: Browser | undefined

beforeAll(async () => {
  server = await serveBundle(`import { page } from './test/e2e/kit/world-page.ts'\nObject.assign(globalThis, { page })`)
  folder = mkdtempSync(join(tmpdir(), 'sealed-vault-world-'))
})

afterAll(async () => {
  await browser?.close()
  server.close()
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 })
})

const inPage = <T>(page: Page, run: (world: WorldPage) => T | Promise<T>): Promise<T> => page.evaluate(`(${run.toString()})(globalThis.page)`)

/** A page whose process can be killed. */
async function newPage(): Promise<Page> {
  const page = await browser!.contexts()[0]!.newPage()
  await page.goto(server.url)
  await expect.poll(() => page.evaluate('typeof globalThis.page'), { timeout: 20_000 }).toBe('object')
  return page
}

/** Everything that was in the vault is there; what came after it is there up to some moment. */
function expectRestored(restored: Saved, saved: Saved): void {
  for (const { id, messages } of saved.chats) {
    const now = restored.chats.find((chat) => chat.id === id)!.messages
    expect(now.slice(0, messages.length - 1), id).toEqual(messages.slice(0, -1))
    const last = messages.at(-1)
    if (last !== undefined) expect(now[messages.length - 1]!.content.startsWith(last.content), id).toBe(true)
    expect(now.map((message) => message.id)).toEqual(now.map((_, i) => `${id}-${i}`))
  }
  for (const { id, brain } of saved.entities) {
    const now = restored.entities.find((entity) => entity.id === id)!.brain
    if (now.configuration.changes === brain.configuration.changes) expect(now, id).toEqual(brain)
    else expect(now.configuration.changes, id).toBeGreaterThan(brain.configuration.changes)
  }
}

test.skipIf(findBrowser('chromium') === undefined)('a world is kept while it lives, and comes back after crashes', { timeout: isWhole ? 900_000 : 180_000 }, async () => {
  browser = await chromium.launch({ ...chromiumLaunchOptions(), headless: true })
  await browser.newContext()
  const library: number[] = []
  let saved: Saved | undefined
  for (let life = 0; life < LIVES; life++) {
    const page = await newPage()
    await page.evaluate(`globalThis.page.start(${life + 1})`)
    if (saved !== undefined) expectRestored(JSON.parse(await inPage(page, (world) => world.now())) as Saved, saved)
    let script: number[] = []
    const frames = Math.ceil(FRAMES / LIVES)
    const worked = await traceFrames(browser, page, join(folder, 'trace.json'), async () => {
      script = (await page.evaluate(`globalThis.page.run(${frames})`)) as number[]
    })
    expect(worked).toHaveLength(script.length)
    library.push(...worked.map((ms, i) => Math.max(0, ms - script[i]!)))
    saved = JSON.parse(await inPage(page, (world) => world.saved())) as Saved
    if (life === LIVES - 1) {
      await inPage(page, (world) => world.end())
      await page.close()
      break
    }
    // Something happens that nobody waits for, and the process dies in the middle of it.
    await page.evaluate('void globalThis.page.run(1000)')
    await page.waitForTimeout(300)
    const crashed = page.waitForEvent('crash')
    await page.goto('chrome://crash').catch(() => undefined)
    await crashed
    await page.close()
  }
  const page = await newPage()
  await page.evaluate('globalThis.page.start(9)')
  expect(JSON.parse(await inPage(page, (world) => world.now()))).toEqual(saved)
  library.sort((a, b) => a - b)
  const at = (part: number): string => library[Math.min(library.length - 1, Math.floor(library.length * part))]!.toFixed(1)
  console.log(`${library.length} frames, ms of the main thread in each: p50 ${at(0.5)}, p90 ${at(0.9)}, p99 ${at(0.99)}, longest ${at(1)}; ${saved!.chats.reduce((sum, { messages }) => sum + messages.length, 0)} messages`)
})
