// Argon2id needs WebAssembly, and a page's policy decides whether it may have it: where it may not, that is an error with a name, before anything is written.

import { chromium, firefox, type Browser } from 'playwright'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { chromiumLaunchOptions, findBrowser, firefoxLaunchOptions } from '../../scripts/browsers.mjs'
import { serveBundle, type BundleServer } from './kit/bundle-server.ts'

const PAGE = `
import { destroyVault, openVault } from './src/index.ts'
globalThis.attempt = async (passwordKdf) => {
  const vault = await openVault({ name: 'policy', passwordKdf })
  try {
    const open = await vault.create('correct horse battery staple')
    const [{ argon2id, iterations }] = await open.slots.list()
    await open.lock()
    return argon2id?.memoryKiB ?? iterations
  } catch (error) {
    const after = await openVault({ name: 'policy' })
    await after.close()
    return [error.code, error.details.where, after.state]
  } finally {
    await destroyVault('policy')
  }
}`

const engines = [
  { engine: 'chromium', launch: () => chromium.launch({ ...chromiumLaunchOptions(), headless: true }) },
  { engine: 'firefox', launch: () => firefox.launch({ ...firefoxLaunchOptions(), headless: true }) },
] as const

let server: BundleServer

beforeAll(async () => {
  server = await serveBundle(PAGE, (search) => `default-src 'none'; script-src 'self' ${search.has('wasm') ? "'wasm-unsafe-eval'" : ''}`)
})

afterAll(() => server.close())

describe.each(engines)('in $engine', ({ engine, launch }) => {
  test.skipIf(findBrowser(engine) === undefined)('Argon2id runs where the policy allows it, and says so where not', async () => {
    const browser: Browser = await launch()
    try {
      const page = await browser.newPage()
      const attempt = async (path: string, kdf: string): Promise<unknown> => {
        await page.goto(server.url + path)
        return page.evaluate((name) => (globalThis as unknown as { attempt: (kdf: string) => Promise<unknown> }).attempt(name), kdf)
      }
      expect(await attempt('?wasm', 'argon2id')).toBe(65_536)
      expect(await attempt('', 'argon2id')).toEqual(['crypto-unavailable', 'argon2id', 'empty'])
      expect(await attempt('', 'pbkdf2')).toBeGreaterThanOrEqual(600_000)
    } finally {
      await browser.close()
    }
  })
})
